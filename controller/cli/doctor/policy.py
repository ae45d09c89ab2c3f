"""What ``spotwarden doctor`` checks about names in the policies: quotas of instance types, and SNS topics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from controller.policy.sns_topic import is_topic, sns_topic

TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
NAMES = {False: "{} for training job usage", True: "{} for spot training job usage"}
ALL = {False: "instances across all training jobs", True: "instances across all spot training jobs"}  # ends of quota names
NOT_CHECKED = "not checked: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A SageMaker quota in Service Quotas: its code, and how many instances it allows."""

    code: str
    value: float


def asked_quotas(document: Mapping[str, Any]) -> dict[tuple[str, bool], set[str]]:
    """The rules and resubmit blocks of a compiled policy by the instance types that they name in full, and whether on spot.

    A block that never moves to on-demand needs the spot quota only.
    """
    asked: dict[tuple[str, bool], set[str]] = {}
    for section in ("rules", "resubmit"):
        for one in document.get(section, ()):
            markets = (True,) if one.get("on_demand") is False else (True, False)
            for text in _texts(one):
                if TYPE.fullmatch(text):
                    for spot in markets:
                        asked.setdefault((text, spot), set()).add(str(one["name"]))
    return asked


def look_at_quotas(client: Any, document: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether the quotas allow one instance of each type. Jobs may need more, but a policy does not contain how many."""
    asked = asked_quotas(document)
    if not asked:
        return True, "the policies name no instance type in full"
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    quotas = {q["QuotaName"]: Quota(code=q["QuotaCode"], value=q["Value"]) for page in pages for q in page["Quotas"]}
    low, unknown = [], []
    for (kind, spot), who in sorted(asked.items()):
        name = NAMES[spot].format(kind)
        if name not in quotas:
            unknown.append(f"{name!r} (named by {', '.join(sorted(who))})")
        elif quotas[name].value < 1:
            low.append(_low(name, quotas[name], who))
    for spot in {spot for _, spot in asked}:
        over_all = {name: quota for name, quota in quotas.items() if name.lower().endswith(ALL[spot])}
        low += [_low(name, quota, ("every job",)) for name, quota in over_all.items() if quota.value < 1]
    if low:
        return False, f"{'; '.join(low)}: request more with aws service-quotas request-service-quota-increase"
    if unknown:
        check = "check the spelling of the type, and whether this region has it"
        return None, f"{NOT_CHECKED}Service Quotas has no quota {', '.join(unknown)}: {check}"
    return True, f"each of {len({kind for kind, _ in asked})} instance types that the policies name may train"


def _low(name: str, quota: Quota, who: Iterable[str]) -> str:
    return f"{name!r} ({quota.code}) is {quota.value:g}, and {', '.join(sorted(who))} asks for at least 1"


def named_topics(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """The ARNs of the SNS topics in a compiled policy, and the parts of the policy that name each."""
    found: dict[str, set[str]] = {}
    places = [("the default channel", document.get("channel"))]
    places += [(str(one["name"]), one.get("channel")) for section in ("rules", "resubmit") for one in document.get(section, ())]
    places += [(f"team {team}", channel) for team, channel in document.get("slack", {}).get("channels", {}).items()]
    for who, channel in places:
        if isinstance(channel, str) and is_topic(channel):
            found.setdefault(channel, set()).add(who)
    return found


def look_at_topics(
    client: Callable[[str], Any], document: Mapping[str, Any], listed: Iterable[str], region: str
) -> tuple[bool | None, str]:
    """Whether the stack may publish to each topic in the policies, and whether the topics in its region exist."""
    named, allowed = named_topics(document), set(listed)
    if not named:
        return True, "the policies name no SNS topic"
    missing = [f"{arn} (of {', '.join(sorted(who))})" for arn, who in sorted(named.items()) if arn not in allowed]
    if missing:
        return False, f"not in the stack parameter PolicyTopics: {', '.join(missing)}; add them there, and deploy"
    here = [arn for arn in sorted(named) if sns_topic(arn).region == region]
    if gone := list(_missing_topics(client, here)):
        return False, f"these topics do not exist: {', '.join(gone)}; create them, or name others in the policies"
    elsewhere = sorted(set(named) - set(here))
    if elsewhere:
        return None, f"{NOT_CHECKED}whether these topics of other regions exist: {', '.join(elsewhere)}"
    return True, f"{', '.join(here)}: in PolicyTopics, and exists"


def _missing_topics(client: Callable[[str], Any], arns: Iterable[str]) -> Iterator[str]:
    for arn in arns:
        try:
            client("sns").get_topic_attributes(TopicArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NotFound", "NotFoundException"):
                raise
            yield arn


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        for inner in found.values():
            yield from _texts(inner)
    elif isinstance(found, list | tuple):
        for inner in found:
            yield from _texts(inner)
