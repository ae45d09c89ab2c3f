"""``spotwarden redrive`` and ``spotwarden replay``: send again what was refused, and look again at jobs whose events were lost.

Both invoke the stack's own functions, so all actions use the role of the stack and not the caller's permissions.
Messages that Slack refused in every form are queued again; the stack sends them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError, ParamValidationError

from controller.aws.errors import AwsFault, fault_of
from controller.cli.aws_calls import asking
from controller.cli.doctor.triggers import NO_QUEUE
from controller.cli.input.options import Table
from controller.cli.open_ledger import with_outbox
from controller.cli.output.errors import BadInput
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Outbox
from controller.runtime.read_events import BadEvent, event_in, function_in, not_of, parsed_body
from controller.units.free_text import one_line
from controller.units.plural import count

FunctionName = Annotated[
    str, typer.Option("--function", metavar="NAME", help="The function that looks at a job: the stack's output JobChanged.")
]
RedriveFunction = Annotated[
    str | None,
    typer.Option(
        "--function", metavar="NAME", help="The function for dead letters that name none: usually the stack's output JobChanged."
    ),
]
Queue = Annotated[
    str | None, typer.Option("--queue", metavar="URL", help="The queue of dead letters: the stack's output DeadLetters.")
]
Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="Jobs modified since then: 2026-11-20 or 2026-11-20T09:00. Times are UTC.")
]
BATCH = 10
HIDDEN_S, HIDDEN_S_MAX = 60, 43_200  # a received letter is hidden: at first, and the most that SQS allows
QUEUE_URL = re.compile(
    r"https?://(?:sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|[^/]+)/(?P<account>[0-9]{12})/[A-Za-z0-9_-]{1,80}"
)
WHY_MAX = 300  # characters of a printed problem, which may quote a dead letter


def run_redrive(queue: Queue = None, function: RedriveFunction = None, table: Table = None) -> int:
    """Queue the messages again that were set aside, and hand each dead letter to the function in which it failed."""
    from controller import wiring

    if queue is None and function is not None:
        raise BadInput("found --function without --queue, wanted the stack's output DeadLetters beside it")
    if queue is None and not table:
        raise BadInput("found nothing to send again, wanted --table for messages, or --queue for dead letters")
    if queue is None:
        return with_outbox(table, redrive_messages)
    where = queue
    asking(lambda: account_of_queue(where, wiring.client("sqs").meta.region_name))  # checked before a message is queued
    if table:
        with_outbox(table, redrive_messages)
    return asking(lambda: redrive(wiring.client("sqs"), wiring.client("lambda"), where, function))


def redrive_messages(_: Ledger, outbox: Outbox, clock: Clock) -> int:
    """Put every message that was set aside back into the queue of its channel."""
    kept = outbox.aside()
    for message in kept:
        outbox.redrive(message, at=clock.now())
    told = f"{count(len(kept), 'message')} queued again, to be sent within two minutes" if kept else "no message was set aside"
    print(told)
    return 0


def redrive(sqs: Any, functions: Any, queue: str, function: str | None) -> int:
    """Hand each dead letter to its function and delete it. Returns 1 if one could not be handed over and stays in the queue.

    ``function`` is for letters that name none. Raises BadInput if ``queue`` is not the URL of a queue in the clients' region.
    """
    account = account_of_queue(queue, functions.meta.region_name)
    try:
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_QUEUE:
            raise
        region = sqs.meta.region_name
        raise BadInput(f"--queue: found no queue {queue} in {region}, wanted the stack's output DeadLetters") from None
    stack = QueueFunctions(functions, attributes["QueueArn"])
    done, kept = 0, 0
    for message in _messages(sqs, queue):
        try:
            body = parsed_body(message["Body"])
            event = event_in(body)
            foreign = not_of(account, functions.meta.region_name, event)
            if foreign:  # the function would ignore it, and the letter would be lost
                raise BadEvent(f"{foreign}: {'redrive it there, or ' if event.get('account') else ''}delete it")
            stack.hand_over(_failed_in(body, message), function, event)
        except BadEvent as problem:
            print(f"kept {message['MessageId']}: {one_line(str(problem), WHY_MAX)}")
            kept += 1
            continue
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        done += 1
    print(f"{count(done, 'dead letter')} handed over, {kept} kept")
    if kept:
        print(
            "what cannot be handed over: spotwarden replay --since TIME --function FUNCTION looks at the jobs instead, and"
            f" aws sqs purge-queue --queue-url {queue} deletes all letters that are left"
        )
    return 1 if kept else 0


def account_of_queue(queue: str, region: str) -> str:
    """The account ID in a queue's URL. Raises BadInput for any other text, and for a queue of another region."""
    found = QUEUE_URL.fullmatch(queue)
    if found is None:
        raise BadInput(f"--queue: found {one_line(queue, WHY_MAX)!r}, wanted the URL of a queue: the stack's output DeadLetters")
    if found["region"] not in (None, region):
        raise BadInput(f"--queue: found a queue of {found['region']} and the region {region}, wanted --region {found['region']}")
    return found["account"]


@dataclass(slots=True)
class QueueFunctions:
    """The functions that keep their dead letters in one queue.

    A dead letter names the function in which it failed, but anyone who may send to the queue can write any name. So the named
    function is invoked only if this queue is its on-failure destination.
    """

    client: Any
    queue: str  # its ARN
    known: dict[str, bool] = field(default_factory=dict)

    def hand_over(self, named: str, otherwise: str | None, event: Mapping[str, Any]) -> None:
        """Invoke the function that the letter names, or else ``otherwise``. Raises BadEvent for no function, or a refusal."""
        if not named and not otherwise:
            raise BadEvent("it names no function: add --function, usually the stack's output JobChanged")
        try:
            if named and named != otherwise and not self._keeps_letters_here(named):
                raise BadEvent(
                    f"the function {named} that it names does not exist, or does not keep its dead letters in this queue"
                )
            _invoke(self.client, named or otherwise or "", event)
        except ParamValidationError as problem:
            raise BadEvent(f"Lambda does not accept it: {problem}") from None
        except ClientError as error:
            if fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE):
                raise
            raise BadEvent(f"Lambda does not accept it: {error}") from None

    def _keeps_letters_here(self, name: str) -> bool:
        if name not in self.known:
            try:
                config = self.client.get_function_event_invoke_config(FunctionName=name)
            except ClientError as error:
                if fault_of(error) is not AwsFault.MISSING:
                    raise
                config = {}
            destination = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            self.known[name] = destination == self.queue
        return self.known[name]


def _messages(sqs: Any, queue: str) -> Iterator[Mapping[str, Any]]:
    """Each message once. Ends when SQS returns no message.

    Kept messages come again in a pass that takes longer than they are hidden. They are then hidden for twice as long, so that
    those behind them are received.
    """
    seen, hidden_s = set[str](), HIDDEN_S
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=BATCH, MessageAttributeNames=["All"], VisibilityTimeout=hidden_s,
            WaitTimeSeconds=1,
        )  # fmt: skip
        received = answer.get("Messages", ())
        if not received:
            return
        found = [message for message in received if message["MessageId"] not in seen]
        if len(found) < len(received):
            hidden_s = min(2 * hidden_s, HIDDEN_S_MAX)
        for message in found:
            seen.add(message["MessageId"])
            yield message


def _failed_in(body: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    """The function in which an event failed, from Lambda's record or from EventBridge's message attribute; empty if unknown."""
    target = message.get("MessageAttributes", {}).get("TARGET_ARN", {}).get("StringValue")
    return function_in(body) or str(target or "")


def run_replay(since: Since, function: FunctionName) -> int:
    """Invoke the function for every job that was modified since a time, as if the job's event had come again."""
    from controller import wiring
    from controller.aws.sagemaker.jobs import SageMakerJobs

    begin, now = _moment(since), wiring.clock().now()
    if begin > now:
        raise BadInput(f"--since: found {since!r}, wanted a time in the past: it is {now:%Y-%m-%dT%H:%M} UTC")

    def replaying() -> int:
        account = wiring.client("sts").get_caller_identity()["Account"]
        functions, number = wiring.client("lambda"), 0
        for name in SageMakerJobs(wiring.client("sagemaker")).modified(begin, now):
            try:
                _invoke(functions, function, event_of(name, str(account), functions.meta.region_name, now))
            except ClientError as error:
                if fault_of(error) is not AwsFault.MISSING:
                    raise
                where = f"{function} in account {account} and {functions.meta.region_name}"
                raise BadInput(f"--function: found no function {where}, wanted the stack's output JobChanged") from None
            number += 1
        print(f"{count(number, 'job')} modified since {begin:%Y-%m-%d %H:%M} UTC handed over")
        return 0

    return asking(replaying)


def event_of(job: str, account: str, region: str, at: datetime) -> dict[str, Any]:
    """The event that SageMaker sends for a job, with only the job's name in ``detail``: the function reads nothing else there."""
    return {
        "version": "0",
        "id": f"replay-{job}",
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Training Job State Change",
        "account": account,
        "region": region,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "resources": [],
        "detail": {"TrainingJobName": job},
    }


def _invoke(functions: Any, name: str, event: Mapping[str, Any]) -> None:
    try:
        payload = json.dumps(event, allow_nan=False).encode()
    except ValueError:
        raise BadEvent("it has a number that JSON does not have") from None
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--since: found {text!r}, wanted a time such as 2026-11-20 or 2026-11-20T09:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
