"""Functions that never submit cannot write a lineage. A click writes its own row, which a look at the job checks and uses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from controller import wiring
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.items import stamp, write
from controller.aws.dynamodb.keys import key, partition
from controller.decide.decision import Decision
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import Finished, Measured, UserRequested, Waived
from controller.ledger.intent import Stop, Submit
from controller.ledger.lineage_id import LineageId
from controller.policy.user_request import UserRequest
from controller.runtime.take_in_requests import take_in_requests
from handlers.observed import logger
from infra.function_permissions import FUNCTIONS, LEDGER, statements
from infra.local.host import TABLE, Host
from infra.local.slack.users import Users
from tests.security.lab import entries, lab, launch, lineage_id, lineage_of, messages, next_name, on_call, request, run, status
from tests.security.test_halt import ASKED_BY, card

LISTED = ("halt", "stop", "waive", "on-demand", "try-again")
POLICY = ASKED_BY % ", ".join(f"{request}: [U0LOCAL1]" for request in LISTED)
SUBMITTING = {name for name, calls in FUNCTIONS.items() if "sagemaker CreateTrainingJob" in calls}
WRITES = (
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:BatchWriteItem",
)


# ── the policy documents ─────────────────────────────────────────────────────────────────────────────────────────────────────


def allows(function: str, action: str, pk: str | None) -> bool:
    """Whether a function's IAM policy allows an action on a row of the ledger."""
    return any(
        s["Effect"] == "Allow"
        and s["Resource"] == LEDGER
        and any(fnmatchcase(action, allowed) for allowed in s["Action"])
        and holds(s.get("Condition", {}), pk)
        for s in statements(function)
    )


def holds(condition: Mapping[str, Any], pk: str | None) -> bool:
    for operator, wanted in condition.items():
        [(name, values)] = wanted.items()
        assert name == "dynamodb:LeadingKeys", wanted
        match operator:
            case "ForAllValues:StringLike":
                if pk is not None and not any(fnmatchcase(pk, value) for value in values):
                    return False
            case "Null":
                if (pk is None) is not (values == "true"):
                    return False
            case _:
                raise AssertionError(operator)
    return True


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - SUBMITTING))
@pytest.mark.parametrize("action", WRITES)
def test_the_policy_of_a_function_that_never_submits_allows_no_write_on_a_lineage(function: str, action: str) -> None:
    for pk in ("lineage#1/us-east-1/bert/2026", "lineage#", "lineage#request#x", None, "claim#bucket", "limit#money"):
        assert not allows(function, action, pk), pk


def test_the_functions_are_told_apart_and_the_submitting_ones_write_lineages() -> None:
    assert {"job_changed", "sweep", "discover"} == SUBMITTING
    assert all(allows(function, "dynamodb:PutItem", "lineage#x") for function in SUBMITTING)
    assert allows("api_handler", "dynamodb:PutItem", "request#1/us-east-1/bert/2026")
    assert not allows("api_handler", "dynamodb:DeleteItem", "halt")


# ── what the functions do ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def host() -> Iterator[Host]:
    with lab(POLICY) as running:
        launch(running, request("warm-up", "ads", checkpoint=None, runtime_h=1, wait_h=2, work_s=300))
        run(running, minutes=1)
        launch(running, request("long", "vision", runtime_h=100, wait_h=120, work_s=300_000))
        run(running, minutes=10)
        yield running


def users_of(host: Host) -> Users:
    assert host.slack.users is not None
    return host.slack.users


def rows(prefix: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = wiring.client("dynamodb").scan(TableName=TABLE)["Items"]
    return [item for item in items if item["pk"]["S"].startswith(prefix)]


def test_every_row_that_a_function_writes_is_one_that_its_policy_allows(host: Host) -> None:
    """Two days with clicks, digests, prices and market signals. Each write is checked against the IAM policy of its function."""
    seen: set[tuple[str, str, str]] = set()

    def record(operation: str, text: str) -> None:
        keys = logger.get_current_keys()
        function = "api_handler" if "route" in keys else str(keys.get("function", ""))
        body = json.loads(text)
        writes = body.get("TransactItems") or [{operation.removesuffix("Item"): body}]
        for one in writes:
            [(verb, asked)] = one.items()
            if verb in ("Put", "Update", "Delete"):
                item = asked.get("Item") or asked.get("Key")
                seen.add((function, f"dynamodb:{verb}Item", item["pk"]["S"]))

    for client in (wiring.client("dynamodb"), wiring.hurried_client("dynamodb")):
        on_call(client, record)
    message = card(host, "long")
    host.bus.fire("prices")
    for button in ("on-demand", "waive", "halt"):
        users_of(host).press(host.slack, message.ts, f"spotwarden/{button}")
    logger.clear_state()
    wiring.ports().ledger.halts.set_halt(None)
    run(host, hours=50)
    functions = {function.rpartition("-")[2] for function, _, _ in seen}
    assert {"api_handler"} <= functions, functions
    checked = set()
    for function, action, pk in seen:
        name = next((known for known in FUNCTIONS if known == function or function.endswith(known)), None)
        if name is not None:
            checked.add(name)
            assert allows(name, action, pk), (function, action, pk)
    assert {"api_handler", "drain", "sweep", "digests", "prices", "job_changed"} <= checked, functions


def test_a_click_writes_a_row_of_its_own_and_the_next_sweep_takes_it_in(host: Host) -> None:
    before = rows("lineage#")
    users_of(host).press(host.slack, card(host, "long").ts, "spotwarden/stop")
    assert users_of(host).ephemerals[-1] == "*long* is stopped within two minutes."
    assert rows("lineage#") == before
    [row] = rows("request#")
    assert row["pk"]["S"] == f"request#{lineage_id(host, 'long')}"
    users_of(host).press(host.slack, card(host, "long").ts, "spotwarden/stop")
    assert users_of(host).ephemerals[-1].startswith("<@U0LOCAL1> already requested this")
    run(host, minutes=2)
    assert rows("request#") == []
    assert [(e.who, e.request) for e in entries(host, "long", UserRequested)] == [("U0LOCAL1", UserRequest.STOP)]
    run(host, minutes=5)
    assert status(host, "long") == "Stopped"


def test_a_look_that_is_about_to_act_takes_in_what_people_asked_for_before_the_sweep_comes_by() -> None:
    again = "resubmit:\n  - {name: again, mode: enforce, within: 6h, causes: {internal: {limit: 1}}}\n"
    with lab(POLICY + again) as host:
        launch(host, request("warm-up", "ads", work_s=60))
        run(host, minutes=1)
        launch(host, request("fails", "vision", work_s=900, fails_with="internal"))
        run(host, minutes=1)
        whose, now = lineage_id(host, "fails"), host.clock.at
        asked = UserRequested(job="fails", at=now, team=None, request=UserRequest.ON_DEMAND, who="U0LOCAL1")
        assert wiring.ports().ledger.user_requests.add(whose, asked, now + timedelta(days=90))
        run(host, hours=2)
        [taken] = entries(host, "fails", UserRequested)
        assert taken.request is UserRequest.ON_DEMAND
        assert not host.world.jobs[next_name(host, "fails")].spot
        assert rows("request#") == []


# ── what somebody who controls Slack's function can write ────────────────────────────────────────────────────────────────────


def put(pk: str, sk: str, value: Any, **attributes: str) -> None:
    item = {**key(pk, sk), **write(value), **{name: {"S": text} for name, text in attributes.items()}}
    wiring.client("dynamodb").put_item(TableName=TABLE, Item=item)


def due(host: Host, whose: LineageId, job: str) -> dict[str, str]:
    """The attributes with which a row is in the index of due rows."""
    place = partition("due", str(whose))["S"]
    return {"due_pk": place, "ring_at": stamp(host.clock.at), "lineage": str(whose), "about": job}


def forged(**changes: Any) -> UserRequested:
    mine = UserRequested(
        job="long", at=datetime(2026, 11, 16, 0, 11, tzinfo=UTC), team="x", request=UserRequest.STOP, who="U0LOCAL1"
    )
    return replace(mine, **changes)


@pytest.mark.parametrize(
    "request_",
    [
        forged(who="U0STRANGER"),
        forged(job="warm-up"),
        forged(job=attempt_name(LineageId(account="1", region="r", root="long", created_at=datetime(2026, 1, 1, tzinfo=UTC)), 2)),
        forged(request=UserRequest.TRY_AGAIN, number=7),
        forged(request=UserRequest.HALT),
        forged(request=UserRequest.WAIVE),
    ],
)
def test_a_forged_request_that_a_click_could_not_have_made_changes_nothing(host: Host, request_: UserRequested) -> None:
    """Not even with a valid proof, which an attacker who controls the API's function can make."""
    assert wiring.ports().ledger.user_requests.add(lineage_id(host, "long"), request_, host.clock.at)
    run(host, minutes=5)
    assert entries(host, "long", UserRequested) == []
    assert rows("request#") == []
    assert status(host, "long") == "InProgress"
    assert wiring.ports().ledger.halts.halt() is None


def attributes_of_a_click(host: Host) -> dict[str, Any]:
    """The row of a click, which is removed from the table before a look can use it."""
    users_of(host).press(host.slack, card(host, "long").ts, "spotwarden/stop")
    [row] = rows("request#")
    wiring.client("dynamodb").delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
    return row


@pytest.mark.parametrize("group", [False, True], ids=["a listed person", "a user group"])
@pytest.mark.parametrize("proof", ["", "0" * 64, "of another row", "without a key"])
def test_a_row_in_the_name_of_a_listed_person_that_slack_s_function_did_not_write_changes_nothing(
    proof: str, group: bool
) -> None:
    """Exactly the request that a click would write, by an attacker who can write only the row."""
    with lab(POLICY.replace("stop: [U0LOCAL1]", "stop: [S0ADMINS]") if group else POLICY) as host:
        launch(host, request("long", "vision", runtime_h=100, wait_h=120, work_s=300_000))
        launch(host, request("other", "vision", runtime_h=100, wait_h=120, work_s=300_000))
        run(host, minutes=10)
        whose, other, now = lineage_id(host, "long"), lineage_id(host, "other"), host.clock.at
        mine = forged(at=now, who="U0STRANGER" if group else "U0LOCAL1")
        beside = {"proof": proof} if proof else {}
        if proof == "of another row":
            assert wiring.ports().ledger.user_requests.add(other, forged(job="other", who=mine.who), now)
            [row] = rows("request#")
            beside = {"proof": row["proof"]["S"]}
            wiring.client("dynamodb").delete_item(TableName=TABLE, Key={"pk": row["pk"], "sk": row["sk"]})
        elif proof == "without a key":
            ours = DynamoLedger(wiring.client("dynamodb"), TABLE).user_requests
            assert ours.add(whose, mine, now)
            beside = {"proof": rows("request#")[0]["proof"]["S"]}
        put(f"request#{whose}", mine.key, mine, **due(host, whose, "long"), **beside)
        run(host, minutes=5)
        assert status(host, "long") == status(host, "other") == "InProgress"
        assert entries(host, "long", UserRequested) == []
        assert rows("request#") == []


@pytest.mark.parametrize("part", ["who", "ask", "job", "at"])
def test_a_row_of_a_click_in_which_a_part_was_changed_is_not_believed(host: Host, part: str) -> None:
    row = attributes_of_a_click(host)
    changed = {"who": "U0LOCAL2", "ask": "on-demand", "job": "warm-up", "at": "2026-11-16T00:00:01.000000Z"}[part]
    row["body"]["M"][part] = {"S": changed}
    wiring.client("dynamodb").put_item(TableName=TABLE, Item=row)
    run(host, minutes=5)
    assert entries(host, "long", UserRequested) == []
    assert rows("request#") == []


def test_a_row_of_a_click_that_somebody_kept_and_writes_again_counts_for_a_day(host: Host) -> None:
    row = attributes_of_a_click(host)
    run(host, hours=25)
    row["ring_at"] = {"S": stamp(host.clock.at)}
    wiring.client("dynamodb").put_item(TableName=TABLE, Item=row)
    run(host, minutes=5)
    assert entries(host, "long", UserRequested) == []
    assert status(host, "long") == "InProgress"


def test_a_forged_waiver_lasts_no_longer_than_the_policy_allows_and_waives_only_what_is_broken(host: Host) -> None:
    whose, now = lineage_id(host, "long"), host.clock.at
    waiver = Waived(
        job="long", at=now + timedelta(days=3000), team="x", policy="short-wait", who="U0LOCAL1",
        reason="\x00r" + "x" * 9000, ticket="T", until=now + timedelta(days=3000),
    )  # fmt: skip
    other = replace(waiver, policy="no-such-rule")
    for one in (waiver, other):
        assert wiring.ports().ledger.user_requests.add(whose, one, now)
    run(host, minutes=5)
    [taken] = entries(host, "long", Waived)
    assert taken.policy == "short-wait"
    assert taken.until <= host.clock.at + timedelta(days=14)
    assert taken.at <= host.clock.at
    assert len(taken.reason) == 300
    assert taken.team == "vision"
    assert rows("request#") == []


def test_rows_that_nobody_can_read_are_removed_and_stop_no_sweep(host: Host) -> None:
    whose = lineage_id(host, "long")
    place = due(host, whose, "long")
    put(f"request#{whose}", "anything", Stop(about="long", because="x"), **place)
    put("request#nonsense", "a", forged(), **place)
    for due_at in ("0", "2026-11-16T00:01"):
        put(f"request#{whose}", "b", forged(), **{**place, "ring_at": due_at})
        assert wiring.ports().ledger.due.overdue(host.clock.at, 500)
        assert not any(row["sk"]["S"] == "b" for row in rows("request#"))
    put(f"request#{whose}", "c", forged(), **{**place, "about": "x" * 900})
    put("halt2", "d", forged(), **place)
    wiring.client("dynamodb").put_item(
        TableName=TABLE,
        Item={
            **key(f"request#{whose}", "e"),
            "kind": {"N": "1"},
            "schema": {"S": "x"},
            **{k: {"S": v} for k, v in place.items()},
        },
    )
    run(host, minutes=5)
    assert rows("request#") == []
    assert rows("halt2") == []
    assert "sweep" in FUNCTIONS
    users_of(host).press(host.slack, card(host, "long").ts, "spotwarden/stop")
    run(host, minutes=5)
    assert status(host, "long") == "Stopped"


def test_a_flood_of_rows_is_read_in_parts_and_what_a_person_asked_for_is_found_behind_it(host: Host) -> None:
    """A look that read all rows would end with the function's timeout, and be the first to be tried again."""
    whose = lineage_id(host, "long")
    users_of(host).press(host.slack, card(host, "long").ts, "spotwarden/stop")
    for first in range(0, 125, 25):
        flood = [{**key(f"request#{whose}", f"!{first + n:03d}"), "body": {"M": {}}} for n in range(25)]
        wiring.client("dynamodb").batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": row}} for row in flood]})
    assert wiring.ports().ledger.user_requests.waiting(whose) == ()
    assert not take_in_requests(whose, wiring.ports())
    assert len(rows("request#")) == 26
    assert take_in_requests(whose, wiring.ports())
    assert rows("request#") == []


def test_a_submit_or_money_in_a_row_of_a_request_is_never_taken_for_one_of_the_ledger(host: Host) -> None:
    whose, now = lineage_id(host, "long"), host.clock.at
    jobs = set(host.world.jobs)
    submit = Submit(about="long", job=attempt_name(whose, 2), number=2, cause=FailureCause.INTERNAL, changes='{"RoleArn": "x"}')
    put(f"request#{whose}", f"intent#{submit.key}", submit, **due(host, whose, "long"))
    measured = Measured(
        job="long", at=now, team="vision", training_s=9000, billable_s=900, spot=True, instance_type="ml.g5.xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=10**9, rate_as_of=now.date(), rate_source="s",
    )  # fmt: skip
    finished = Finished(
        job="long", at=now, team="vision", family="long", outcome=Outcome.COMPLETED, attempts=1, spot=True,
        instance_type="ml.g5.xlarge", region="us-east-1", work_s=1, deadline=None,
    )  # fmt: skip
    waived = Waived(job="long", at=now, team="x", policy="p", who="U1", reason="r", ticket="T", until=now + timedelta(days=9))
    put(f"request#{whose}", "m", measured, day_pk=partition(f"{now:%Y-%m-%d}", str(whose))["S"])
    put(
        f"request#{whose}",
        "f",
        finished,
        family_pk=f"{whose.account}/{whose.region}/long",
        family_at="2026-11-16T00:00:00.000000Z",
    )
    put(f"request#{whose}", "w", waived, family_pk="waivers", family_at="2026-11-29T00:00:00.000000Z")
    ledger = wiring.ports().ledger
    day = timedelta(days=1)
    assert not any(isinstance(entry, Measured) for entry in ledger.journal.entries(now - day, now + day) if entry.job == "long")
    assert ledger.histories.history(whose.account, whose.region, "long", 50) == ()
    assert list(ledger.waivers.in_force(now)) == []
    run(host, minutes=10)
    assert set(host.world.jobs) == jobs
    assert lineage_of(host, "long").submits() == ()


def test_a_request_that_was_written_before_requests_had_rows_still_counts(host: Host) -> None:
    """Older versions wrote the entry into the lineage. It still takes effect."""
    whose = lineage_id(host, "long")
    lineage = lineage_of(host, "long")
    assert wiring.ports().ledger.lineages.commit(lineage, Decision(entries=(forged(at=host.clock.at),)))
    assert whose == lineage.id
    host.bus.fire("discover")
    run(host, hours=2)
    assert status(host, "long") == "Stopped"
    assert messages(host)
