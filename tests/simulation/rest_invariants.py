"""The invariants that must hold at the end of a history, when nothing is left to do ("at rest").

``world_invariants`` has those that must always hold.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from controller.decide.call_off import called_off_numbers
from controller.jobs.failure import FailureCause
from controller.jobs.job import Job, Outcome
from controller.ledger.entry import Ended, Measured, Started, Unmeasured
from controller.ledger.intent import Announce, IntentResult, Purpose, Stop
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.notifications.messages.catalogue import text_of
from controller.policy.mode import Mode
from controller.policy.policy import Policy, RuleAction
from controller.runtime.digests.close_days import close_days
from controller.savings.attempt_savings import spent_micros
from tests.simulation.actors import TIED_TO
from tests.simulation.cap_invariants import may_have_no_cap
from tests.simulation.history import History
from tests.simulation.policies_and_tags import CAP_MICROS, TEAM_CAP_MICROS
from tests.simulation.world_invariants import Life, require

LATE_AFTER = timedelta(hours=1)
FINAL_TOPICS = ("gave-up", "cannot-repeat", "would-resubmit", "done-elsewhere")


def check(history: History) -> None:
    """Check all invariants of a history at rest. Raises Violation."""
    every_outcome_and_usage_is_recorded(history)
    no_intent_is_overdue(history)
    every_retryable_outcome_has_a_follow_up(history)
    every_moved_or_repaired_job_continues(history)
    no_lineage_exceeds_its_spend_cap(history)
    no_team_exceeds_its_spend_cap(history)
    every_announcement_is_posted(history)
    every_claim_is_released(history)
    no_lineage_ends_with_a_foreign_model(history)
    no_stranger_evades_a_rule(history)
    every_attempt_that_our_change_broke_goes_back(history)
    no_warning_of_another_fleet_counts_as_an_interruption(history)


def _reachable(history: History) -> list[Life]:
    """The jobs that SageMaker still describes. The usage of deleted or broken jobs cannot be recorded."""
    return [life for life in history.checker.lives if life.deleted_at is None and life.name not in history.broken]


def recorded_lineage(history: History, life: Life) -> Lineage:
    """The lineage in which a job is recorded: its own, or that of the attempt whose exact request it has, as found later."""
    own = history.ledger.lineages.load(life.lineage)
    found = history.ledger.lineages.submitter(history.world.account, history.world.region, life.name)
    if found is None or life.hostile:
        return own
    other = history.ledger.lineages.load(found)
    started = other.entry(Started, life.name)
    return other if not own.version or (started is not None and started.at == life.job.created_at) else own


def every_outcome_and_usage_is_recorded(history: History) -> None:
    """Each outcome is in the ledger, with its usage or an entry that its usage is unknown."""
    for life in _reachable(history):
        if life.alive:
            continue
        lineage = recorded_lineage(history, life)
        require(lineage.entry(Ended, life.name), f"every outcome is recorded: {life.where} {life.job.status}")
        measured = lineage.entry(Measured, life.name)
        unmeasured = lineage.entry(Unmeasured, life.name)
        require(measured or unmeasured, f"every usage is recorded or unknown: {life.where}")
        shown = history.world.describe_training_job(life.name)
        if "BillableTimeInSeconds" in shown:
            require(measured, f"shown usage is recorded: {life.where} used {shown['BillableTimeInSeconds']} s")
            assert measured is not None
            recorded = (measured.training_s, measured.billable_s)
            wanted = (shown["TrainingTimeInSeconds"], shown["BillableTimeInSeconds"])
            require(recorded == wanted, f"usage is recorded as SageMaker shows it: {life.where} {recorded}, wanted {wanted}")


def no_intent_is_overdue(history: History) -> None:
    """No intent of a job that SageMaker describes is overdue. A broken lineage delays no other."""
    for lineage, row in history.ledger.rows.items():
        for intent in row.intents.values():
            late = intent.open and intent.trigger_at < history.lambdas.now - LATE_AFTER
            require(not late or lineage.root in history.broken, f"no intent is overdue: {lineage} {intent}")


def every_retryable_outcome_has_a_follow_up(history: History) -> None:
    """A newest attempt with a retryable outcome has a next attempt or a message, unless a policy wants neither.

    The controller may have used any policy that was deployed at that time or later. A policy that wants neither withdraws the
    next attempt. So a follow-up is required only if all these policies want one.
    """
    lives = _reachable(history)
    newest = {life.lineage: max(o.number for o in history.checker.lives if o.lineage == life.lineage) for life in lives}
    for life in lives:
        cause = life.cause_of_end
        if life.alive or cause is None or not cause.retryable or life.owned or life.number < newest[life.lineage]:
            continue
        lineage = recorded_lineage(history, life)
        ended = lineage.entry(Ended, life.name)
        assert ended is not None
        job = history.ports.jobs.describe(life.name)
        assert job is not None
        assert job.cause is not None
        due = all(wants_next_attempt(policy, job, job.cause, ended) for policy in history.rollout.readable_from(ended.seen_at))
        settled = not due or stopped_by_rule(lineage, life.name) or followed_up(history, lineage, life.name)
        require(settled, f"every retryable outcome has a follow-up: {life.where} ended {cause}")


def every_moved_or_repaired_job_continues(history: History) -> None:
    """A job that was stopped for a move or a repair has a next attempt, or a message why it has none."""
    for life in _reachable(history):
        lineage = recorded_lineage(history, life)
        stop = lineage.intent(f"stop/{life.name}")
        if life.alive or not life.stopped_by_us or stop is None or not isinstance(stop.action, Stop):
            continue
        if stop.action.purpose is Purpose.RULE or life.cause_of_end is None or life.number < lineage.newest_number():
            continue
        settled = followed_up(history, lineage, life.name)
        require(
            settled,
            f"every moved or repaired job continues: {life.where} ended {life.cause_of_end}, stopped to {stop.action.purpose}",
        )


def no_lineage_exceeds_its_spend_cap(history: History) -> None:
    """If all policies have a cap for lineages, the attempts of a lineage cost at most the cap."""
    if history.world.settings.billable_as == "wall-clock":
        return  # waiting is billed too, which no cap foresees: decision 13
    blocks = [block for policy in history.policies for block in policy.resubmissions]
    if not blocks or any(block.cap_micros is None for block in blocks) or any(not p.resubmissions for p in history.policies):
        return
    for life in _reachable(history):
        lineage = recorded_lineage(history, life)
        spent = spent_micros([_within_its_limit(e, lineage) for e in lineage.entries if isinstance(e, Measured)])
        ours = [o for o in history.checker.lives if o.ours and o.lineage == lineage.id]
        made = ours and not any(may_have_no_cap(o, history.policies) for o in ours)
        require(not made or spent <= CAP_MICROS, f"no lineage exceeds its spend cap: {lineage.id} spent {spent}")


def no_team_exceeds_its_spend_cap(history: History) -> None:
    """If all policies have a cap for teams, the attempts of a team cost at most the cap."""
    if history.world.settings.billable_as == "wall-clock":
        return  # waiting is billed too, which no cap foresees: decision 13
    blocks = [block for policy in history.policies for block in policy.resubmissions]
    if not blocks or any(block.team_month_cap_micros is None for block in blocks):
        return
    spent: Counter[str | None] = Counter()
    for life in _reachable(history):
        lineage = recorded_lineage(history, life)
        measured = lineage.entry(Measured, life.name)
        if life.ours and measured is not None and not may_have_no_cap(life, history.policies):
            spent[measured.team] += spent_micros([_within_its_limit(measured, lineage)])
    over = {team: amount for team, amount in spent.items() if amount > TEAM_CAP_MICROS}
    require(not over, f"no team exceeds its spend cap: {over}")


def _within_its_limit(measured: Measured, lineage: Lineage) -> Measured:
    """An attempt with billable time of at most MaxRuntimeInSeconds: caps do not cover an upload or a stop that hangs longer."""
    started = lineage.entry(Started, measured.job)
    limit_s = started.runtime_s_max if started is not None else None
    return measured if limit_s is None else replace(measured, billable_s=min(measured.billable_s, limit_s))


def wants_next_attempt(policy: Policy, job: Job, cause: FailureCause, ended: Ended) -> bool:
    """Whether a policy wants a next attempt, or a message, after an outcome with this cause."""
    block = policy.resubmission_for(job)
    seen_after_s = (ended.seen_at - ended.at).total_seconds()
    return block is not None and block.mode.tells and block.budget_of(cause)[0] is not None and seen_after_s <= block.within_s


def stopped_by_rule(lineage: Lineage, name: str) -> bool:
    """Whether a rule's Stop of a job was claimed and not withdrawn. Such a job is not submitted again."""
    stop = lineage.intent(f"stop/{name}")
    return stop is not None and stop.claim > 0 and stop.closed is not IntentResult.WITHDRAWN


def followed_up(history: History, lineage: Lineage, name: str) -> bool:
    """Whether an attempt has a next attempt, or a message why it has none.

    The next attempt may be a job with the same name and request, which a user created while it was being submitted.
    """
    made = any(o.lineage == lineage.id and o.about == name for o in history.checker.lives)
    made |= any(submit.about == name and lineage.entry(Started, submit.job) is not None for submit, _ in lineage.submits())
    return made or bool(called_off_numbers(lineage, name)) or any(
        isinstance(i.action, Announce) and i.action.about == name and i.closed is not IntentResult.WITHDRAWN
        and (i.action.topic in FINAL_TOPICS or i.action.topic.startswith((*FINAL_TOPICS, "refused/submit/", "abandoned/submit/")))
        for i in lineage.intents
    )  # fmt: skip


def every_announcement_is_posted(history: History) -> None:
    """All announcements that were not withdrawn were posted to a channel that exists."""
    posted = {line for message in history.slack.posted for line in message.text.splitlines()}
    posted |= {m.text().title for shelf in history.outbox.shelf.values() for m in shelf.values()}
    for lineage, row in history.ledger.rows.items():
        if lineage.root in history.broken:
            continue
        for intent in row.intents.values():
            if isinstance(intent.action, Announce) and intent.closed is IntentResult.DONE and not intent.why:
                require(_title(intent.action) in posted, f"every announcement is posted: {lineage} {intent.key}")


def _title(announce: Announce) -> str:
    assert announce.kind is not None
    return text_of(announce.kind, announce.facts).title


def every_claim_is_released(history: History) -> None:
    """Ended jobs have no claim or hold, which would block the checkpoints or the quota of others for ever."""
    for claim in (*history.ledger.held.values(), *history.ledger.on_quota.values()):
        life = history.checker.job_named(claim.job)
        root = LineageId.parse(claim.lineage)
        assert root is not None
        reused = any(other.name == claim.job and other.deleted_at for other in history.checker.lives)
        allowed = (life is not None and life.alive) or root.root in history.broken or reused
        require(allowed, f"every claim is released: {claim}")


def no_lineage_ends_with_a_foreign_model(history: History) -> None:
    """The event about the end of a lineage is about its first job or an attempt, never about a stranger's job."""
    for publish in history.events.published:
        told = json.loads(publish.detail)
        named = [life for life in history.checker.lives if life.name == told["trainingJobName"]]
        known = any(str(life.lineage) == told["lineage"] or not life.hostile for life in named)
        require(known, f"no lineage ends with a foreign model: {told}")


def no_stranger_evades_a_rule(history: History) -> None:
    """A stranger's job is the root of its own lineage, and a rule in mode enforce stops it as any other job. An exception is a
    job that never trained: during an outage, it may end without capacity before the controller sees it.
    """
    for life in _reachable(history):
        if not life.hostile:
            continue
        lineage = history.ledger.lineages.load(life.lineage)
        started = lineage.entry(Started, life.name)
        require(started is not None and started.number == 1, f"a stranger's job is like any other: {life.where}")
        job = history.ports.jobs.describe(life.name)
        policy = history.rollout.current()
        if len(history.policies) > 1 or job is None or job.spot or job.created_at < policy.in_force_at or job.never_started:
            continue
        stops = [
            r
            for r in history.policies[0].rules
            if r.mode is Mode.ENFORCE and r.action is RuleAction.STOP and r.match.matches(job)
        ]
        by_somebody = job.outcome is Outcome.STOPPED  # a person stopped it before
        require(
            not stops or life.stopped_by_us or by_somebody, f"no enforcing rule is evaded: {life.where} ran until {job.ended_at}"
        )


def every_attempt_that_our_change_broke_goes_back(history: History) -> None:
    """An attempt whose code fails on instances that its owner did not choose has a next attempt, or a message."""
    lives = _reachable(history)
    newest = {life.lineage: max(o.number for o in history.checker.lives if o.lineage == life.lineage) for life in lives}
    chosen = {life.lineage: life.job.pool[0] for life in history.checker.lives if life.number == 1}
    for life in lives:
        tied, moved = life.job.request["HyperParameters"].get(TIED_TO), life.job.pool[0] != chosen[life.lineage]
        broken = life.ours and moved and life.cause_of_end is FailureCause.ALGORITHM and tied not in (None, life.job.pool[0])
        if not broken or life.number < newest[life.lineage]:
            continue
        lineage, job = recorded_lineage(history, life), history.ports.jobs.describe(life.name)
        ended = lineage.entry(Ended, life.name)
        assert ended is not None
        assert job is not None
        due = all(continues(policy, job, ended) for policy in history.rollout.readable_from(ended.seen_at))
        settled = not due or stopped_by_rule(lineage, life.name) or followed_up(history, lineage, life.name)
        require(settled, f"what our own change broke goes back: {life.where} failed on {life.job.pool[0]}")


def continues(policy: Policy, job: Job, ended: Ended) -> bool:
    """Whether a policy continues a job after an outcome, with any cause."""
    block = policy.resubmission_for(job)
    return block is not None and block.mode is Mode.ENFORCE and (ended.seen_at - ended.at).total_seconds() <= block.within_s


def no_warning_of_another_fleet_counts_as_an_interruption(history: History) -> None:
    """Interruption rates count the interruptions of training jobs, but not EC2's warnings."""
    close_days(history.ports)
    counted = sum(memory.interruptions for memory in history.ledger.remembered.values())
    happened = sum(run.interrupted for life in history.checker.lives for run in life.job.runs)
    require(counted <= happened, f"a rate counts its own interruptions: {counted} are counted, {happened} happened")
