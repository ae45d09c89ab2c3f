"""Records CreateTrainingJob calls that SageMaker refused, and tells the team why and what would help.

Nothing is submitted for the caller: nothing proves that the caller may use that role. The caller chose the texts in the event, so
their length is bounded, and names that are used as keys are checked first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from controller.jobs.job import team_by_role
from controller.jobs.service_limit import service_limit_in
from controller.ledger.messages.message import CreateRefused
from controller.ledger.messages.stored_facts import facts_to_json
from controller.ledger.refused_create import CreateRefusal, RefusedCreate
from controller.notifications.messages.catalogue import importance_of
from controller.policy.policy import Policy
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message
from controller.runtime.read_events import BadEvent
from controller.units.free_text import one_line

API_CALL = "AWS API Call via CloudTrail"
TEXT_MAX, NAME_MAX, TAG_MAX, TAGS_MAX = 2000, 63, 256, 50
HOLDERS_MAX = 5
GROUPS_MAX = 5  # of a heterogeneous cluster; SageMaker allows no more
COUNT_MAX, FIGURE_MAX = 10_000, 10**12
NO_TYPE = "an unknown type"
OTHERS_DIGITS = 1  # of a hexadecimal hash: the teams and roles that the policy does not name share 16 keys
_TYPE = re.compile(r"ml\.[a-z0-9-]{1,30}\.[a-z0-9-]{1,30}")
_JOB = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_PLACE = re.compile(r"[a-z0-9-]{1,32}")
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})


def is_api_call(event: Mapping[str, Any]) -> bool:
    """Whether an event is a call that CloudTrail recorded."""
    return event.get("detail-type") == API_CALL


def note_refused_create(event: Mapping[str, Any], ports: Ports) -> bool:
    """Record the refused call of an event, and queue a message about it; False where nothing new is recorded.

    Refused attempts of the controller are announced by their own lineage. A team's refusals by the same limit are announced once
    a day. Raises BadEvent and Unreachable.
    """
    policy = ports.policies.current()
    found = refused_create_of(event, policy)
    if found is None or ports.ledger.lineages.submitter(found.account, found.region, found.job) is not None:
        return False
    _tell(found, policy, ports)  # before the record: after a failure in between Lambda retries, and a key is queued only once
    return ports.ledger.market_signals.note_refused(found)


def _tell(found: RefusedCreate, policy: Policy, ports: Ports) -> None:
    message = CreateRefused(
        name=found.job, why=found.why, caller=found.caller, role=found.role, team=found.team, instance_type=found.instance_type,
        instances=found.instances, spot=found.spot, quota=found.quota, limit=found.limit, used=found.used, asked=found.asked,
        holders=", ".join(_holders(found, ports)),
    )  # fmt: skip
    if importance_of(message.kind) not in policy.slack.tell:
        return
    of = "" if found.why is CreateRefusal.THROTTLED else found.quota or found.instance_type  # nobody checked a throttled request
    key = f"create-refused/{found.why}/{of}/{_whose(found, policy)}"
    ports.outbox.put(
        Message(
            key=f"{key}/{found.region}/{found.at:%Y-%m-%d}", channel=policy.slack.channels.get(found.team, policy.channel),
            at=ports.clock.now(), kind=message.kind, facts=facts_to_json(message), topic=message.kind,
            mention=policy.slack.people.get(found.team, ""), revision=policy.revision,
        )
    )  # fmt: skip


def _whose(found: RefusedCreate, policy: Policy) -> str:
    """The part of the key that says who shares one message a day. A team that the policy names has its own message. All other
    names share 16, since callers choose them, and could use a new one in each call.
    """
    known = found.team in {*policy.slack.channels, *policy.labels.team_of_role.values()}
    return sha256((found.team or found.role).encode()).hexdigest()[: 16 if known else OTHERS_DIGITS]


def _holders(found: RefusedCreate, ports: Ports) -> Iterator[str]:
    """The live jobs that hold the quota, those with most instances first; none for spot, whose holds the ledger does not have."""
    if found.why is not CreateRefusal.QUOTA or found.spot or found.instance_type == NO_TYPE:
        return
    holds = sorted(ports.ledger.quota_holds.holds_on(found.region, found.instance_type), key=lambda h: (-h.instances, h.job))
    yield from (f"{hold.job} ({hold.instances})" for hold in holds[:HOLDERS_MAX])
    if len(holds) > HOLDERS_MAX:
        yield f"{len(holds) - HOLDERS_MAX} more"


def refused_create_of(event: Mapping[str, Any], policy: Policy) -> RefusedCreate | None:
    """The refused CreateTrainingJob of an event; None where it failed for another reason than a limit. Raises BadEvent."""
    if event.get("source") != "aws.sagemaker":
        raise BadEvent(f"source is {one_line(str(event.get('source')), NAME_MAX)!r}, wanted 'aws.sagemaker'")
    detail = _map(event.get("detail"))
    if detail.get("eventName") != "CreateTrainingJob" or detail.get("eventSource") != "sagemaker.amazonaws.com":
        raise BadEvent("found a call of another API, wanted CreateTrainingJob of sagemaker.amazonaws.com")
    why = _refusal_of(_text(detail, "errorCode", NAME_MAX))
    if why is None:
        return None
    asked = _map(detail.get("requestParameters"))
    resources, limit = _map(asked.get("resourceConfig")), service_limit_in(_text(detail, "errorMessage", TEXT_MAX))
    name, role = _text(asked, "trainingJobName", NAME_MAX), _text(asked, "roleArn", TEXT_MAX)
    kind, instances = _instances(resources)
    region = str(event.get("region", ""))
    found = RefusedCreate(
        event_id=_id(detail), at=_time(detail), account=str(event.get("account", ""))[:12],
        region=region if _PLACE.fullmatch(region) else "", job=name if _JOB.fullmatch(name) else "a job without a valid name",
        role=one_line(role.rpartition("/")[2], NAME_MAX), caller=_caller(detail), why=why,
        instance_type=kind if _TYPE.fullmatch(kind) else NO_TYPE, instances=instances,
        spot=asked.get("enableManagedSpotTraining") is True, team=_team(_tags(asked.get("tags")), role, policy),
    )  # fmt: skip
    if limit is None or why is not CreateRefusal.QUOTA:
        return found
    whole, used, asked_for = (min(figure, FIGURE_MAX) for figure in (limit.limit, limit.used, limit.delta))
    return replace(found, quota=one_line(limit.name, 200), limit=whole, used=used, asked=asked_for)


def _refusal_of(code: str) -> CreateRefusal | None:
    name = code.rpartition(".")[2].removesuffix("Fault")
    if name in ("ResourceLimitExceeded", "ResourceLimitExceededException"):
        return CreateRefusal.QUOTA
    if name in _THROTTLED:
        return CreateRefusal.THROTTLED
    return CreateRefusal.CAPACITY if "Capacity" in name else None


def _team(tags: Mapping[str, str], role: str, policy: Policy) -> str:
    """The team by the role, else by the tag. A tag with a team that the policy gives to other roles does not count."""
    labels = policy.labels
    mapped = team_by_role(role, labels.team_of_role)
    said = tags.get(labels.team, "")
    if mapped is not None:
        return mapped
    return "" if said in labels.team_of_role.values() else said


def _tags(found: Any) -> dict[str, str]:
    pairs = found[:TAGS_MAX] if isinstance(found, list) else ()
    return {
        pair["key"][:128]: one_line(pair["value"][: 4 * TAG_MAX], TAG_MAX)
        for pair in pairs
        if isinstance(pair, Mapping) and isinstance(pair.get("key"), str) and isinstance(pair.get("value"), str)
    }


def _caller(detail: Mapping[str, Any]) -> str:
    """Who called: the last part of the caller's ARN, or of its session's role; without an ARN, its user or service name."""
    identity = _map(detail.get("userIdentity"))
    arn = _text(identity, "arn", TEXT_MAX).rpartition(":")[2]
    issuer = _text(_map(_map(identity.get("sessionContext")).get("sessionIssuer")), "arn", TEXT_MAX).rpartition(":")[2]
    names = (_text(identity, name, TEXT_MAX) for name in ("userName", "invokedBy"))
    return one_line(next((name for name in (arn, issuer, *names) if name), ""), 2 * NAME_MAX)


def _instances(resources: Mapping[str, Any]) -> tuple[str, int]:
    """Instance type and count. Of a heterogeneous cluster: the type where all groups have the same, and the sum of counts."""
    groups = resources.get("instanceGroups")
    maps = [_map(group) for group in groups[:GROUPS_MAX]] if isinstance(groups, list) and groups else [resources]
    kinds = {_text(one, "instanceType", NAME_MAX) for one in maps}
    return kinds.pop() if len(kinds) == 1 else "", sum(_count(one.get("instanceCount")) for one in maps)


def _id(detail: Mapping[str, Any]) -> str:
    """A hash of the event's id, in 32 hexadecimal digits."""
    return sha256(_text(detail, "eventID", TEXT_MAX).encode("utf-8", "replace")).hexdigest()[:32]


def _time(detail: Mapping[str, Any]) -> datetime:
    stamp = _text(detail, "eventTime", NAME_MAX)
    try:
        at = datetime.fromisoformat(stamp)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEvent(f"eventTime is {one_line(stamp, NAME_MAX)!r}, wanted an ISO 8601 time") from None


def _count(found: Any) -> int:
    return found if type(found) is int and 1 <= found <= COUNT_MAX else 1


def _map(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _text(found: Mapping[str, Any], name: str, most: int) -> str:
    value = found.get(name)
    return value[:most] if isinstance(value, str) else ""
