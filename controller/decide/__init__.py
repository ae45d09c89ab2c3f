"""The pure controller: facts about one job in, a decision out. One module per capability; ``DECIDERS`` lists them in order.

It knows jobs, policy, the ledger's types and savings; no AWS client, no clock, no randomness. ``controller.runtime`` carries a
decision out; ``controller.notifications`` makes the text of its messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controller.decide import (
    alerts,
    capacity_signals,
    close_lineage,
    deduplicate,
    job_updates,
    observe,
    phase_times,
    probe_capacity,
    read_directives,
    record_usage,
    refresh_card,
    settle_caps,
    user_requests,
    wakeups,
)
from controller.decide.deadline import stop_to_move
from controller.decide.decider_failed import decider_failed
from controller.decide.decision import Decision
from controller.decide.enforce import enforce
from controller.decide.facts import Facts
from controller.decide.resubmit import resubmit
from controller.units.value import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """One step of ``decide``: its name in logs and metrics, its function, and why it exists.

    ``decide`` takes the facts and the decision of the deciders before it. ``without_parts`` is true for a decider that also runs
    while the job's tags or the owner of its algorithm are unknown (``Facts.part_unread``). Such deciders only record or announce,
    or do what a person asked for.
    """

    name: str
    decide: Callable[[Facts, Decision], Decision]
    why: str
    without_parts: bool = False


DECIDERS: tuple[Decider, ...] = (
    Decider(
        name="observe",
        decide=lambda facts, _: observe.observe(facts),
        why="record starts, interruptions and outcomes",
        without_parts=True,
    ),
    Decider(
        name="record_usage",
        decide=lambda facts, _: record_usage.record_usage(facts),
        why="record what SageMaker billed and how much of it was useful",
        without_parts=True,
    ),
    Decider(
        name="user_requests",
        decide=lambda facts, _: user_requests.act_on_user_request(facts),
        why="do what a person asked for in Slack",
        without_parts=True,
    ),
    Decider(
        name="enforce",
        decide=lambda facts, _: enforce.enforce(facts),
        why="report violations of the policy, and stop or repair where a rule enforces",
    ),
    Decider(
        name="deadline",
        decide=lambda facts, _: stop_to_move.keep_deadline(facts),
        why="move a job so that it meets its deadline",
    ),
    Decider(
        name="capacity_signals",
        decide=lambda facts, _: capacity_signals.capacity_signals(facts),
        why="share signs of spot capacity with the jobs that left the pool",
        without_parts=True,
    ),
    Decider(
        name="phase_times",
        decide=lambda facts, _: phase_times.phase_times(facts),
        why="learn how long jobs take to start, to restore and to upload",
        without_parts=True,
    ),
    Decider(
        name="probe_capacity",
        decide=lambda facts, _: probe_capacity.probe_capacity(facts),
        why="find out whether spot capacity is back",
    ),
    Decider(
        name="resubmit",
        decide=lambda facts, _: resubmit.resubmit(facts),
        why="submit again a job that did not finish",
    ),
    Decider(
        name="read_directives",
        decide=read_directives.read_directives,
        why="read the tags that ask something of the controller, once",
    ),
    Decider(
        name="settle_caps",
        decide=lambda facts, _: settle_caps.settle_caps(facts),
        why="count an attempt under a team's spend cap with what it cost",
    ),
    Decider(
        name="close_lineage",
        decide=lambda facts, _: close_lineage.close_lineage(facts),
        why="close a lineage when no attempt follows",
    ),
    Decider(
        name="wakeups",
        decide=lambda facts, _: wakeups.schedule_wakeups(facts),
        why="look at the job again although no event comes",
        without_parts=True,
    ),
    Decider(
        name="alerts",
        decide=lambda facts, _: alerts.alert(facts),
        why="tell people what could not be done",
        without_parts=True,
    ),
    Decider(
        name="job_updates",
        decide=job_updates.announce_updates,
        why="tell people about interruptions and finished jobs, where the policy asks for it",
    ),
    Decider(
        name="refresh_card",
        decide=refresh_card.refresh_card,
        why="keep the Slack message of the lineage up to date",
        without_parts=True,
    ),
)
"""The deciders in the order in which they run. If two ask for the same thing, such as a stop, the first one counts."""


def decide(facts: Facts, deciders: Sequence[Decider] | None = None) -> Decision:
    """Return what must be written and done, given the facts; or, in ``needs``, what must be looked up first.

    By default, all ``DECIDERS`` run.

    Deciding again on facts that include the decision adds nothing. A decider that raises does not stop the others: its exception
    becomes a problem of the decision, which is announced once. While a part of the job is unread, only some deciders run
    (``Decider.without_parts``).
    """
    decision = Decision()
    for decider in DECIDERS if deciders is None else deciders:
        if facts.part_unread and not decider.without_parts:
            continue
        try:
            decision |= decider.decide(facts, decision)
        except Exception as error:
            decision |= decider_failed(facts, decider.name, error)
    new = deduplicate.new_to(replace(decision, partial=facts.part_unread), facts.lineage, about=facts.job.name)
    return new.under(facts.policy.revision, facts.policy.mode_for(facts.job)) if new else new
