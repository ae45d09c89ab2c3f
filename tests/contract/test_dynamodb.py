"""Faults that only DynamoDB has: throttled calls, lost responses, and writes of others between two calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.decide.decision import Decision
from controller.decide.deduplicate import new_to
from controller.jobs.claim import Claim
from controller.jobs.job import Job
from controller.ledger.intent import Intent, IntentResult, Stop
from controller.ledger.lineage import Lineage
from controller.ledger.pool import MarketSignal, MarketSignalKind
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.ledger import FailingTrigger, Overdue
from controller.runtime.ports.outbox import Message
from controller.runtime.ports.schedule import DiscoverPass, PassPosition
from controller.runtime.read_events import Trigger
from controller.runtime.reconcile import reconcile
from infra.local import aws
from tests.builders import BEGIN, attempt, job, lineage_id, policy
from tests.client_errors import client_error
from tests.put_in_force import in_force_since

ID = lineage_id()
MINUTE = timedelta(minutes=1)
STOP = Intent(action=Stop(about="bert", because=""), due_at=BEGIN)
EMPTY = Lineage(id=ID)
SAID = Decision(intents=(STOP,))
MINE = Claim(bucket="checkpoints", prefix="bert/", job="bert-r02", lineage="bert's", created_at=BEGIN)
THEIRS = Claim(bucket="checkpoints", prefix="bert/large/", job="gpt-r02", lineage="gpt's", created_at=BEGIN)
HELLO = Message(key="hello", channel="#ml", words=("Hello",), at=BEGIN)
NAMES = (f"Faulty-{number}" for number in count(1))


class Around:
    """A client that runs a function around calls of one operation, such as a concurrent write."""

    def __init__(self, client: Any, verb: str, *, before: Callable[[], object] = int, after: Callable[[], object] = int) -> None:
        self._client, self._verb, self._before, self._after = client, verb, before, after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def around(**asked: Any) -> Any:
            self._before()
            answer = call(**asked)
            self._after()
            return answer

        return around if name == self._verb else call


class Failing:
    """A client whose calls all fail with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> Any:
            raise self._error

        return fail


def error(code: str, *reasons: str) -> ClientError:
    cancelled: Any = {"CancellationReasons": [{"Code": reason} for reason in reasons]} if reasons else {}
    return client_error(code, **cancelled)


def lose_the_answer() -> None:
    raise ReadTimeoutError(endpoint_url="http://dynamodb")


def once(act: Callable[[], object]) -> Callable[[], object]:
    left = [act]
    return lambda: left.pop()() if left else None


@pytest.fixture
def table(dynamodb: Any) -> str:
    return aws.create_table(dynamodb.meta.endpoint_url, next(NAMES))


@pytest.fixture
def ledger(dynamodb: Any, table: str) -> DynamoLedger:
    return DynamoLedger(dynamodb, table)


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

OVERDUE = Overdue(trigger=Trigger(job="bert", lineage=ID), key=STOP.key, trigger_at=BEGIN)
FAILING = FailingTrigger(job="bert", lineage=str(ID), key=STOP.key, since=BEGIN, trigger_at=BEGIN)
SIGNAL = MarketSignal(kind=MarketSignalKind.REBALANCE, instance_id="i-0abc", family="g5", region="us-east-1", at=BEGIN)
CALLS: dict[str, Callable[[DynamoLedger, DynamoOutbox], object]] = {
    "load": lambda ledger, _: ledger.lineages.load(ID),
    "commit": lambda ledger, _: ledger.lineages.commit(EMPTY, SAID),
    "take": lambda ledger, _: ledger.lineages.take(ID, STOP, now=BEGIN, leased_until=BEGIN + MINUTE),
    "put_off": lambda ledger, _: ledger.lineages.put_off(ID, STOP, due_at=BEGIN, why=""),
    "close": lambda ledger, _: ledger.lineages.close(ID, STOP, IntentResult.DONE, ""),
    "overdue": lambda ledger, _: ledger.due.overdue(BEGIN, 10),
    "note_failing": lambda ledger, _: ledger.due.note_failing(OVERDUE, BEGIN + MINUTE, "m"),
    "failing": lambda ledger, _: list(ledger.due.failing()),
    "forget_failing": lambda ledger, _: ledger.due.forget_failing(FAILING),
    "delay": lambda ledger, _: ledger.due.delay(OVERDUE, BEGIN + MINUTE),
    "claim": lambda ledger, _: ledger.claims.claim(MINE),
    "release": lambda ledger, _: ledger.claims.release(MINE),
    "claims": lambda ledger, _: ledger.claims.claims_on("checkpoints"),
    "quota_holds": lambda ledger, _: ledger.quota_holds.holds_on("us-east-1", "ml.g5.2xlarge"),
    "entries": lambda ledger, _: list(ledger.journal.entries(BEGIN, BEGIN + MINUTE)),
    "passed_until": lambda ledger, _: ledger.passes.passed_until(DiscoverPass.FIRST),
    "capacity_seen_at": lambda ledger, _: ledger.capacity.capacity_seen_at("us-east-1", "ml.g5.2xlarge"),
    "placement_asked_at": lambda ledger, _: ledger.capacity.placement_asked_at("us-east-1", "ml.g5.2xlarge"),
    "note_passed": lambda ledger, _: ledger.passes.note_passed(DiscoverPass.FIRST, BEGIN),
    "position": lambda ledger, _: ledger.passes.position(DiscoverPass.FIRST),
    "note_position": lambda ledger, _: ledger.passes.note_position(DiscoverPass.FIRST, PassPosition(upto=BEGIN)),
    "put_in_force": lambda ledger, _: in_force_since(ledger.revisions, "r1", BEGIN),
    "current": lambda ledger, _: ledger.revisions.current(),
    "note_signal": lambda ledger, _: ledger.market_signals.note_signal(SIGNAL),
    "signals": lambda ledger, _: list(ledger.market_signals.signals(BEGIN, BEGIN + MINUTE)),
    "put": lambda _, outbox: outbox.put(HELLO),
    "channels": lambda _, outbox: outbox.channels(),
    "lease": lambda _, outbox: outbox.lease("#ml", now=BEGIN, until=BEGIN + MINUTE),
    "waiting": lambda _, outbox: outbox.waiting("#ml", 10),
    "sent": lambda _, outbox: outbox.sent(HELLO),
    "pause": lambda _, outbox: outbox.pause("#ml", until=BEGIN),
}
PASSING = {
    "throttled": error("ThrottlingException"),
    "over its capacity": error("ProvisionedThroughputExceededException"),
    "broken": error("InternalServerError"),
    "silent": ReadTimeoutError(endpoint_url="http://dynamodb"),
    "away": EndpointConnectionError(endpoint_url="http://dynamodb"),
    "busy with a transaction on the item": error("TransactionConflictException"),
    "throttling one write of a transaction": error("TransactionCanceledException", "None", "ThrottlingError"),
    "throttling one write and refusing another": error(
        "TransactionCanceledException", "ConditionalCheckFailed", "ProvisionedThroughputExceeded"
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", PASSING)
def test_every_call_to_a_dynamodb_that_does_not_answer_is_unreachable(call: str, how: str) -> None:
    client = Failing(PASSING[how])
    with pytest.raises(Unreachable, match=r"DynamoDB \w+ on Spotwarden: ") as raised:
        CALLS[call](DynamoLedger(client, "Spotwarden"), DynamoOutbox(client, "Spotwarden"))
    assert raised.value.__cause__ is PASSING[how]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_wrong_request_is_not_reported_as_an_outage(call: str, code: str) -> None:
    client = Failing(error(code))
    with pytest.raises(ClientError, match=code):
        CALLS[call](DynamoLedger(client, "Spotwarden"), DynamoOutbox(client, "Spotwarden"))


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_commit_that_conflicts_with_another_is_outpaced(reason: str) -> None:
    client = Failing(error("TransactionCanceledException", "None", reason))
    assert not DynamoLedger(client, "Spotwarden").lineages.commit(EMPTY, SAID)


def test_a_commit_too_large_for_a_transaction_says_so(ledger: DynamoLedger) -> None:
    many = tuple(replace(STOP, action=Stop(about=f"job-{n}", because="")) for n in range(100))
    with pytest.raises(ValueError, match=r"a transaction of 101 writes, wanted at most 100"):
        ledger.lineages.commit(ledger.lineages.load(ID), Decision(intents=many))


# ── lost answers and others in between ──────────────────────────────────────────────────────────────────────────────────────


def test_a_commit_whose_answer_was_lost_is_found_in_the_ledger(ledger: DynamoLedger, dynamodb: Any, table: str) -> None:
    deaf = DynamoLedger(Around(dynamodb, "transact_write_items", after=lose_the_answer), table)
    with pytest.raises(Unreachable):
        deaf.lineages.commit(ledger.lineages.load(ID), SAID)
    assert new_to(SAID, ledger.lineages.load(ID), "bert") == Decision()


def test_a_claim_on_an_intent_whose_answer_was_lost_is_taken_again_after_the_lease(
    ledger: DynamoLedger, dynamodb: Any, table: str
) -> None:
    ledger.lineages.commit(ledger.lineages.load(ID), SAID)
    deaf = DynamoLedger(Around(dynamodb, "update_item", after=lose_the_answer), table)
    with pytest.raises(Unreachable):
        deaf.lineages.take(ID, STOP, now=BEGIN, leased_until=BEGIN + MINUTE)
    [found] = ledger.lineages.load(ID).intents
    taken = ledger.lineages.take(ID, found, now=BEGIN + MINUTE, leased_until=BEGIN + 2 * MINUTE)
    assert taken is not None
    assert taken.claim == 2


def test_a_commit_during_a_load_makes_the_later_commit_fail(ledger: DynamoLedger, dynamodb: Any, table: str) -> None:
    ledger.lineages.commit(ledger.lineages.load(ID), Decision())
    theirs = once(lambda: ledger.lineages.commit(ledger.lineages.load(ID), SAID))
    torn = DynamoLedger(Around(dynamodb, "query", before=theirs), table).lineages.load(ID)
    assert torn.intents == (STOP,)
    assert not ledger.lineages.commit(torn, Decision(withdrawn=(STOP,)))


def test_of_two_claims_at_the_same_time_the_second_sees_the_first(ledger: DynamoLedger, dynamodb: Any, table: str) -> None:
    theirs = once(lambda: ledger.claims.claim(THEIRS))
    beaten = DynamoLedger(Around(dynamodb, "transact_write_items", before=theirs), table)
    assert beaten.claims.claim(MINE) == (THEIRS,)
    assert ledger.claims.claims_on("checkpoints") == (THEIRS,)


def test_a_claim_between_the_two_reads_is_seen(ledger: DynamoLedger, dynamodb: Any, table: str) -> None:
    theirs = once(lambda: ledger.claims.claim(THEIRS))
    beaten = DynamoLedger(Around(dynamodb, "get_item", after=theirs), table)
    assert beaten.claims.claim(MINE) == (THEIRS,)


def test_claims_that_keep_changing_while_they_are_read_are_unreachable(ledger: DynamoLedger, dynamodb: Any, table: str) -> None:
    others = (replace(THEIRS, prefix=f"other-{number}/", job=f"other-{number}") for number in count())
    beaten = DynamoLedger(Around(dynamodb, "transact_write_items", before=lambda: ledger.claims.claim(next(others))), table)
    with pytest.raises(Unreachable, match="the claims on checkpoints changed 3 times while they were read"):
        beaten.claims.claim(MINE)
    assert MINE not in ledger.claims.claims_on("checkpoints")


def test_a_message_whose_answer_was_lost_is_queued_once(dynamodb: Any, table: str) -> None:
    outbox = DynamoOutbox(dynamodb, table)
    with pytest.raises(Unreachable):
        DynamoOutbox(Around(dynamodb, "transact_write_items", after=lose_the_answer), table).put(HELLO)
    assert not outbox.put(HELLO)
    assert outbox.waiting("#ml", 10) == [HELLO]


def test_a_conflicting_write_of_a_message_does_not_count_as_queued(dynamodb: Any, table: str) -> None:
    def conflict() -> None:
        raise error("TransactionCanceledException", "TransactionConflict", "None")

    outbox = DynamoOutbox(Around(dynamodb, "transact_write_items", before=once(conflict)), table)
    with pytest.raises(Unreachable, match="the message hello could not be queued: another function was writing it"):
        outbox.put(HELLO)
    assert outbox.put(HELLO)


# ── what is stored, and what it costs ───────────────────────────────────────────────────────────────────────────────────────


def test_every_item_carries_its_schema(ledger: DynamoLedger, dynamodb: Any, table: str) -> None:
    reconcile(Trigger(job="bert"), ports(ledger, job()))
    ledger.lineages.commit(ledger.lineages.load(ID), SAID)
    for call in CALLS.values():
        call(ledger, DynamoOutbox(dynamodb, table))
    DynamoOutbox(dynamodb, table).put(replace(HELLO, key="another", channel="#other"))
    items = dynamodb.scan(TableName=table)["Items"]
    families = {item["pk"]["S"].partition("#")[0] for item in items}
    assert families == {"lineage", "failing", "claim", "capacity", "discover", "policy", "signal", "outbox", "said", "work"}
    assert [item for item in items if item.get("schema") != {"N": "1"}] == []


def test_a_quiet_job_costs_two_reads_and_no_write(ledger: DynamoLedger, dynamodb: Any) -> None:
    world = ports(ledger, job())
    reconcile(Trigger(job="bert"), world)
    assert calls(dynamodb, lambda: reconcile(Trigger(job="bert"), world)) == {"GetItem": 1, "Query": 1}


def test_an_unknown_lineage_costs_one_read(ledger: DynamoLedger, dynamodb: Any) -> None:
    assert calls(dynamodb, lambda: ledger.lineages.load(lineage_id(attempt(2).name))) == {"GetItem": 1}


def calls(client: Any, act: Callable[[], object]) -> Counter[str]:
    """Count the calls to DynamoDB within the context."""
    counted: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        counted[model.name] += 1

    client.meta.events.register("before-call.dynamodb", note)
    act()
    client.meta.events.unregister("before-call.dynamodb", note)
    return counted


class OneJob:
    """A Jobs port that has one job."""

    def __init__(self, known: Job) -> None:
        self._known = known

    def describe(self, name: str) -> Job | None:
        return self._known if name == self._known.name else None


class Fixed:
    """Policies, prices and a clock that never change."""

    def current(self) -> Any:
        return policy()

    def refused(self) -> None:
        return None

    def rate(self, *_: object, **__: object) -> None:
        return None

    def now(self) -> datetime:
        return BEGIN + 3 * MINUTE


def ports(ledger: DynamoLedger, known: Job) -> Ports:
    unasked: Any = None
    jobs: Any = OneJob(known)
    return Ports(
        jobs=jobs, checkpoints=unasked, ledger=ledger, outbox=unasked, chat=unasked, events=unasked, report_store=unasked,
        price_list=unasked,
        quotas=unasked,
        placement=unasked,
        instances=unasked,
        policies=Fixed(), prices=Fixed(), clock=Fixed(),
    )  # fmt: skip
