"""What ``spotwarden doctor`` sees of what calls the functions, and of who hears of it: rules, the event bus and alarms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.units.plural import count

REDEPLOY = "deploy the stack again with REVERT_DRIFT=yes"
BY_EVENTBRIDGE = "events.amazonaws.com"


def look_at_rules(client: Callable[[str], Any], names: Iterable[str]) -> tuple[bool, str]:
    """Whether each rule is there and enabled, and may call a function that is there."""
    known = sorted(names)
    if not known:
        return False, f"the stack has no rules: nothing triggers the controller; {REDEPLOY}"
    events, states = client("events"), dict[str, str]()
    for name in known:
        found = _unless_missing(events.describe_rule, Name=name)
        states[name] = found["State"] if found else "gone"
    if gone := [name for name, state in states.items() if state == "gone"]:
        return False, f"deleted: {', '.join(gone)}; {REDEPLOY}"
    if off := [name for name, state in states.items() if state == "DISABLED"]:
        return (
            False,
            f"disabled: {', '.join(off)}; aws events enable-rule --name {off[0]} enables {'it' if len(off) == 1 else 'one'}",
        )
    if wrong := list(_without_function(client, known)):
        return False, f"{'; '.join(wrong)}; {REDEPLOY}"
    return (
        True,
        f"{count(len(known), 'rule')} enabled, and allowed to call {'its function' if len(known) == 1 else 'their functions'}",
    )


def _without_function(client: Callable[[str], Any], rules: Iterable[str]) -> Iterator[str]:
    events, functions = client("events"), client("lambda")
    for rule in rules:
        arns = [target["Arn"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]]
        if not arns:
            yield f"{rule} calls no function"
        for arn in (arn for arn in arns if ":lambda:" in arn):
            answer = _unless_missing(functions.get_policy, FunctionName=arn)
            name = arn.rpartition(":")[2]
            if answer is None:  # of a function without a policy Lambda says the same as of none
                yield f"{rule} may not call {name}, or that is deleted"
            elif not _lets_eventbridge(answer["Policy"]):
                yield f"{rule} may not call {name}"


def _lets_eventbridge(policy: str) -> bool:
    statements = json.loads(policy).get("Statement", ())
    principals = (one.get("Principal") for one in statements if one.get("Effect") == "Allow")
    return any(BY_EVENTBRIDGE in (one.get("Service", "") if isinstance(one, dict) else str(one)) for one in principals)


def look_at_bus(client: Callable[[str], Any], bus: str) -> tuple[bool, str]:
    """Whether the bus of the stack's own events exists."""
    if bus in ("", "default"):
        return True, "Spotwarden's own events go to the default bus"
    if _unless_missing(client("events").describe_event_bus, Name=bus) is None:
        return False, f"the event bus {bus} does not exist: create it, or deploy with another EventBus"
    return True, f"Spotwarden's own events go to {bus}"


def look_at_alarms(client: Callable[[str], Any], names: Iterable[str], topic: str) -> tuple[bool, str]:
    """Whether an alarm is on, and whether somebody hears of one."""
    known, firing = sorted(names), list[str]()
    for begin in range(0, len(known), 100):
        answer = client("cloudwatch").describe_alarms(AlarmNames=known[begin : begin + 100])
        firing += [alarm["AlarmName"] for alarm in answer["MetricAlarms"] if alarm["StateValue"] == "ALARM"]
    if firing:
        return False, f"in alarm: {', '.join(sorted(firing))}; docs/operations.md says what each means"
    if topic:
        found = _unless_missing(client("sns").list_subscriptions_by_topic, TopicArn=topic)
        if found is None:
            return False, f"the AlarmTopic {topic} does not exist, so nobody hears of alarms: create it, or deploy with another"
        if not any(one["SubscriptionArn"].startswith("arn:") for one in found["Subscriptions"]):
            return (
                False,
                f"nobody is subscribed to the AlarmTopic {topic}: subscribe with aws sns subscribe, and confirm the mail",
            )
    heard = "" if topic else "; AlarmTopic is empty, so they are seen in CloudWatch alone"
    return True, f"none of {len(known)} is in alarm{heard}" if known else "the stack has none"


def _unless_missing(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer; None where what was asked for does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if fault_of(error) is AwsFault.MISSING or error.response["Error"]["Code"] in ("NotFound", "NotFoundException"):
            return None
        raise
