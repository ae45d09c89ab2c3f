"""Dead letters of Lambda and of EventBridge, and jobs with a lost event, are handed to the function that processes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from controller import wiring
from controller.cli import main
from controller.cli.output.errors import BadInput
from controller.cli.redrive import QueueFunctions, account_of_queue
from controller.cli.redrive import redrive as redrive_letters
from controller.ledger.entry import Ended
from controller.runtime.read_events import BadEvent
from infra.local import aws, functions
from infra.local.bus import envelope
from infra.local.host import Host
from tests.client_errors import client_error
from tests.security import lab as attacks

POLICY = "version: 1\nrules: [{name: spot, rule: spot-required, mode: warn}]\n"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:job_changed"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with attacks.lab(POLICY) as deployed:
        api = functions.serve(deployed.bus)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        attacks.launch(deployed, attacks.request("bert", "vision"))
        deployed.world.advance_to(deployed.world.now.replace(hour=6))
        deployed.clock.at = deployed.world.now
        deployed.world.drain_events()  # every event is lost
        yield deployed
        api.close()


def event(job: str = "bert") -> dict[str, Any]:
    at = wiring.clock().now()
    detail = {"TrainingJobName": job, "TrainingJobStatus": "Completed"}
    return envelope(
        "aws.sagemaker", "SageMaker Training Job State Change", detail,
        at=at, account=aws.ACCOUNT, region=aws.REGION, event_id="e1",
    )  # fmt: skip


def record(payload: dict[str, Any], version: str = "1.0") -> dict[str, Any]:
    return {"version": version, "requestContext": {"functionArn": f"{ARN}:$LATEST"}, "requestPayload": payload}


def redrive(
    *messages: dict[str, Any] | str, attributes: dict[str, Any] | None = None, options: Sequence[str] = ()
) -> tuple[int, int]:
    """Queue dead letters and run the command. Returns its exit code, and how many messages are left in the queue."""
    sqs = wiring.client("sqs")
    queue = sqs.create_queue(QueueName="DeadLetters")["QueueUrl"]
    for message in messages:
        sqs.send_message(
            QueueUrl=queue,
            MessageBody=message if isinstance(message, str) else json.dumps(message),
            MessageAttributes=attributes or {},
        )
    code = main(["redrive", "--queue", queue, *options])
    counted = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return code, int(counted["ApproximateNumberOfMessages"]) + int(counted["ApproximateNumberOfMessagesNotVisible"])


@pytest.mark.parametrize(
    ("message", "attributes", "options"),
    [
        (lambda: record(event()), None, ()),
        (event, None, ("--function", "job_changed")),
        (event, {"TARGET_ARN": {"DataType": "String", "StringValue": ARN}}, ()),
    ],
    ids=["an on-failure record", "Lambda's dead-letter queue", "EventBridge's dead-letter queue"],
)
def test_a_dead_letter_reaches_the_function_again_and_leaves_the_queue(
    host: Host, message: Any, attributes: Any, options: Any
) -> None:
    assert redrive(message(), attributes=attributes, options=options) == (0, 0)
    assert attacks.entries(host, "bert", Ended)


def test_a_dead_letter_of_another_version_is_kept_with_the_reason(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive(record(event(), version="0.9"), record(event())) == (1, 1)
    said = capsys.readouterr().out
    assert "the dead letter is a record of version '0.9', wanted '1.0'" in said
    assert "1 dead letter handed over, 1 kept" in said
    assert attacks.entries(host, "bert", Ended)


def test_a_dead_letter_that_no_function_can_take_is_kept_and_holds_up_no_other(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = record(event()) | {"requestContext": {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:old:$LATEST"}}
    assert redrive(gone, event(), record(event())) == (1, 2)
    said = capsys.readouterr().out
    assert "function:old that it names does not exist, or does not keep its dead letters in this queue\n" in said
    assert "it names no function: add --function, usually the stack's output JobChanged\n" in said
    assert "1 dead letter handed over, 2 kept" in said


def test_dead_letters_that_the_function_would_lose_are_kept_and_one_of_sns_is_read(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    of_sns = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": json.dumps(record(event()))}
    letters = {
        json.dumps(record(event()))[:200]: "the body of the message is not JSON, or was cut off: ",
        json.dumps(
            record(event() | {"account": "999999999999"})
        ): "but this stack is in account '123456789012', region 'us-east-1': redrive it",
        json.dumps(record(event() | {"region": "eu-west-1"})): "region 'eu-west-1', but this stack is in",
        json.dumps({"Records": [{"body": "{}"}, {"body": "{}"}]}): "the dead letter has 2 records, wanted one: send each",
        json.dumps(["not", "an", "event"]): "found a list, wanted an event or a dead letter with one",
    }
    assert redrive(*letters, of_sns, options=("--function", "other")) == (1, len(letters))
    said = capsys.readouterr().out
    assert [told for told in letters.values() if told not in said] == []
    assert "1 dead letter handed over, 5 kept" in said
    assert attacks.entries(host, "bert", Ended)


def test_a_letter_of_every_form_that_people_and_services_make_is_read(host: Host) -> None:
    forms = [
        json.dumps(json.dumps(record(event()))),
        "\ufeff" + json.dumps(record(event())),
        json.dumps({"Body": json.dumps(record(event()))}),
    ]
    assert redrive(*forms) == (0, 0)
    assert attacks.entries(host, "bert", Ended)


OTHERS = "arn:aws:lambda:us-east-1:123456789012:function:delete-everything"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:DeadLetters"


class Meta:
    """What a client says of itself."""

    region_name = "us-east-1"


class Functions:
    """A Lambda with functions of two queues. It answers invocations of the stack's function with an error, or accepts them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.invoked, self.meta = error, list[str](), Meta()

    def get_function_event_invoke_config(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
        if FunctionName.endswith("gone"):
            raise client_error("ResourceNotFoundException", operation="GetFunctionEventInvokeConfig")
        queue = QUEUE if FunctionName == ARN else f"{QUEUE}-of-another-stack"
        return {"DestinationConfig": {"OnFailure": {"Destination": queue}}}

    def invoke(self, FunctionName: str, **_: Any) -> None:  # noqa: N803 (AWS's own name)
        if self.error is not None:
            raise self.error
        self.invoked.append(FunctionName)


@pytest.mark.parametrize("named", [OTHERS, f"{OTHERS}:live", "delete-everything", f"{ARN}-gone"])
def test_a_dead_letter_can_only_name_functions_of_its_own_queue(named: str) -> None:
    functions = Functions()
    with pytest.raises(BadEvent, match="that it names does not exist, or does not keep its dead letters in this queue"):
        QueueFunctions(functions, QUEUE).hand_over(named, None, event())
    assert functions.invoked == []
    QueueFunctions(functions, QUEUE).hand_over(named, named, event())  # the operator may name any function
    QueueFunctions(functions, QUEUE).hand_over(ARN, None, event())
    assert functions.invoked == [named, ARN]


@pytest.mark.parametrize(
    ("error", "number", "told"),
    [
        (client_error("RequestTooLargeException", "the payload is too large"), 1, "Lambda does not accept it: .*too large"),
        (client_error("ValidationException", "1 validation error detected"), 1, "Lambda does not accept it: .*1 validation"),
        (client_error("AccessDeniedException", "not authorized to perform: lambda:InvokeFunction"), 1, "not authorized"),
        (ParamValidationError(report="Invalid length for parameter FunctionName"), 1, "Invalid length"),
        (None, float("nan"), "it has a number that JSON does not have"),
    ],
    ids=str,
)
def test_a_dead_letter_that_lambda_refuses_is_kept_with_the_reason(error: Exception | None, number: float, told: str) -> None:
    with pytest.raises(BadEvent, match=told):
        QueueFunctions(Functions(error), QUEUE).hand_over(ARN, None, {**event(), "number": number})


def test_throttling_by_lambda_ends_the_command_and_leaves_the_dead_letter() -> None:
    with pytest.raises(ClientError):
        QueueFunctions(Functions(client_error("TooManyRequestsException")), QUEUE).hand_over(ARN, None, event())


@pytest.mark.parametrize(
    ("queue", "told"),
    [
        (QUEUE, f"found '{QUEUE}', wanted the URL of a queue: the stack's output DeadLetters"),
        ("DeadLetters", "found 'DeadLetters', wanted the URL of a queue"),
        ("", "found '', wanted the URL of a queue"),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/", "wanted the URL of a queue"),
        ("https://sqs.us-east-1.amazonaws.com/123456789012/DeadLetters ", "wanted the URL of a queue"),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/DeadLetters", "wanted --region eu-west-1"),
    ],
)
def test_a_url_that_is_not_a_queue_of_this_region_is_refused_before_any_call(queue: str, told: str) -> None:
    with pytest.raises(BadInput, match=re.escape(told)):
        account_of_queue(queue, "us-east-1")
    assert account_of_queue("https://sqs.us-east-1.amazonaws.com/123456789012/DeadLetters", "us-east-1") == "123456789012"
    assert account_of_queue("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/DeadLetters", "cn-north-1") == "123456789012"


@pytest.mark.parametrize(
    ("queue", "told"),
    [
        ("https://sqs.us-east-1.amazonaws.com/123456789012/gone", "found no queue "),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/DeadLetters", "wanted --region eu-west-1"),
    ],
)
def test_a_missing_queue_is_named_and_one_of_another_region_before_a_message_is_queued(
    host: Host, capsys: pytest.CaptureFixture[str], queue: str, told: str
) -> None:
    assert main(["redrive", "--table", "spotwarden", "--queue", queue]) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert ("no message was set aside" in out) is ("gone" in queue)


class SlowQueue:
    """A queue that always offers its oldest visible letters, to a pass that takes 40 seconds for each batch."""

    def __init__(self, *bodies: str) -> None:
        self.bodies, self.visible_at, self.now, self.meta = dict(enumerate(bodies)), dict[int, int](), 0, Meta()

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": QUEUE}}

    def receive_message(self, *, MaxNumberOfMessages: int, VisibilityTimeout: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.now += 40
        found = [n for n in self.bodies if self.visible_at.get(n, 0) <= self.now][:MaxNumberOfMessages]
        self.visible_at |= dict.fromkeys(found, self.now + VisibilityTimeout)
        return {"Messages": [{"MessageId": f"m{n}", "ReceiptHandle": str(n), "Body": self.bodies[n]} for n in found]}

    def delete_message(self, *, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803 (AWS's own name)
        del self.bodies[int(ReceiptHandle)]


def test_letters_behind_many_that_are_kept_are_read_in_a_pass_that_takes_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    queue, functions = SlowQueue(*["{}"] * 25, json.dumps(record(event()))), Functions()
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/DeadLetters"
    assert (redrive_letters(queue, functions, url, None), len(queue.bodies)) == (1, 25)
    assert "1 dead letter handed over, 25 kept\n" in capsys.readouterr().out
    assert functions.invoked == [ARN]


def test_an_empty_queue_is_no_error(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive() == (0, 0)
    assert capsys.readouterr().out.endswith("0 dead letters handed over, 0 kept\n")


def test_the_next_step_for_kept_dead_letters_is_printed_once(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert redrive({}, record(event(), "0.9")) == (1, 2)
    *_, without_account, older, counted, to_do = capsys.readouterr().out.splitlines()
    assert without_account.endswith("the event names no account and no region: delete it")
    assert older.endswith("the dead letter is a record of version '0.9', wanted '1.0'")
    assert counted == "0 dead letters handed over, 2 kept"
    assert to_do.startswith("what cannot be handed over: spotwarden replay --since TIME --function FUNCTION looks at the jobs")


def test_replay_looks_at_every_job_that_changed_since(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    since = f"{attacks.MONDAY:%Y-%m-%d}"
    assert main(["replay", "--since", since, "--function", "JobChanged"]) == 0
    assert f"1 job modified since {since} 00:00 UTC handed over" in capsys.readouterr().out
    assert attacks.entries(host, "bert", Ended)


def test_a_missing_function_and_an_invalid_time_are_bad_input(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--since", f"{attacks.MONDAY:%Y-%m-%d}", "--function", "gone"]) == 2
    told = "--function: found no function gone in account 123456789012 and us-east-1, wanted the stack's output JobChanged"
    assert told in capsys.readouterr().err
    assert main(["replay", "--since", "2999-01-01", "--function", "JobChanged"]) == 2
    assert "--since: found '2999-01-01', wanted a time in the past: it is 2" in capsys.readouterr().err
    assert main(["replay", "--since", "yesterday", "--function", "JobChanged"]) == 2
    assert "--since: found 'yesterday', wanted a time such as" in capsys.readouterr().err
