"""Each count of the runtime becomes a metric."""

from __future__ import annotations

import inspect
import re

from controller.runtime import tally
from handlers.observed import TALLIED


def test_each_name_that_the_runtime_counts_is_a_metric_and_no_other_is() -> None:
    """A name without one would raise at the end of an invocation, in place of the invocation's own problem."""
    assert set(re.findall(r'self\.add\("(\w+)"', inspect.getsource(tally))) == set(TALLIED)
