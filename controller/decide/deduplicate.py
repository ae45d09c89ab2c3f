"""Keeps only the new part of a decision, so that an event that comes twice, or a second look, writes nothing."""

from __future__ import annotations

from controller.decide.decision import Decision
from controller.ledger.entry import Ended, Started
from controller.ledger.intent import Intent, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.pool import CapacitySeen
from controller.units.value import replace


def new_to(decision: Decision, lineage: Lineage, about: str) -> Decision:
    """Keep what the lineage does not contain yet, and withdraw open intents about the job that are no longer decided.

    This filter makes decisions idempotent: the deciders may repeat themselves. A leased intent is never withdrawn, because
    somebody may be performing it. If a decider raised, its decision is unknown, so only Wakes are withdrawn. A ``partial``
    decision withdraws nothing.
    """
    standing = lineage.standing()
    keyed = [(i.key, i) for i in decision.intents]
    said = dict(reversed(keyed))  # of two intents with one key, such as two Stops, the first counts
    entries = tuple(e for e in decision.entries if e.key not in standing)
    learned = {type(e) for e in entries}
    meant = tuple(i for key, i in keyed if said[key] is i)
    fresh = (i for key, i in keyed if said[key] is i and (key not in standing or _replaces(i, lineage)))
    new = replace(
        decision,
        entries=entries,
        intents=tuple(_reopened(i, lineage) for i in fresh),
        said=meant,
        withdrawn=tuple(
            i
            for i in lineage.open_intents(about)
            if i.key not in said
            and i.leased_until is None
            and not decision.partial
            and (not decision.problems or isinstance(i.action, Wake))
        ),
        claims=decision.claims if Started in learned else (),
        released=decision.released if Ended in learned else (),
        holds=decision.holds if Started in learned else (),
        freed=decision.freed if Ended in learned else (),
        works=decision.works if Started in learned else (),
    )
    return new if _is_news(new) else replace(new, capacity=(), times=())


def _is_news(decision: Decision) -> bool:
    """Whether there is a reason to write: signs of capacity and phase times alone are none, unless EC2 was asked for them."""
    return decision.writes > sum(isinstance(signal, CapacitySeen) for signal in decision.capacity) + len(decision.times)


def _replaces(intent: Intent, lineage: Lineage) -> bool:
    """Whether an open row is written again: a Submit that was never tried now has another content, or a Stop that a halt or a
    rate limit held up now reserves in another month.
    """
    before = lineage.intent(intent.key)
    if before is None or not before.open or before.leased_until:
        return False
    one, other = before.action, intent.action
    if isinstance(one, Stop) and isinstance(other, Stop):
        return "" != one.month != other.month != ""
    return not before.claim and isinstance(one, Submit) and isinstance(other, Submit) and not one.same_request(other)


def _reopened(intent: Intent, lineage: Lineage) -> Intent:
    """An intent that is decided again keeps the counts of its earlier row, so that no claim number is used twice."""
    before = lineage.intent(intent.key)
    if before is None:
        return intent
    return replace(
        intent, claim=before.claim, held=before.held, quota_refusals=before.quota_refusals, claimed_at=before.claimed_at,
        lease_ends_at=before.lease_ends_at,
    )  # fmt: skip
