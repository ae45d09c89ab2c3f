"""Updates the card of a lineage when what it shows has changed."""

from __future__ import annotations

import hashlib

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.entry import (
    Credited,
    DirectivesRead,
    Ended,
    Entry,
    Finished,
    Flagged,
    Measured,
    Repeated,
    Started,
    UserRequested,
    Waived,
)
from controller.ledger.intent import Announce, Intent, IntentResult, RefreshCard, Stop, Submit
from controller.policy.sns_topic import is_topic

SHOWN_ENTRIES = (Started, Ended, Measured, Credited, Finished, UserRequested, Waived, DirectivesRead, Repeated)


def refresh_card(facts: Facts, said: Decision) -> Decision:
    """Decide that the card is updated. A lineage without a message in a channel has no card.

    The intent's key is a digest of the state that the card shows, so that each state is shown once.
    """
    lineage = facts.lineage
    known = (*(i for i in lineage.intents if _stays(i)), *said.intents)
    told = {i.action.channel for i in known if isinstance(i.action, Announce)}
    channels = sorted(channel for channel in told if not is_topic(channel))  # an SNS topic has no card
    if not channels or not facts.newest or facts.owned:
        return Decision()
    keys = sorted(
        {e.key for e in (*lineage.entries, *said.entries) if isinstance(e, SHOWN_ENTRIES) or _shows_waiver(e)}
        | {i.key for i in known if isinstance(i.action, Submit | Stop | Announce)}
    )  # fmt: skip
    version = hashlib.sha256("\n".join((*channels, *keys)).encode()).hexdigest()[:12]
    intent = Intent(action=RefreshCard(about=facts.job.name, channels=tuple(channels), version=version), due_at=facts.now)
    return Decision(intents=(intent,))


def _shows_waiver(entry: Entry) -> bool:
    return isinstance(entry, Flagged) and entry.waiver != ""


def _stays(intent: Intent) -> bool:
    """Whether an earlier intent still counts after this decision, which withdraws what is open and not leased."""
    return intent.leased_until is not None if intent.open else intent.closed is not IntentResult.WITHDRAWN
