"""The local bus matches events, calls functions, retries and stores dead letters as EventBridge and Lambda do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.app import Blueprint, Chalice

from infra.local import bus, event_pattern
from infra.local.bus import Bus, Rule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATE_CHANGE = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Training Job State Change"]}


class Clock:
    """A clock that only the test moves."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


def event(source: str = "aws.sagemaker", **detail: Any) -> dict[str, Any]:
    kind = "SageMaker Training Job State Change"
    return bus.envelope(source, kind, detail, at=NOON, account="123456789012", region="us-east-1", event_id="e1")


def a_bus(handler: Callable[..., Any], clock: Clock | None = None, **rule: Any) -> Bus:
    given = rule or {"pattern": STATE_CHANGE}
    return Bus([Rule(name="job_changed", handler=handler, **given)], clock or Clock(), "123456789012", "us-east-1")


def failing(times: int, seen: list[datetime], clock: Clock) -> Callable[..., None]:
    def handler(_: Mapping[str, Any], __: Any) -> None:
        seen.append(clock.now)
        if len(seen) <= times:
            raise RuntimeError(f"failure {len(seen)}")

    return handler


def test_a_matching_event_reaches_the_handler_with_a_context() -> None:
    seen: list[tuple[Any, ...]] = []
    local = a_bus(lambda e, c: seen.append((e["detail"], c.function_name, c.get_remaining_time_in_millis())))
    assert local.put(event(TrainingJobName="train-bert")) == 1
    assert seen == [({"TrainingJobName": "train-bert"}, "job_changed", 45_000)]


def test_an_event_of_another_source_reaches_no_handler() -> None:
    seen: list[Any] = []
    assert a_bus(lambda e, _: seen.append(e)).put(event(source="aws.ecs")) == 0
    assert seen == []


def test_a_handler_cannot_change_the_event_of_a_later_try() -> None:
    seen: list[Any] = []

    def handler(given: dict[str, Any], _: Any) -> None:
        seen.append(given["detail"].pop("TrainingJobName"))
        if len(seen) == 1:
            raise RuntimeError

    clock = Clock()
    local = a_bus(handler, clock)
    local.put(event(TrainingJobName="train-bert"))
    clock.now += timedelta(minutes=1)
    local.advance()
    assert seen == ["train-bert", "train-bert"]


def test_a_failed_invocation_is_tried_again_after_one_minute_and_then_two() -> None:
    clock, seen = Clock(), list[datetime]()
    local = a_bus(failing(2, seen, clock), clock)
    local.put(event())
    while (at := local.next_at()) is not None:
        clock.now = at
        local.advance()
    assert [at - NOON for at in seen] == [timedelta(), timedelta(minutes=1), timedelta(minutes=3)]
    assert local.dead_letters == []


def test_after_the_third_failure_the_event_is_a_dead_letter_with_its_last_error() -> None:
    clock, seen = Clock(), list[datetime]()
    local = a_bus(failing(99, seen, clock), clock)
    local.put(event(TrainingJobName="train-bert"))
    for _ in range(5):
        clock.now += timedelta(minutes=2)
        local.advance()
    [dead] = local.dead_letters
    assert (len(seen), dead.tries, str(dead.error)) == (3, 3, "failure 3")
    assert dead.event["detail"] == {"TrainingJobName": "train-bert"}


def test_a_function_without_retries_is_not_tried_again() -> None:
    clock, seen = Clock(), list[datetime]()
    local = a_bus(failing(99, seen, clock), clock, schedule="rate(1 minute)", retries=0)
    local.fire("job_changed")
    assert (len(seen), local.next_at(), len(local.dead_letters)) == (1, None, 1)


def test_advancing_before_a_retry_is_due_calls_no_handler() -> None:
    clock, seen = Clock(), list[datetime]()
    local = a_bus(failing(1, seen, clock), clock)
    local.put(event())
    clock.now += timedelta(seconds=59)
    assert local.advance() == 0
    assert len(seen) == 1


def test_a_schedule_sends_eventbridge_s_scheduled_event() -> None:
    seen: list[Any] = []
    a_bus(lambda e, _: seen.append(e), schedule="rate(1 minute)").fire("job_changed")
    assert (seen[0]["detail-type"], seen[0]["source"], seen[0]["time"]) == (
        "Scheduled Event",
        "aws.events",
        "2026-11-22T12:00:00Z",
    )


def test_firing_a_rule_without_a_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="job_changed has no schedule"):
        a_bus(print).fire("job_changed")


def test_the_rules_are_those_chalice_would_deploy() -> None:
    blueprint = Blueprint(__name__)
    blueprint.on_cw_event(STATE_CHANGE)(job_changed)
    blueprint.schedule("rate(1 minute)")(sweep)
    app = Chalice(app_name="sample")
    app.register_blueprint(blueprint)
    changed, swept = bus.rules(app)
    assert (changed.name, changed.pattern, changed.handler.__name__) == ("job_changed", STATE_CHANGE, "job_changed")
    assert (swept.name, swept.schedule, swept.handler.__name__) == ("sweep", "rate(1 minute)", "sweep")
    assert (changed.retries, swept.retries) == (2, 0), "as infra/resources.json says: the next minute is the sweep's next try"


def job_changed(_: Any) -> None:
    """A handler, which the bus finds by its module and name."""


def sweep(_: Any) -> None:
    """Another handler."""


def test_an_event_source_that_the_local_bus_does_not_support_is_refused() -> None:
    app = Chalice(app_name="sample")
    app.on_sqs_message(queue="work")(job_changed)
    with pytest.raises(ValueError, match="job_changed: the local bus does not support the event source SQSEventConfig"):
        bus.rules(app)


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({"detail": {"Status": ["Failed", "Stopped"]}}, True),
        ({"detail": {"Status": ["Completed"]}}, False),
        ({"detail": {"Status": [{"anything-but": "Completed"}]}}, True),
        ({"detail": {"Status": [{"anything-but": ["Failed"]}]}}, False),
        ({"detail": {"Absent": [{"anything-but": "x"}]}}, False),
        ({"detail": {"Exit": [1]}}, True),
        ({"detail": {"Exit": ["1"]}}, False),
        ({"detail": {"Spot": [True]}}, True),
        ({"detail": {"Spot": [1]}}, False),
        ({"detail": {"Nothing": [None]}}, True),
        ({"detail": {"Status": {"Deeper": ["x"]}}}, False),
    ],
)
def test_patterns_match_scalars_by_type_and_value(wanted: Mapping[str, Any], matches: bool) -> None:
    given = {"detail": {"Status": "Failed", "Exit": 1, "Spot": True, "Nothing": None}}
    event_pattern.check(wanted)
    assert event_pattern.matches(wanted, given) is matches


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ({"detail": {"Name": [{"prefix": "train-"}]}}, r"pattern\.detail\.Name is \[\{'prefix': 'train-'\}\]"),
        ({"detail": {"Name": ["a", {"anything-but": "b"}]}}, r"pattern\.detail\.Name"),
        ({"detail": {"Name": [{"anything-but": {"prefix": "x"}}]}}, r"pattern\.detail\.Name"),
        ({"detail": {"Name": []}}, r"pattern\.detail\.Name is \[\]"),
        ({"source": "aws.sagemaker"}, r"pattern\.source is 'aws\.sagemaker'"),
        ({"$or": [{"source": ["x"]}]}, r"pattern\.\$or"),
        ({"detail": {}}, r"pattern\.detail is empty"),
    ],
)
def test_a_pattern_on_which_local_matchers_differ_is_refused_with_its_place(wanted: Mapping[str, Any], where: str) -> None:
    with pytest.raises(event_pattern.UnknownPattern, match=where):
        event_pattern.check(wanted)


def test_a_pattern_on_an_array_is_refused_when_such_an_event_comes() -> None:
    given = {"detail": {"Tags": ["a", "b"]}}
    with pytest.raises(event_pattern.UnknownPattern, match=r"event\.detail\.Tags is an array"):
        event_pattern.matches({"detail": {"Tags": ["a"]}}, given)
