"""A gate forwards calls, and kills the caller before or after the n-th call. The seed decides the kills."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from infra.local.http_server import HttpServer, Request, Response
from tests.chaos.gate import Gates, Moment, Trap
from tests.chaos.kills import Kills


def ask(url: str, target: str = "", body: str = "body") -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
    connection.request("POST", "/x", body, {"X-Name": "bert", "X-Amz-Target": target})
    return connection.getresponse().read().decode()


@pytest.mark.parametrize(("moment", "carried_out"), [(Moment.BEFORE_CALL, 1), (Moment.AFTER_CALL, 2)])
def test_the_second_call_ends_the_caller_before_or_after_it_was_carried_out(moment: Moment, carried_out: int) -> None:
    came: list[Request] = []
    killed: list[bool] = []
    with HttpServer(lambda request: came.append(request) or Response(body=b"done")) as service, Gates() as gates:
        url = gates.before(f"{service.url}/api/")
        assert url.endswith("/api/")
        gates.trap = Trap(moment, 2, lambda: killed.append(True))
        assert ask(url) == "done"
        with pytest.raises(http.client.RemoteDisconnected):
            ask(url)
        assert ask(url) == "done"
    assert (killed, gates.calls.total()) == ([True], 3)
    assert len(came) == carried_out + 1
    assert (came[0].method, came[0].path, came[0].body, came[0].header("X-Name")) == ("POST", "/x", b"body", "bert")


def test_calls_are_counted_by_operation_and_transactions_by_their_rows_too() -> None:
    rows = json.dumps({"TransactItems": [{"Put": {}}, {"Put": {}}, {"Delete": {}}]})
    with HttpServer(lambda _: Response(body=b"done")) as service, Gates() as gates:
        url = gates.before(service.url)
        ask(url)
        ask(url, "DynamoDB_20120810.GetItem")
        ask(url, "DynamoDB_20120810.TransactWriteItems", rows)
    assert gates.calls == {"POST": 1, "GetItem": 1, "TransactWriteItems": 1, "TransactedRow": 3}


def test_the_same_seed_draws_the_same_deaths() -> None:
    def drawn(seed: int) -> list[object]:
        with Gates() as gates:
            kills = Kills(seed, 0.5, gates)
            found: list[object] = []
            for _ in range(40):
                kills.arm("sweep", lambda: None)
                found.append((gates.trap.moment, gates.trap.calls_left) if gates.trap else None)
                kills.disarm("sweep", 0.1, died=gates.trap is not None)
            assert sum(kills.count.values()) == sum(one is not None for one in found)
            return found

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 5 < sum(one is not None for one in drawn(1)) < 25  # a third of the kills are at a time, not at a call
