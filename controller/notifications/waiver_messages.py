"""The texts about waivers of the policy."""

from __future__ import annotations

from controller.ledger.message import WaiverExpiring
from controller.notifications.message_text import NEXT, TO_DO, WHY, MessageText, bold, sentence
from controller.notifications.mrkdwn import escaped, when


def waiver_expiring(m: WaiverExpiring) -> MessageText:
    return MessageText(
        f":hourglass_flowing_sand: The waiver {bold(m.waiver)} ends at {when(m.expires)}",
        (
            f"{WHY}It was given for: {sentence(m.reason)} Ticket: {escaped(m.ticket)}. Owner: {escaped(m.owner)}.",
            f"{NEXT}From then on, the jobs that it is about are held to {escaped(m.rules)} again.",
            f"{TO_DO}Fix the jobs, or renew the waiver in the policy.",
        ),
    )
