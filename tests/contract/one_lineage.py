"""A lineage for tests: entries and intents to commit to it, and functions that read it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.ledger.entry import Entry, Interrupted, Started
from controller.ledger.intent import Announce, Intent, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.runtime.ports.ledger import Ledger
from tests.builders import BEGIN, lineage_id

ID = lineage_id()
MINUTE = timedelta(minutes=1)
NOW = BEGIN + timedelta(hours=1)
STARTED = Started(
    job="bert", at=BEGIN, team=None, number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1, region="us-east-1",
    service=None, checkpoint_uri="s3://checkpoints/bert/",
)  # fmt: skip
STOP = Intent(action=Stop(about="bert", because="it may not"), due_at=NOW)
WAKE = Intent(action=Wake(about="bert", at=NOW), due_at=NOW)
SUBMIT = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=NOW)
ANNOUNCE = Intent(action=Announce(about="bert", topic="stopped", channel="#ml", words=("It ended.", "")), due_at=NOW)


def interrupted(number: int) -> Interrupted:
    return Interrupted(job="bert", at=BEGIN + number * MINUTE, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")


def commit(ledger: Ledger, *said: Entry | Intent) -> Lineage:
    """Commit entries and intents, and load the result."""
    before = ledger.lineages.load(ID)
    entries = tuple(s for s in said if not isinstance(s, Intent))
    intents = tuple(s for s in said if isinstance(s, Intent))
    assert ledger.lineages.commit(before, Decision(entries=entries, intents=intents))
    return ledger.lineages.load(ID)


def stored(ledger: Ledger, intent: Intent) -> Intent | None:
    return ledger.lineages.load(ID).intent(intent.key)


def due_keys(ledger: Ledger, now: datetime = NOW) -> list[str]:
    return [one.key for one in ledger.due.overdue(now, 100)]
