"""The texts about waivers in the policy. One function per kind of message."""

from __future__ import annotations

from controller.ledger.messages.message import WaiverExpiring
from controller.notifications.messages.text import MessageText, bold, explained, sentence
from controller.notifications.mrkdwn import escaped, when


def waiver_expiring(m: WaiverExpiring) -> MessageText:
    return explained(
        f":hourglass_flowing_sand: The waiver {bold(m.waiver)} ends at {when(m.expires)}",
        why=f"It was given for: {sentence(m.reason)} Ticket: {escaped(m.ticket)}. Owner: {escaped(m.owner)}.",
        next_step=f"From then on, these rules apply to its jobs again: {escaped(m.rules)}.",
        to_do="Fix the jobs, or renew the waiver in the policy.",
    )
