"""The one message of a lineage: its state at a glance, whose it is, what comes next, its money, and what may be asked.

It is read off the ledger when it is sent, so it is never older than what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from controller.ask import Ask
from controller.enforcement import waivers_of
from controller.entry import Asked, Ended, Finished, Flagged, Interrupted, Started
from controller.intent import Intent, Stop, Submit
from controller.job import Ending
from controller.lineage import Lineage
from controller.money import dollars
from controller.mrkdwn import code, escaped, when
from controller.parts import Button, Buttons, Fields, Part, Small, Text
from controller.policy import Policy
from controller.savings import Savings, fold

BUTTONS = {
    Ask.TRY_AGAIN: ("Try again", "primary", ""),
    Ask.ON_DEMAND: ("Move to on-demand now", "", "It is stopped, and goes on from its checkpoint at the full price."),
    Ask.STOP: ("Stop", "danger", "It is stopped, and nothing follows it by itself."),
    Ask.WAIVE: ("Waive…", "", ""),
    Ask.HALT: (
        "Halt Spotwarden",
        "danger",
        "Nothing is stopped or submitted any more, in the whole account, until somebody resumes.",
    ),
}


def card(lineage: Lineage, policy: Policy, now: datetime) -> tuple[Part, ...]:
    """The message's parts."""
    last = newest(lineage)
    if last is None:
        return (Text(f"*{escaped(lineage.id.root)}*: nothing is known of it yet"),)
    ended = lineage.entry(Ended, last.job)
    asks = asks_of(lineage, policy, now)
    buttons = (Buttons(tuple(_button(ask, lineage, last.job) for ask in asks)),) if asks else ()
    return (Text(_state(lineage, last, ended)), Fields(tuple(_fields(lineage, last))), *_notes(lineage, now), *buttons)


def newest(lineage: Lineage) -> Started | None:
    """The newest attempt that was ever seen."""
    return max((e for e in lineage.entries if isinstance(e, Started)), key=lambda e: e.number, default=None)


def asks_of(lineage: Lineage, policy: Policy, now: datetime) -> tuple[Ask, ...]:
    """What may be asked of a lineage as it stands, of those things that the policy hears anybody for."""
    last = newest(lineage)
    if last is None or last.service is not None:
        return ()
    ended = lineage.entry(Ended, last.job)
    goes_on = any(isinstance(i.action, Submit | Stop) for i in lineage.open_intents())
    if ended is None:
        possible = [] if goes_on else [*([Ask.ON_DEMAND] if last.spot else []), Ask.STOP]
        possible += [Ask.WAIVE] if waivable(lineage, now) else []
        possible.append(Ask.HALT)
    elif ended.ending is Ending.COMPLETED or goes_on:
        possible = []
    else:
        possible = [Ask.TRY_AGAIN, *([Ask.ON_DEMAND] if last.spot else [])]
    asked = {e.ask for e in lineage.entries if isinstance(e, Asked) and e.job == last.job}
    return tuple(ask for ask in possible if policy.talk.may.get(ask) and (ask not in asked or ask in (Ask.WAIVE, Ask.HALT)))


def waivable(lineage: Lineage, now: datetime) -> tuple[str, ...]:
    """The rules that the newest attempt breaks, told to people and not waived."""
    last, waived = newest(lineage), {w.policy for w in waivers_of(lineage, now)}
    broken = {e.policy for e in lineage.entries if isinstance(e, Flagged) and last and e.job == last.job and e.mode.tells}
    return tuple(sorted(broken - waived))


def _button(ask: Ask, lineage: Lineage, job: str) -> Button:
    text, style, confirm = BUTTONS[ask]
    value = json.dumps({"lineage": str(lineage.id), "job": job}, separators=(",", ":"))
    return Button(text=text, ask=f"spotwarden/{ask}", value=value, style=style, confirm=confirm)


def _state(lineage: Lineage, last: Started, ended: Ended | None) -> str:
    name = f"*{escaped(lineage.id.root)}*"
    opened = {type(i.action): i for i in lineage.open_intents()}
    if Submit in opened:
        return f":repeat: {name} goes on as attempt {_number(opened[Submit])}"
    if Stop in opened:
        return f":octagonal_sign: {name} is being stopped"
    if ended is None:
        return f":runner: {name} is with SageMaker"
    return f"{ended.ending.emoji} {name} {ended.ending.word}"


def _number(intent: Intent) -> int:
    return intent.action.number if isinstance(intent.action, Submit) else 0


def _fields(lineage: Lineage, last: Started) -> Iterable[str]:
    whose = [code(last.user)] if last.user else []
    whose += [f"team {code(last.team)}"] if last.team else []
    yield "*Owner*\n" + (", ".join(whose) or "nobody is named")
    yield f"*Attempt*\n{last.number}: {code(last.job)}"
    yield f"*On*\n{code(last.instance_type)} × {last.instance_count}, {'spot' if last.spot else 'on-demand'}"
    yield f"*Next*\n{_next(lineage, last)}"
    total = fold(lineage.entries, group=lambda _: "all").get("all", Savings())
    yield f"*So far*\n{told_money(total)}"
    interruptions = sum(isinstance(e, Interrupted) for e in lineage.entries)
    if interruptions:
        yield f"*Interrupted*\n{interruptions} times" if interruptions > 1 else "*Interrupted*\nonce"
    finished = lineage.entry(Finished, last.job)
    if finished is not None and finished.deadline is not None:
        kept = finished.ending is Ending.COMPLETED and finished.at <= finished.deadline
        yield f"*Deadline*\n{when(finished.deadline)}: {'kept' if kept else 'missed'}"


def _next(lineage: Lineage, last: Started) -> str:
    for intent in lineage.open_intents():
        match intent.action:
            case Submit(job=job):
                return f"{code(job)} at {when(intent.due_at)}"
            case Stop(because=because):
                return f"stopped: {escaped(because)}"
            case _:
                continue
    return "nothing: it is over" if lineage.entry(Ended, last.job) else "it trains, waits or uploads"


def told_money(total: Savings) -> str:
    """Money on one line; what it does not cover is said, never counted as zero."""
    if total.attempts == 0:
        return "not billed yet"
    told = [f"{dollars(total.spent_micros)} spent, {dollars(total.saved_micros)} saved"]
    told += [f"{dollars(total.wasted_micros)} wasted"] if total.wasted_micros else []
    told += [f"{total.unpriced} without a price"] if total.unpriced else []
    told += [f"{total.unmeasured} of unknown usage"] if total.unmeasured else []
    told += ["at least"] if total.bounded else []
    return ", ".join(told)


def _notes(lineage: Lineage, now: datetime) -> Iterable[Part]:
    waived = waivers_of(lineage, now)
    if waived:
        told = ", ".join(f"{code(w.policy)} until {when(w.until)} ({escaped(w.reason)}; {escaped(w.ticket)})" for w in waived)
        yield Small(f"Waived: {told}")
    yield Small(f"{escaped(lineage.id.account)} {escaped(lineage.id.region)}, created {when(lineage.id.created_at)}")
