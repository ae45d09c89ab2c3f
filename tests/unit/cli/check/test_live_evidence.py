"""The ledger's data on a job's pool and family decides ``spot-worth-it`` on the command line too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import wiring
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.cli.check.live_evidence import live_evidence, live_waivers
from controller.decide.decision import Decision
from controller.jobs.job import Job, Service
from controller.ledger.lineage_id import LineageId
from controller.ledger.pool import PoolMemory
from controller.ledger.user_entry import Waived
from controller.policy.judge import Basis, judge
from controller.policy.mode import Mode
from controller.policy.rules.kind import Evidence
from tests.builders import BEGIN, REGION, policy, rate, rule
from tests.unit.cli.test_ledger_commands import TABLE
from tests.unit.cli.test_ledger_commands import ledger as ledger
from tests.unit.decide.deciding import WAITING

DAY = timedelta(days=1)
PAYS = policy(rules=(rule("pays", kind="spot-worth-it", options={}, mode=Mode.WARN, action=None),))
BARE = replace(
    WAITING, checkpoint_uri=None, tags={"spotwarden:expected-runtime": "48h"}, runtime_s_max=180_000, wait_s_max=360_000
)


class Soon:
    """A clock a quarter of an hour after the job's creation."""

    @staticmethod
    def now() -> Any:
        return BEGIN + timedelta(minutes=15)


def test_the_pool_of_the_ledger_decides_the_rule(ledger: DynamoLedger) -> None:
    wiring.install(clock=Soon())
    pool = PoolMemory(
        instance_type=BARE.instance_type, region=REGION, exposure_s=3_600_000, interruptions=150, billed_s=1, billed_of_s=3
    )
    assert live_evidence(BARE, PAYS, TABLE).spot_worth is None
    ledger.pools.remember(BEGIN.date(), [pool])
    evidence = live_evidence(BARE, PAYS, TABLE)
    assert evidence.spot_worth is not None
    assert evidence.spot_worth.interruptions == 150
    before = evidence.spot_worth.on_demand.micros
    ledger.prices.note_rates(REGION, {BARE.instance_type: rate(1_400_000)})
    evidence = live_evidence(BARE, PAYS, TABLE)
    assert evidence.spot_worth is not None
    assert evidence.spot_worth.on_demand.micros == 48 * 1_400_000 != before
    assert [finding.policy for finding in judge(BARE, Basis(PAYS, evidence)).findings] == ["pays"]


@pytest.mark.parametrize("about", [replace(BARE, spot=False), replace(BARE, service=Service.TUNING)])
def test_nothing_is_read_for_a_job_that_the_rule_does_not_judge(ledger: DynamoLedger, about: Job) -> None:
    wiring.install(clock=Soon())
    assert live_evidence(about, PAYS, TABLE).spot_worth is None
    assert live_evidence(BARE, policy(), "no such table").spot_worth is None


def test_a_waiver_given_in_slack_is_known_to_people_as_to_the_controller(ledger: DynamoLedger) -> None:
    wiring.install(clock=Soon())
    given = Waived(
        job=BARE.name, at=BEGIN, team=None, policy="use-spot", who="U1", reason="long data", ticket="ML-7", until=BEGIN + 3 * DAY
    )
    assert live_waivers(BARE, policy(), TABLE) == ()
    assert ledger.lineages.commit(ledger.lineages.load(LineageId.of(BARE)), Decision(entries=(given,)))
    [waiver] = live_waivers(BARE, policy(), TABLE)
    assert (waiver.rules, waiver.reason, waiver.expires) == (("use-spot",), "long data", BEGIN + 3 * DAY)
    broken = replace(BARE, spot=False)
    assert [one.waiver for one in judge(broken, Basis(policy(), Evidence(), now=BEGIN, given=(waiver,))).findings] == [waiver]
