"""What the demo prints on a small terminal, and what it does not print."""

from __future__ import annotations

import errno
import io
import logging
import warnings
from typing import Any

import pytest

from controller.savings.attempt_savings import Savings
from infra.local.demo.__main__ import only_own_lines
from infra.local.demo.screen import COUNTS, Screen

SUMMARY: dict[str, Any] = {**dict.fromkeys(COUNTS, 1), "findings": {}, "problems": {}, "details": []}
TEAMS = {"robotics": Savings(attempts=14, spent_micros=12_610_000, counterfactual_micros=123_940_000)}


@pytest.mark.parametrize("columns", [40, 55, 80])
def test_amounts_are_whole_on_a_narrow_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    Screen().results(SUMMARY, TEAMS)
    printed = capsys.readouterr().out
    assert "$111.33" in printed
    assert "$12.61" in printed
    table = printed[printed.index("Saved by team") : printed.index("Checked against")]
    assert max(map(len, table.splitlines())) <= columns


class Full(io.StringIO):
    """A log on a disk without space."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_and_a_function_that_is_ended_print_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("a function")
    logger.addHandler(logging.StreamHandler(Full()))
    with warnings.catch_warnings(record=True) as warned, only_own_lines():
        logger.error("done")
        warnings.warn("No application metrics to publish.", UserWarning, stacklevel=1)
    assert capsys.readouterr() == ("", "")
    assert warned == []
    assert logging.raiseExceptions
