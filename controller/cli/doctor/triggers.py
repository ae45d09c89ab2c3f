"""What ``spotwarden doctor`` checks about EventBridge rules, the event bus, alarms and the queue of dead letters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.cli.doctor.iam_statements import lets_service
from controller.units.plural import count

REDEPLOY = "deploy the stack again with REVERT_DRIFT=yes"
NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
KEY_OF_SNS = "alias/aws/sns"  # nobody can change its key policy, which does not let CloudWatch use it
BY_EVENTBRIDGE = "events.amazonaws.com"
BY_CLOUDWATCH = "cloudwatch.amazonaws.com"
INVOKE = "lambda:InvokeFunction"


def look_at_rules(
    client: Callable[[str], Any], names: Mapping[str, str], declared: Mapping[str, Any] | None = None
) -> tuple[bool, str]:
    """Whether each rule exists, is enabled, has the stack's schedule or pattern, and may invoke a function that exists.

    ``names``: the rules' names by logical ID; ``declared``: the resources in the stack's template.
    """
    known = sorted(names.values())
    if not known:
        return False, f"the stack has no rules: nothing triggers the controller; {REDEPLOY}"
    events, states, changed, arns = client("events"), dict[str, str](), list[str](), dict[str, str]()
    for logical, name in names.items():
        found = _unless_missing(events.describe_rule, Name=name)
        states[name] = found["State"] if found else "gone"
        arns[name] = found.get("Arn", "") if found else ""
        if found and not _fires_as(found, (declared or {}).get(logical, {}).get("Properties", {})):
            changed.append(name)
    if gone := [name for name, state in states.items() if state == "gone"]:
        return False, f"deleted: {', '.join(gone)}; {REDEPLOY}"
    if off := [name for name, state in states.items() if state == "DISABLED"]:
        return (
            False,
            f"disabled: {', '.join(off)}; aws events enable-rule --name {off[0]} enables {'it' if len(off) == 1 else 'one'}",
        )
    if changed:
        return False, f"the schedule or pattern was changed by hand: {', '.join(sorted(changed))}; {REDEPLOY}"
    if wrong := list(_without_function(client, {name: arns[name] for name in known})):
        return False, f"{'; '.join(wrong)}; {REDEPLOY}"
    return (
        True,
        f"{count(len(known), 'rule')} enabled, and allowed to call {'its function' if len(known) == 1 else 'their functions'}",
    )


def _fires_as(found: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """Whether a rule has the schedule or pattern in the template. A pattern with CloudFormation functions is not compared."""
    schedule, pattern = properties.get("ScheduleExpression"), properties.get("EventPattern")
    if isinstance(schedule, str) and found.get("ScheduleExpression") != schedule:
        return False
    if pattern is None or '"Fn::' in json.dumps(pattern) or '"Ref"' in json.dumps(pattern):
        return True
    wanted = json.loads(pattern) if isinstance(pattern, str) else json.loads(json.dumps(pattern))
    return bool(json.loads(found.get("EventPattern") or "{}") == wanted)


def _without_function(client: Callable[[str], Any], rules: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each rule that cannot invoke its function; ``rules``: ARNs by name."""
    events, functions = client("events"), client("lambda")
    for rule, source in rules.items():
        arns = [target["Arn"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]]
        if not arns:
            yield f"{rule} calls no function"
        for arn in (arn for arn in arns if ":lambda:" in arn):
            answer = _unless_missing(functions.get_policy, FunctionName=arn)
            name = arn.rpartition(":")[2]
            if answer is None:  # Lambda's answer is the same for a function without a policy and for no function
                yield f"{rule} may not call {name}, or that is deleted"
            elif not lets_service(json.loads(answer["Policy"]), BY_EVENTBRIDGE, INVOKE, arn, known={"aws:sourcearn": source}):
                yield f"{rule} may not call {name}"
            elif functions.get_function_concurrency(FunctionName=arn).get("ReservedConcurrentExecutions") == 0:
                yield f"{name} reserves 0 executions, so Lambda never runs it"


def look_at_bus(client: Callable[[str], Any], bus: str) -> tuple[bool, str]:
    """Whether the event bus exists to which the stack sends its own events."""
    if bus in ("", "default"):
        return True, "Spotwarden's own events go to the default bus"
    if _unless_missing(client("events").describe_event_bus, Name=bus) is None:
        return False, f"the event bus {bus} does not exist: create it, or deploy with another EventBus"
    return True, f"Spotwarden's own events go to {bus}"


def look_at_alarms(client: Callable[[str], Any], names: Iterable[str], topic: str) -> tuple[bool, str]:
    """Whether all alarms exist, none is in the state ALARM, and their notifications can reach a subscriber."""
    known, found = sorted(names), dict[str, Any]()
    for begin in range(0, len(known), 100):
        pages = client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=known[begin : begin + 100])
        found |= {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
    if gone := [name for name in known if name not in found]:
        return False, f"deleted: {', '.join(gone)}; {REDEPLOY}"
    if firing := [name for name in known if found[name]["StateValue"] == "ALARM"]:
        return False, f"in alarm: {', '.join(firing)}; docs/operations.md says what each means"
    if mute := [name for name in known if not found[name].get("ActionsEnabled", True)]:
        enable = f"aws cloudwatch enable-alarm-actions --alarm-names {' '.join(mute)}"
        return False, f"nobody is notified of {', '.join(mute)}, whose actions are disabled: {enable}"
    if topic:
        heard_by = _unless_missing(_subscriptions, client=client("sns"), topic=topic)
        if heard_by is None:
            return (
                False,
                f"the AlarmTopic {topic} does not exist, so nobody is notified of alarms: create it, or deploy with another",
            )
        attributes = client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
        if attributes.get("KmsMasterKeyId", "").endswith(KEY_OF_SNS):
            return False, (
                f"CloudWatch cannot publish to the AlarmTopic {topic}, which is encrypted with {KEY_OF_SNS}:"
                f" aws sns set-topic-attributes --topic-arn {topic} --attribute-name KmsMasterKeyId --attribute-value ''"
                " ends that, or use a key whose policy lets cloudwatch.amazonaws.com use it"
            )
        if not lets_service(json.loads(attributes.get("Policy") or "{}"), BY_CLOUDWATCH, "sns:Publish", topic):
            return False, (
                f"CloudWatch may not publish to the AlarmTopic {topic}:"
                f" allow {BY_CLOUDWATCH} sns:Publish in the topic's access policy"
            )
        if not any(one["SubscriptionArn"].startswith("arn:") for one in heard_by):
            return (
                False,
                f"nobody is subscribed to the AlarmTopic {topic}: subscribe with aws sns subscribe, and confirm the mail",
            )
    heard = "" if topic else "; AlarmTopic is empty, so only CloudWatch shows them"
    return True, f"none of {len(known)} is in alarm{heard}" if known else "the stack has none"


def _subscriptions(client: Any, topic: str) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [one for page in pages for one in page["Subscriptions"]]


def look_at_dead_letters(client: Callable[[str], Any], queue: str) -> tuple[bool, str]:
    """Whether the queue of dead letters exists, EventBridge may send to it, and it is empty."""
    counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    try:
        answer = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[*counted, "Policy", "QueueArn"])["Attributes"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_QUEUE:
            raise
        return False, f"the queue {queue} is deleted, so what fails permanently is lost; {REDEPLOY}"
    if not lets_service(json.loads(answer.get("Policy") or "{}"), BY_EVENTBRIDGE, "sqs:SendMessage", answer.get("QueueArn", "")):
        return False, f"EventBridge may not send to the queue {queue}, so events that it cannot deliver are lost; {REDEPLOY}"
    waiting = sum(int(answer[name]) for name in counted)
    if waiting:
        letters = count(waiting, "dead letter")
        return False, f"{letters} in the queue; repair the cause that the log shows, then run spotwarden redrive --queue {queue}"
    return True, "none"


def _unless_missing(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer; None if the resource does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if fault_of(error) is AwsFault.MISSING or error.response["Error"]["Code"] in ("NotFound", "NotFoundException"):
            return None
        raise
