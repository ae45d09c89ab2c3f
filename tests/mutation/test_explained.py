"""An explanation of a mutant is found by the code of its line."""

from __future__ import annotations

import pytest

from tests.mutation.explained import reason_of
from tests.mutation.mutants import Mutant

LINE = "return rounded if amount > 0 else -rounded"


@pytest.mark.parametrize(
    ("added", "explained"),
    [
        (("    " + LINE,), True),
        ((f"    {LINE}  # zero has no sign",), True),
        (("    return rounded if amount > 0 else (  # zero has no sign", "-rounded)"), False),
        ((f'    {LINE}, "# no comment"',), False),
    ],
)
def test_the_comment_of_a_line_does_not_change_its_explanation(added: tuple[str, ...], explained: bool) -> None:
    mutant = Mutant(path="controller/units/money.py", first=1, last=1, in_function=True, removed=(), added=added, source="")
    assert bool(reason_of(mutant)) is explained
