"""Policies and tags for more than retries, which half of all seeds have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from controller.jobs.failure import FailureCause
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy, RateLimits, RuleAction
from controller.policy.resubmission import (
    DeadlineSettings,
    FallbackKind,
    FallbackStep,
    Guarantee,
    InterruptionLimit,
    Resubmission,
)
from tests import builders

OTHER = "ml.g5.4xlarge"
SAME, ON_DEMAND = FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.ON_DEMAND)
TYPES = FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=(OTHER,))
LADDERS = ((), (SAME, TYPES), (SAME, ON_DEMAND), (SAME, TYPES, ON_DEMAND), (SAME, FallbackStep(kind=FallbackKind.EQUIVALENTS)))
CAP_MICROS = 4_000_000
TEAM_CAP_MICROS = 6_000_000
QUOTAS: tuple[dict[str, int], ...] = (
    {},
    {},
    {"ml.g5.2xlarge for training job usage": 1},
    {"ml.g5.2xlarge for spot training job usage": 1},
    {"ml.g5.4xlarge for spot training job usage": 0},
    {"ml.g5.2xlarge for training job usage": 0, "ml.g5.4xlarge for training job usage": 0},
    {"Number of instances across all spot training jobs": 2},
    {"Number of instances across all training jobs": 2},
)


def more(rng: Random, policy: Policy) -> Policy:
    """The policy, with random repairs, fallback steps, deadlines, caps and rate limits added."""
    return replace(
        policy,
        rules=tuple(replace(rule, action=rng.choice([RuleAction.STOP, RuleAction.REPAIR])) for rule in policy.rules),
        resubmissions=tuple(_block(rng, block) for block in policy.resubmissions),
        rate_limits=RateLimits(stops_per_h=rng.choice([None, None, 1]), submissions_per_h=rng.choice([None, None, 2])),
    )


def capped(rng: Random, policies: list[Policy]) -> list[Policy]:
    """The policies; in a third of the seeds, all blocks get a spend cap for the team's month."""
    if rng.random() >= 1 / 3:
        return policies
    return [
        replace(p, resubmissions=tuple(replace(block, team_month_cap_micros=TEAM_CAP_MICROS) for block in p.resubmissions))
        for p in policies
    ]


def repairing(rng: Random, policies: list[Policy]) -> list[Policy]:
    """The policies; in half of the seeds, their only rule is one that repairs long on-demand jobs."""
    if rng.random() < 0.5:
        return policies
    applies_to = rng.choice(list(AppliesTo))
    rule = builders.rule("use-spot", mode=Mode.ENFORCE, applies_to=applies_to, options={"runtime_over_s": 3600})
    return [replace(policy, rules=(replace(rule, action=RuleAction.REPAIR),)) for policy in policies]


def _block(rng: Random, block: Resubmission) -> Resubmission:
    others = {
        cause: builders.budget(rng.choice([0, 1, 2]), first_s=60) for cause in (FailureCause.OVERRAN, FailureCause.NEVER_LAUNCHED)
    }
    return replace(
        block,
        causes=dict(block.causes) | {cause: budget for cause, budget in others.items() if rng.random() < 0.5},
        ladder=rng.choice(LADDERS),
        on_demand=rng.random() < 0.8,
        interruption_limit=rng.choice([None, None, InterruptionLimit(more_than=0, within_s=7200)]),
        deadline=DeadlineSettings(
            finish_within_s=rng.choice([None, 5400, 9000]),
            guarantee=rng.choice(list(Guarantee)),
            back_to_spot=rng.random() < 0.5,
            probe=rng.random() < 0.5,
            stay_s=600,
            move_without_checkpoint=rng.random() < 0.5,
        ),
        cap_micros=rng.choice([None, None, CAP_MICROS]),
    )


def with_deadline_tags(rng: Random, request: dict[str, Any], begin: datetime) -> dict[str, Any]:
    """The request with a deadline, which may be unreadable. Its script may never write checkpoints."""
    due = [None, f"{begin + timedelta(hours=rng.choice([1, 2, 4])):%Y-%m-%dT%H:%M:%SZ}", "soon"]
    said = {"spotwarden:deadline": rng.choice(due), "spotwarden:expected-runtime": rng.choice([None, "50m", "0"])}
    tags = [{"Key": key, "Value": value} for key, value in said.items() if value is not None]
    script = {"checkpoint_every_s": "never"} if rng.random() < 0.2 else {}
    return request | {"Tags": [*request["Tags"], *tags], "HyperParameters": request["HyperParameters"] | script}
