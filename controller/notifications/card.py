"""The one Slack message of a lineage: state, owner, next step, cost, and the requests that are offered as buttons.

It is built from the ledger at the moment at which it is sent, so it is never out of date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from controller.decide.user_requests import available_requests
from controller.jobs.job import Outcome
from controller.ledger.directives_in_force import pending
from controller.ledger.entry import Ended, Finished, Flagged, Interrupted, Started
from controller.ledger.intent import Intent, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage, newest_attempt
from controller.ledger.waiver import waivers_in_force
from controller.notifications.message_text import reason
from controller.notifications.mrkdwn import escaped, when
from controller.notifications.parts import Button, Buttons, Fields, Part, Small, Text
from controller.policy.policy import Policy
from controller.policy.user_request import UserRequest
from controller.savings.arithmetic import Savings, sum_savings
from controller.units.money import dollars

BUTTONS = {
    UserRequest.TRY_AGAIN: ("Try again", "primary", ""),
    UserRequest.ON_DEMAND: (
        "Move to on-demand now",
        "",
        "The job is stopped and submitted again on-demand, at the on-demand price.",
    ),
    UserRequest.STOP: ("Stop", "danger", "The job is stopped. It is not submitted again automatically."),
    UserRequest.WAIVE: ("Waive a rule…", "", ""),
    UserRequest.ACCEPT_TAGS: ("Accept tags", "", "The changed tags take effect: deadline, expected runtime and family."),
    UserRequest.HALT: (
        "Halt Spotwarden",
        "danger",
        "Pauses all actions and messages in this account until somebody resumes. Recording continues.",
    ),
}


WITH_THE_FIX = (
    "Submit with the fix",
    "The job is submitted again with the change that the rule wants. Without one it is refused, and the reason is told.",
)


def card(lineage: Lineage, policy: Policy, now: datetime) -> tuple[Part, ...]:
    """The parts of the message."""
    last = newest_attempt(lineage)
    requests, about = available_requests(lineage, policy, now), last.job if last else lineage.id.root
    buttons = (Buttons(tuple(_button(request, lineage, about) for request in requests)),) if requests else ()
    if last is None:
        return (Text(f"*{escaped(lineage.id.root)}*: no data yet"), *buttons)
    ended = lineage.entry(Ended, last.job)
    return (Text(_state(lineage, last, ended)), Fields(tuple(_fields(lineage, last))), *_notes(lineage, policy, now), *buttons)


def _button(request: UserRequest, lineage: Lineage, job: str) -> Button:
    text, style, confirm = BUTTONS[request]
    if request is UserRequest.TRY_AGAIN and _stopped_by_rule(lineage, job):
        text, confirm = WITH_THE_FIX
    change = pending(lineage) if request is UserRequest.ACCEPT_TAGS else None
    shown = {"change": change.number} if change else {}
    value = json.dumps({"lineage": str(lineage.id), "job": job, **shown}, separators=(",", ":"))
    return Button(text=text, action_id=f"spotwarden/{request}", value=value, style=style, confirm=confirm)


def _stopped_by_rule(lineage: Lineage, job: str) -> bool:
    """Whether a rule stopped the job: the same request again would break it again."""
    stop = lineage.intent(f"stop/{job}")
    return stop is not None and stop.claim > 0 and isinstance(stop.action, Stop) and stop.action.purpose is Purpose.RULE


def _state(lineage: Lineage, last: Started, ended: Ended | None) -> str:
    name = f"*{escaped(lineage.id.root)}*"
    opened = {type(i.action): i for i in lineage.open_intents()}
    if Submit in opened:
        return f":repeat: {name} is submitted again as attempt {_number(opened[Submit])}"
    if Stop in opened:
        return f":octagonal_sign: {name} is being stopped"
    if ended is None:
        return f":runner: {name} is running"
    return f"{ended.outcome.emoji} {name} {ended.outcome.label}"


def _number(intent: Intent) -> int:
    return intent.action.number if isinstance(intent.action, Submit) else 0


def _fields(lineage: Lineage, last: Started) -> Iterable[str]:
    whose = [escaped(last.user)] if last.user else []
    whose += [f"team {escaped(last.team)}"] if last.team else []
    yield "*Owner*\n" + (", ".join(whose) or "no owner tag")
    yield f"*Attempt*\n{last.number}: {escaped(last.job)}"
    yield f"*Instances*\n{last.instance_count} × {escaped(last.instance_type)}, {'spot' if last.spot else 'on-demand'}"
    yield f"*Next step*\n{_next(lineage, last)}"
    total = sum_savings(lineage.entries, group=lambda _: "all").get("all", Savings())
    yield f"*Cost so far*\n{money_text(total)}"
    interruptions = sum(isinstance(e, Interrupted) for e in lineage.entries)
    if interruptions:
        yield f"*Interrupted*\n{interruptions} times" if interruptions > 1 else "*Interrupted*\nonce"
    finished = lineage.entry(Finished, last.job)
    if finished is not None and finished.deadline is not None:
        kept = finished.outcome is Outcome.COMPLETED and finished.at <= finished.deadline
        yield f"*Deadline*\n{when(finished.deadline)}: {'met' if kept else 'missed'}"


def _next(lineage: Lineage, last: Started) -> str:
    for intent in lineage.open_intents():
        match intent.action:
            case Submit(job=job):
                return f"Attempt {escaped(job)} at {when(intent.due_at)}"
            case Stop(because=because):
                return f"Stop. {reason(because)}."
            case _:
                continue
    over = lineage.entry(Ended, last.job) is not None
    return "No next step. This job is finished." if over else "None planned. The job is running."


def saved_text(micros: int) -> str:
    """What spot saved, or cost more than on-demand."""
    return f"{dollars(micros)} saved" if micros >= 0 else f"{dollars(-micros)} more than on-demand"


def money_text(total: Savings) -> str:
    """The cost on one line. Attempts that it does not cover are counted, never taken as zero."""
    if total.attempts == 0:
        return "No cost recorded yet"
    texts = [f"{dollars(total.spent_micros)} spent, {saved_text(total.saved_micros)}"]
    texts += [f"{dollars(total.wasted_micros)} wasted"] if total.wasted_micros else []
    texts += [f"{total.unpriced} without a known price"] if total.unpriced else []
    texts += [f"{total.unmeasured} with unknown usage"] if total.unmeasured else []
    texts += [f"{total.never_started} never started and cost nothing"] if total.never_started else []
    return ", ".join(texts) + (". This figure is a minimum." if total.bounded else "")


def _notes(lineage: Lineage, policy: Policy, now: datetime) -> Iterable[Part]:
    waived = waivers_in_force(lineage, now)
    if waived:
        texts = ", ".join(f"{escaped(w.policy)} until {when(w.until)} ({escaped(w.reason)}, {escaped(w.ticket)})" for w in waived)
        yield Small(f"Waived: {texts}")
    last, why = newest_attempt(lineage), {waiver.name: waiver.why for waiver in policy.waivers}
    by_policy = [
        f"{escaped(e.policy)} until {when(e.waived_until)} by {escaped(e.waiver)}: {escaped(why.get(e.waiver, 'no longer said'))}"
        for e in lineage.entries
        if isinstance(e, Flagged) and e.waiver and last and e.job == last.job and e.waived_until and e.waived_until > now
    ]
    if by_policy:
        yield Small(f"Waived by the policy: {', '.join(by_policy)}")
    yield Small(f"{escaped(lineage.id.account)} {escaped(lineage.id.region)}, created {when(lineage.id.created_at)}")
