"""The card, which is the one Slack message of a lineage: what happened and why, owner, next step, cost, links, and buttons.

It is built from the ledger when it is sent, so it is never out of date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from controller.decide.user_requests import available_requests
from controller.jobs.job import Outcome
from controller.ledger.directives_in_force import pending
from controller.ledger.entry import Ended, Finished, Flagged, Interrupted, Repeated, Started
from controller.ledger.intent import Purpose, Stop, Submit
from controller.ledger.lineage import Lineage, newest_attempt
from controller.notifications.card_announcements import News, cannot_repeat, news_of
from controller.notifications.console_links import job_links, link
from controller.notifications.messages.text import policy_text, reason, where_text
from controller.notifications.mrkdwn import escaped, when
from controller.notifications.parts import Button, Buttons, Fields, Part, Small, Text
from controller.policy.policy import Policy
from controller.policy.user_request import UserRequest
from controller.savings.attempt_savings import Savings, sum_savings
from controller.units.money import Rate, dollars
from controller.units.plural import count, times

BUTTONS = {
    UserRequest.TRY_AGAIN: (
        "Try again",
        "primary",
        "The job is submitted once more, outside budgets and spend caps: at most its MaxRuntimeInSeconds at the on-demand price.",
    ),
    UserRequest.ON_DEMAND: (
        "Move to on-demand now",
        "",
        "The job is stopped and submitted again on-demand: at most its MaxRuntimeInSeconds at the on-demand price. If a rule"
        " forbids that, the job keeps running, and a message says why.",
    ),
    UserRequest.STOP: ("Stop", "danger", "The job is stopped. It is not submitted again automatically."),
    UserRequest.WAIVE: ("Waive a rule…", "", ""),
    UserRequest.ACCEPT_TAGS: (
        "Accept tags",
        "",
        "The changed tags take effect: deadline, expected runtime, further attempts and family.",
    ),
    UserRequest.CANCEL: (
        "Do not submit again",
        "danger",
        "The waiting attempt is cancelled, and none follows automatically.",
    ),
    UserRequest.HALT: (
        "Halt Spotwarden",
        "danger",
        "Pauses all actions and messages in this account until somebody resumes. Recording continues.",
    ),
}


WAIVERS_SHOWN = 3
ALSO_SHOWN = 5
WITH_THE_FIX = (
    "Submit with the fix",
    "The job is submitted again with the change that the rule requires. If there is none, a message says why not.",
)


def card(lineage: Lineage, policy: Policy, now: datetime, rate: Rate | None = None, *, address: str = "") -> tuple[Part, ...]:
    """The parts of the message. ``rate`` is the on-demand price of the newest attempt's instance type, while the job runs.

    ``address`` is the URL at which this stack accepts clicks, for a Slack app that sends all clicks to another stack.
    """
    last = newest_attempt(lineage)
    about = last.job if last else lineage.id.root
    requests = available_requests(lineage, policy, now)
    if last is not None and cannot_repeat(lineage, last):
        requests = tuple(request for request in requests if request not in (UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND))
    buttons = (Buttons(tuple(_button(request, lineage, about, address) for request in requests)),) if requests else ()
    if last is None:
        return (Text(f"*{escaped(lineage.id.root)}*: no data yet"), *buttons)
    news = news_of(lineage, policy, last)
    return (
        Text(_headline(lineage, last, news)),
        Fields(tuple(_fields(lineage, last, rate, told=bool(news.current or news.why))) + _rules_broken(lineage, last, news)),
        *_notes(lineage, policy, last, news, now),
        *buttons,
    )


def _headline(lineage: Lineage, last: Started, news: News) -> str:
    """What happened, why, what happens next, and what a person can do."""
    if news.current:
        [first, *others] = news.current
        also = [f"Also: {_without_emoji(text.title)}. Details are in the thread." for text in others[:ALSO_SHOWN]]
        more = [f"Also: {len(others) - ALSO_SHOWN} more. Details are in the thread."] if len(others) > ALSO_SHOWN else []
        return "\n".join((first.body, *also, *more))
    by_rule = f" by the rule {', '.join(map(escaped, news.policies))}" if news.why else ""
    return "\n".join((_state(lineage, last, lineage.entry(Ended, last.job)) + by_rule, *news.why))


def _button(request: UserRequest, lineage: Lineage, job: str, address: str) -> Button:
    text, style, confirm = BUTTONS[request]
    if request is UserRequest.TRY_AGAIN and _stopped_by_rule(lineage, job):
        text, confirm = WITH_THE_FIX
    change = pending(lineage) if request is UserRequest.ACCEPT_TAGS else None
    shown = ({"change": change.number} if change else {}) | ({"at": address} if address else {})
    value = json.dumps({"lineage": str(lineage.id), "job": job, **shown}, separators=(",", ":"))
    return Button(text=text, action_id=f"spotwarden/{request}", value=value, style=style, confirm=confirm)


def _stopped_by_rule(lineage: Lineage, job: str) -> bool:
    """Whether a rule stopped the job. Then the same request would break the rule again, so the button offers the fix."""
    stop = lineage.intent(f"stop/{job}")
    return stop is not None and stop.claim > 0 and isinstance(stop.action, Stop) and stop.action.purpose is Purpose.RULE


def _state(lineage: Lineage, last: Started, ended: Ended | None) -> str:
    name = f"*{escaped(lineage.id.root)}*"
    opened = [i.action for i in lineage.open_intents()]
    for again in (action for action in opened if isinstance(action, Submit)):
        return f":repeat: {name} is submitted again as attempt {again.number}"
    if ended is None and any(isinstance(action, Stop) for action in opened):
        return f":octagonal_sign: {name} is being stopped"
    if ended is None:
        return f":runner: {name} is running" + (f" (attempt {last.number})" if last.number > 1 else "")
    return f"{ended.outcome.emoji} {name} {ended.outcome.label}{_attempts(last)}"


def _attempts(last: Started) -> str:
    return f" after {count(last.number, 'attempt')}" if last.number > 1 else ""


def _without_emoji(title: str) -> str:
    """A title for use within a sentence: without its emoji and its full stop."""
    return re.sub(r"^:[a-z_]+: ", "", title).rstrip(".")


def _fields(lineage: Lineage, last: Started, rate: Rate | None, *, told: bool) -> Iterable[str]:
    """Short facts about the job. ``told``: lines above state the next step already."""
    whose = [escaped(last.user)] if last.user else []
    whose += [f"team {escaped(last.team)}"] if last.team else []
    yield "*Owner*\n" + (", ".join(whose) or "no owner tag")
    if last.number > 1:
        yield f"*Attempt*\n{last.number}: {escaped(last.job)}"
    yield f"*Instances*\n{last.instance_count} × {escaped(last.instance_type)}, {'spot' if last.spot else 'on-demand'}"
    if not told:
        yield f"*Next step*\n{_next(lineage, last)}"
    yield f"*Cost so far*\n{_cost(lineage, last, rate)}"
    interruptions = sum(isinstance(e, Interrupted) for e in lineage.entries)
    if interruptions:
        yield f"*Interrupted*\n{times(interruptions)}"
    repeats = sum(isinstance(e, Repeated) for e in lineage.entries)
    if repeats:
        yield f"*Repeated by SageMaker*\n{times(repeats)}, after an internal error (RetryStrategy)"
    finished = lineage.entry(Finished, last.job)
    if finished is not None and finished.deadline is not None and lineage.entry(Ended, last.job) is not None:
        kept = finished.outcome is Outcome.COMPLETED and finished.at <= finished.deadline
        yield f"*Deadline*\n{when(finished.deadline)}: {'met' if kept else 'missed'}"


def _rules_broken(lineage: Lineage, last: Started, news: News) -> tuple[str, ...]:
    """The rules that an ended job broke, if no line above names them."""
    if lineage.entry(Ended, last.job) is None or news.policies:
        return ()
    flagged = (e for e in lineage.entries if isinstance(e, Flagged) and e.job == last.job)
    names = list(dict.fromkeys(e.policy for e in flagged if e.mode.tells and not e.waived_until))
    return (f"*Rules broken*\n{_first([escaped(name) for name in names])}",) if names else ()


def _cost(lineage: Lineage, last: Started, rate: Rate | None) -> str:
    """What the attempts cost, and what the running attempt costs at most in an hour."""
    total = sum_savings(lineage.entries, group=lambda _: "all").get("all", Savings())
    counted = money_text(total) if total.attempts else ""
    if lineage.entry(Ended, last.job) is not None:
        return counted or "SageMaker reports the usage some minutes after the end"
    an_hour = f"Up to {dollars(rate.micros_per_h * last.instance_count)} an hour while it trains" if rate else ""
    return ". ".join(filter(None, (counted, an_hour))) or "No cost recorded yet"


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
    """What spot saved, or what it cost more than on-demand, as text."""
    return f"{dollars(micros)} saved" if micros >= 0 else f"{dollars(-micros)} more than on-demand"


def money_text(total: Savings) -> str:
    """The cost on one line. Attempts of unknown cost are counted, never taken as zero dollars."""
    if total.attempts == 0:
        return "No cost recorded yet"
    if total.never_started == total.attempts:
        return "Nothing: it never started"
    texts = [_spent_text(total)]
    texts += [f"{count(total.unpriced, 'attempt')} without a known price"] if total.unpriced else []
    texts += [f"{count(total.unmeasured, 'attempt')} with unknown usage"] if total.unmeasured else []
    texts += [f"{count(total.never_started, 'attempt')} never started and cost nothing"] if total.never_started else []
    unsure = ". The saving is estimated: the speed of the other instances is unknown." if total.speed_unknown else ""
    least = ". This figure is a minimum." if total.bounded else ""
    return ", ".join(texts) + (unsure.rstrip(".") + least if least else unsure)


def _spent_text(total: Savings) -> str:
    """What was spent, saved and lost. If all of it was lost, the amount is named only once."""
    spent = f"{dollars(total.spent_micros)} spent"
    if total.spent_micros and total.wasted_micros == total.spent_micros == -total.saved_micros:
        return f"{spent}, all of it on work that was lost"
    saved = f", {saved_text(total.saved_micros)}" if total.saved_micros else ""
    return f"{spent}{saved}" + (f", {dollars(total.wasted_micros)} wasted" if total.wasted_micros else "")


def _notes(lineage: Lineage, policy: Policy, last: Started, news: News, now: datetime) -> Iterable[Part]:
    waived = lineage.waivers_in_force(now)
    if waived:
        texts = [f"{escaped(w.policy)} until {when(w.until)} ({escaped(w.reason)}, {escaped(w.ticket)})" for w in waived]
        yield Small(f"Waived: {_first(texts)}")
    why = {waiver.name: waiver.why for waiver in policy.waivers}
    by_policy = [
        f"{escaped(e.policy)} until {when(e.waived_until)} by {escaped(e.waiver)}:"
        f" {escaped(why.get(e.waiver, 'no longer in the policy'))}"
        for e in lineage.entries
        if isinstance(e, Flagged) and e.waiver and e.job == last.job and e.waived_until and e.waived_until > now
    ]
    if by_policy:
        yield Small(f"Waived by the policy: {_first(by_policy)}")
    if links := " · ".join(_links(last, policy, news)):
        yield Small(links)
    where = where_text(lineage.id.account, lineage.id.region, policy.labels.accounts)
    under = news.under or _mode_and_policy(lineage, last)
    yield Small(" · ".join(filter(None, (where, f"created {when(lineage.id.created_at)}", under))))


def _mode_and_policy(lineage: Lineage, last: Started) -> str:
    """The mode and the policy of the newest entry about the newest attempt, without findings: their mode is that of a rule."""
    known = [e for e in lineage.entries if e.job == last.job and e.revision and not isinstance(e, Flagged)]
    newest = max(known, key=lambda entry: entry.at, default=last)
    return policy_text(newest.revision, newest.mode)


def _first(texts: Sequence[str]) -> str:
    """The first few texts. The number is limited so that the buttons and links below fit into the same message."""
    more = f", and {len(texts) - WAIVERS_SHOWN} more" if len(texts) > WAIVERS_SHOWN else ""
    return ", ".join(texts[:WAIVERS_SHOWN]) + more


def _links(last: Started, policy: Policy, news: News) -> Iterable[str]:
    yield from job_links(last.region, last.job)
    docs = {rule.name: rule.docs for rule in policy.rules if rule.docs}
    for name in dict.fromkeys(name for name in news.policies if name in docs):
        yield link(docs[name], f"About the rule {escaped(name)}")
