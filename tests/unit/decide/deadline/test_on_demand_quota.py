"""A deadline moves a job only where the on-demand quota has room."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from controller.aws.ec2_placement import PlacementScores
from controller.aws.service_quotas import ServiceQuotas
from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.need import Need
from controller.decide.observe import observe
from controller.jobs.claim import use_of, used
from controller.jobs.job import Outcome
from controller.ledger.intent import Announce, Stop, Wake
from controller.notifications.messages import importance_of, text_of
from controller.policy.resubmission import DeadlineSettings
from infra.local.http_server import HttpServer, Request, Response, json_response, text_response
from tests.builders import BEGIN, block, ended, facts, job, policy
from tests.properties.lives import learn

HOUR = timedelta(hours=1)
TAGS = {"team": "vision", "spotwarden:deadline": "2026-03-02T12:00:00Z", "spotwarden:expected-runtime": "2h"}


def waiting(**changes: Any) -> Facts:
    """Two hours of work, and two hours and a bit until its deadline: it is the latest moment to leave spot."""
    about = job(tags=TAGS, secondary="Starting", intervals=(), instance_count=2, checkpoint_uri=None)
    settings = policy(rules=(), resubmissions=(block(deadline=DeadlineSettings()),))
    return facts(about, **{"now": BEGIN + 2 * HOUR / 3, "policy": settings, "history": (), **changes})


def said(about: Facts, kind: type) -> list[Any]:
    return [i.action for i in decide(about).intents if isinstance(i.action, kind)]


def test_where_there_is_room_the_job_is_moved() -> None:
    assert said(waiting(room=2), Stop)


def test_where_nobody_knows_the_quota_the_job_is_moved_all_the_same() -> None:
    assert said(waiting(room=None), Stop)


def test_before_anybody_looked_for_room_the_decision_says_that_it_needs_to_know_and_moves_nothing() -> None:
    about = waiting(looked_up=frozenset())
    assert decide(about).needs == {Need.ON_DEMAND_ROOM}
    assert not said(about, Stop)


@pytest.mark.parametrize(
    "calm",
    [waiting(looked_up=frozenset(), now=BEGIN), replace(waiting(looked_up=frozenset()), history=None)],
    ids=["there is time", "a job at rest"],
)
def test_where_no_move_is_due_nobody_asks_for_room(calm: Facts) -> None:
    assert decide(calm).needs == frozenset()


def test_where_there_is_no_room_the_job_stays_people_hear_of_it_and_it_is_looked_at_soon() -> None:
    about = waiting(room=1)
    assert not said(about, Stop)
    [announce] = [a for a in said(about, Announce) if a.topic == "no-room"]
    text = text_of(announce.kind, announce.facts).body
    assert "It needs 2 instances of ml.g5.2xlarge; the account's quota allows 1 more" in text
    assert str(importance_of(announce.topic)) == "person"
    assert BEGIN + 3 * HOUR / 4 in [wake.at for wake in said(about, Wake)]


def test_saying_so_again_adds_nothing() -> None:
    about = waiting(room=0)
    assert not decide(learn(about, decide(about)))


def test_a_live_job_on_demand_holds_its_part_of_the_quota_and_gives_it_back() -> None:
    running = job(spot=False, instance_count=3)
    [_, use] = observe(facts(running)).claims
    assert (use.bucket, used([use])) == ("on-demand us-east-1/ml.g5.2xlarge", 3)
    assert use in observe(facts(ended(running, Outcome.COMPLETED))).released
    assert len(observe(facts(replace(running, spot=True))).claims) == 1


def test_holds_on_one_quota_add_up() -> None:
    holds = [
        use_of(region="r", instance_type="t", instances=n, job=f"j{n}", created_at=BEGIN, lineage=f"l{n}") for n in (1, 2, 5)
    ]  # fmt: skip
    assert used(holds) == 8


QUOTAS = ({"QuotaName": "ml.g5.xlarge for spot training job usage", "Value": 9.0},
          {"QuotaName": "ml.g5.xlarge for training job usage", "Value": 4.0})  # fmt: skip
SCORES = "<R><spotPlacementScoreSet><item><region>us-east-1</region><score>7</score></item></spotPlacementScoreSet></R>"


@dataclass
class Aws:
    """Service Quotas and EC2 on one server; ``asked`` are the bodies of the requests."""

    url: str = ""
    asked: list[bytes] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        self.asked.append(request.body)
        if b"GetSpotPlacementScores" in request.body:
            return text_response(SCORES, kind="text/xml")
        token = json.loads(request.body).get("NextToken")
        return json_response({"Quotas": [QUOTAS[1 if token else 0]], **({} if token else {"NextToken": "1"})})


@pytest.fixture
def aws() -> Iterator[Aws]:
    served = Aws()
    with HttpServer(served.respond) as server:
        served.url = server.url
        yield served


def client(service: str, url: str) -> Any:
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def test_the_on_demand_quota_is_read_page_by_page_and_kept_for_hours(aws: Aws) -> None:
    quotas = ServiceQuotas(client("service-quotas", aws.url))
    assert [quotas.on_demand("ml.g5.xlarge", BEGIN + n * HOUR) for n in range(4)] == [4] * 4
    assert quotas.on_demand("ml.g5.2xlarge", BEGIN) is None
    assert len(aws.asked) == 2


def test_a_placement_score_is_asked_for_the_instance_type_of_ec2(aws: Aws) -> None:
    assert PlacementScores(client("ec2", aws.url)).score("ml.g5.xlarge", 2, "us-east-1") == 7
    assert b"InstanceType.1=g5.xlarge" in aws.asked[0]
    assert b"TargetCapacity=2" in aws.asked[0]


def test_what_aws_does_not_answer_is_unknown() -> None:
    assert ServiceQuotas(client("service-quotas", "http://127.0.0.1:9")).on_demand("ml.g5.xlarge", BEGIN) is None
    assert PlacementScores(client("ec2", "http://127.0.0.1:9")).score("ml.g5.xlarge", 1, "us-east-1") is None
