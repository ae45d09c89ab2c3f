"""Mutants that may survive, each with the reason why no test of behaviour should kill it."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from tokenize import COMMENT, TokenError, generate_tokens

from tests.mutation.mutants import Mutant

EXPLAINED: Mapping[tuple[str, str], str] = {
    (
        "controller/units/value.py",
        "return value.__class__(**dict(zip(names, get(value), )) | changes)",
    ): "an attrgetter of the names gives as many values as there are names, so strict is a second lock",
    (
        "controller/units/value.py",
        '__all__ = ["dataclass", "XXreplaceXX"]',
    ): "only an import with a star reads it, and ruff forbids those",
    ("controller/units/money.py", "return rounded if amount > 0 else -rounded"): "equal: minus zero is zero",
    (
        "controller/savings/spot_chance.py",
        "SPELL_H, SPELL_SHARE = 5.0, 0.25",
    ): "fitted to spot traces: the calibration of `make bench` holds it, not a unit test",
    (
        "controller/decide/close_lineage.py",
        "return Publish(about=finished.job, detail_type=DETAIL_TYPE, detail=json.dumps(detail, sort_keys=None))",
    ): "the members are built in one order each time; sorting is for people who compare two events",
    (
        "controller/savings/agreed_rates.py",
        "changes = sorted({edge for one in mine for edge in _edges(one) if since <= edge < at})",
    ): "equal: a part without length has the price of the part after it",
    ("controller/policy/repair.py", "rules: str = None"): "equal: it is read only for whether it names a rule",
    (
        "controller/savings/rollup.py",
        'KEPT, MISSED = "XXkeptXX", "missed"',
    ): "held by test_stored_words, which reads the module's value and so runs no line of it",
    (
        "controller/savings/audit.py",
        "return progress_of(job.intervals, _scans_of(job, scans), checkpoints=True, completed=None, ended_at=job.ended_at)",
    ): "equal: it is read only for whether it is true",
    (
        "controller/policy/rules/prefix_shared.py",
        "mine = claim_of(uri, job=None, lineage=lineage, created_at=job.created_at)",
    ): "the job's own claims are left out by their lineage; only a job of its name elsewhere would be told apart",
    (
        "controller/jobs/checkpoint.py",
        "proven = proven_of(interval, None, ended_at, scan.newest_at)",
    ): "equal: a checkpoint that is of a later interval sets the sum again at that interval",
    (
        "controller/ledger/entry.py",
        '"CheckpointScanned", "Credited", "DirectivesRead", "Ended", "Entry", "Finished", "Flagged", "Interrupted", '
        '"XXJobDeletedXX",',
    ): "only an import with a star reads it, and ruff refuses a name there that the module does not have",
    (
        "controller/jobs/job.py",
        "members: Mapping[tuple[str, ...], Any] = field(default_factory=dict, compare=False, repr=None)",
    ): "equal: it is read only for whether it is true",
    (
        "controller/jobs/job.py",
        'said = self.tags.get(PIPELINE_TAG, "XXXX")',
    ): "equal: neither text is the ARN of an execution",
    (
        "controller/ledger/messages/stored_facts.py",
        "return hint(value) if (issubclass(hint, StrEnum)) or True else value",
    ): "equal: the other fields are texts, whole numbers and flags, and a value of its own class stays what it is",
    (
        "controller/policy/fix.py",
        'named = [pattern for _, patterns in asking for pattern in patterns if not set("XX*?[XX").intersection(pattern)]',
    ): "equal: no instance type has a capital letter",
    (
        "controller/policy/repair.py",
        'rules: str = "XXXX"',
    ): "equal: messages read it only of a refusal that names its rules",
}
"""By the file and the line that the mutant adds, without its comment: the reason."""


def reason_of(mutant: Mutant) -> str:
    """Why a mutant may survive; empty without an explanation."""
    return EXPLAINED.get((mutant.path, " ".join(_without_comment(line) for line in mutant.added)), "")


def _without_comment(line: str) -> str:
    """A line of code without its indentation and its comment. A # within a string is none."""
    code = line.strip()
    try:
        for token in generate_tokens(StringIO(code).readline):
            if token.type == COMMENT:
                return code[: token.start[1]].rstrip()
    except (TokenError, SyntaxError):
        pass  # the line ends within a bracket or a string
    return code
