"""Every text that gives a number with its noun uses ``controller.units.plural`` for it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOUNS = (
    "attempts|cases|changes|days|differences|documents|entries|errors|hours|instances|interruptions|jobs|lines|messages"
    "|months|policies|rows|rules|teams|times|tries|warnings|weeks"
)
BY_HAND = re.compile(rf"else ['\"]s['\"]|['\"]s['\"] if |\{{(?![A-Z_]+\}})[^{{}}]*\}} ({NOUNS})\b")
ALWAYS_MANY = {
    # A number that is never one there, or text for operators that names a limit.
    "controller/aws/dynamodb/claims.py", "controller/aws/dynamodb/halts.py", "controller/aws/dynamodb/counters.py",
    "controller/jobs/directives.py", "controller/policyfile/validation_errors.py", "controller/policyfile/warnings/__init__.py",
    "controller/runtime/reconcile.py", "controller/cli/cancel.py", "controller/cli/advise.py", "controller/cli/cases/command.py",
}  # fmt: skip


def test_no_text_makes_its_plural_by_hand() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "controller").rglob("*.py"))
        if path.name != "plural.py" and str(path.relative_to(ROOT)) not in ALWAYS_MANY
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BY_HAND.search(line)
    ]  # fmt: skip
    assert found == []
