"""``spot-worth-it`` is broken if spot is known to be a bad choice, and undecided if too little is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.job import Interval, Job
from controller.jobs.unknown_fields import Unsaid
from controller.policy.findings import NO_DEMAND, VerdictKind
from controller.policy.judge import Basis
from controller.policy.judge import judge as judge_all
from controller.policy.mode import Mode
from controller.policy.rules.kind import Evidence, Violation
from controller.policy.rules.spot_worth_it import Options, judge
from controller.policy.spot_worth import Prospect, SpotWorth
from tests.builders import BEGIN, algorithm, policy, rule
from tests.unit.decide.deciding import WAITING

HOUR = 3600
DOLLAR = 1_000_000
BARE = replace(WAITING, checkpoint_uri=None, tags={})
SAVING = replace(WAITING, tags={})
HOPELESS = Prospect(chance=0.02, hours=9000, exact=True, share=60.0, micros=4_545 * DOLLAR)
GOOD = Prospect(chance=0.97, hours=50, exact=True, share=0.32, micros=24 * DOLLAR)
DEAR = Prospect(chance=0.9, hours=200, exact=True, share=1.3, micros=95 * DOLLAR)
PAID = Prospect(chance=1.0, hours=48, exact=True, share=1.0, micros=73 * DOLLAR)


def worth(of: Job = BARE, **changes: Any) -> SpotWorth:
    found = SpotWorth(
        instance_type=of.instance_type, checkpoint_uri=of.checkpoint_uri, wait_s_max=of.wait_s_max, run_s=48 * HOUR,
        interruptions=150, pool_s=1000 * HOUR, without=HOPELESS, checkpointed=GOOD, every_s=1680, on_demand=PAID,
        written=False if of.checkpoint_uri is None else None,
    )  # fmt: skip
    return replace(found, **changes)


def fault(of: Job = BARE, found: SpotWorth | None = None, **options: float) -> Violation:
    violation = judge(of, Options(**options), Evidence(spot_worth=found or worth(of)))
    assert violation is not None
    return violation


def test_the_finding_about_a_job_that_will_not_finish_has_both_costs_and_what_would_change_it() -> None:
    violation = fault()
    assert violation.field == "EnableManagedSpotTraining"
    assert violation.found == "on spot this job would most likely never finish: expected $4,545.00, on-demand $73.00"
    assert violation.wanted == "a checkpoint every 28 min (97 % to finish, expected $24.00), or on-demand ($73.00)"
    assert "2 d" in violation.risk
    assert "interrupted 150 times in 41 d 16 h" in violation.risk
    assert violation.demand.checkpoint


def test_where_no_checkpoint_helps_the_other_type_and_on_demand_are_named() -> None:
    capped = replace(BARE, algorithm=algorithm(checkpoints=False))
    violation = fault(capped, worth(capped, other_type="ml.g5.4xlarge", other=GOOD))
    assert violation.wanted == "ml.g5.4xlarge (97 % to finish, expected $24.00), or on-demand ($73.00)"
    assert violation.demand.request["EnableManagedSpotTraining"] is False
    lost = replace(PAID, chance=0.0)
    assert fault(capped, worth(capped, on_demand=lost)).demand == NO_DEMAND


def test_a_higher_cost_than_on_demand_breaks_the_rule_beyond_the_factor_in_its_options() -> None:
    assert "this job costs more than on-demand: expected $95.00" in fault(found=worth(without=DEAR)).found
    assert judge(BARE, Options(times_on_demand=1.5), Evidence(spot_worth=worth(without=DEAR))) is None
    assert "is not sure enough" in fault(found=worth(without=DEAR), times_on_demand=1.5, chance_at_least=95).found


@pytest.mark.parametrize(
    ("about", "changes", "expected"),
    [
        (BARE, {"without": GOOD}, None),
        (BARE, {"without": HOPELESS}, "broken"),
        (BARE, {"without": replace(GOOD, share=None)}, "undecided"),
        (BARE, {"without": replace(GOOD, exact=False)}, "undecided"),
        (BARE, {"without": replace(GOOD, share=1.0000001)}, None),  # a difference that rounding hides
        (BARE, {"without": replace(GOOD, share=1.01)}, "broken"),
        (BARE, {"without": replace(HOPELESS, share=None)}, "broken"),
        (BARE, {"without": replace(HOPELESS, exact=False)}, "broken"),
        (SAVING, {"written": None}, "undecided"),
        (SAVING, {"written": None, "without": GOOD}, None),
        (SAVING, {"written": None, "checkpointed": HOPELESS}, "broken"),
        (SAVING, {"written": True}, None),
        (SAVING, {"written": False}, "broken"),
        (replace(SAVING, algorithm=algorithm(checkpoints=False)), {"written": None}, "broken"),
        (replace(BARE, spot=False), {}, None),
        (replace(BARE, intervals=(Interval(start=BEGIN, end=None),)), {}, None),
        (replace(BARE, intervals=(Interval(start=BEGIN, end=BEGIN + timedelta(hours=1)),)), {}, "broken"),
        (BARE, {"instance_type": "ml.p3.2xlarge"}, "undecided"),
        (BARE, {"wait_s_max": 1}, "undecided"),
    ],
)
def test_a_job_is_judged_by_what_is_known_of_it(about: Job, changes: dict[str, Any], expected: str | None) -> None:
    evidence = Evidence(spot_worth=worth(about, **changes))
    if expected == "undecided":
        with pytest.raises(Unsaid):
            judge(about, Options(), evidence)
    else:
        assert (judge(about, Options(), evidence) is not None) is (expected == "broken")


@pytest.mark.parametrize("member", ["spot", "checkpoint_uri", "wait_s_max", "instance_type"])
def test_a_job_that_does_not_say_what_the_rule_needs_is_undecided(member: str) -> None:
    alone = policy(rules=(rule("pays", kind="spot-worth-it", options={}, mode=Mode.WARN, action=None),))
    assert judge_all(replace(BARE, unknown=frozenset({member})), Basis(alone, Evidence(spot_worth=worth()))).undecided == (
        "pays",
    )


def test_without_evidence_the_rule_is_undecided_and_its_fix_keeps_it() -> None:
    alone = policy(rules=(rule("pays", kind="spot-worth-it", options={}, mode=Mode.WARN, action=None),))
    assert judge_all(BARE, Basis(alone, Evidence())).undecided == ("pays",)
    verdict = judge_all(BARE, Basis(alone, Evidence(spot_worth=worth())))
    assert verdict.word is VerdictKind.FINDINGS
    assert verdict.fix.request["CheckpointConfig"]["S3Uri"].startswith("s3://")
    capped = replace(BARE, algorithm=algorithm(checkpoints=False))
    leaving = judge_all(capped, Basis(alone, Evidence(spot_worth=worth(capped)))).fix.request
    assert leaving == {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}}


def test_only_a_change_of_the_code_fixes_a_job_that_writes_no_checkpoints_to_its_prefix() -> None:
    assert fault(SAVING, worth(SAVING, written=False)).demand == NO_DEMAND


def test_a_cost_is_in_hours_where_no_price_is_known_and_a_huge_one_is_cut() -> None:
    unpriced = {"without": replace(HOPELESS, micros=None, exact=False), "on_demand": replace(PAID, micros=None)}
    assert "expected more than 9,000 billed hours, on-demand 48 billed hours" in fault(found=worth(**unpriced)).found
    endless = replace(HOPELESS, micros=None, hours=float("inf"), exact=False)
    assert "1,000,000 billed hours" in fault(found=worth(without=endless)).found
