"""Rows of functions that never submit cannot mislead or stop functions that do. Rows with garbage are ignored."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import wiring
from controller.aws.dynamodb.items import stamp, write
from controller.aws.dynamodb.keys import key
from controller.ledger.entry import Measured, Started
from controller.ledger.halt import Halt
from controller.ledger.messages.kind import MessageKind
from controller.ledger.pool import PoolMemory
from controller.runtime.ports.outbox import Message
from controller.savings.attempt_savings import Savings
from controller.savings.rollup import Group, Rollup
from controller.units.money import Rate
from infra.function_permissions import FUNCTIONS
from infra.local.host import TABLE, Host
from tests.security.lab import entries, lab, launch, messages, next_name, on_call, request, run, status, texts
from tests.security.test_request_rows import SUBMITTING, allows

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop, applies_to: new}
resubmit:
  - name: again
    mode: enforce
    within: 6h
    causes: {internal: {limit: 2, backoff: {first: 1m}}}
    ladder: [same, {instance_types: [ml.g5.xlarge, ml.g5.2xlarge]}]
    cap: {lineage_usd: 500}
"""
_BOMB = zlib.compressobj(9)
BOMB = b"".join(_BOMB.compress(b" " * 2**20) for _ in range(20)) + _BOMB.flush()  # 20 MB of blanks, compressed to 20 kB
GARBAGE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no kind": {"schema": {"N": "1"}},
    "another kind": {**write(Halt(why="x", who="y", since=wiring.clock().now()))},
    "a newer schema": {"schema": {"N": "99"}, "kind": {"S": "Rate"}, "body": {"M": {}}},
    "no body": {"schema": {"N": "1"}, "kind": {"S": "PoolMemory"}, "body": {"S": "x"}},
    "a time without a zone": {
        "schema": {"N": "1"}, "kind": {"S": "Signal"}, "at": {"S": "2026-11-16T00:00:00"},
        "body": {"M": {name: {"S": "2026-11-16T00:00:00"} for name in ("at", "kind", "instance_id", "family", "region")}},
    },
    "another type": {"schema": {"S": "1"}, "kind": {"N": "1"}, "version": {"S": "x"}, "at": {"N": "7"}, "body": {"L": []}},
}  # fmt: skip
# Partitions that functions write which never submit, and the sort keys that are read there.
ROWS = {
    "digests": [("pool#us-east-1/ml.g5.xlarge", "2026-11-16"), ("late", "x"), ("late", "2026-11-31#x"), ("late", "2026-11-15#x")],
    "prices": [("price#us-east-1", "ml.g5.xlarge#2026-11-16"), ("price#us-east-1", "#"), ("late", "#")],
    "market_signalled": [("signal#2026-11-16", "x"), ("signal#2026-11-16", "refused/8f2c")],
    "drain": [("cursor", "discover"), ("cursor", "discover/position"), ("cursor", "discover-again")],
}


def put(pk: str, sk: str, attributes: dict[str, Any]) -> None:
    wiring.client("dynamodb").put_item(TableName=TABLE, Item={**key(pk, sk), **attributes})


def garbage_of(number: int) -> dict[str, Any]:
    """Rows with each kind of garbage."""
    return list(GARBAGE.values())[number % len(GARBAGE)]


@pytest.mark.parametrize("offset", [0, *(pytest.param(offset, marks=pytest.mark.nightly) for offset in (2, 5))])
def test_garbage_in_the_rows_of_functions_that_never_submit_suppresses_no_message(offset: int) -> None:
    with lab(POLICY) as host:
        run(host, hours=2)  # until discover has stored its position
        for function, places in ROWS.items():
            for number, (pk, sk) in enumerate(places):
                assert allows(function, "dynamodb:PutItem", pk), (function, pk)
                put(pk, sk, garbage_of(number + offset))
        launch(host, request("offender", "vision", spot=False, runtime_h=20, work_s=60_000))
        launch(host, request("fails", "vision", work_s=900, fails_with="internal", fails_times=1))
        run(host, hours=30)  # includes a digest, and a day that is closed
        assert status(host, "offender") == "Stopped"
        assert status(host, next_name(host, "fails")) == "Completed"
        assert len(entries(host, "fails", Measured)) == 2
        assert "trigger failed" not in log_of(host)
        assert messages(host)
        assert wiring.ports().ledger.days.closed_until() is not None


def log_of(host: Host) -> str:
    host.log.flush()
    with open(host.log.name, encoding="utf-8") as log:
        return log.read()


@pytest.mark.parametrize("garbage", ["nothing", "another kind", "another type"])
def test_a_halt_that_cannot_be_read_is_a_halt_and_recording_goes_on(garbage: str) -> None:
    """The API's function may write this row. With it, an attacker can halt the controller, as with the button, and no more."""
    with lab(POLICY) as host:
        assert allows("api_handler", "dynamodb:PutItem", "halt")
        put("halt", "halt", GARBAGE[garbage])
        launch(host, request("offender", "vision", spot=False, runtime_h=20, work_s=600))
        run(host, hours=3)
        assert status(host, "offender") == "Completed"
        assert len(entries(host, "offender", Started)) == len(entries(host, "offender", Measured)) == 1
        wiring.ports().ledger.halts.set_halt(None)
        launch(host, request("second", "vision", spot=False, runtime_h=20, work_s=60_000))
        run(host, hours=1)
        assert status(host, "second") == "Stopped"


# ── since when the policy is in force, and where discover stands ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"])
def test_only_functions_that_decide_write_since_when_the_policy_is_in_force_and_where_discover_stands(action: str) -> None:
    for function in FUNCTIONS:
        for pk in ("policy", "discover"):
            assert allows(function, action, pk) is (function in SUBMITTING), (function, pk)


def writes_of(host: Host, *functions: str) -> list[str]:
    """The partitions that these functions write if they run now."""
    seen: list[str] = []

    def record(operation: str, body: str) -> None:
        if operation in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"):
            seen.append(body)

    end = on_call(wiring.client("dynamodb"), record)
    try:
        for function in functions:
            host.bus.fire(function)
    finally:
        end()
    return seen


def test_a_function_that_decides_nothing_does_not_begin_an_interval_of_the_policy() -> None:
    with lab(POLICY) as host:
        bodies = writes_of(host, "drain", "digests", "prices")
        assert bodies
        assert not [body for body in bodies if '"policy"' in body]
        assert wiring.client("dynamodb").get_item(TableName=TABLE, Key=key("policy", "current")).get("Item") is None
        launch(host, request("one", "vision", work_s=600))
        run(host, minutes=5)
        assert wiring.client("dynamodb").get_item(TableName=TABLE, Key=key("policy", "current"))["Item"]


def test_a_forged_position_in_the_shared_partition_stops_no_pass_of_discover() -> None:
    with lab(POLICY) as host:
        run(host, hours=2)
        far = {"at": {"S": "2999-01-01T00:00:00.000000Z"}, "schema": {"N": "1"}}
        for name in ("discover", "discover-again"):
            put("cursor", name, far)
            position = {"upto": far["at"], "token": {"S": ""}, "names": {"L": []}, "schema": {"N": "1"}}
            put("cursor", f"{name}/position", position)
        host.world.launch(dict(request("unheard", "vision", spot=False, runtime_h=20, work_s=60_000)))
        with host.server.lock:
            host.world.drain_events()  # so that its event is lost
        run(host, hours=2)
        assert status(host, "unheard") == "Stopped"


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_garbage_in_the_outbox_holds_up_no_message() -> None:
    """The function of digests may write there: rows that cannot be read or sent, or that have another key."""
    with lab(POLICY) as host:
        launch(host, request("warm-up", "ads", work_s=60))
        run(host, hours=1)
        assert allows("digests", "dynamodb:PutItem", "outbox##ml")
        for number in range(63):
            put("outbox##ml", f"2026-11-16T00:00:00.000000Z#{number}", garbage_of(number))
        at = host.clock.at
        untold = Message(key="untold", channel="#ml", at=at, kind=MessageKind.FLAGGED, facts="[" * 5000)
        bad = [
            untold,
            replace(untold, key="wrong", facts='{"job": 7}'),
            Message(key="plain", channel="#ml", at=at, plain="[" * 9000),
            Message(key="native", channel="#ml", at=at, native="{}", plain="7"),
            Message(key="card", channel="#ml", at=at, thread="a/b/c"),
        ]
        for message in bad:
            put("outbox##ml", f"{stamp(at)}#{message.key}", write(message))
        again = Message(key="again and again", channel="#ml", at=at, words=("hi",))
        put("outbox##ml", "2026-11-16T00:00:00.000000Z#elsewhere", write(again))
        for number in range(len(GARBAGE)):
            for pk in ("shelf##ml", "aside", "post##ml"):
                put(pk, str(number), garbage_of(number))
        launch(host, request("offender", "vision", spot=False, runtime_h=20, work_s=60_000))
        run(host, hours=30)
        assert "*offender*" in texts(host)
        assert not any(message.text == "hi" for message in messages(host))
        assert wiring.ports().outbox.channels() == []


# ── rollups ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def zipped(text: str) -> dict[str, Any]:
    return {"zip": {"B": zlib.compress(text.encode())}}


BAD_ROLLUPS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "not zipped": {"zip": {"B": b"x"}},
    "half": {"zip": {"B": zlib.compress(b"[]" * 1000)[:-9]}},
    "unfolds to 20 MB": {"zip": {"B": BOMB}},
    "nested": zipped("[" * 100_000),
    "a list": zipped("[]"),
    "another shape": zipped('{"fields": [], "groups": [[1]], "counts": []}'),
    "a text for a figure": zipped('{"fields": ["attempts"], "groups": [["a", "b", "c", "d", "e", "many"]], "counts": []}'),
    "an infinite figure": zipped('{"fields": ["attempts"], "groups": [["a", "b", "c", "d", "e", Infinity]], "counts": []}'),
    "a figure of many digits": zipped('{"fields": [], "groups": [], "counts": [["entry", "a", "b", 1%s]]}' % ("0" * 4000)),
    "a list for a team": zipped('{"fields": [], "groups": [], "counts": [["entry", [], "b", 1]]}'),
}


def test_rollups_that_cannot_be_read_are_no_rollups_and_hold_up_no_digest() -> None:
    with lab(POLICY) as host:
        assert allows("digests", "dynamodb:PutItem", "rollup")
        good = Rollup(groups={Group("vision", "ada", "x", "ml.g5.xlarge", "us-east-1"): Savings(attempts=3)})
        today, days = host.clock.at.date(), wiring.ports().ledger.days
        for number, row in enumerate(BAD_ROLLUPS.values(), 2):
            put("rollup", f"{today - timedelta(days=number)}#00", row)
        put("rollup", "2026-11-31#00", {})
        days.put_rollup(today - timedelta(days=1), good)
        assert dict(days.rollups(today - timedelta(days=60), today)) == {today - timedelta(days=1): good}
        host.bus.fire("digests")
        assert '"failed"' not in log_of(host)


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def host() -> Iterator[Host]:
    with lab(POLICY.replace("lineage_usd: 500", "lineage_usd: 1")) as running:
        yield running


@pytest.mark.parametrize("micros", [0, -(10**9), 10**14, 1])
def test_a_forged_price_buys_nothing_under_a_cap(host: Host, micros: int) -> None:
    """An attempt that costs $50 is refused under a cap of $1, also with a forged price of $0.0001, zero or less."""
    assert allows("prices", "dynamodb:PutItem", "price#us-east-1")
    day = host.clock.at.date()
    rate = Rate(micros_per_h=micros, as_of=day, source="forged" * 10_000)
    put("price#us-east-1", f"ml.g5.xlarge#{day}", write(rate))
    put("price#us-east-1", f"ml.g5.2xlarge#{day}", write(rate))
    launch(host, request("fails", "vision", runtime_h=40, wait_h=60, work_s=900, fails_with="internal", fails_times=1))
    run(host, hours=3)
    assert set(host.world.jobs) == {"fails"}
    [measured] = entries(host, "fails", Measured)
    assert measured.rate_micros_per_h is None or measured.rate_micros_per_h > 0


def test_impossible_figures_of_a_pool_are_ignored(host: Host) -> None:
    day = host.clock.at.date()
    memory = PoolMemory(instance_type="ml.g5.xlarge", region="us-east-1", exposure_s=-36_000, interruptions=-5)
    put("pool#us-east-1/ml.g5.xlarge", str(day), write(memory))
    found = wiring.ports().ledger.pools.memory("ml.g5.xlarge", "us-east-1", host.clock.at - timedelta(days=1))
    assert (found.exposure_s, found.interruptions) == (0, 0)
    assert stamp(host.clock.at)
