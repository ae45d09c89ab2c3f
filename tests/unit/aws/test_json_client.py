"""JsonClient gives the answers and the exceptions of boto3, and is used in place of it only on Lambda."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from controller.aws.errors import fault_of
from controller.aws.json_client import OTHERWISE, SERVICES, JsonClient, usable
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.runtime.ports.answers import Unreachable
from infra.local.http_server import HttpServer, Request, Response
from tests.unit.aws.answers_of_aws import UNREACHABLE, client
from tests.unit.aws.sagemaker.test_described_members import JOB

LAMBDA = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_REGION": "eu-west-1"}
LAMBDA |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
FULL: dict[str, Any] = {
    **JOB, "TrainingEndTime": None, "FailureReason": "", "TrainingStartTime": "1793000000.25", "VpcConfig": {},
    "NewConfig": {"a": 1},
    "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": 1_793_000_000.123, "EndTime": None, "Odd": 1}],
    "LastModifiedTime": "2026-10-26T02:13:20Z", "EnableManagedSpotTraining": True,
}  # fmt: skip
BROKEN = b"<html>Service Unavailable</html>"


def refused(kind: str, **message: str) -> Response:
    return Response(status=400, body=json.dumps({"__type": kind, **message}).encode())


ANSWERS: dict[str, Callable[[], Response | None]] = {
    "a job": lambda: Response(body=json.dumps(FULL).encode()),
    "no such job": lambda: refused("ValidationException", message="Requested resource not found."),
    "a type with a namespace": lambda: refused("com.amazon#ThrottlingException", Message="Rate exceeded"),
    "a denied call": lambda: refused("AccessDeniedException", message="not authorized"),
    "a server's error": lambda: Response(status=503, body=BROKEN),
    "an answer that is no JSON": lambda: Response(status=200, body=BROKEN),
    "a closed connection": lambda: None,
}


@pytest.fixture(autouse=True)
def on_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHERWISE:
        monkeypatch.delenv(name, raising=False)
    for name, value in LAMBDA.items():
        monkeypatch.setenv(name, value)


def fails() -> Any:
    raise AssertionError("boto3 is not needed")


def json_client(url: str, monkeypatch: pytest.MonkeyPatch, service: str = "sagemaker", attempts: int = 1) -> JsonClient:
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", url)
    return JsonClient(service, fails, connect_s=5, read_s=5, attempts=attempts)


def outcome(of: Any) -> Any:
    try:
        found = of.describe_training_job(TrainingJobName="bert")
    except ClientError as error:
        return "ClientError", error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"], fault_of(error)
    except BotoCoreError as error:
        return fault_of(error)
    return {name: value for name, value in found.items() if name not in ("ResponseMetadata", "unaccounted members")}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_and_an_error_are_those_of_boto3(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpServer(lambda _: ANSWERS[name]()) as server:
        ours, theirs = outcome(json_client(server.url, monkeypatch)), outcome(client("sagemaker", server.url))
    if name in ("a server's error",):  # the page itself is boto3's message
        ours, theirs = (ours[0], ours[2:]), (theirs[0], theirs[2:])
    assert ours == theirs or (name == "an answer that is no JSON" and ours == "unreachable")


def test_a_job_is_the_same_job_from_both(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Response:
        listing = request.header("x-amz-target").endswith("ListTags")
        return Response(body=json.dumps({"Tags": [{"Key": "a", "Value": "b"}], "NextToken": None} if listing else FULL).encode())

    with HttpServer(answer) as server:
        clients = json_client(server.url, monkeypatch), client("sagemaker", server.url)
        ours, theirs = (SageMakerJobs(one, key="k").describe("bert") for one in clients)
    assert ours is not None
    assert ours == theirs
    assert ours.unaccounted == ("NewConfig", "SecondaryStatusTransitions.Odd")


def test_a_service_that_cannot_be_reached_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable):
        SageMakerJobs(json_client(UNREACHABLE, monkeypatch)).describe("bert")


def test_a_call_that_takes_too_long_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", f"http://127.0.0.1:{silent.getsockname()[1]}")
        slow = JsonClient("sagemaker", fails, connect_s=5, read_s=0.05, attempts=1)
        assert outcome(slow) == "unreachable"


def test_the_second_try_is_made_for_what_passes_and_not_for_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    answers: list[Response | None] = []
    with HttpServer(lambda _: answers.pop(0)) as server:
        tries = json_client(server.url, monkeypatch, attempts=2)
        for first in (ANSWERS["a server's error"](), ANSWERS["a type with a namespace"](), None):
            answers[:] = [first, ANSWERS["a job"]()]
            assert outcome(tries)["TrainingJobName"] == "bert"
        answers[:] = [ANSWERS["a denied call"](), ANSWERS["a job"]()]
        assert outcome(tries)[0] == "ClientError"
        assert len(answers) == 1


def test_a_connection_that_the_service_closed_meanwhile_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = Response(body=json.dumps(FULL).encode(), headers={"Connection": "close"})
    with HttpServer(lambda _: closing) as server:
        one = json_client(server.url, monkeypatch)
        one.connect()
        assert [outcome(one)["TrainingJobName"] for _ in range(3)] == ["bert"] * 3


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS; its certificate, for localhost, is in ``tmp_path``."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day, now, named = timedelta(days=1), datetime.now(UTC), x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - day).not_valid_after(now + day).add_extension(named, critical=False)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "tls.pem").write_bytes(pem + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem")
    return context


def test_a_connection_that_was_opened_before_the_first_call_serves_it_with_tls_too(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def serve(listening: socket.socket) -> None:
        for requests in (2, 1):
            with tls.wrap_socket(listening.accept()[0], server_side=True) as one:
                seen.append(str(one.version()))
                for _ in range(requests):
                    while not (part := one.recv(65_536)).endswith(b"}"):  # the headers come before the body
                        if not part:
                            return
                    one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = threading.Thread(target=serve, args=(listening,), daemon=True)
        served.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", f"https://localhost:{listening.getsockname()[1]}")
        trust = partial(ssl.create_default_context, cafile=str(tmp_path / "tls.pem"))
        one = JsonClient("sagemaker", fails, connect_s=5, read_s=5, attempts=1, trust=trust)
        one.connect()
        assert one._connection is not None
        select.select([one._connection.sock], [], [], 5)  # the server's tickets have come
        for _ in range(2):
            one.list_tags(ResourceArn="x")
        assert seen == ["TLSv1.3"]
        select.select([one._connection.sock], [], [], 5)  # the server has closed it
        one.list_tags(ResourceArn="x")
        assert seen == ["TLSv1.3"] * 2


def test_a_transaction_has_a_token_so_that_a_repeated_one_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    asked: list[dict[str, Any]] = []

    def answer(request: Request) -> Response:
        asked.append(json.loads(request.body))
        return Response(status=503 if len(asked) == 1 else 200, body=b"{}")

    with HttpServer(answer) as server:
        json_client(server.url, monkeypatch, "dynamodb", attempts=2).transact_write_items(TransactItems=[])
    assert asked[0] == asked[1]
    assert len(asked[0]["ClientRequestToken"]) == 32


def test_bytes_are_bytes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Request) -> Response:
        return Response(body=json.dumps({"Item": json.loads(request.body)["Item"]}).encode())

    item = {"zip": {"B": b"\x00\xff"}, "map": {"M": {"B": {"S": "text"}}}, "B": {"S": "AAAA"}}
    with HttpServer(answer) as server:
        assert json_client(server.url, monkeypatch, "dynamodb").put_item(Item=item)["Item"] == item


@pytest.mark.parametrize(
    "changes",
    [
        {"AWS_LAMBDA_RUNTIME_API": ""}, {"AWS_ACCESS_KEY_ID": ""}, {"AWS_REGION": "us-gov-west-1"}, {"AWS_REGION": "cn-north-1"},
        {"AWS_REGION": "us-iso-east-1"}, {"AWS_REGION": "eusc-de-east-1"}, *({name: "x"} for name in OTHERWISE),
    ],
)  # fmt: skip
def test_elsewhere_or_where_the_environment_asks_for_more_boto3_makes_every_call(
    changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert usable("dynamodb")
    assert not usable("s3")
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    assert not usable("dynamodb")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-5", "il-central-1", "mx-central-1"])
def test_the_address_is_that_of_boto3(service: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    monkeypatch.setenv("AWS_REGION", region)
    for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{SERVICES[service].setting}"):
        monkeypatch.delenv(name, raising=False)
    theirs = boto3.client(service, region_name=region, aws_access_key_id="a", aws_secret_access_key="b").meta.endpoint_url
    assert JsonClient(service, fails, connect_s=1, read_s=1, attempts=1).url == theirs


def test_every_other_call_is_boto3_s_and_its_client_is_built_once() -> None:
    built: list[str] = []

    class Boto:
        def stop_training_job(self, **_: Any) -> str:
            return "stopped"

    def build() -> Boto:
        built.append("once")
        return Boto()

    one = JsonClient("sagemaker", build, connect_s=1, read_s=1, attempts=1)
    assert [one.stop_training_job(), one.stop_training_job(), built] == ["stopped", "stopped", ["once"]]
