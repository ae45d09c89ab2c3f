"""For messages without buttons, such as those of an SNS topic: the command that does the same as each button of the card."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from controller.decide.user_requests import possible_requests, waivable_rules
from controller.ledger.entry import Ended
from controller.ledger.lineage import Lineage, newest_attempt
from controller.notifications.messages.text import bold
from controller.notifications.mrkdwn import code, escaped
from controller.policy.user_request import UserRequest

HEADING = "*What you can do* (spotwarden finds the table in SPOTWARDEN_TABLE)"


def without_buttons(lineage: Lineage, now: datetime) -> tuple[str, ...]:
    """Lines of mrkdwn: a heading, one line for each request that is possible now, and the commands explain and halt."""
    last = newest_attempt(lineage)
    job = last.job if last else lineage.id.root
    acts = [_by_hand(request, lineage, job, now) for request in possible_requests(lineage, now)]
    halt = _by_hand(UserRequest.HALT, lineage, job, now)
    explain = f"See what was decided and why: {code(f'spotwarden explain {job} --region {lineage.id.region}')}"
    return (HEADING, *(f"• {act}" for act in (*acts, explain, halt)))


def _by_hand(request: UserRequest, lineage: Lineage, job: str, now: datetime) -> str:
    region = lineage.id.region
    match request:
        case UserRequest.STOP:
            return f"Stop the job: {code(f'aws sagemaker stop-training-job --training-job-name {job} --region {region}')}"
        case UserRequest.ON_DEMAND:
            first = "" if lineage.entry(Ended, job) else "stop it, then "
            return f"Move {bold(job)} to on-demand: {first}create it again under a new name with EnableManagedSpotTraining false"
        case UserRequest.TRY_AGAIN:
            return (
                f"Submit {bold(job)} again: create it under a new name;"
                f" {code('spotwarden check job.json')} shows which rules it must keep"
            )
        case UserRequest.CANCEL:
            return f"Do not submit it again: {code(f'spotwarden cancel {job} --region {region}')}"
        case UserRequest.WAIVE:
            rules = ", ".join(map(escaped, waivable_rules(lineage, now)))
            return f"Waive a rule ({rules}): add it to waivers in the policy, with a reason and an end"
        case UserRequest.ACCEPT_TAGS:
            return f"The changed tags of {bold(job)} can only be accepted in Slack; without Slack, set the tags back"
        case UserRequest.HALT:
            return f"Halt Spotwarden: {code('spotwarden halt --why TEXT')}"
        case _:
            assert_never(request)
