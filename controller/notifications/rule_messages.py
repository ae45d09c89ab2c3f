"""The texts about rules that jobs break: one function per kind of message."""

from __future__ import annotations

import json

from controller.ledger.message import RuleBroken, SurpriseHeld
from controller.ledger.message_kind import NextStep
from controller.notifications.message_text import MessageText, bold, count, sentence, small_print
from controller.notifications.mrkdwn import code, escaped

SEVERITY_EMOJI = {"low": ":information_source:", "medium": ":warning:", "high": ":rotating_light:"}


def rule_broken(m: RuleBroken) -> MessageText:
    what = f"{escaped(m.field)}: {escaped(m.found)}. Required: {escaped(m.wanted)}."
    if m.risk:
        what = f"{sentence(m.found)} {escaped(m.risk)}"
    return MessageText(
        f"{SEVERITY_EMOJI.get(m.severity, ':warning:')} {bold(m.job.name)} breaks the rule {escaped(m.policy)}",
        (
            what,
            f"To fix it, change the request: {code(_json(m.fix))}" if m.fix else "",
            _claimed(m.claimed),
            escaped(m.lapsed),
            _next_step(m),
        ),
        small_print(m.job, _in_force(m)),
    )


HELD_BACK = {
    "share": "it is rolled out, and this job is not in its share yet",
    "date": "it is enforced only for jobs created from its date on",
    "surprise": "its guard holds it back",
}


def _in_force(m: RuleBroken) -> str:
    """The mode and the revision that were in force when the rule was applied."""
    if not m.mode:
        return ""
    why = f" ({HELD_BACK[m.held_back]})" if m.held_back in HELD_BACK else ""
    return f"mode {m.mode}{why}, policy {m.revision}"


def surprise_held(m: SurpriseHeld) -> MessageText:
    return MessageText(
        f":octagonal_sign: The rule {escaped(m.policy)} acts on more jobs than its guard allows, and only warns from now on",
        (
            f"Since policy {code(m.revision)} took force, it would act on {count(m.jobs, 'job')} of {count(m.teams, 'team')}."
            f" The last of them is {bold(m.job.name)}, which keeps running.",
            "The rule waits for a person: correct it, or raise its guard. Either is a new policy revision, which begins anew.",
        ),
        small_print(m.job),
    )


def _json(text: str) -> str:
    return json.dumps(json.loads(text))


def _claimed(service: str) -> str:
    if not service:
        return ""
    return f"Its name or tags say that it belongs to {escaped(service)}. Nothing proves that, so rules apply to it."


def _next_step(m: RuleBroken) -> str:
    match m.next_step:
        case NextStep.STOP:
            return "The job is being stopped."
        case NextStep.REPAIR:
            return "The job is being stopped and submitted again with this change."
        case NextStep.CANNOT_REPAIR:
            return f"No automatic repair, and the job keeps running. {sentence(m.why_not)}"
        case NextStep.STILL_BROKEN:
            return "One automatic repair was made and the job still breaks the rule. There is no second repair: fix the request."
        case NextStep.NOTHING:
            return ""
