"""Scenes: jobs in different situations, each with everything that its decision depends on. ``decisions.md`` has the decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.job import Interval, Job, Outcome, Service
from controller.ledger.entry import CheckpointScanned, Ended, Flagged, OwnerChecked, Started, UserRequested, Waived
from controller.ledger.intent import NEVER_FITS, NO_PERMISSION, NO_QUOTA, Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.ledger.move_cause import MoveCause
from controller.ledger.pool import PhaseTimes, PlacementAsked, PoolMemory
from controller.ledger.rule_acts import RuleActs
from controller.policy.mode import Mode
from controller.policy.policy import Policy, Repair, RuleAction, Severity
from controller.policy.resubmission import (
    BudgetPer,
    DeadlineSettings,
    FallbackKind,
    FallbackStep,
    InterruptionLimit,
    Resubmission,
)
from controller.policy.rollout import Rollout, SurpriseGuard
from controller.policy.slack_settings import Importance, SlackSettings
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, REGION, attempt, block, budget, ended, facts, job, lineage, policy, rate, rule, usage
from tests.unit.decide.deciding import DEADLINE, HOUR, TAGS, WAITING

MINUTE = timedelta(minutes=1)
TYPE, OTHER, LARGE = "ml.g5.2xlarge", "ml.g5.4xlarge", "ml.g5.48xlarge"
LADDER = (
    FallbackStep(kind=FallbackKind.SAME),
    FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=(OTHER, "ml.g4dn.xlarge")),
    FallbackStep(kind=FallbackKind.SUBNETS, values=("subnet-0b",)),
    FallbackStep(kind=FallbackKind.ON_DEMAND),
)
POOLS = {
    kind: PoolMemory(
        instance_type=kind, region=REGION, exposure_s=hours * 3600, interruptions=interrupted, starts=4, waited_s=2400
    )
    for kind, hours, interrupted in ((TYPE, 900, 40), (OTHER, 700, 3), ("ml.g4dn.xlarge", 20, 2))
}
RATES = {OTHER: rate(2_030_000), "ml.g4dn.xlarge": rate(736_000), LARGE: rate(20_360_000)}
EVERYBODY = SlackSettings(may=dict.fromkeys(UserRequest, ("*",)), channels={"vision": "#vision"}, tell=tuple(Importance))
OWN = job(
    role="arn:aws:iam::111122223333:role/Vision", instance_count=2, identity="1:vision", work="w1",
    output_uri="s3://models/bert/", model_artifacts="s3://models/bert/model.tar.gz", subnets=("subnet-0a",), volume_gb=100,
    downloading=(Interval(start=BEGIN + 2 * MINUTE, end=BEGIN + 3 * MINUTE),), tags={"team": "vision", "user": "maya"},
)  # fmt: skip
EMPTY = CheckpointScan(
    uri="s3://checkpoints/bert/", scanned_at=BEGIN + HOUR, objects=0, bytes_seen=0, newest_at=None, complete=True
)
SAVED = replace(EMPTY, objects=7, bytes_seen=9_000_000, newest_at=BEGIN + 50 * MINUTE, others=2)
FULL = block(
    causes={cause: budget(2, first_s=90) for cause in FailureCause}, ladder=LADDER, channel="#again",
    deadline=DeadlineSettings(finish_within_s=40_000), interruption_limit=InterruptionLimit(more_than=2, within_s=7200),
)  # fmt: skip


def under(resubmission: Resubmission = FULL, **changes: object) -> Policy:
    """A policy with a rule that stops, a complete ``resubmit`` block, and every request allowed to everybody."""
    return policy("r7", **({"resubmissions": (resubmission,), "slack": EVERYBODY} | changes))  # type: ignore[arg-type]


def known(about: Job, **changes: object) -> Facts:
    """The facts of a job with everything gathered, by default of a new lineage."""
    looked = {
        "policy": under(),
        "history": (5000, 5400, 6100),
        "pools": POOLS,
        "rates": RATES,
        "room": 5,
        "first_rate": rate(1_600_000),
    }
    return facts(about, **(looked | changes))  # type: ignore[arg-type]


def entry_of(number: int, about: Job, **changes: object) -> Started:
    started = Started(
        job=about.name, at=about.created_at, team="vision", number=number, spot=about.spot, instance_type=about.instance_type,
        instance_count=about.instance_count, region=REGION, service=None, checkpoint_uri=about.checkpoint_uri,
        runtime_s_max=about.runtime_s_max, role=about.role, identity=about.identity,
    )  # fmt: skip
    return replace(started, **changes)  # type: ignore[arg-type]


def ended_entry(about: Job, outcome: Outcome, ran_s: int = 3480) -> Ended:
    return Ended(
        job=about.name, at=BEGIN + HOUR, team="vision", outcome=outcome, seen_at=BEGIN + HOUR, failure=None, spot=about.spot,
        instance_type=about.instance_type, region=REGION, ran_s=ran_s,
    )  # fmt: skip


def done(number: int, cause: FailureCause | MoveCause, step: int = 0, **changes: object) -> Intent:
    """The closed Submit that created attempt ``number``."""
    before = "bert" if number == 2 else attempt(number - 1).name
    submit = Submit(about=before, job=attempt(number).name, number=number, cause=cause, fallback_step=step, born_at=BEGIN)
    return Intent(action=replace(submit, **changes), due_at=BEGIN + HOUR, claim=1, closed=IntentResult.DONE)  # type: ignore[arg-type]


def begun(action: Stop | Submit, **changes: object) -> Intent:
    """An intent that was performed once and is open."""
    return Intent(action=action, due_at=BEGIN, claim=1, **changes)  # type: ignore[arg-type]


def of_root(*known_entries: object, intents: tuple[Intent, ...] = ()) -> Lineage:
    return lineage(LineageId.of(OWN), entries=(entry_of(1, OWN), *known_entries), intents=intents)  # type: ignore[arg-type]


def asked(request: UserRequest, about: Job = OWN, **changes: object) -> Facts:
    """A person asked for something on the job's card."""
    request_entry = UserRequested(job=about.name, at=BEGIN + 5 * MINUTE, team="vision", request=request, who="U7", number=2)
    over = (ended_entry(about, about.outcome),) if about.outcome else ()
    return known(about, lineage=of_root(*over, request_entry), **changes)


def second(outcome: Outcome | None, *before: Intent, first: Outcome = Outcome.STARVED, **changes: object) -> Facts:
    """The second attempt of a lineage; its first one ended with ``first``."""
    about = attempt(2, **({"created_at": BEGIN + HOUR, "instance_count": 2, "instance_type": OTHER} | changes))  # type: ignore[arg-type]
    about = about if outcome is None else ended(about, outcome, usage=usage(3000, 1000))
    known_lineage = of_root(ended_entry(OWN, first), entry_of(2, about), intents=before or (done(2, FailureCause.STARVED, 1),))
    return known(about, number=2, lineage=known_lineage, now=about.ended_at or about.created_at + 20 * MINUTE)


STARVED = ended(replace(OWN, started_at=None, intervals=()), Outcome.STARVED)
REPAIRING = rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR, docs="https://wiki/x",
                 repair=Repair(checkpoint="s3://acme/{team}/{family}/", tags={"repaired": "yes"}))  # fmt: skip
ON_DEMAND = replace(OWN, spot=False, wait_s_max=None)
LATE = DEADLINE - 2 * HOUR - 20 * MINUTE
LONG_WAIT = replace(WAITING, wait_s_max=90_000, runtime_s_max=30_000, checkpoint_uri=None)
MOVED = replace(
    attempt(2, spot=False, wait_s_max=None, created_at=BEGIN + HOUR, tags=TAGS | {"spotwarden:deadline": "2026-03-04T01:00:00Z"}),
    intervals=(Interval(start=BEGIN + HOUR, end=None),),
)  # fmt: skip
RETURNING = block(deadline=DeadlineSettings(back_to_spot=True, probe=True, placement_score=6, stay_s=600), channel="#back")


def flagged(mode: Mode = Mode.ENFORCE) -> Flagged:
    return Flagged(
        job="bert", at=BEGIN, team="vision", rule="spot-required", policy="use-spot", severity=Severity.HIGH, mode=mode,
        field="EnableManagedSpotTraining", found="false", wanted="true", revision="r7",
    )  # fmt: skip


def moved_lineage(*more: Intent) -> Lineage:
    return lineage(LineageId.of(job()), entries=(entry_of(1, job()),), intents=(done(2, MoveCause.DEADLINE), *more))


SCENES: Mapping[str, Facts] = {
    # ── seen for the first time ──
    "A spot job that keeps every rule": known(OWN),
    "A spot job whose tags are read": known(replace(OWN, tags=TAGS | {"spotwarden:family": "berts"}), now=BEGIN + 6 * MINUTE),
    "A job whose tags forbid further attempts": known(
        ended(replace(OWN, tags={"team": "vision", "spotwarden:resubmit": "never"})), now=BEGIN + HOUR
    ),
    "A job with tags that have no meaning": known(
        replace(OWN, tags={"team": "vision", "spotwarden:deadline": "soon", "spotwarden:expected-runtime": "9999999d"}),
        now=BEGIN + 6 * MINUTE,
    ),
    "A job whose tags were changed later": known(
        replace(OWN, tags={"team": "vision"}),
        now=BEGIN + HOUR,
        shown_tags=TAGS,
        tagged_first=replace(OWN, tags={"team": "vision"}),
    ),
    "A job of a tuner": known(replace(OWN, service=Service.TUNING, tuner="tune-7", unrepeatable="a tuner made it")),
    "A job that claims an owner": known(
        replace(ON_DEMAND, claimed=Service.PIPELINES, unrepeatable="its tags name a pipeline", tags={"team": "ads"}),
        owner_checked=OwnerChecked(job="bert", at=BEGIN, team="ads", service=Service.PIPELINES, owned=False),
    ),
    "A job whose owner has not answered": known(ON_DEMAND, owner_undecided=True),
    "A job whose checkpoint prefix is another job's": known(OWN, claims=None),
    # ── rules ──
    "An on-demand job under a rule that stops": known(ON_DEMAND),
    "An on-demand job under a rule that warns": known(
        ON_DEMAND, policy=under(rules=(rule(mode=Mode.WARN, action=None, channel="#w"),))
    ),
    "An on-demand job under a rule that audits": known(ON_DEMAND, policy=under(rules=(rule(mode=Mode.AUDIT, action=None),))),
    "An on-demand job whose rule is waived": known(
        ON_DEMAND,
        lineage=of_root(
            Waived(
                job="bert",
                at=BEGIN,
                team="vision",
                policy="use-spot",
                who="U1",
                reason="demo",
                ticket="T-1",
                until=BEGIN + 9 * HOUR,
            )
        ),
    ),
    "A rule that is held back by its guard": known(
        ON_DEMAND,
        policy=under(rules=(rule(rollout=Rollout(surprise=SurpriseGuard(jobs=3))),), in_force_at=BEGIN),
        rule_acts={"use-spot": RuleActs(teams={f"l{n}": "vision" for n in range(5)})},
        last_day={"vision": 4, "ads": 9},
    ),
    "A rule for a thousandth of the lineages": known(ON_DEMAND, policy=under(rules=(rule(rollout=Rollout(share=0.001)),))),
    "A job without checkpoints under a rule that repairs": known(
        replace(OWN, checkpoint_uri=None), policy=under(rules=(REPAIRING,)), repair_prefix="s3://acme/vision/bert/"
    ),
    "A job that was stopped for its repair": known(
        ended(replace(OWN, checkpoint_uri=None), Outcome.STOPPED),
        policy=under(rules=(REPAIRING,)),
        repair_prefix="s3://acme/vision/bert/",
        lineage=of_root(
            intents=(
                begun(
                    Stop(
                        about="bert",
                        because="save-it",
                        purpose=Purpose.REPAIR,
                        next_cause=MoveCause.REPAIR,
                        changes='{"CheckpointConfig": {"S3Uri": "s3://acme/vision/bert/"}}',
                    )
                ),
            )
        ),
    ),
    "A job that a rule stopped": known(
        ended(ON_DEMAND, Outcome.STOPPED), lineage=of_root(flagged(), intents=(begun(Stop(about="bert", because="use-spot")),))
    ),
    "A job that is long without a checkpoint": known(
        OWN,
        now=BEGIN + 2 * HOUR,
        checkpoint_scan=replace(EMPTY, scanned_at=BEGIN + 2 * HOUR),
        policy=under(
            rules=(rule("alive", kind="checkpoint-alive", options={"first_within_s": 1800}, mode=Mode.WARN, action=None),)
        ),
    ),
    "A job whose checkpoint prefix cannot be read": known(
        OWN, now=BEGIN + 2 * HOUR, checkpoint_scan=replace(EMPTY, complete=False, problem="AccessDenied")
    ),
    "A job whose prefix was last seen empty": known(
        OWN,
        now=BEGIN + 2 * HOUR,
        lineage=of_root(
            CheckpointScanned(
                job="bert",
                at=BEGIN + HOUR,
                team="vision",
                occasion="first",
                uri="s3://checkpoints/bert/",
                objects=0,
                bytes_seen=0,
                newest_at=None,
                complete=True,
                proven_s=0,
                at_risk_s=3420,
                problem=None,
            )
        ),
    ),
    # ── outcomes ──
    "A job that completed": known(
        ended(
            OWN, Outcome.COMPLETED, usage=usage(3420, 1026), uploading=(Interval(start=BEGIN + 58 * MINUTE, end=BEGIN + HOUR),)
        ),
        lineage=of_root(),
        checkpoint_scan=SAVED,
        policy=under(slack=replace(EVERYBODY, tell=tuple(Importance))),
    ),
    "A job that completed without a price": known(
        ended(OWN, Outcome.COMPLETED, usage=usage(3420, 1026)), rate=None, first_rate=None
    ),
    "A completed job whose usage SageMaker never said": known(ended(OWN, Outcome.COMPLETED), now=BEGIN + 30 * HOUR),
    "A completed job whose usage is not there yet": known(ended(OWN, Outcome.COMPLETED), now=BEGIN + 2 * HOUR),
    "A job that was interrupted and trains again": known(
        replace(
            OWN,
            interrupted_at=(BEGIN + 20 * MINUTE,),
            intervals=(
                Interval(start=BEGIN + 3 * MINUTE, end=BEGIN + 20 * MINUTE),
                Interval(start=BEGIN + 40 * MINUTE, end=None),
            ),
        ),
        now=BEGIN + HOUR,
        checkpoint_scan=SAVED,
    ),
    "A job that SageMaker itself started again": known(replace(OWN, repeated_at=(BEGIN + 20 * MINUTE,)), now=BEGIN + HOUR),
    "A starved job": known(STARVED),
    "A starved job without checkpoints": known(replace(STARVED, checkpoint_uri=None)),
    "A starved job that trained and saved": known(ended(OWN), checkpoint_scan=SAVED),
    "A starved job under a block in warn mode": known(STARVED, policy=under(replace(FULL, mode=Mode.WARN))),
    "A starved job under a block in audit mode": known(STARVED, policy=under(replace(FULL, mode=Mode.AUDIT))),
    "A starved job that no block selects": known(STARVED, policy=under(resubmissions=())),
    "A starved job that was seen too late": known(STARVED, now=BEGIN + 50 * HOUR),
    "A starved job that cannot be repeated": known(replace(STARVED, unrepeatable="it is serverless")),
    "A starved job whose work another job does": known(STARVED, done_elsewhere="bert-by-hand"),
    "A starved job under a cap without room": known(STARVED, policy=under(replace(FULL, cap_micros=1_000_000))),
    "A starved job under a team's cap": known(
        STARVED, policy=under(replace(FULL, team_month_cap_micros=90_000_000)), team_spent_micros=3_000_000
    ),
    "A starved second attempt": second(Outcome.STARVED),
    "A second attempt at the budget's end": second(Outcome.STARVED, done(2, FailureCause.STARVED, 2)),
    "A second attempt under a budget per progress": replace(
        second(Outcome.CAPACITY),
        policy=under(replace(FULL, causes={FailureCause.CAPACITY: budget(1, per=BudgetPer.PROGRESS)})),
        checkpoint_scan=SAVED,
    ),
    "A second attempt on larger instances that fails in its code": second(
        Outcome.ALGORITHM,
        done(2, FailureCause.STARVED, 1, changes='{"ResourceConfig": {"InstanceType": "ml.g5.48xlarge"}}'),
        instance_type=LARGE,
    ),
    "A second attempt on larger instances that fails as the first one did": second(
        Outcome.ALGORITHM,
        done(2, FailureCause.STARVED, 1, changes='{"ResourceConfig": {"InstanceType": "ml.g5.48xlarge"}}'),
        first=Outcome.ALGORITHM,
        instance_type=LARGE,
    ),
    **{f"A job that ended with {outcome}": known(ended(OWN, outcome)) for outcome in Outcome},
    # ── submissions that came to nothing ──
    "A place that never fits": known(
        STARVED,
        lineage=of_root(
            ended_entry(STARVED, Outcome.STARVED),
            intents=(
                replace(
                    done(2, FailureCause.STARVED, 1, changes='{"ResourceConfig": {"InstanceType": "ml.g5.4xlarge"}}'),
                    closed=IntentResult.REFUSED,
                    why=NEVER_FITS + "the quota is 0",
                ),
            ),
        ),
    ),
    "A submission that waits for quota": known(
        STARVED,
        lineage=of_root(intents=(replace(done(2, FailureCause.STARVED), closed=None, why=NO_QUOTA + "of 2", quota_refusals=3),)),
    ),
    "A submission that waits for a permission": known(
        STARVED,
        lineage=of_root(intents=(replace(done(2, FailureCause.STARVED), closed=None, why=NO_PERMISSION + "PassRole", claim=2),)),
    ),
    "A submission that AWS refused": known(
        STARVED,
        lineage=of_root(intents=(replace(done(2, FailureCause.STARVED), closed=IntentResult.REFUSED, why="AccessDenied"),)),
    ),
    "A submission that was given up": known(
        STARVED,
        lineage=of_root(intents=(replace(done(2, FailureCause.STARVED), closed=IntentResult.ABANDONED, why="Throttled"),)),
    ),
    "A submission that may be under way": known(
        STARVED, lineage=of_root(intents=(replace(done(2, FailureCause.STARVED), closed=None, leased_until=BEGIN + 2 * HOUR),))
    ),
    # ── deadlines ──
    "A waiting job long before its deadline": known(WAITING, now=BEGIN + HOUR),
    "A waiting job at the latest moment": known(WAITING, now=LATE),
    "A waiting job at the latest moment, without room": known(WAITING, now=LATE, room=0),
    "A waiting job at the latest moment, under a cap": known(
        WAITING, now=LATE, policy=under(replace(FULL, team_month_cap_micros=90_000_000)), team_spent_micros=80_000_000
    ),
    "A waiting job at the latest moment, with a cap that has room": known(
        WAITING, now=LATE, policy=under(replace(FULL, team_month_cap_micros=900_000_000)), team_spent_micros=80_000_000
    ),
    "A waiting job at the latest moment, in warn mode": known(WAITING, now=LATE, policy=under(replace(FULL, mode=Mode.WARN))),
    "A waiting job at the latest moment, where on-demand is forbidden": known(
        WAITING, now=LATE, policy=under(replace(FULL, on_demand=False))
    ),
    "A waiting job whose deadline is lost": known(WAITING, now=DEADLINE - HOUR / 2),
    "A waiting job of a family without history": known(replace(WAITING, tags={"team": "vision"}), history=()),
    "A job with slow starts behind it": known(
        WAITING,
        now=LATE - HOUR,
        phase_times=tuple(
            PhaseTimes(region=REGION, instance_type=TYPE, job=f"j{n}", at=BEGIN, start_s=2400, restore_s=600, upload_s=900)
            for n in range(3)
        ),
    ),
    "A job that may wait past its deadline": known(LONG_WAIT, now=BEGIN + HOUR),
    "A job without a checkpoint that a move would destroy": known(
        replace(OWN, checkpoint_uri=None, tags=TAGS), now=LATE, history=(14_000, 15_000, 16_000)
    ),
    "A job that was interrupted too often": known(
        replace(OWN, interrupted_at=tuple(BEGIN + n * 10 * MINUTE for n in (1, 2, 3))), now=BEGIN + HOUR, checkpoint_scan=SAVED
    ),
    "A job that was interrupted as often as is allowed": known(
        replace(OWN, interrupted_at=tuple(BEGIN + n * 10 * MINUTE for n in (1, 2))), now=BEGIN + HOUR, checkpoint_scan=SAVED
    ),
    "A job that was stopped for its move": known(
        ended(WAITING, Outcome.STOPPED),
        lineage=of_root(
            intents=(
                begun(Stop(about="bert", because="deadline", purpose=Purpose.MOVE, next_cause=MoveCause.DEADLINE, cost_micros=5)),
            )
        ),
    ),
    "An on-demand attempt that may go back to spot": facts(
        MOVED, now=BEGIN + 3 * HOUR, number=2, history=(), lineage=moved_lineage(), policy=under(RETURNING), spot_seen=True
    ),
    "An on-demand attempt that probes for spot": facts(
        MOVED,
        now=BEGIN + 3 * HOUR,
        number=2,
        history=(),
        lineage=moved_lineage(),
        policy=under(RETURNING),
        spot_seen=False,
        placement=PlacementAsked(region=REGION, instance_type=TYPE, job=MOVED.name, at=BEGIN + 3 * HOUR, score=7),
    ),
    "An on-demand attempt whose capacity ended": facts(
        ended(MOVED, Outcome.CAPACITY, ended_at=BEGIN + 3 * HOUR),
        number=2,
        history=(),
        lineage=moved_lineage(),
        policy=under(RETURNING),
        claims=None,
    ),
    # ── what people ask for ──
    "A running job that a person stops": asked(UserRequest.STOP),
    "A running job that a person moves to on-demand": asked(UserRequest.ON_DEMAND),
    "A starved job that a person tries again": asked(UserRequest.TRY_AGAIN, STARVED),
    "A starved job that a person submits on-demand": asked(UserRequest.ON_DEMAND, STARVED, policy=under(rules=())),
    "A waiting attempt that a person calls off": asked(UserRequest.CANCEL, STARVED),
    "A starved job that a person leaves stopped": asked(UserRequest.STOP, STARVED),
}
