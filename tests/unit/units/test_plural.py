"""Numbers with their nouns, and that every text uses the same helper for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.units.plural import count, times

ROOT = Path(__file__).parents[3]
NOUNS = (
    "attempts|cases|changes|days|differences|documents|entries|errors|hours|instances|interruptions|jobs|lines|messages"
    "|months|policies|rows|rules|teams|times|tries|warnings|weeks"
)
BY_HAND = re.compile(rf"else ['\"]s['\"]|['\"]s['\"] if |\{{(?![A-Z_]+\}})[^{{}}]*\}} ({NOUNS})\b")
ALWAYS_MANY = {
    # A number that is never one there, or text for operators that names a limit.
    "controller/aws/dynamodb/claims.py", "controller/aws/dynamodb/halts.py", "controller/aws/dynamodb/limits.py",
    "controller/jobs/directives.py", "controller/policyfile/validation_errors.py", "controller/policyfile/warnings/__init__.py",
    "controller/runtime/reconcile.py", "controller/cli/cancel.py", "controller/cli/advise.py", "controller/cli/cases.py",
}  # fmt: skip


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "job", "0 jobs"), (1, "job", "1 job"), (2, "job", "2 jobs"), (1_000, "job", "1,000 jobs"), (1, "try", "1 try"),
        (2, "try", "2 tries"), (2, "policy", "2 policies"), (2, "day", "2 days"), (2, "batch", "2 batches"),
        (1, "repeated line", "1 repeated line"), (3, "repeated line", "3 repeated lines"),
    ],
)  # fmt: skip
def test_a_noun_agrees_with_its_number(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text


def test_how_often_is_once_or_a_number_of_times() -> None:
    assert [times(number) for number in (1, 2, 1_200)] == ["once", "2 times", "1,200 times"]


def test_no_text_makes_its_plural_by_hand() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "controller").rglob("*.py"))
        if path.name != "plural.py" and str(path.relative_to(ROOT)) not in ALWAYS_MANY
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BY_HAND.search(line)
    ]  # fmt: skip
    assert found == []
