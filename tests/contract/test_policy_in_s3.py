"""The policy document in S3, read with boto3: the newest valid version is in force in all containers, an invalid one never."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from urllib3 import HTTPResponse

from controller.aws.dynamodb.revisions import DynamoRevisions
from controller.aws.dynamodb.table import Table
from controller.aws.reloaded_policy import ReloadedPolicies
from controller.aws.s3_policy import InvalidPolicyUri, S3PolicyDocument, bucket_and_key
from controller.policy.compiled_document import BYTES_MAX, document_text, revision_of
from controller.policy.mode import Mode
from controller.policy.rules.rule_kinds import RULE_KINDS
from infra.local import aws
from tests.builders import BEGIN
from tests.contract.conftest import TABLES
from tests.put_in_force import in_force_since

BUCKETS = (f"policies-{number}" for number in count(1))
KEY = "spotwarden/policies.json"
MINUTE = timedelta(minutes=1)


def document(*names: str) -> dict[str, Any]:
    """A compiled document with a rule in mode enforce for each name."""
    rule = {
        "kind": "max-runtime-limit", "options": {"at_most_s": 60}, "match": {}, "mode": "enforce", "severity": "high",
        "action": "stop", "applies_to": "new", "channel": "#ml",
    }  # fmt: skip
    content = {"version": 1, "channel": "#ml", "rules": [{**rule, "name": name} for name in names], "resubmit": []}
    return {**content, "revision": revision_of(content)}


PACKAGED, FIRST, SECOND, THIRD = document("packaged"), document("first"), document("first", "second"), document("third")


@dataclass
class Stack:
    """A bucket, a ledger, and containers that use them."""

    s3: Any
    bucket: str
    table: str
    ledger: DynamoRevisions
    now: datetime = BEGIN
    requests: list[str] = field(default_factory=list)

    def write(self, content: Mapping[str, Any] | bytes) -> None:
        body = content if isinstance(content, bytes) else document_text(content).encode()
        self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=body)

    def container(self, *, decides: bool = True) -> ReloadedPolicies:
        source = S3PolicyDocument(self.s3, f"s3://{self.bucket}/{KEY}") if decides else None
        return ReloadedPolicies(source, lambda: PACKAGED, lambda: self.now)

    def invoke(self, policies: ReloadedPolicies) -> str:
        """Run one invocation. Returns the name of the last rule in force."""
        policies.begin(self.ledger)
        return policies.current().rules[-1].name

    def answer(self, broken: Callable[[], AWSResponse]) -> Any:
        """Set S3's response to GetObject from now on."""
        return self.s3.meta.events.register_first("before-send.s3.GetObject", lambda **_: broken(), unique_id="broken")


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[aws.Local, Any, Any]]:
    with aws.start(dynamodb=aws.ATOMIC) as local:
        yield local, local.client("s3"), local.client("dynamodb")


@pytest.fixture
def stack(clients: tuple[aws.Local, Any, Any]) -> Iterator[Stack]:
    local, s3, dynamodb = clients
    bucket = next(BUCKETS)
    s3.create_bucket(Bucket=bucket)
    table = aws.create_table(local.dynamodb_url, next(TABLES))
    found = Stack(s3, bucket, table, DynamoRevisions(Table(dynamodb, table)))

    def note(http_response: Any, **_: Any) -> None:
        found.requests.append(http_response.status_code)

    s3.meta.events.register("after-call.s3.GetObject", note, unique_id="note")
    yield found
    s3.meta.events.unregister("after-call.s3.GetObject", unique_id="note")
    s3.meta.events.unregister("before-send.s3.GetObject", unique_id="broken")


def test_a_new_version_is_in_force_within_a_minute_in_every_container(stack: Stack) -> None:
    stack.write(FIRST)
    one, other, reader = stack.container(), stack.container(), stack.container(decides=False)
    assert [stack.invoke(each) for each in (one, other, reader)] == ["first"] * 3
    stack.write(SECOND)
    stack.now += MINUTE
    assert [stack.invoke(each) for each in (one, other, reader)] == ["second"] * 3
    assert {each.current().in_force_at for each in (one, other, reader)} == {BEGIN + MINUTE}


def test_the_policy_is_the_same_for_all_of_one_invocation(stack: Stack) -> None:
    stack.write(FIRST)
    container = stack.container()
    assert stack.invoke(container) == "first"
    stack.write(SECOND)
    stack.now += MINUTE
    assert container.current().rules[-1].name == "first"
    assert stack.invoke(container) == "second"


def test_a_version_that_did_not_change_is_not_sent_again_and_a_busy_container_asks_twice_a_minute(stack: Stack) -> None:
    stack.write(FIRST)
    container = stack.container()
    for _ in range(13):
        stack.invoke(container)
        stack.now += timedelta(seconds=10)
    assert stack.requests == [200, 304, 304, 304, 304]


BAD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no JSON": lambda: b"version: 1\nrules: []",
    "cut off": lambda: document_text(SECOND).encode()[:-40],
    "too large": lambda: document_text(SECOND).encode() + b" " * BYTES_MAX,
    "an older form": lambda: json.dumps({name: value for name, value in SECOND.items() if name != "version"}).encode(),
    "a later form": lambda: json.dumps({**SECOND, "version": 2}).encode(),
    "changed by hand": lambda: document_text({**SECOND, "rules": SECOND["rules"][1:]}).encode(),
    "a kind that this code does not know": lambda: _forged(kind="power-limit"),
    "a key that this code does not know": lambda: _forged(unless={}),
    "an option of another type": lambda: _forged(options={"at_most_s": "1h"}),
}


def _forged(**changes: Any) -> bytes:
    content = {**SECOND, "rules": [{**rule, **changes} for rule in SECOND["rules"]]}
    return document_text({**content, "revision": revision_of(content)}).encode()


def test_a_bad_version_changes_nothing_in_running_and_in_fresh_containers(stack: Stack) -> None:
    stack.write(FIRST)
    running, reader = stack.container(), stack.container(decides=False)
    assert [stack.invoke(each) for each in (running, reader)] == ["first"] * 2
    for why, content in BAD.items():
        stack.write(content())
        version = stack.s3.head_object(Bucket=stack.bucket, Key=KEY)["ETag"]
        stack.now += MINUTE
        for container in (running, stack.container()):
            assert stack.invoke(container) == "first", why
            assert container.current().rules[-1].mode is Mode.ENFORCE
            assert container.current().in_force_at == BEGIN
            refused = container.refused()
            assert refused is not None
            assert (refused.version, refused.passing, refused.place) == (version, False, f"s3://{stack.bucket}/{KEY}")
    assert [stack.invoke(each) for each in (reader, stack.container(decides=False))] == ["first"] * 2
    stack.now += MINUTE
    stack.invoke(running)
    assert running.refused() is not None
    assert stack.requests[-1] == 304  # a bad version is not downloaded again, and stays refused
    stack.write(SECOND)
    stack.now += MINUTE
    assert stack.invoke(running) == "second"
    assert running.refused() is None


def _response(status: int, body: bytes = b"", length: int | None = None) -> AWSResponse:
    headers = {"Content-Length": str(len(body) if length is None else length), "ETag": '"e"'}
    raw = HTTPResponse(io.BytesIO(body), headers=headers, status=status, preload_content=False)
    return AWSResponse("https://s3", status, headers, raw)


def _error(status: int, code: str) -> AWSResponse:
    return _response(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())


def _raise(error: Exception) -> AWSResponse:
    raise error


UNREAD: dict[str, tuple[Callable[[], AWSResponse], bool]] = {
    "the object is deleted": (lambda: _error(404, "NoSuchKey"), False),
    "the bucket is deleted": (lambda: _error(404, "NoSuchBucket"), False),
    "access is denied": (lambda: _error(403, "AccessDenied"), False),
    "its key is disabled": (lambda: _error(400, "KMS.DisabledException"), False),
    "S3 throttles": (lambda: _error(503, "SlowDown"), True),
    "S3 has a fault": (lambda: _error(500, "InternalError"), True),
    "S3 has a fault without a word": (lambda: _response(500), True),
    "nothing connects": (lambda: _raise(ConnectTimeoutError(endpoint_url="https://s3")), True),
    "nothing answers": (lambda: _raise(ReadTimeoutError(endpoint_url="https://s3")), True),
    "the connection breaks": (lambda: _response(200, document_text(SECOND).encode()[:50], length=500), True),
}


def test_what_cannot_be_read_changes_nothing(stack: Stack) -> None:
    stack.write(FIRST)
    running = stack.container()
    stack.invoke(running)
    for why, (broken, passing) in UNREAD.items():
        stack.answer(broken)
        stack.now += MINUTE
        for container in (running, stack.container()):
            assert stack.invoke(container) == "first", why
            refused = container.refused()
            assert refused is not None, why
            assert (refused.version, refused.passing) == ("", passing), why
        stack.s3.meta.events.unregister("before-send.s3.GetObject", unique_id="broken")
        stack.now += 3 * MINUTE  # without a response, S3 is called less often
        assert stack.invoke(running) == "first"
        assert running.refused() is None


def test_an_s3_that_does_not_answer_is_asked_every_third_minute(stack: Stack) -> None:
    stack.write(FIRST)
    policies = stack.container()
    assert stack.invoke(policies) == "first"
    asked: set[datetime] = set()

    def silent() -> AWSResponse:
        asked.add(stack.now)
        raise ReadTimeoutError(endpoint_url="s3")

    stack.answer(silent)
    for _ in range(30):
        stack.now += MINUTE
        assert stack.invoke(policies) == "first"
    assert len(asked) <= 11
    stack.s3.meta.events.unregister("before-send.s3.GetObject", unique_id="broken")
    stack.write(SECOND)
    stack.now += 3 * MINUTE
    assert stack.invoke(policies) == "second"


def test_a_container_that_missed_the_last_good_version_takes_it_from_the_ledger(stack: Stack) -> None:
    stack.write(FIRST)
    late, other = stack.container(), stack.container()
    stack.invoke(late)
    stack.write(SECOND)
    stack.invoke(other)
    stack.write(b"{}")
    stack.now += MINUTE
    assert stack.invoke(late) == "second"


def test_where_no_version_was_ever_good_the_packaged_policy_enforces_nothing(stack: Stack) -> None:
    stack.write(b"{}")
    for container in (stack.container(), stack.container(decides=False)):
        assert stack.invoke(container) == "packaged"
        assert [rule.mode for rule in container.current().rules] == [Mode.WARN]
        assert container.current().stands_in
    assert stack.ledger.current() is None


@pytest.mark.parametrize("document_kept", [True, False])
def test_a_packaged_policy_that_was_in_force_before_stays_whole(document_kept: bool, stack: Stack) -> None:
    in_force_since(stack.ledger, PACKAGED["revision"], BEGIN, PACKAGED if document_kept else None)
    stack.write(b"{}")
    stack.now += MINUTE
    container = stack.container()
    assert stack.invoke(container) == "packaged"
    assert (container.current().rules[0].mode, container.current().in_force_at) == (Mode.ENFORCE, BEGIN)


def test_a_kept_document_that_this_code_cannot_read_stands_aside(stack: Stack) -> None:
    in_force_since(stack.ledger, "0123456789ab", BEGIN, {"version": 0})
    stack.write(b"{}")
    assert stack.invoke(stack.container()) == "packaged"


def test_a_rollback_begins_a_new_interval_also_in_a_container_that_missed_the_version_between(stack: Stack) -> None:
    stack.write(FIRST)
    late = stack.container()
    stack.invoke(late)
    for content in (SECOND, FIRST):
        stack.write(content)
        stack.now += MINUTE
        stack.invoke(stack.container())
    assert stack.invoke(late) == "first"
    assert late.current().in_force_at == BEGIN + 2 * MINUTE


def test_a_function_that_decides_nothing_reads_no_object_and_writes_no_row(stack: Stack) -> None:
    stack.write(FIRST)
    reader = stack.container(decides=False)
    assert stack.invoke(reader) == "packaged"
    assert stack.requests == []
    assert stack.ledger.current() is None
    stack.invoke(stack.container())
    stack.now += MINUTE
    assert stack.invoke(reader) == "first"


@pytest.mark.parametrize(
    "uri", ["", "policies.json", "s3://b/k", "s3://bucket", "s3://bucket/", "s3://bucket/a/", "s3://bucket/*", "s3://bucket/a?",
            "s3://Bucket/a", "https://bucket/a", "s3://bucket/a b", "s3://bucket/${a}", "s3://bucket/a,b"],
)  # fmt: skip
def test_an_address_that_is_none_or_a_pattern_is_refused(uri: str) -> None:
    with pytest.raises(InvalidPolicyUri, match="wanted s3://BUCKET/KEY"):
        bucket_and_key(uri)


def test_the_kinds_of_the_test_exist() -> None:
    assert {rule["kind"] for rule in SECOND["rules"]} <= set(RULE_KINDS)


class Frozen:
    """A boto3 client that counts its calls, and stops before one of them while a function runs."""

    def __init__(self, client: Any, calls: Iterator[int], at: int, meanwhile: Callable[[], None]) -> None:
        self._client, self._calls, self._at, self._meanwhile = client, calls, at, meanwhile

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            if next(self._calls) == self._at:
                self._meanwhile()
            return getattr(self._client, name)(**asked)

        return call


MEANWHILE: dict[str, tuple[Mapping[str, Any], ...]] = {
    "the next version": (SECOND,),
    "the version before": (FIRST,),
    "a version and back": (SECOND, FIRST),
    "two versions": (SECOND, THIRD),
}


SHOWN = {(2, "two versions"), (4, "the version before"), (5, "a version and back")}  # the nightly run tries all
CALLS = 5  # S3, the current row, the document, the new row, S3 again


def interleavings() -> list[Any]:
    every = ((at, name) for at in range(1, CALLS + 1) for name in MEANWHILE)
    return [one if one in SHOWN else pytest.param(*one, marks=pytest.mark.nightly) for one in every]


@pytest.mark.parametrize(("at", "name"), interleavings())
def test_an_older_reading_never_replaces_a_newer_one_wherever_a_function_stands_still(
    stack: Stack, clients: tuple[aws.Local, Any, Any], at: int, name: str
) -> None:
    _, _, dynamodb = clients
    stack.write(FIRST)
    stack.invoke(stack.container())
    stack.now += MINUTE
    stack.write(document("middle"))  # the version that the stopped function has read, or reads next
    begun: list[datetime] = []

    def meanwhile() -> None:
        for content in MEANWHILE[name]:
            stack.write(content)
            stack.now += MINUTE
            assert stack.invoke(stack.container()) == content["rules"][-1]["name"]
            begun.append(stack.now)

    calls = count(1)
    slow = ReloadedPolicies(
        S3PolicyDocument(Frozen(stack.s3, calls, at, meanwhile), f"s3://{stack.bucket}/{KEY}"),
        lambda: PACKAGED,
        lambda: stack.now,
    )
    slow.begin(DynamoRevisions(Table(Frozen(dynamodb, calls, at, meanwhile), stack.table)))
    newest, used, current = MEANWHILE[name][-1]["revision"], slow.current(), stack.ledger.current()
    assert current is not None
    assert begun != []
    assert (used.revision, current.revision) == (newest, newest)
    never_left = name == "the version before" and at < CALLS  # no other container saw the version between
    assert current.since == (BEGIN if never_left else begun[-1])
