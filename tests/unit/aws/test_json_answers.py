"""Answers that are damaged, cut off or from a proxy: each raises an error that says so, and none counts as an empty answer."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from controller.aws.errors import AwsFault, fault_of
from controller.aws.json_answers import answer_of
from controller.aws.json_client import OTHERWISE, RETRIED_CODES, JsonClient
from tests.unit.aws.test_json_client import LAMBDA, fails

ITEM = b'{"Item":{"pk":{"S":"bert"}}}'
ANSWER = {"Item": {"pk": {"S": "bert"}}}
RESET = b"RESET"


def http(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    sizes = f"Content-Length: {len(body) if length is None else length}"
    head = (f"HTTP/1.1 {status} X", sizes, "Connection: close", *headers, "", "")  # said: a client may be faster than the close
    return "\r\n".join(head).encode() + body


def refused(code: str) -> tuple[str, str]:
    return "ClientError", code


# What is sent, how often the call is tried (at most twice), and the result. The last column: whether boto3 does the same.
SENT: dict[str, tuple[bytes, int, Any, bool]] = {
    "a whole answer": (http(200, ITEM), 1, ANSWER, True),
    "its right checksum": (http(200, ITEM, f"x-amz-crc32: {crc32(ITEM)}"), 1, ANSWER, True),
    "a checksum that is no number": (http(200, ITEM, "x-amz-crc32: x"), 1, ANSWER, False),  # boto3: a traceback
    "a checksum of endless digits": (http(200, ITEM, f"x-amz-crc32: {'9' * 5000}"), 2, "ChecksumError", False),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + http(200, ITEM), 1, ANSWER, True),
    "another checksum": (http(200, ITEM, "x-amz-crc32: 1"), 2, "ChecksumError", False),  # boto3 tries twice, and then believes it
    "a list": (http(200, b"[]"), 2, "HTTPClientError", False),  # boto3: a traceback, as for the next ones
    "a text": (http(200, b'"x"'), 2, "HTTPClientError", False),
    "null": (http(200, b"null"), 2, "HTTPClientError", False),
    "a number": (http(200, b"3"), 2, "HTTPClientError", False),
    "too deep": (http(200, b"[" * 100_000), 2, "HTTPClientError", False),
    "no UTF-8": (http(200, b'{"a":"\xff"}'), 2, "HTTPClientError", False),
    "a page": (http(200, b"<html>"), 2, "HTTPClientError", False),  # boto3: no item, as for the next two
    "a length too small": (http(200, ITEM, length=9), 2, "HTTPClientError", False),
    "103 first": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + http(200, ITEM), 2, "ConnectionClosedError", False),
    "a length too large": (http(200, ITEM, length=99), 2, "ConnectionClosedError", False),  # boto3: the item
    "a chunk cut off": (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{", 2, "ConnectionClosedError", True),
    "reset in the body": (http(200, ITEM, length=99) + RESET, 2, "ConnectionClosedError", True),
    "reset in the headers": (b"HTTP/1.1 200 OK\r\nContent-Le" + RESET, 2, "ConnectionClosedError", True),
    "no HTTP": (b"hello\r\n\r\n", 2, "ConnectionClosedError", True),
    "nothing": (b"", 2, "ConnectionClosedError", True),
    "a redirect": (http(307, b"<a>", "Location: http://127.0.0.1:9/"), 1, refused("307"), True),  # it is not followed
    "a redirect for good": (http(301, b"", "Location: http://127.0.0.1:9/"), 1, refused("301"), True),
    "too large, by a proxy": (http(413, b"<h1>too large</h1>"), 1, refused("413"), True),
    "too large, by AWS": (http(413, b'{"__type":"a#RequestTooLarge","message":"m"}'), 1, refused("RequestTooLarge"), True),
    "a code with an address": (http(400, b'{"__type":"a#Foo:http://b/#c"}'), 1, refused("Foo"), True),
    "a refusal that is a list": (http(400, b"[]"), 1, refused("400"), False),  # boto3: a traceback
    "too many requests": (http(429, b""), 2, refused("429"), True),
    "a table under load": (http(400, b'{"__type":"a#ProvisionedThroughputExceededException"}'), 2,
                           refused("ProvisionedThroughputExceededException"), True),
    "a transaction under way": (http(400, b'{"__type":"a#TransactionInProgressException"}'), 2,
                                refused("TransactionInProgressException"), True),
    "a condition that fails": (http(400, b'{"__type":"a#ConditionalCheckFailedException"}'), 1,
                               refused("ConditionalCheckFailedException"), True),
    "a fault": (http(500, b'{"__type":"a#InternalServerError"}'), 2, refused("InternalServerError"), True),
}  # fmt: skip


@dataclass
class Odd:
    """A server that answers each request with the same bytes and closes the connection. ``requests`` are the requests it got."""

    sent: bytes = b""
    requests: int = 0
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection = self.listening.accept()[0]
            except OSError:
                return
            with connection:
                body = b""
                while not body.endswith(b"}"):  # the headers come before the body
                    if not (part := connection.recv(65_536)):
                        break
                    body += part
                else:
                    self.requests += 1
                    connection.sendall(self.sent.removesuffix(RESET))
                    if self.sent.endswith(RESET):
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture(scope="module")
def odd() -> Iterator[Odd]:
    server = Odd()
    threading.Thread(target=server.serve, daemon=True).start()
    yield server
    server.listening.close()


@pytest.fixture(scope="module")
def theirs(odd: Odd) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client(
        "dynamodb", endpoint_url=odd.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", config=config
    )


def outcome(client: Any, odd: Odd) -> tuple[int, Any]:
    odd.requests = 0
    try:
        found: Any = client.get_item(TableName="Spotwarden", Key={"pk": {"S": "bert"}})
        found.pop("ResponseMetadata")
    except ClientError as error:
        found = ("ClientError", error.response["Error"]["Code"])
    except BotoCoreError as error:
        found = type(error).__name__ if fault_of(error) is AwsFault.UNREACHABLE else error
    return odd.requests, found


@pytest.mark.parametrize("name", SENT)
def test_a_damaged_answer_is_tried_again_or_raised_as_boto3_raises_it(
    name: str, odd: Odd, theirs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    for setting in OTHERWISE:
        monkeypatch.delenv(setting, raising=False)
    for setting, value in {**LAMBDA, "AWS_ENDPOINT_URL_DYNAMODB": odd.url}.items():
        monkeypatch.setenv(setting, value)
    odd.sent, tries, wanted, same = SENT[name]
    ours = outcome(JsonClient("dynamodb", fails, connect_s=5, read_s=5, attempts=2), odd)
    assert ours == (tries, wanted)
    if same:
        assert outcome(theirs, odd) == ours


@pytest.mark.parametrize("name", ["a checksum of endless digits", "another checksum", "no HTTP"])
def test_an_error_is_not_its_own_cause(name: str, odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting, value in {**LAMBDA, "AWS_ENDPOINT_URL_DYNAMODB": odd.url}.items():
        monkeypatch.setenv(setting, value)
    odd.sent = SENT[name][0]
    with pytest.raises(BotoCoreError) as raised:
        JsonClient("dynamodb", fails, connect_s=5, read_s=5, attempts=1).get_item(
            TableName="Spotwarden", Key={"pk": {"S": "bert"}}
        )
    assert raised.value.__cause__ is not raised.value


def test_the_errors_that_are_tried_again_are_those_of_boto3() -> None:
    theirs = {*TransientRetryableChecker._TRANSIENT_ERROR_CODES, *ThrottledRetryableChecker._THROTTLED_ERROR_CODES}
    assert theirs <= RETRIED_CODES


@pytest.mark.parametrize("at", ["NaN", "1e999", "1e18", "[]", '"yesterday"', "true{"])
def test_a_job_whose_times_cannot_be_read_is_an_answer_that_cannot_be_read(
    at: str, odd: Odd, monkeypatch: pytest.MonkeyPatch
) -> None:
    for setting, value in {**LAMBDA, "AWS_ENDPOINT_URL_SAGEMAKER": odd.url}.items():
        monkeypatch.setenv(setting, value)
    odd.sent = http(200, f'{{"TrainingJobName":"bert","CreationTime":{at}}}'.encode())
    with pytest.raises(BotoCoreError, match="gave an answer to DescribeTrainingJob that cannot be read"):
        JsonClient("sagemaker", fails, connect_s=5, read_s=5, attempts=1).describe_training_job(TrainingJobName="bert")


@pytest.mark.parametrize(
    "at", ["1782864000", '"1782864000"', '"2026-07-01T00:00:00Z"', '"2026-07-01"', '"2026-07-01T02:00:00+02:00"']
)
def test_a_time_has_a_zone_however_it_is_written(at: str) -> None:
    body = f'{{"TrainingJobName":"bert","CreationTime":{at}}}'.encode()
    assert answer_of("DescribeTrainingJob", body, {}, 1, "u")["CreationTime"] == datetime(2026, 7, 1, tzinfo=UTC)
