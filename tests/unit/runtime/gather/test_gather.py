"""What a decision needs to know is looked up, and then decided again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Job, Service
from controller.jobs.quota_hold import QuotaHold
from controller.ledger.intent import Stop
from controller.ledger.pool import PlacementAsked, PoolMemory
from controller.policy.policy import Repair, RuleAction
from controller.policy.rollout import Rollout, SurpriseGuard
from controller.runtime.gather.gather import gather, look_up
from controller.runtime.ports.answers import Unreachable
from tests.builders import BEGIN, REGION, facts, job, lineage, lineage_id, policy, rate, rule
from tests.own_ports import OwnPorts
from tests.simulation.memory import MemoryLedger
from tests.unit.decide.deciding import WAITING

HOUR = timedelta(hours=1)
TYPE = "ml.g5.2xlarge"
ROOM, SCORE = frozenset({Need.ON_DEMAND_ROOM}), frozenset({Need.PLACEMENT_SCORE})


@dataclass
class Account:
    """A ledger, and an AWS with one quota and one placement score."""

    limit: int | None = 4
    score_now: int | None = 7
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    asked: int = 0

    @property
    def quotas(self) -> Any:
        return self

    @property
    def placement(self) -> Any:
        return self

    def on_demand(self, *_: object) -> int | None:
        return self.limit

    def score(self, *_: object) -> int | None:
        self.asked += 1
        return self.score_now


def answered(needs: frozenset[Need], account: Any, about: Facts | None = None) -> Facts:
    return look_up(replace(about or facts(), looked_up=frozenset()), needs, account)


class Looking(Account):
    """An account whose S3 stores which files it is told to ignore."""

    ignored: tuple[str, ...] = ()

    @property
    def checkpoints(self) -> Any:
        return self

    def scan(self, uri: str, *, now: datetime, ignore: tuple[str, ...]) -> CheckpointScan:
        self.ignored = ignore
        return CheckpointScan(uri=uri, scanned_at=now, objects=0, bytes_seen=0, newest_at=None, complete=True)


def test_a_scan_ignores_files_that_the_policy_says_are_no_checkpoints() -> None:
    save = rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
                repair=Repair(checkpoint="s3://acme/{family}/"))  # fmt: skip
    account = Looking()
    about = facts(job(checkpoint_uri=None), policy=replace(policy(rules=(save,)), checkpoint_ignore=("*.onnx",)))
    stops = tuple(i for i in decide(about).intents if isinstance(i.action, Stop))
    about = replace(about, lineage=lineage(intents=stops))
    assert answered(frozenset({Need.REPAIR_PREFIX}), account, about).repair_prefix == "s3://acme/bert/"
    assert account.ignored == ("*.onnx",)


def test_while_s3_is_silent_a_repair_gets_the_lineage_s_own_prefix_and_s3_is_asked_once() -> None:
    class Silent(Looking):
        asked = 0

        def scan(self, uri: str, *, now: datetime, ignore: tuple[str, ...]) -> CheckpointScan:
            self.asked += 1
            raise Unreachable("ListObjectsV2: 503")

    save = rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
                repair=Repair(checkpoint="s3://acme/{family}/"))  # fmt: skip
    account, about = Silent(), facts(job(checkpoint_uri=None), policy=policy(rules=(save,)))
    stops = tuple(i for i in decide(about).intents if isinstance(i.action, Stop))
    found = answered(frozenset({Need.REPAIR_PREFIX}), account, replace(about, lineage=lineage(intents=stops))).repair_prefix
    assert found is not None
    assert found.startswith("s3://acme/bert-")
    assert account.asked == 1  # each call may take long, and a function has 45 s


def test_answers_of_a_look_up_are_marked_as_looked_up() -> None:
    assert answered(ROOM, Account()).looked_up == ROOM
    assert answered(ROOM | SCORE, Account()).looked_up == ROOM | SCORE


@pytest.mark.parametrize(("limit", "room"), [(4, 1), (2, -1), (None, None)])
def test_the_room_is_the_quota_minus_the_holds_of_live_jobs(limit: int | None, room: int | None) -> None:
    account = Account(limit=limit)
    held = QuotaHold(region=REGION, instance_type=TYPE, instances=3, job="gpt", created_at=BEGIN, lineage="gpt's")
    elsewhere = replace(held, instance_type="ml.p4d.24xlarge", instances=9)
    assert account.ledger.lineages.commit(account.ledger.lineages.load(lineage_id("gpt")), Decision(holds=(held, elsewhere)))
    assert answered(ROOM, account).room == room


def test_the_placement_score_is_read_from_ec2() -> None:
    asked = PlacementAsked(region=REGION, instance_type=TYPE, job="bert", at=BEGIN, score=7)
    assert answered(SCORE, Account(), facts(job(), now=BEGIN)).placement == asked
    assert answered(SCORE, Account(score_now=None), facts(job(), now=BEGIN)).placement == replace(asked, score=None)


def test_ec2_is_asked_once_an_hour_for_a_pool() -> None:
    account = Account()
    for minutes in (0, 20, 59, 61):
        about = answered(SCORE, account, facts(job(), now=BEGIN + timedelta(minutes=minutes)))
        if about.placement is not None:
            account.ledger.lineages.commit(account.ledger.lineages.load(lineage_id()), Decision(capacity=(about.placement,)))
    assert account.asked == 2


def test_looking_up_writes_nothing() -> None:
    account = Account()
    before = vars(MemoryLedger())
    answered(ROOM | SCORE, account)
    assert vars(account.ledger) == before


@dataclass
class World(OwnPorts, Looking):
    """The ports of a look at a job: this ledger, policy and clock, and a price for everything."""

    rules: Any = None

    @property
    def prices(self) -> Any:
        return self

    def now(self) -> datetime:
        return BEGIN + HOUR / 6

    def current(self) -> Any:
        return self.rules

    def rate(self, *_: object, **__: object) -> Any:
        return rate()


def weighed(about: Job, kind: str = "spot-worth-it") -> Facts:
    world = World(rules=policy(rules=(rule("pays", kind=kind, options={}),)))
    for instance_type, interruptions in ((TYPE, 150), ("ml.g5.4xlarge", 1)):
        pool = PoolMemory(
            instance_type=instance_type,
            region=REGION,
            exposure_s=3_600_000,
            interruptions=interruptions,
            billed_s=1,
            billed_of_s=3,
        )
        world.ledger.remember(BEGIN.date(), [pool])
    ports: Any = world
    return gather(about, ports)


BARE = replace(
    WAITING, checkpoint_uri=None, tags={"spotwarden:expected-runtime": "48h"}, runtime_s_max=180_000, wait_s_max=360_000
)


def test_spot_is_judged_for_a_waiting_job_by_its_own_pool_and_those_of_similar_types() -> None:
    found = weighed(BARE).spot_worth
    assert found is not None
    assert (found.interruptions, found.run_s, found.written) == (150, 48 * 3600, False)
    assert found.other_type == "ml.g5.4xlarge"
    assert found.on_demand.micros == 48 * 1_515_000


@pytest.mark.parametrize("about", [replace(BARE, spot=False), job(tags=BARE.tags), replace(BARE, service=Service.TUNING)])
def test_spot_is_not_judged_for_a_job_that_trains_or_is_on_demand_or_of_another_service(about: Job) -> None:
    assert weighed(about).spot_worth is None
    assert weighed(BARE, kind="checkpoint-required").spot_worth is None


def test_a_guard_counts_the_acts_of_its_rule_since_the_revision_took_force_again() -> None:
    guarded = rule("use-spot", rollout=Rollout(surprise=SurpriseGuard(jobs=3)))
    account = Account()
    account.ledger.acted["r1", "use-spot"] = {"old": ("vision", BEGIN), "new": ("speech", BEGIN + HOUR)}
    about = facts(policy=replace(policy(rules=(guarded,)), revision="r1", in_force_at=BEGIN + HOUR))
    assert answered(frozenset({Need.RULE_ACTS}), account, about).rule_acts["use-spot"].teams == {"new": "speech"}
