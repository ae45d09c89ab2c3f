"""The spot placement score of an instance type, from EC2 over real HTTP."""

from __future__ import annotations

from controller.aws.ec2_placement import PlacementScores
from infra.local.http_server import text_response
from tests.unit.aws.answers_of_aws import UNREACHABLE, answering, client

SCORES = "<R><spotPlacementScoreSet><item><region>us-east-1</region><score>7</score></item></spotPlacementScoreSet></R>"


def test_the_score_is_requested_for_ec2_s_name_of_the_instance_type() -> None:
    with answering(lambda _: text_response(SCORES, kind="text/xml")) as aws:
        assert PlacementScores(client("ec2", aws.url)).score("ml.g5.xlarge", 2, "us-east-1") == 7
        assert b"InstanceType.1=g5.xlarge" in aws.requests[0]
        assert b"TargetCapacity=2" in aws.requests[0]


def test_without_an_answer_the_score_is_unknown() -> None:
    assert PlacementScores(client("ec2", UNREACHABLE)).score("ml.g5.xlarge", 1, "us-east-1") is None
