"""Whether a job writes checkpoints comes from scans; what is expected of it is its remaining training and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.enforce.spot_worth_evidence import worth_of
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.ledger.entry import CheckpointScanned
from controller.ledger.intent import Announce, Stop
from controller.ledger.pool import PoolMemory
from controller.policy.mode import Mode
from controller.policy.policy import RuleAction
from tests import builders
from tests.builders import BEGIN, REGION, algorithm, facts, lineage, policy, rule
from tests.unit.decide.deciding import WAITING, text

HOUR = 3600
TYPE = WAITING.instance_type
URI = WAITING.checkpoint_uri or ""
POOLS = {
    TYPE: PoolMemory(
        instance_type=TYPE, region=REGION, exposure_s=1000 * HOUR, interruptions=150, billed_s=300 * HOUR, billed_of_s=1000 * HOUR
    )
}
RATES = {TYPE: builders.rate()}
LONG = replace(WAITING, tags={"spotwarden:expected-runtime": "48h"}, runtime_s_max=50 * HOUR, wait_s_max=96 * HOUR)


def known(about: Any = LONG, **changes: Any) -> Facts:
    return facts(about, history=(), **changes)


def scanned(newest: bool, *, at_risk_s: int = 0, **changes: Any) -> CheckpointScanned:
    seen = CheckpointScanned(
        job="bert", at=BEGIN, team=None, occasion="ended", uri=URI, objects=int(newest), bytes_seen=0,
        newest_at=BEGIN if newest else None, complete=True, proven_s=0, at_risk_s=at_risk_s, problem=None,
    )  # fmt: skip
    return replace(seen, **changes)


@pytest.mark.parametrize(
    ("about", "changes", "written"),
    [
        (LONG, {}, None),
        (replace(LONG, checkpoint_uri=None), {}, False),
        (replace(LONG, algorithm=algorithm(checkpoints=False)), {}, False),
        (LONG, {"lineage": lineage(entries=(scanned(newest=True),))}, True),
        (LONG, {"lineage": lineage(entries=(scanned(newest=False, at_risk_s=1800),))}, False),
        (LONG, {"lineage": lineage(entries=(scanned(newest=False, at_risk_s=1799),))}, None),
        (LONG, {"lineage": lineage(entries=(scanned(newest=False, at_risk_s=9999, complete=False),))}, None),
        (LONG, {"lineage": lineage(entries=(scanned(newest=False, at_risk_s=9999, problem="denied"),))}, None),
        (LONG, {"lineage": lineage(entries=(scanned(newest=False, at_risk_s=9999, uri="s3://else/"),))}, None),
        (
            LONG,
            {
                "checkpoint_scan": CheckpointScan(
                    uri=URI, scanned_at=BEGIN, objects=1, bytes_seen=1, newest_at=BEGIN, complete=True
                )
            },
            True,
        ),
    ],
)
def test_whether_checkpoints_are_written_is_only_what_was_seen(about: Any, changes: dict[str, Any], written: bool | None) -> None:
    found = worth_of(known(about, **changes), POOLS, RATES)
    assert found is not None
    assert found.written is written


def test_without_a_run_length_nothing_is_expected() -> None:
    assert worth_of(facts(replace(LONG, tags={}), history=(1, 2)), POOLS, RATES) is None
    assert worth_of(facts(replace(LONG, tags={}), history=None), POOLS, RATES) is None
    assert worth_of(facts(replace(LONG, tags={}), history=(5400, 5400, 9000)), POOLS, RATES) is not None


def test_the_time_that_a_job_has_waited_is_gone() -> None:
    late = known(replace(LONG, checkpoint_uri=None), now=BEGIN + timedelta(hours=49))
    found = worth_of(late, POOLS, RATES)
    assert found is not None
    assert found.without.chance == 0


def test_a_job_with_no_chance_on_spot_is_announced_before_it_trains_and_stopped_if_the_rule_enforces() -> None:
    bare = replace(LONG, checkpoint_uri=None)
    pays = rule("spot-pays", kind="spot-worth-it", options={}, mode=Mode.ENFORCE, action=RuleAction.STOP)
    about = known(bare, policy=policy(rules=(pays,)))
    told = replace(about, spot_worth=worth_of(about, POOLS, RATES))
    actions = [i.action for i in decide(told).intents]
    assert any(isinstance(action, Stop) for action in actions)
    assert "n spot this job would most likely never finish: expected $" in text(told, "flagged/spot-pays/enforce")
    assert "on-demand $72.72" in text(told, "flagged/spot-pays/enforce")
    assert "What would change it: a checkpoint every 28 min" in text(told, "flagged/spot-pays/enforce")
    unknown = [i.action for i in decide(about).intents]
    assert not any(isinstance(action, Stop) for action in unknown)
    assert not any(isinstance(action, Announce) and "spot-pays" in action.topic for action in unknown)
