"""Reads from EventBridge events which job to look at, or which instance EC2 warned about.

Everything else in an event is a hint that may be late, repeated or out of order. A repeated event is not dropped here: the job is
looked at again, and ``controller.decide.deduplicate`` finds nothing new. Any other event raises BadEvent. An event of another
account or region is recognised by ``not_of``: a job of that name here would be another job.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.ledger.lineage_id import LineageId
from controller.ledger.pool import MarketSignalKind
from controller.units.value import dataclass

MARKET_SIGNALS: Mapping[str, MarketSignalKind] = {
    "EC2 Spot Instance Interruption Warning": MarketSignalKind.INTERRUPTION,
    "EC2 Instance Rebalance Recommendation": MarketSignalKind.REBALANCE,
}


TUNING_CHANGE = "SageMaker HyperParameter Tuning Job State Change"
RECORD_VERSION = "1.0"  # of the record that Lambda sends to an on-failure destination
WRAPPINGS_MAX = 5  # of a dead letter, one in another
CHARS_MAX = 80  # of a text from an event that an error quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A reason to look at a job. ``lineage`` is known where the trigger comes from the ledger.

    ``requested`` says that a person's request for the job waits to be recorded. ``created_in`` is the lineage for which this
    function's own CreateTrainingJob has just succeeded: that proves whose job it is.
    """

    job: str
    lineage: LineageId | None = None
    requested: bool = False
    created_in: LineageId | None = None


class BadEvent(ValueError):
    """An event that triggers nothing. The message says what was found, what was wanted, and where."""


def event_in(payload: Any) -> Mapping[str, Any]:
    """The event in a dead letter, or the payload itself where it is none. Raises BadEvent.

    EventBridge and Lambda's dead-letter queue keep an event as it was; Lambda's on-failure destination puts a record around it.
    SQS puts either into the body of a message, SNS into a notification, and a bus that is a destination into an event of its own.
    """
    for _ in range(WRAPPINGS_MAX):
        payload = _read(payload)
        if not isinstance(payload, Mapping):
            raise BadEvent(f"found a {type(payload).__name__}, wanted an event or a dead letter with one")
        inner = _inside(payload)
        if inner is None:
            return payload
        payload = inner
    raise BadEvent(f"found {WRAPPINGS_MAX} dead letters inside one another, wanted an event")


def function_in(payload: Any) -> str:
    """The ARN of the function whose invocation failed, from Lambda's record in a dead letter; empty without one."""
    for _ in range(WRAPPINGS_MAX):
        payload = _read(payload)
        if not isinstance(payload, Mapping):
            return ""
        context = payload.get("requestContext")
        if isinstance(context, Mapping) and context.get("functionArn"):
            return str(context["functionArn"]).removesuffix(":$LATEST")
        payload = _inside(payload)
    return ""


def _read(payload: Any) -> Any:
    """The payload, parsed where it is a text with a JSON object. Raises BadEvent."""
    return parsed_body(payload) if isinstance(payload, str) and payload.lstrip().startswith("{") else payload


def _inside(payload: Mapping[str, Any]) -> Any:
    """What one wrapping contains; None where the payload is no wrapping. Raises BadEvent."""
    if "requestPayload" in payload and "requestContext" in payload:
        if payload.get("version") != RECORD_VERSION:
            raise BadEvent(f"the dead letter is a record of version {payload.get('version')!r}, wanted {RECORD_VERSION!r}")
        return payload["requestPayload"] if payload["requestPayload"] is not None else ""
    if payload.get("source") == "lambda" and isinstance(payload.get("detail"), Mapping):
        return payload["detail"]
    if "source" in payload:
        return None
    records = payload.get("Records")
    if isinstance(records, list):
        if len(records) != 1:
            raise BadEvent(f"the dead letter has {len(records)} records, wanted one: send each as a message of its own")
        record = records[0]
        return record.get("Sns", record) if isinstance(record, Mapping) else record
    body = next((found for name in ("Body", "body", "Message") if isinstance(found := payload.get(name), str)), None)
    return None if body is None else parsed_body(body)


def parsed_body(text: str) -> Any:
    """The JSON of a message's body, which may be written in base64. Raises BadEvent."""
    text = text.removeprefix("\ufeff")  # a byte order mark, which programs on Windows write
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        try:
            return json.loads(base64.b64decode(text, validate=True))
        except (ValueError, RecursionError):
            raise BadEvent(f"the body of the message is not JSON, or was cut off: {problem}") from None


def not_of(account: str, region: str, event: Mapping[str, Any]) -> str:
    """Why an event is not of this account and region; empty where it is."""
    found = event.get("account"), event.get("region")
    if found == (account, region):
        return ""
    if found == (None, None):
        return "the event names no account and no region"
    here = f"this stack is in account {account!r}, region {region!r}"
    return f"the event is from account {found[0]!r}, region {found[1]!r}, but {here}"


def trigger_of(event: Mapping[str, Any]) -> Trigger:
    """The job that a training-job event triggers. Raises BadEvent."""
    detail = _detail(event, source="aws.sagemaker")
    return Trigger(job=_text(detail, "TrainingJobName", event))


def tuning_job_in(event: Mapping[str, Any]) -> str | None:
    """The name of the tuning job that an event is about; None for any other event. Raises BadEvent."""
    if event.get("detail-type") != TUNING_CHANGE:
        return None
    return _text(_detail(event, source="aws.sagemaker"), "HyperParameterTuningJobName", event)


def market_warning_of(event: Mapping[str, Any]) -> tuple[MarketSignalKind, str, str, datetime]:
    """Kind, instance id, region and time of an EC2 spot event. Raises BadEvent."""
    detail = _detail(event, source="aws.ec2")
    kind = MARKET_SIGNALS.get(str(event.get("detail-type")))
    if kind is None:
        raise BadEvent(
            f"detail-type is {event.get('detail-type')!r}, wanted one of {', '.join(map(repr, MARKET_SIGNALS))}{_which(event)}"
        )
    stamp = str(event.get("time"))
    try:
        at = datetime.fromisoformat(stamp)
        if at.tzinfo is None:
            raise ValueError
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEvent(f"time is {stamp[:CHARS_MAX]!r}, wanted an ISO 8601 time{_which(event)}") from None
    return kind, _text(detail, "instance-id", event), str(event.get("region", "")), at


def _detail(event: Mapping[str, Any], *, source: str) -> Mapping[str, Any]:
    if event.get("source") != source:
        raise BadEvent(f"source is {event.get('source')!r}, wanted {source!r}{_which(event)}")
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise BadEvent(f"detail is {type(detail).__name__}, wanted an object{_which(event)}")
    return detail


def _text(detail: Mapping[str, Any], name: str, event: Mapping[str, Any]) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not value:
        raise BadEvent(f"detail.{name} is {value!r}, wanted a name{_which(event)}")
    return value


def _which(event: Mapping[str, Any]) -> str:
    return f" (event {event.get('id', 'without id')})"
