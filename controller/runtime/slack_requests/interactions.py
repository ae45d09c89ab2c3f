"""Records what people request in Slack: a click becomes a row of the ledger, and the next reconcile records it in the lineage.

Slack waits three seconds for an answer. So everything here only reads the ledger and writes a row, with short timeouts. A person
who requests something twice, too late, or without permission gets an answer that nobody else sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

from controller.decide.call_off import open_submit
from controller.decide.user_requests import available_requests, request_of, waivable_rules
from controller.ledger.directives_in_force import pending
from controller.ledger.entry import Ended, UserRequested, Waived
from controller.ledger.halt import halt_of
from controller.ledger.intent import Submit
from controller.ledger.lineage import Lineage, newest_attempt
from controller.ledger.lineage_id import LineageId
from controller.notifications.messages.text import bold, halted_text, person
from controller.notifications.mrkdwn import escaped, when
from controller.notifications.waiver_form import WAIVER_CALLBACK, waiver_form, waiver_request_of
from controller.policy.policy import Policy
from controller.policy.user_request import UserRequest
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Done, Unreachable
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Chat
from controller.runtime.ports.policy import Policies
from controller.runtime.ports.slack_user import SlackUser
from controller.runtime.slack_requests.permissions import SLACK_USER, refuses_request, refuses_to_read
from controller.units.value import dataclass

DAY = timedelta(days=1)

Answer = Mapping[str, Any]
NOTHING: Answer = {}


class BadRequest(ValueError):
    """A request that is no click, modal or command of this app. The text says what was found, what was wanted, and where."""


class SlackPorts(Protocol):
    """The ports that clicks, forms and commands need."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def chat(self) -> Chat: ...

    @property
    def policies(self) -> Policies: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def home(self) -> Home: ...

    def user(self, who: str) -> SlackUser | None:
        """A user as Slack describes them, or described them at most five minutes ago. Raises Unreachable."""

    def hide(self, problem: Unreachable) -> None:
        """Keep, for the log, an error that the answer to the person leaves out."""

    def lineage_named(self, job: str) -> LineageId | None:
        """The lineage of a job that SageMaker knows by that name. Raises Unreachable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """What a person (``who``, a Slack user id) requests, and for which job of which lineage."""

    request: UserRequest
    lineage: LineageId
    job: str
    who: str
    change: int = 0  # of ACCEPT_TAGS: the change of the tags that was shown
    address: str = ""  # the sealed address of the stack that posted the message


# ── clicks and modals ────────────────────────────────────────────────────────────────────────────────────────────────────────


def interaction(payload: Mapping[str, Any], ports: SlackPorts) -> Answer:
    """Answer a click or a modal. Returns the object that Slack gets back as JSON. Raises BadRequest."""
    match payload.get("type"):
        case "block_actions":
            return _clicked(payload, ports)
        case "view_submission":
            return _submitted(payload, ports)
        case "view_closed":
            return NOTHING
        case other:
            raise BadRequest(f"payload.type is {other!r}, wanted block_actions or view_submission")


def _clicked(payload: Mapping[str, Any], ports: SlackPorts) -> Answer:
    click = _click_of(payload)
    if click is None:
        return NOTHING  # a link, or a button of another app
    try:
        refused = refuses_request(click.request, click.who, ports)
        if refused:
            reply = refused
        elif click.request is UserRequest.HALT:
            reply = _halt(click, ports)
        elif click.request is UserRequest.WAIVE:
            reply = refuses_to_read(click.who, ports) or _open_waiver(click, str(payload.get("trigger_id", "")), ports)
        else:
            reply = record_request(click, ports)
    except Unreachable as problem:
        ports.hide(problem)
        reply = "AWS or Slack did not answer in time, so it is unknown whether anything was changed. Press the button again."
    url = payload.get("response_url")
    if reply and isinstance(url, str) and url:
        ports.chat.reply_ephemeral(url, reply)
    return NOTHING


def _halt(click: Click, ports: SlackPorts) -> str:
    """Call a halt, in one write. It does not depend on the job whose message has the button. Raises Unreachable."""
    now = ports.clock.now()
    mine = halt_of(why=f"Halt was pressed in Slack, on the message of {click.job}", who=click.who, since=now)
    called = ports.ledger.halts.call_halt(mine)
    outcome = "Halted" if called == mine else f"Already {halted_text(called)}"
    return f"{outcome}: all actions and messages in this account are paused. Recording continues. To resume: `spotwarden resume`"


def record_request(click: Click, ports: SlackPorts) -> str:
    """Record the request and confirm it, or answer why it is not possible. Raises Unreachable."""
    lineage, now = _with_waiting(click.lineage, ports), ports.clock.now()
    too_late = _too_late(click, lineage, ports.policies.current(), now)
    if too_late:  # the text shows the job's state, so it is only for people who may read
        unread = refuses_to_read(click.who, ports)
        return f"This is not possible now. {unread}" if unread else too_late
    asked = request_of(click.request, lineage, job=click.job, who=click.who, at=now, change=click.change)
    if ports.ledger.user_requests.add(click.lineage, asked, now):
        return CONFIRMATIONS[click.request].format(job=bold(click.job))
    return "Somebody requested this at the same moment."


def _with_waiting(id: LineageId, ports: SlackPorts) -> Lineage:
    """The lineage as it will be once the waiting requests are recorded."""
    lineage = ports.ledger.lineages.load(id)
    return replace(lineage, entries=(*lineage.entries, *ports.ledger.user_requests.waiting(id)))


CONFIRMATIONS: Mapping[UserRequest, str] = {
    UserRequest.TRY_AGAIN: "{job} is submitted again within two minutes, unless a rule forbids it.",
    UserRequest.ON_DEMAND: "{job} moves to on-demand, unless a rule forbids it. If it is running, it is stopped first.",
    UserRequest.STOP: "{job} is stopped within two minutes.",
    UserRequest.WAIVE: "The rule is waived for {job}.",
    UserRequest.CANCEL: "The waiting attempt of {job} is cancelled, unless it is being submitted at this moment.",
    UserRequest.ACCEPT_TAGS: "The changed tags of {job} take effect within two minutes.",
}


def _too_late(click: Click, lineage: Lineage, policy: Policy, now: datetime) -> str:
    """Why a request is not possible; empty where it is."""
    last = newest_attempt(lineage)
    if last is None:
        return f"{bold(click.job)} is no longer in the ledger."
    if last.job != click.job:
        return f"{bold(click.job)} already has a newer attempt: {bold(last.job)}."
    before = [e for e in lineage.entries if isinstance(e, UserRequested) and (e.job, e.request) == (click.job, click.request)]
    if click.request in available_requests(lineage, policy, now):
        change = pending(lineage) if click.request is UserRequest.ACCEPT_TAGS else None
        again = change is not None and change.number != click.change
        return f"The tags of {bold(click.job)} were changed again. Read the newest message about them." if again else ""
    if before:
        first = min(before, key=lambda e: e.at)
        return f"{person(first.who)} already requested this at {when(first.at)}."
    ended = lineage.entry(Ended, last.job)
    if click.request is UserRequest.CANCEL:
        return _nothing_waits(lineage, last.job)
    goes_on = next((i for i in lineage.open_intents() if isinstance(i.action, Submit)), None)
    if goes_on is not None:
        return f"{bold(click.job)} is submitted again automatically at {when(goes_on.due_at)}."
    if ended is not None:
        return f"{bold(click.job)} is finished: it {ended.outcome.label}."
    return f"This is not possible for {bold(click.job)} now. Its message shows the current state."


def _nothing_waits(lineage: Lineage, job: str) -> str:
    """Why no attempt can be called off."""
    intent = open_submit(lineage)
    if intent is not None and isinstance(intent.action, Submit):
        return f"{bold(intent.action.job)} is being submitted at this moment. Its message shows how to stop it."
    return f"No attempt of {bold(job)} waits to be submitted. Nothing was changed."


def _click_of(payload: Mapping[str, Any]) -> Click | None:
    actions, user = payload.get("actions"), payload.get("user")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], Mapping):
        raise BadRequest("payload.actions is empty, wanted the button that was pressed")
    action_id = str(actions[0].get("action_id", ""))
    owner, _, name = action_id.partition("/")
    if owner != "spotwarden":
        return None
    if name not in set(UserRequest):
        raise BadRequest(
            f"payload.actions[0].action_id is {action_id[:80]!r}, wanted spotwarden/ and one of {', '.join(UserRequest)}"
        )
    value = str(actions[0].get("value", ""))
    lineage, job = _lineage_and_job(value, "payload.actions[0].value")
    found = json.loads(value)
    change, address = found.get("change"), found.get("at")
    return Click(
        request=UserRequest(name), lineage=lineage, job=job, who=_user(user), change=change if type(change) is int else 0,
        address=address if isinstance(address, str) else "",
    )  # fmt: skip


def _user(user: object) -> str:
    who = user.get("id") if isinstance(user, Mapping) else None
    if not isinstance(who, str) or SLACK_USER.fullmatch(who) is None:
        raise BadRequest(f"user.id is {str(who)[:40]!r}, wanted a Slack user's id")
    return who


def _lineage_and_job(text: str, where: str) -> tuple[LineageId, str]:
    try:
        found = json.loads(text)
        lineage, job = LineageId.parse(str(found["lineage"])), str(found["job"])
    except (ValueError, KeyError, TypeError, RecursionError):
        lineage, job = None, ""
    if lineage is None or not job:
        raise BadRequest(f"{where} is {text[:80]!r}, wanted a lineage and a job as JSON")
    return lineage, job


# ── waivers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _open_waiver(click: Click, trigger_id: str, ports: SlackPorts) -> str:
    lineage, now, policy = ports.ledger.lineages.load(click.lineage), ports.clock.now(), ports.policies.current()
    last, rules = newest_attempt(lineage), waivable_rules(lineage, now)
    if last is None or last.job != click.job or lineage.entry(Ended, click.job) is not None:
        return _too_late(replace(click, request=UserRequest.STOP), lineage, policy, now) or f"{bold(click.job)} is finished."
    if not rules:
        return f"{bold(click.job)} breaks no rule that could be waived."
    until = now.date() + timedelta(seconds=policy.slack.waiver_s_max)
    modal = waiver_form(str(click.lineage), click.job, rules, most=until, address=click.address)
    answer = ports.chat.open(trigger_id, modal)
    return "" if isinstance(answer, Done) else f"The form did not open: {escaped(answer.why)}. Press the button again."


def _submitted(payload: Mapping[str, Any], ports: SlackPorts) -> Answer:
    view = payload.get("view")
    if not isinstance(view, Mapping) or view.get("callback_id") != WAIVER_CALLBACK:
        raise BadRequest(f"payload.view.callback_id is not {WAIVER_CALLBACK!r}")
    lineage_id, job = _lineage_and_job(str(view.get("private_metadata", "")), "payload.view.private_metadata")
    who = _user(payload.get("user"))
    try:
        refused = refuses_request(UserRequest.WAIVE, who, ports) or refuses_to_read(who, ports)
        if refused:
            return {"response_action": "errors", "errors": {"policy": refused}}
        return _waive(lineage_id, job, who, view, ports)
    except Unreachable as problem:
        ports.hide(problem)
        return {"response_action": "errors", "errors": {"policy": "AWS did not answer in time. Nothing was waived. Try again."}}


def _waive(id: LineageId, job: str, who: str, view: Mapping[str, Any], ports: SlackPorts) -> Answer:
    lineage, now, policy = _with_waiting(id, ports), ports.clock.now(), ports.policies.current()
    most = now.date() + timedelta(seconds=policy.slack.waiver_s_max)
    given, wrong = waiver_request_of(view, rules=waivable_rules(lineage, now), first=now.date(), most=most)
    if wrong:
        return {"response_action": "errors", "errors": dict(wrong)}
    last = newest_attempt(lineage)
    until = datetime.combine(given.until + DAY, time(), UTC)  # until the end of the named day
    waived = Waived(
        job=job, at=now, team=last.team if last else None, policy=given.policy, who=who, reason=given.reason,
        ticket=given.ticket, until=min(until, now + timedelta(seconds=policy.slack.waiver_s_max)),
    )  # fmt: skip
    ports.ledger.user_requests.add(id, waived, now)  # False where the same waiver waits already: that is as good
    return {"response_action": "clear"}
