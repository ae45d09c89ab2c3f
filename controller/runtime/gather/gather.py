"""Gathers the facts of a job: how SageMaker describes it now, its lineage, its policy, its price, and what else a decision needs.

A job at rest costs four reads: DescribeTrainingJob, ListTags, the lineage's head and its other rows. A job with the name of an
attempt costs a fifth: which lineage submitted it. More is read only where something is new, overdue, or about to be decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from controller.decide.deadline.outlook import deadline_of
from controller.decide.decision import Need
from controller.decide.enforce.repair_prefix import candidate_prefixes, free_of, template_prefix
from controller.decide.enforce.spot_worth_evidence import worth_of
from controller.decide.facts import Facts
from controller.decide.observe import scan_reason
from controller.decide.ownership import as_claimed_first, settle_owner, to_ask
from controller.decide.resubmit.fallback import candidate_types, next_types
from controller.decide.settle_caps import team_account
from controller.jobs.claim import bucket_and_prefix
from controller.jobs.instance import equivalents
from controller.jobs.job import Job, Service
from controller.jobs.quota_hold import instances_held
from controller.ledger.attempt_name import may_be_ours
from controller.ledger.entry import Ended, Measured, Started
from controller.ledger.intent import Wake
from controller.ledger.lineage import LINEAGE_TAG, Lineage, is_sent, team_of
from controller.ledger.lineage_id import LineageId
from controller.ledger.pool import CAPACITY_SIGNAL_AGE, PlacementAsked
from controller.ledger.rule_acts import RuleActs
from controller.policy.resubmission import NO_CAPS, Resubmission
from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.runtime.gather.checkpoint_scans import scan_or_go_on, scan_or_none
from controller.runtime.gather.tags_of_jobs import as_of_lineage, as_read_first, labelled, tagged_first, without_tags
from controller.runtime.perform.same_work import done_elsewhere, without_stale
from controller.runtime.ports.answers import PartUnread
from controller.runtime.ports.aws import Prices
from controller.runtime.ports.ledger import ReadLineages
from controller.runtime.ports.reading import ReadPorts
from controller.runtime.ports.schedule import ReadPoolMemories
from controller.savings.agreed_rates import dearest_rate
from controller.savings.dated_prices import spot_of
from controller.savings.job_history import first_permille
from controller.savings.rollup import NOBODY
from controller.units.calendar import month_key
from controller.units.value import replace

RUNS_MAX = 50  # runs of a family: enough for a quantile, and one page
OTHER_TYPES_MAX = 3  # similar instance types that are compared with the job's own
POOL_MEMORY_AGE = timedelta(days=28)
PLACEMENT_SCORE_INTERVAL = timedelta(hours=1)


def gather(job: Job, ports: ReadPorts, created_in: LineageId | None = None, *, unread: PartUnread | None = None) -> Facts:
    """Read everything that a decision about this job may depend on.

    ``created_in`` is the lineage for which this function has just created the job. ``unread`` is the exception that says which
    part of the job could not be read. Raises Unreachable, also where the tags could not be read and are not in the ledger.
    """
    now = ports.clock.now()
    lineage, number = lineage_of(job, ports.ledger.lineages, created_in)
    if number == 1 and may_be_ours(job.name) and _is_probe(job, lineage, ports.ledger.lineages):
        job = replace(job, service=Service.PROBE)
    shown_tags = job.tags
    if unread is not None and unread.tags:
        job = as_read_first(job, lineage)
    elif not job.tags:
        job = without_tags(job, lineage, number, now)
    policy = ports.policies.current()
    job = as_of_lineage(labelled(job, policy), lineage, number, policy)
    job = as_claimed_first(job, lineage)
    execution = to_ask(job, lineage, trust=policy.trust_claims)
    answer = ports.jobs.made_by_pipeline(job, execution) if execution else None
    owner = settle_owner(job, lineage, trust=policy.trust_claims, answer=answer, now=now)
    job = owner.job
    whole = Facts(
        now=now, job=job, number=number, lineage=lineage, policy=policy, rate=None, claims=None,
        owner_undecided=owner.undecided, owner_checked=owner.checked,
        shown_tags=shown_tags, tagged_first=tagged_first(job, shown_tags, lineage, policy),
        part_unread=unread is not None,
    )  # fmt: skip
    facts = priced(whole, ports.prices, job.region)
    if execution is None and _at_rest(lineage, job, now):
        return facts
    facts = _with_speed(facts, ports)
    if facts.claim is not None and job.alive:
        held = ports.ledger.claims.claims_on(facts.claim.bucket)
        facts = replace(facts, claims=without_stale(held, facts.claim, facts, ports))
    return _with_prospects(facts, ports)


def priced(facts: Facts, prices: Prices, region: str) -> Facts:
    """The prices of the attempt, of the first attempt's instance type, and of every type that a next attempt may have."""
    job, block, at = facts.job, facts.policy.resubmission_for(facts.job), facts.job.ended_at or facts.now
    others = {*(kind for kind, _ in job.choices), *(e.instance_type for e in facts.lineage.entries if isinstance(e, Started))}
    kinds = others | {job.instance_type} | set(next_types(facts, block))
    rates = {kind: dearest_rate(prices.rate, kind, region, at) for kind in kinds}
    first = next((e.instance_type for e in facts.lineage.entries if isinstance(e, Started) and e.number == 1), job.instance_type)
    return replace(
        facts,
        rate=prices.rate(job.instance_type, region, at, since=job.started_at),
        first_rate=prices.rate(first, region, at, since=job.started_at),
        spot_rate=prices.rate(spot_of(job.instance_type), region, at, since=job.started_at) if job.spot else None,
        rates={kind: rate for kind, rate in rates.items() if rate is not None},
    )


def _with_speed(facts: Facts, ports: ReadPorts) -> Facts:
    """Add how fast the first attempt's instance type is, if the usage of an attempt on another type is about to be recorded."""
    job, root = facts.job, facts.lineage.entry(Started, facts.lineage.id.root)
    if job.measurable_usage is None or facts.lineage.entry(Measured, job.name) is not None or root is None:
        return facts
    if job.instance_type == root.instance_type or job.instance_count != root.instance_count:
        return facts
    runs = ports.ledger.histories.runs(job.account, job.region, facts.family, RUNS_MAX)
    return replace(facts, first_permille=first_permille(runs, root.instance_type, job.instance_type))


def _with_prospects(facts: Facts, ports: ReadPorts) -> Facts:
    """Add what decisions about the next attempt depend on: checkpoints, the family's history, the pools of the ladder."""
    job, block = facts.job, facts.policy.resubmission_for(facts.job)
    if not facts.newest or facts.owned:
        return facts
    counts = block is not None and deadline_of(facts, block.deadline) is not None and (job.alive or job.cause is not None)
    watched = job.alive and any(rule.kind == CHECKPOINT_ALIVE.id and rule.about(job) for rule in facts.policy.rules)
    weighed = asks_worth(facts)
    if job.checkpoint_uri is not None and (counts or watched or weighed or scan_reason(facts) is not None):
        facts = replace(facts, checkpoint_scan=scan_or_go_on(facts, job.checkpoint_uri, ports))
    if counts or weighed or (block is not None and block.caps != NO_CAPS and job.cause is not None):
        facts = replace(facts, history=ports.ledger.histories.history(job.account, job.region, facts.family, RUNS_MAX))
    if counts:
        facts = replace(facts, phase_times=ports.ledger.capacity.phase_times(job.region, job.instance_type))
    if counts and block is not None and block.deadline.back_to_spot:
        facts = replace(facts, spot_seen=_spot_seen(facts, ports))
    if block is not None and block.ladder and job.cause is not None:
        facts = _with_pools(facts, block, ports)
    return with_worth(facts, ports.ledger.pools, ports.prices) if weighed else facts


def asks_worth(facts: Facts) -> bool:
    """Whether a ``spot-worth-it`` rule applies now: to a live spot job that is not training (not yet, or interrupted)."""
    job = facts.job
    asked = any(rule.kind == SPOT_WORTH_IT.id and rule.about(job) for rule in facts.policy.rules)
    return asked and job.alive and job.spot and not job.training


def with_worth(facts: Facts, memories: ReadPoolMemories, prices: Prices) -> Facts:
    """Add what is expected of the job on spot, on its own instance type and on at most three similar types."""
    job, since = facts.job, facts.now - POOL_MEMORY_AGE
    types = (job.instance_type, *equivalents(job.instance_type)[:OTHER_TYPES_MAX])
    pools = {t: memories.memory(t, job.region, since) for t in types}
    rates = {t: rate for t in types if (rate := prices.rate(t, job.region, facts.now)) is not None}
    return replace(facts, spot_worth=worth_of(facts, pools, rates))


def look_up(facts: Facts, needs: frozenset[Need], ports: ReadPorts) -> Facts:
    """Read each of ``needs`` and add it to the facts. Raises Unreachable."""
    for need in sorted(needs):
        match need:
            case Need.ON_DEMAND_ROOM:
                facts = replace(facts, room=_on_demand_room(facts, ports))
            case Need.TEAM_SPENT:
                account = team_account(team_of(facts.lineage) or facts.job.team, month_key(facts.now))
                facts = replace(facts, team_spent_micros=ports.ledger.limits.taken(account))
            case Need.RULE_ACTS:
                facts = replace(facts, rule_acts=_rule_acts(facts, ports), last_day=_last_day(ports))
            case Need.REPAIR_PREFIX:
                facts = replace(facts, repair_prefix=_repair_prefix(facts, ports))
            case Need.DONE_ELSEWHERE:
                facts = replace(facts, done_elsewhere=done_elsewhere(facts, ports))
            case Need.PLACEMENT_SCORE:
                facts = replace(facts, placement=_placement(facts, ports))
            case _:
                assert_never(need)
    return replace(facts, looked_up=facts.looked_up | needs)


def _rule_acts(facts: Facts, ports: ReadPorts) -> dict[str, RuleActs]:
    """The acts, under this revision, of each rule that has a ``surprise`` guard and may match the job."""
    policy = facts.policy
    guarded = (r for r in policy.rules if r.rollout.surprise is not None and r.match.matches(facts.job) is not False)
    return {rule.name: ports.ledger.rule_acts.acts(policy.revision, rule.name, policy.in_force_at) for rule in guarded}


def _last_day(ports: ReadPorts) -> dict[str, int] | None:
    """How many jobs each team ("" for none) had on the last closed day; None where no day is closed or it had no jobs."""
    until = ports.ledger.days.closed_until()
    if until is None:
        return None
    jobs: dict[str, int] = {}
    for _, rollup in ports.ledger.days.rollups(until.date() - timedelta(days=1), until.date()):
        for group, savings in rollup.groups.items():
            team = "" if group.team == NOBODY else group.team
            jobs[team] = jobs.get(team, 0) + savings.attempts
    return jobs or None


def _repair_prefix(facts: Facts, ports: ReadPorts) -> str | None:
    """The first candidate prefix that is empty and to which no other job writes. A prefix that cannot be scanned is not empty.

    Where none is known to be empty, one of the lineage's own prefixes: no other lineage gets those. None without a template.
    """
    uri = template_prefix(facts)
    if uri is None:
        return None
    candidates, claims = candidate_prefixes(facts, uri), ports.ledger.claims.claims_on(bucket_and_prefix(uri)[0])
    free = [candidate for candidate in candidates if free_of(claims, candidate, facts)]
    unseen: list[str] = []
    silent = False
    for candidate in free:
        found = None if silent else scan_or_none(facts, candidate, ports)
        silent = found is None  # then S3 is not asked again: each call may take long
        if found is not None and found.empty:
            return candidate
        if (found is None or found.problem is not None) and candidate != candidates[0]:
            unseen.append(candidate)
    return next(iter(unseen), candidates[-1])


def _on_demand_room(facts: Facts, ports: ReadPorts) -> int | None:
    """How many instances the on-demand quota still allows, given the live jobs in the ledger."""
    job = facts.job
    limit = ports.quotas.on_demand(job.instance_type, facts.now)
    if limit is None:
        return None
    return limit - instances_held(ports.ledger.quota_holds.holds_on(job.region, job.instance_type))


def _placement(facts: Facts, ports: ReadPorts) -> PlacementAsked | None:
    """Ask EC2 for the pool's placement score. None if it was asked within the hour; two functions at once may both ask."""
    job = facts.job
    before = ports.ledger.capacity.placement_asked_at(job.region, job.instance_type)
    if before is not None and facts.now - before < PLACEMENT_SCORE_INTERVAL:
        return None
    score = ports.placement.score(job.instance_type, job.instance_count, job.region)
    return PlacementAsked(region=job.region, instance_type=job.instance_type, job=job.name, at=facts.now, score=score)


def _spot_seen(facts: Facts, ports: ReadPorts) -> bool:
    """Whether the pool has spot capacity. A spot job shows it while it trains. For an on-demand job, another job must have shown
    it within the last hour, and after this job's creation.
    """
    job = facts.job
    if job.spot:
        return bool(job.intervals) and job.intervals[-1].end is None
    started = ports.ledger.capacity.capacity_seen_at(job.region, job.instance_type)
    return started is not None and started > max(job.created_at, facts.now - CAPACITY_SIGNAL_AGE)


def _with_pools(facts: Facts, block: Resubmission, ports: ReadPorts) -> Facts:
    """Add the interruption statistics of the instance types in the policy's ladder."""
    region, since = facts.job.region, facts.now - POOL_MEMORY_AGE
    return replace(facts, pools={t: ports.ledger.pools.memory(t, region, since) for t in candidate_types(facts, block)})


def lineage_of(job: Job, lineages: ReadLineages, created_in: LineageId | None = None) -> tuple[Lineage, int]:
    """Find the lineage that a job belongs to, and its attempt number there (1 is the root).

    By name, the ledger has the lineage that decided to create such a job; that lineage tells whether this job is the one it sent.
    Every other job is the root of its own lineage, whatever its name and tags are.
    """
    own = LineageId.of(job)
    for other in _submitters(job, own, lineages):
        lineage = lineages.load(other)
        number = lineage.number_of(job)
        if number is None and other == created_in:
            number = next((submit.number for submit, _ in lineage.submits() if submit.job == job.name), None)
        if number is not None:
            return lineage, number
    return lineages.load(own), 1


def _submitters(job: Job, own: LineageId, lineages: ReadLineages) -> Iterator[LineageId]:
    """The lineages that may have submitted a job: at most one, found by the job's name.

    Submissions of older versions are not stored by name; the job's tag leads to them. That is safe: a lineage accepts a job by
    its tag only where its own submission did not store what was ``sent``.
    """
    if not may_be_ours(job.name):
        return
    found = lineages.submitter(job.account, job.region, job.name) or LineageId.parse(job.tags.get(LINEAGE_TAG, ""))
    if found is not None and found != own and (found.account, found.region) == (job.account, job.region):
        yield found


def _is_probe(job: Job, own: Lineage, lineages: ReadLineages) -> bool:
    """Whether a job is a probe that the controller sent, by the ledger. Once recorded in Started, the answer stays the same."""
    started = own.entry(Started, job.name)
    if started is not None:
        return started.service is Service.PROBE
    found = lineages.submitter(job.account, job.region, job.name)
    intent = lineages.load(found).intent(f"probe/{job.name}") if found else None
    return intent is not None and is_sent(intent, job)


def _at_rest(lineage: Lineage, job: Job, now: datetime) -> bool:
    """Whether everything that the job shows is recorded, and no intent is open except Wakes that are not due yet."""
    if lineage.entry(Started, job.name) is None or (job.outcome is not None and lineage.entry(Ended, job.name) is None):
        return False
    known = {e.key for e in lineage.entries}
    if job.interrupted_at and f"interrupted/{job.name}/{job.interrupted_at[-1].isoformat()}" not in known:
        return False
    if job.repeated_at and f"repeated/{job.name}/{job.repeated_at[-1].isoformat()}" not in known:
        return False
    return all(isinstance(i.action, Wake) and i.trigger_at > now for i in lineage.open_intents(job.name))
