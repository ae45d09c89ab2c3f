"""Checks a stage's parameters before anything is built: their form, and mistakes that CloudFormation finds late or not at all.

CloudFormation checks each value's pattern only after the package is uploaded. It does not check where an ARN is. A secret of
another region, or a role of another account, fails during the deployment or at the first job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from controller.policy.sns_topic import partition_of
from infra.stack import FOLDER
from infra.stage import Stage, Undeployable

ARN = re.compile(r"arn:([a-z-]+):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|aws|):(.+)")
LISTS = ("CommaDelimitedList", "List<Number>")
VALUE_CHARS_MAX = 4096  # CloudFormation's limit for the value of a parameter
SHOWN_MAX = 120
# Parameters whose ARN must be in the stack's region: CloudWatch, Lambda and DynamoDB accept no other.
OF_THE_REGION = frozenset({"AlarmTopic", "Key", "SlackSecretKey", "SlackTokenSecret"})
OF_THE_ACCOUNT = {
    "TrainingRoles": "SageMaker takes only a role of the job's own account",
    "PermissionsBoundary": "IAM takes only a policy of the role's own account, or one of AWS",
}
# Pairs of a parameter and another one, without which it has no effect.
TOGETHER = (
    ("SubnetIds", "SecurityGroupIds"), ("SecurityGroupIds", "SubnetIds"),
    ("PolicyKey", "PolicyUri"), ("PolicyAccount", "PolicyUri"),
)  # fmt: skip
# Common mistakes: a pattern of the value, and a hint for the message. The first pattern that matches is used.
HINTS = (
    (r"(?s)\s.*|.*\s", "there is a blank before or after it"),
    (r"(?s).*\s.*", "there is a blank in it"),
    (
        r"(?:.*:)?(alias/.+)",
        r"that is an alias: aws kms describe-key --key-id \1 --query KeyMetadata.Arn prints the ARN of its key",
    ),
    (
        r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        r"that is a key's id: aws kms describe-key --key-id \1 --query KeyMetadata.Arn prints its ARN",
    ),
    (r"arn:[a-z-]+:sts::.*", "that is a session of a role: write the role's own ARN, which aws iam get-role prints"),
    (r"arn:[a-z-]+:iam::.*:(?:instance-profile|user|group|root).*", "that is not a role: aws iam get-role prints a role's ARN"),
    (r"arn:[a-z-]+:s3:::.*|s3://.*", "write the bucket's name alone"),
    (r"arn:[a-z-]+:sns:.*\.fifo", "that is a FIFO topic, which delivers only to SQS queues"),
    (r"(arn:[a-z-]+:sns:[^:]*:[^:]*:[^:]*):.*", r"that is a subscription: its topic is \1"),
    (r"arn:[a-z-]+:(?:dynamodb|events):.*[/:]([A-Za-z0-9._-]+)", r"write the name alone: \1"),
    (r".*[*?].*", "name each one in full"),
    (r"(.*[^/])/+", r"there is a slash at its end: \1"),
    (r"[0-9]{4}-[0-9]{4}-[0-9]{4}", "write the digits alone"),
    (r"(?:[A-Z]+_)?(?:ARN|BUCKET|KEY|NAME|TABLE)", "that stands in the docs for a value of yours"),
)


def check_parameters(stage: Stage, declared: Mapping[str, Any] | None = None, *, account: str = "") -> None:
    """Check a stage's parameters against those of the template. Raises Undeployable, with a sentence for each mistake.

    ``declared`` is the section Parameters of the template; None: of ``infra/resources.json``. ``account`` is the account of the
    credentials; empty: the account in the stage's file.
    """
    known = declared if declared is not None else json.loads((FOLDER / "resources.json").read_text("utf-8"))["Parameters"]
    if found := list(_mistakes(stage, known, account or stage.account)):
        raise Undeployable("\n".join(f"stage {stage.name}: {mistake}" for mistake in found))


def _mistakes(stage: Stage, known: Mapping[str, Any], account: str) -> Iterator[str]:
    given = stage.parameters
    if unknown := sorted(set(given) - set(known)):
        near = [match for name in unknown for match in get_close_matches(name, known, n=1)]
        meant = f"; did you mean {', '.join(near)}?" if near else ""
        yield f"found the parameters {unknown}, wanted some of {sorted(known)}{meant}"
    if missing := sorted(name for name, one in known.items() if "Default" not in one and name not in given):
        yield f"the parameters {missing} are missing; an empty text is a value too"
    for name, value in given.items():
        if name in known:
            yield from _of_one(name, value, known[name], stage, account)
    for name, other in TOGETHER:
        if given.get(name) and not given.get(other):
            yield f"the parameter {name} is set and {other} is empty, so that it has no effect: set both, or neither"


def _of_one(name: str, value: str, declared: Mapping[str, Any], stage: Stage, account: str) -> Iterator[str]:
    if len(value) > VALUE_CHARS_MAX:
        yield f"the parameter {name} has {len(value)} characters, wanted at most {VALUE_CHARS_MAX}"
        return
    several = declared["Type"] in LISTS and value.strip() != ""
    for member in [one.strip(" ") for one in value.split(",")] if several else [value]:
        if several and not member:
            yield f"the parameter {name} has an empty member in {_shown(value)}: take out the comma that is too many"
        elif wanted := _wanted(member, declared):
            hint = next((f": {found.expand(told)}" for form, told in HINTS if (found := re.fullmatch(form, member))), "")
            yield f"the parameter {name} has {_shown(member)}, wanted {wanted}{hint}"
        elif elsewhere := _elsewhere(name, member, stage.region, account):
            yield f"the parameter {name} has {_shown(member)}, {elsewhere}"


def _wanted(member: str, declared: Mapping[str, Any]) -> str:
    """What values the parameter accepts, if this one is not accepted; else empty."""
    allowed = [str(one) for one in declared.get("AllowedValues", ())]
    if allowed:
        return "" if member in allowed else f"one of {', '.join(allowed)}"
    if declared["Type"] == "Number":
        low, high = declared.get("MinValue", 0), declared.get("MaxValue")
        fits = re.fullmatch(r"[0-9]{1,9}", member) and low <= int(member) <= (high if high is not None else int(member))
        return "" if fits else f"a number from {low}{f' to {high}' if high is not None else ''}"
    fits = re.fullmatch(declared.get("AllowedPattern", "(?s).*"), member) and not member.endswith("\n")
    return "" if fits else str(declared.get("ConstraintDescription", "another text"))


def _elsewhere(name: str, member: str, region: str, account: str) -> str:
    """Why an ARN is in the wrong partition, region or account for the stack; empty if it is not, or if it is not an ARN."""
    found = ARN.fullmatch(member)
    if found is None:
        return ""
    partition, _, in_region, of_account, _ = found.groups()
    if partition != partition_of(region):
        return f"which is in the partition {partition}, but the region {region} is in {partition_of(region)}"
    if name in OF_THE_REGION and in_region != region:
        return f"which is in {in_region}, but the stack is in {region}: create one there"
    if name in OF_THE_ACCOUNT and account and of_account not in (account, "aws"):
        return f"which is in account {of_account}, but the stack is in {account}: {OF_THE_ACCOUNT[name]}"
    return ""


def _shown(value: str) -> str:
    return repr(value if len(value) <= SHOWN_MAX else f"{value[:SHOWN_MAX]}…")
