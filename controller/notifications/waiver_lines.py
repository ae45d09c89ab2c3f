"""A waiver on one line of a digest."""

from __future__ import annotations

from controller.ledger.entry import Waived
from controller.notifications.messages.text import bold, person
from controller.notifications.mrkdwn import escaped, when
from controller.policy.waiver import Waiver

WORDS = 100  # the most characters of a text that people wrote, such as the reason


def waived_line(w: Waived) -> str:
    """A waiver that was given in Slack."""
    why = f"{escaped(w.reason, WORDS)} ({escaped(w.ticket, WORDS)}, {person(w.who)})"
    return f"• {escaped(w.policy)} for {bold(w.job)} until {when(w.until)}: {why}"


def waiver_line(w: Waiver) -> str:
    """A waiver that is in the policy."""
    rules = escaped(", ".join(w.rules), WORDS)
    return f"• {rules} by the waiver {bold(w.name)} of the policy until {when(w.expires)}: {escaped(w.why, WORDS)}"
