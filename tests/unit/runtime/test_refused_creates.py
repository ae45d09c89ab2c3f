"""A CreateTrainingJob that SageMaker refused is recorded and announced once, whatever its caller wrote into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.jobs.quota_hold import QuotaHold
from controller.ledger.intent import Intent, Submit
from controller.ledger.refused_create import CreateRefusal
from controller.policy.policy import Labels
from controller.policy.slack_settings import SlackSettings
from controller.runtime.ports.answers import Unreachable
from controller.runtime.read_events import BadEvent
from controller.runtime.refused_creates import NO_TYPE, is_api_call, note_refused_create, refused_create_of
from tests.builders import ACCOUNT, BEGIN, REGION, lineage, policy
from tests.unit.runtime.slack_place import Place

LIMIT = (
    "The account-level service limit 'ml.g5.2xlarge for training job usage' is 4 Instances, with current utilization of 3"
    " Instances and a request delta of 2 Instances. Please use AWS Service Quotas to request an increase."
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/vision/train"


def event(*, asked: Any = None, **detail: Any) -> dict[str, Any]:
    request = {
        "trainingJobName": "bert", "roleArn": ROLE, "enableManagedSpotTraining": False,
        "resourceConfig": {"instanceType": "ml.g5.2xlarge", "instanceCount": 2, "volumeSizeInGB": 30},
        "tags": [{"key": "team", "value": "vision"}],
    }  # fmt: skip
    whole = {
        "eventSource": "sagemaker.amazonaws.com", "eventName": "CreateTrainingJob", "eventTime": "2026-03-02T09:00:00Z",
        "eventID": "8f2c", "errorCode": "ResourceLimitExceeded", "errorMessage": LIMIT,
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/ada"},
        "requestParameters": request if asked is None else asked,
    }  # fmt: skip
    return {
        "source": "aws.sagemaker", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT, "region": REGION,
        "detail": whole | detail,
    }  # fmt: skip


def place(**changes: Any) -> Any:
    return Place(policy=replace(policy(), **changes))


def waiting(at: Any, channel: str = "#ml-spot") -> list[Any]:
    return list(at.outbox.waiting(channel, 100))


def test_a_used_up_quota_is_told_with_its_name_and_the_jobs_that_hold_it() -> None:
    at = place()
    holds = tuple(
        QuotaHold(region=REGION, instance_type="ml.g5.2xlarge", instances=n, job=f"job-{n}", lineage=f"l{n}", created_at=BEGIN)
        for n in (1, 2)
    )
    at.ledger.holds_on = lambda *_: holds
    assert note_refused_create(event(), at)
    [message] = waiting(at)
    assert message.text().small.endswith("policy r1")
    text = message.text()
    assert "SageMaker did not create *bert*: a quota is used up" in text.title
    assert "`ml.g5.2xlarge for training job usage` is 4, of which 3 are in use, and the job asks for 2" in text.body
    assert "It is used by job-2 (2), job-1 (1)." in text.body
    assert "does not submit it" in text.body
    assert "by assumed-role/dev/ada" not in text.body
    assert "assumed-role/dev/ada" in text.small


def test_the_same_event_is_told_once_and_many_refusals_of_a_team_once_a_day() -> None:
    at = place()
    assert note_refused_create(event(), at)
    assert not note_refused_create(event(), at)
    for n in range(20):
        assert note_refused_create(event(eventID=f"other-{n}"), at)
    assert len(waiting(at)) == 1
    assert note_refused_create(event(eventID="next", eventTime="2026-03-03T09:00:00Z"), at)
    assert len(waiting(at)) == 2
    assert len(at.ledger.refused_creates) == 22


@pytest.mark.parametrize("field", ["tags", "roleArn", "instanceType"])
def test_a_caller_who_writes_another_name_for_each_call_cannot_flood_the_channel(field: str) -> None:
    at = place(slack=SlackSettings(channels={"vision": "#vision"}))
    for n in range(200):
        asked = event()["detail"]["requestParameters"]
        match field:
            case "tags":
                asked["tags"] = [{"key": "team", "value": f"team-{n}"}]
            case "roleArn":
                asked |= {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/role-{n}", "tags": []}
            case _:
                asked["resourceConfig"] = {"instanceType": f"ml.x{n}.large", "instanceCount": 1}
        code = "ThrottlingException" if field == "instanceType" else "ResourceLimitExceeded"
        assert note_refused_create(event(asked=asked, eventID=str(n), errorCode=code), at)
    assert 1 <= len(waiting(at)) + len(waiting(at, "#vision")) <= 16
    if field != "instanceType":
        assert note_refused_create(event(eventID="vision"), at)
        assert len(waiting(at, "#vision")) == 1


@pytest.mark.parametrize(
    ("identity", "caller"),
    [
        ({"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/dev/ada"}, "assumed-role/dev/ada"),
        ({"type": "IAMUser", "arn": "arn:aws-cn:iam::1:user/ada", "userName": "ada"}, "user/ada"),
        ({"type": "Root", "arn": "arn:aws:iam::1:root"}, "root"),
        ({"type": "WebIdentityUser", "userName": "ada@acme"}, "ada@acme"),
        ({"type": "AWSService", "invokedBy": "states.amazonaws.com"}, "states.amazonaws.com"),
        (
            {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/pipeline"}}},
            "role/pipeline",
        ),
        ({"type": "AssumedRole", "arn": ["x"], "sessionContext": "x"}, ""),
        ("ada", ""),
    ],
)
def test_the_caller_is_named_as_the_event_names_it(identity: Any, caller: str) -> None:
    found = refused_create_of(event(userIdentity=identity), policy())
    assert found is not None
    assert found.caller == caller


def test_the_message_names_no_caller_where_the_event_names_none() -> None:
    at = place()
    note_refused_create(event(userIdentity=None), at)
    assert waiting(at)[0].text().small == "team vision · 2 × ml.g5.2xlarge · on-demand · role train · policy r1"


@pytest.mark.parametrize(
    ("groups", "kind", "count"),
    [
        ([{"instanceType": "ml.g5.2xlarge", "instanceCount": 2}, {"instanceType": "ml.g5.2xlarge"}], "ml.g5.2xlarge", 3),
        ([{"instanceType": "ml.g5.2xlarge"}, {"instanceType": "ml.c5.xlarge", "instanceCount": 4}], NO_TYPE, 5),
        ([7, None], NO_TYPE, 2),
        ([{"instanceType": "ml.g5.2xlarge", "instanceCount": 10_000}] * 50_000, "ml.g5.2xlarge", 50_000),
    ],
)
def test_the_groups_of_a_heterogeneous_cluster_are_counted(groups: Any, kind: str, count: int) -> None:
    asked = event()["detail"]["requestParameters"] | {"resourceConfig": {"instanceGroups": groups}}
    found = refused_create_of(event(asked=asked), policy())
    assert found is not None
    assert (found.instance_type, found.instances) == (kind, count)


def test_a_refusal_whose_message_could_not_be_queued_is_told_when_its_event_comes_again() -> None:
    at = place()
    queue = at.outbox.put

    def unreachable(_: Any) -> bool:
        raise Unreachable("DynamoDB did not answer")

    at.outbox.put = unreachable
    with pytest.raises(Unreachable):
        note_refused_create(event(), at)
    at.outbox.put = queue
    assert note_refused_create(event(), at)
    assert len(waiting(at)) == 1


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("ResourceLimitExceeded", CreateRefusal.QUOTA),
        ("ResourceLimitExceededException", CreateRefusal.QUOTA),
        ("com.amazonaws.sagemaker.ThrottlingException", CreateRefusal.THROTTLED),
        ("ThrottlingException", CreateRefusal.THROTTLED),
        ("TooManyRequestsException", CreateRefusal.THROTTLED),
        ("InsufficientCapacityException", CreateRefusal.CAPACITY),
        ("CapacityError", CreateRefusal.CAPACITY),
        ("ValidationException", None),
        ("AccessDenied", None),
        (None, None),
        (["ResourceLimitExceeded"], None),
    ],
)
def test_only_refusals_by_a_quota_or_a_throttle_or_for_lack_of_capacity_are_recorded(
    code: Any, why: CreateRefusal | None
) -> None:
    found = refused_create_of(event(errorCode=code), policy())
    assert (found.why if found else None) is why
    assert note_refused_create(event(errorCode=code), place()) is (why is not None)


def test_an_attempt_of_the_controller_is_not_told_again() -> None:
    at = place()
    submit = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=BEGIN)
    assert at.ledger.lineages.commit(lineage(), Decision(intents=(submit,)))
    asked = event()["detail"]["requestParameters"] | {"trainingJobName": "bert-r02"}
    assert not note_refused_create(event(asked=asked), at)
    assert waiting(at) == []


def test_the_team_of_the_role_goes_before_the_tag_and_no_tag_takes_the_channel_of_another_team() -> None:
    labels = Labels(team_of_role={"*role/vision/*": "vision", "*role/speech/*": "speech"})
    slack = SlackSettings(channels={"vision": "#vision", "speech": "#speech"})
    asked = event()["detail"]["requestParameters"] | {"tags": [{"key": "team", "value": "speech"}]}
    at = place(labels=labels, slack=slack)
    note_refused_create(event(asked=asked), at)
    assert len(waiting(at, "#vision")) == 1
    stranger = asked | {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}
    note_refused_create(event(asked=stranger, eventID="2"), at)
    assert waiting(at, "#speech") == []
    assert len(waiting(at)) == 1


HOSTILE = ("<!channel> *x*" * 50_000, "\u202e" * 9000, "", None, 7, ["x"], {"a": 1}, "line\nbreak", "\ud800")


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("field", ["trainingJobName", "roleArn", "resourceConfig", "tags", "enableManagedSpotTraining"])
def test_hostile_parameters_are_bounded_and_break_nothing(field: str, value: Any) -> None:
    asked = event()["detail"]["requestParameters"] | {field: value}
    _bounded(event(asked=asked))
    _bounded(event(asked=asked | {"tags": [{"key": "team", "value": value}] * 5000, "resourceConfig": {"instanceType": value}}))


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("field", ["errorMessage", "userIdentity", "eventID", "requestParameters"])
def test_a_hostile_event_is_bounded_and_breaks_nothing(field: str, value: Any) -> None:
    _bounded(event(**{field: value}))
    _bounded(event(userIdentity={"arn": value}, errorMessage=f"{LIMIT}{value}"))


def _bounded(hostile: dict[str, Any]) -> None:
    at = place()
    note_refused_create(hostile, at)
    [message] = waiting(at)
    assert len(message.key) < 600
    assert len(message.facts) < 3000
    text = message.text()
    assert "<!channel>" not in text.title + text.body + text.small
    message.facts.encode("utf-8")


@pytest.mark.parametrize(
    "broken",
    [
        event() | {"source": "acme"},
        event(eventName="StopTrainingJob"),
        event(eventSource="ec2.amazonaws.com"),
        event(eventTime="soon"),
        event(eventTime="2026-03-02T09:00:00"),
        event(eventTime=None),
        event() | {"detail": None},
    ],
)
def test_another_event_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(BadEvent):
        refused_create_of(broken, policy())


def test_only_calls_of_cloudtrail_are_api_calls() -> None:
    assert is_api_call(event())
    assert not is_api_call({"detail-type": "EC2 Spot Instance Interruption Warning"})
