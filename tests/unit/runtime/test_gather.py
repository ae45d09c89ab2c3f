"""What a decision needs to know is looked up, and then it is decided again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.need import Need
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.quota_hold import QuotaHold
from controller.ledger.intent import Stop
from controller.ledger.pool import PlacementAsked
from controller.policy.policy import Repair, RuleAction
from controller.runtime.gather import look_up
from tests.builders import BEGIN, REGION, facts, job, lineage, lineage_id, policy, rule
from tests.simulation.memory import MemoryLedger

HOUR = timedelta(hours=1)
TYPE = "ml.g5.2xlarge"
ROOM, SCORE = frozenset({Need.ON_DEMAND_ROOM}), frozenset({Need.PLACEMENT_SCORE})


@dataclass
class Account:
    """A ledger, and an AWS that says one quota and one score."""

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
    """An account whose S3 notes what it is told to ignore."""

    ignored: tuple[str, ...] = ()

    @property
    def checkpoints(self) -> Any:
        return self

    def scan(self, uri: str, *, now: datetime, ignore: tuple[str, ...]) -> CheckpointScan:
        self.ignored = ignore
        return CheckpointScan(uri=uri, scanned_at=now, objects=0, bytes_seen=0, newest_at=None, complete=True)


def test_a_prefix_is_looked_into_without_what_the_policy_says_is_no_checkpoint() -> None:
    save = rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
                repair=Repair(checkpoint="s3://acme/{family}/"))  # fmt: skip
    account = Looking()
    about = facts(job(checkpoint_uri=None), policy=replace(policy(rules=(save,)), checkpoint_ignore=("*.onnx",)))
    stops = tuple(i for i in decide(about).intents if isinstance(i.action, Stop))
    about = replace(about, lineage=lineage(intents=stops))
    assert answered(frozenset({Need.REPAIR_PREFIX}), account, about).repair_prefix == "s3://acme/bert/"
    assert account.ignored == ("*.onnx",)


def test_answers_of_a_look_up_are_marked_as_looked_up() -> None:
    assert answered(ROOM, Account()).looked_up == ROOM
    assert answered(ROOM | SCORE, Account()).looked_up == ROOM | SCORE


@pytest.mark.parametrize(("limit", "room"), [(4, 1), (2, -1), (None, None)])
def test_the_room_is_the_quota_less_the_holds_of_live_jobs(limit: int | None, room: int | None) -> None:
    account = Account(limit=limit)
    held = QuotaHold(region=REGION, instance_type=TYPE, instances=3, job="gpt", created_at=BEGIN, lineage="gpt's")
    elsewhere = replace(held, instance_type="ml.p4d.24xlarge", instances=9)
    assert account.ledger.lineages.commit(account.ledger.lineages.load(lineage_id("gpt")), Decision(holds=(held, elsewhere)))
    assert answered(ROOM, account).room == room


def test_the_placement_score_is_what_ec2_says_now() -> None:
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
