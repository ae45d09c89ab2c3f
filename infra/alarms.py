"""The CloudWatch alarms of the stack: what each means, what an operator does, and when it fires.

``python -m infra.alarms`` prints the table of docs/operations.md. A test makes each alarm fire from the metrics of the handlers.

For a metric that is sent at each run, missing data counts as breaching: a function that cannot write its log sends no metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Value = str | int | Mapping[str, Any]

MINUTE, HOUR, DAY = 60, 3600, 86_400
OWN: Mapping[str, Value] = {"service": "spotwarden", "stack": {"Ref": "AWS::StackName"}}
NO_VALUE = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One CloudWatch alarm. It fires if ``breaching`` of the last ``periods`` periods (of ``period_s`` seconds) exceed the limit.

    ``below``: if they are under it. ``missing`` is TreatMissingData. ``condition`` is the template's condition for the alarm.
    """

    name: str
    meaning: str
    runbook: str
    metric: str
    namespace: str = "Spotwarden"
    dimensions: Mapping[str, Value] = field(default_factory=lambda: OWN)
    statistic: str = "Maximum"
    period_s: int = MINUTE
    periods: int = 1
    breaching: int = 1
    threshold: Value = 0
    below: bool = False
    missing: str = "notBreaching"
    condition: str = ""

    def resource(self) -> dict[str, Any]:
        """Return the alarm as a CloudFormation resource."""
        to_topic = {"Fn::If": ["Notify", [{"Ref": "AlarmTopic"}], NO_VALUE]}
        return {
            "Type": "AWS::CloudWatch::Alarm",
            **({"Condition": self.condition} if self.condition else {}),
            "Properties": {
                "AlarmDescription": f"{self.meaning} {self.runbook}",
                "Namespace": self.namespace,
                "MetricName": self.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
                "Statistic": self.statistic,
                "Period": self.period_s,
                "EvaluationPeriods": self.periods,
                "DatapointsToAlarm": self.breaching,
                "Threshold": self.threshold,
                "ComparisonOperator": "LessThanThreshold" if self.below else "GreaterThanThreshold",
                "TreatMissingData": self.missing,
                "AlarmActions": to_topic,
                "OKActions": to_topic,
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """The periods over which a function's errors are counted, and whether its failed invocations go to the dead-letter queue."""

    period_s: int
    periods: int
    breaching: int
    keeps_dead_letters: bool
    condition: str = ""


FUNCTIONS: Mapping[str, Cadence] = {
    "JobChanged": Cadence(period_s=5 * MINUTE, periods=6, breaching=3, keeps_dead_letters=True),
    "MarketSignalled": Cadence(period_s=5 * MINUTE, periods=6, breaching=3, keeps_dead_letters=True),
    "Sweep": Cadence(period_s=MINUTE, periods=5, breaching=3, keeps_dead_letters=False),
    "Drain": Cadence(period_s=MINUTE, periods=10, breaching=5, keeps_dead_letters=False),
    "Discover": Cadence(period_s=HOUR, periods=2, breaching=2, keeps_dead_letters=True),
    "Digests": Cadence(period_s=HOUR, periods=2, breaching=2, keeps_dead_letters=True),
    "Prices": Cadence(period_s=HOUR, periods=1, breaching=1, keeps_dead_letters=True),
    "APIHandler": Cadence(period_s=5 * MINUTE, periods=3, breaching=2, keeps_dead_letters=False, condition="HasApi"),
}


LOST = {  # what an operator does about a lost invocation; other functions do the work in their next run
    "JobChanged": "Then look at the jobs again: spotwarden replay --since TIME --function NAME (output JobChanged).",
    "MarketSignalled": "The lost warnings of EC2 stay lost: no job depends on them.",
}


def _of(function: str) -> Mapping[str, Value]:
    return {"FunctionName": {"Ref": function}}


def _per_function() -> Iterable[Alarm]:
    for name, cadence in FUNCTIONS.items():
        yield Alarm(
            name=f"{name}Fails",
            meaning=f"{name} fails again and again.",
            runbook=(
                f"Read the newest line with level ERROR in {name}Logs: problem and, where it is known, to_do. The saved query"
                " Errors shows those of all functions but APIHandler."
            ),
            metric="Errors",
            namespace="AWS/Lambda",
            dimensions=_of(name),
            statistic="Sum",
            period_s=cadence.period_s,
            periods=cadence.periods,
            breaching=cadence.breaching,
            condition=cadence.condition,
        )
        yield Alarm(
            name=f"{name}IsThrottled",
            meaning=f"Lambda refuses to run {name}: the account's or the function's concurrency is used up.",
            runbook="Look for another function that takes the account's concurrency, or raise the account's limit."
            " spotwarden doctor shows what was not run meanwhile.",
            metric="Throttles",
            namespace="AWS/Lambda",
            dimensions=_of(name),
            statistic="Sum",
            period_s=max(cadence.period_s, 5 * MINUTE),
            periods=3 if cadence.period_s < HOUR else 1,
            breaching=3 if cadence.period_s < HOUR else 1,
            condition=cadence.condition,
        )
        if cadence.keeps_dead_letters:
            yield Alarm(
                name=f"{name}LosesDeadLetters",
                meaning=f"An invocation of {name} failed permanently, and Lambda could not write it to the dead-letter queue.",
                runbook=f"Check the queue DeadLetters and its key. {LOST.get(name, 'The next run does what is due.')}",
                metric="DestinationDeliveryFailures",
                namespace="AWS/Lambda",
                dimensions=_of(name),
                statistic="Sum",
                period_s=5 * MINUTE,
            )


ALARMS: tuple[Alarm, ...] = (
    Alarm(
        name="WorkIsOverdue",
        meaning="Work has been overdue for longer than OverdueSecondsMax, or the sweep reports nothing.",
        runbook="spotwarden status --table TABLE lists job and problem. What to do about it: below, under a trigger that fails.",
        metric="OverdueSeconds",
        periods=5,
        breaching=3,
        threshold={"Ref": "OverdueSecondsMax"},
        missing="breaching",
    ),
    Alarm(
        name="SweepIsMissing",
        meaning="The sweep, which repairs everything else, did not run for five minutes.",
        runbook="spotwarden doctor names a rule that is disabled or gone, and a function that it may not call. Else look at its"
        " throttles.",
        metric="Invocations",
        namespace="AWS/Lambda",
        dimensions=_of("Sweep"),
        statistic="Sum",
        periods=5,
        breaching=5,
        threshold=1,
        below=True,
        missing="breaching",
    ),
    Alarm(
        name="DiscoverIsMissing",
        meaning="The search for jobs whose event was lost did not run for three hours.",
        runbook="As for SweepIsMissing. The next run looks at everything since the last one.",
        metric="Invocations",
        namespace="AWS/Lambda",
        dimensions=_of("Discover"),
        statistic="Sum",
        period_s=HOUR,
        periods=3,
        breaching=3,
        threshold=1,
        below=True,
        missing="breaching",
    ),
    Alarm(
        name="DigestsAreMissing",
        meaning="The function of the digests did not run for three hours.",
        runbook="As for SweepIsMissing; see DigestsFails, too. Digests that are due are sent by its next run.",
        metric="Digests",
        statistic="SampleCount",
        period_s=HOUR,
        periods=3,
        breaching=3,
        threshold=1,
        below=True,
        missing="breaching",
    ),
    Alarm(
        name="RingsFail",
        meaning="Jobs could not be looked at in two consecutive hours.",
        runbook="Read the lines \"trigger failed\" in the saved query Errors: job and problem. What to do: see WorkIsOverdue.",
        metric="RingsFailed",
        statistic="Sum",
        period_s=HOUR,
        periods=2,
        breaching=2,
    ),
    Alarm(
        name="DecidersFail",
        meaning="A part of the decision about jobs raised an error in two consecutive hours; the rest of it was carried out.",
        runbook="Run the saved query Errors, and open an issue with its lines. To stop all actions until then: spotwarden halt.",
        metric="DecidersFailed",
        statistic="Sum",
        period_s=HOUR,
        periods=2,
        breaching=2,
    ),
    Alarm(
        name="PolicyIsRefused",
        meaning="The document at PolicyUri has been bad or unreadable for five minutes, and is not in force.",
        runbook="spotwarden doctor says what is wrong; the last good one is in force. Write: spotwarden compile DIR --to URI.",
        metric="PoliciesRefused",
        periods=5,
        breaching=5,
    ),
    Alarm(
        name="JobsAreNotUnderstood",
        meaning="SageMaker describes jobs with members that this version does not know. It submits none of them again.",
        runbook="Nothing is lost. Read \"description has unknown members\" in the logs of Sweep and JobChanged, and upgrade.",
        metric="JobsNotUnderstood",
        statistic="Sum",
        period_s=HOUR,
    ),
    Alarm(
        name="MessagesWait",
        meaning="A message has waited for more than 30 minutes: Slack or SNS refuses them, or the drain does not run.",
        runbook="Run the saved query Waiting: channel and reason. What each reason asks for: below, under a channel that waits.",
        metric="OldestMessageSeconds",
        period_s=5 * MINUTE,
        periods=3,
        breaching=3,
        threshold=1800,
        missing="breaching",
    ),
    Alarm(
        name="ChannelsWait",
        meaning="A channel has had to wait for an hour.",
        runbook="See MessagesWait. Messages wait for a day and are not lost; then they are shelved.",
        metric="ChannelsWaiting",
        period_s=5 * MINUTE,
        periods=12,
        breaching=12,
    ),
    Alarm(
        name="MessagesAreShelved",
        meaning="Messages waited for more than a day; only the next digest lists them.",
        runbook="See MessagesWait. Nothing else has to be done: the next digest lists them.",
        metric="MessagesShelved",
        statistic="Sum",
        period_s=HOUR,
    ),
    Alarm(
        name="MessagesAreSetAside",
        meaning="Slack or SNS refused messages in every form. They are kept, and delay no other message.",
        runbook="spotwarden status --table TABLE shows channel, message and error. Repair it: spotwarden redrive --table TABLE.",
        metric="MessagesSetAside",
        statistic="Sum",
        period_s=HOUR,
    ),
    Alarm(
        name="DigestsAreNotSent",
        meaning="A digest has waited for two hours.",
        runbook="See MessagesWait. The digest is sent once Slack accepts it.",
        metric="DigestsWaiting",
        period_s=5 * MINUTE,
        periods=24,
        breaching=24,
    ),
    Alarm(
        name="SlackRequestsFail",
        meaning="Slack's clicks or commands are answered with an error.",
        runbook="Read the lines with level ERROR in APIHandlerLogs: problem and to_do. Lambda counts none, as the route answers.",
        metric="SlackFailures",
        statistic="Sum",
        period_s=5 * MINUTE,
        periods=3,
        breaching=2,
        condition="HasApi",
    ),
    Alarm(
        name="EventsOfOthers",
        meaning="Events of another account or region arrive here. They are refused.",
        runbook="The saved query Errors shows account and region: \"event refused\". Remove the rule there that forwards them;"
        " install a stack there.",
        metric="EventsOfOthers", statistic="Sum", period_s=HOUR,
    ),
    Alarm(
        name="DeadLettersNotEmpty",
        meaning="Events or invocations failed permanently; their bodies wait in the dead-letter queue for 14 days.",
        runbook="Repair the cause that the saved query Errors shows, then: spotwarden redrive --queue URL (output DeadLetters).",
        metric="ApproximateNumberOfMessagesVisible",
        namespace="AWS/SQS",
        dimensions={"QueueName": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}},
    ),
    *_per_function(),
)  # fmt: skip


def table() -> str:
    """Return the table of alarms as docs/operations.md shows it."""
    shown = [alarm for alarm in ALARMS if alarm.namespace != "AWS/Lambda" or alarm.below]
    rows = [f"| `{alarm.name}` | {alarm.meaning} | {alarm.runbook} |" for alarm in shown]
    return "\n".join(["| alarm | what it means | what to do |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(table())
