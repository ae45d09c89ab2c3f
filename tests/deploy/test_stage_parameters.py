"""What an operator writes wrongly into a stage's parameters is refused before anything is built, in one sentence each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.deploy import main
from infra.stage import Stage
from infra.stage_parameters import check_parameters
from tests.deploy.test_deploy import refused

ROLE, KEY = "arn:aws:iam::123456789012:role/train", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:spotwarden/slack-AbCdEf"
WANTED_ROLES = "wanted full ARNs of IAM roles, separated by commas, without * and ?"
WANTED_BUCKETS = "wanted full names of S3 buckets, separated by commas, without * and ?"
WANTED_TOPIC, WANTED_KEY = "wanted the ARN of an SNS topic, or empty", "wanted the ARN of a KMS key, or empty"
EMPTY = {"TrainingRoles": "", "CheckpointBuckets": "", "PolicyTopics": ""}
STAGE = Stage(name="prod", stack="spotwarden", region="us-east-1", bucket="acme", account="123456789012")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TrainingRoles", "train", WANTED_ROLES),
        ("TrainingRoles", f"{ROLE}/", f"{WANTED_ROLES}: there is a slash at its end: {ROLE}"),
        ("TrainingRoles", f"{ROLE}*", f"{WANTED_ROLES}: name each one in full"),
        ("TrainingRoles", f"{ROLE},", f"has an empty member in '{ROLE},': take out the comma that is too many"),
        ("TrainingRoles", f"{ROLE} {ROLE}", f"{WANTED_ROLES}: there is a blank in it"),
        ("TrainingRoles", f"{ROLE}, arn:aws:iam::12345:role/x", "has 'arn:aws:iam::12345:role/x', wanted full ARNs"),
        ("TrainingRoles", "arn:aws:sts::123456789012:assumed-role/train/me", ": that is a session of a role: write the role's"),
        ("TrainingRoles", "arn:aws:iam::123456789012:instance-profile/x", ": that is not a role: aws iam get-role prints"),
        ("TrainingRoles", ROLE.replace("1234", "9999"), "which is in account 999956789012, but the stack is in 123456789012"),
        ("TrainingRoles", ROLE.replace("aws", "aws-cn"), "which is in the partition aws-cn, but the region us-east-1 is in aws"),
        ("CheckpointBuckets", "s3://acme/", f"{WANTED_BUCKETS}: write the bucket's name alone"),
        ("CheckpointBuckets", "arn:aws:s3:::acme", f"{WANTED_BUCKETS}: write the bucket's name alone"),
        ("CheckpointBuckets", "acme/", f"{WANTED_BUCKETS}: there is a slash at its end: acme"),
        ("CheckpointBuckets", "acme data", f"{WANTED_BUCKETS}: there is a blank in it"),
        ("SlackTokenSecret", "spotwarden/slack", "wanted the ARN of a secret in Secrets Manager, or empty"),
        ("SlackTokenSecret", "SECRET_ARN", ": that stands in the docs for a value of yours"),
        ("SlackTokenSecret", f" {SECRET}", ": there is a blank before or after it"),
        ("SlackTokenSecret", f"{SECRET}\n", ": there is a blank before or after it"),
        ("SlackTokenSecret", SECRET.replace("us-east-1", "eu-west-1"), "which is in eu-west-1, but the stack is in us-east-1"),
        ("Key", "alias/spot", f"{WANTED_KEY}: that is an alias: aws kms describe-key --key-id alias/spot --query Key"),
        ("Key", "arn:aws:kms:us-east-1:123456789012:alias/spot", ": that is an alias: aws kms describe-key --key-id alias/spot "),
        ("TopicKey", KEY.rpartition("/")[2], ": that is a key's id: aws kms describe-key --key-id 1234abcd-12ab"),
        ("Key", KEY.replace("us-east-1", "us-west-2"), "which is in us-west-2, but the stack is in us-east-1"),
        ("AlarmTopic", "alarms", WANTED_TOPIC),
        ("AlarmTopic", f"{TOPIC}.fifo", ": that is a FIFO topic, which delivers only to SQS queues"),
        ("AlarmTopic", f"{TOPIC}:1234abcd-12ab", f": that is a subscription: its topic is {TOPIC}"),
        ("AlarmTopic", TOPIC.replace("us-east-1", "eu-west-1"), "which is in eu-west-1, but the stack is in us-east-1"),
        ("NoticeTopic", TOPIC.replace("aws:", "aws-us-gov:", 1), "which is in the partition aws-us-gov, but the region us"),
        ("PermissionsBoundary", "arn:aws:iam::999999999999:policy/b", "IAM takes only a policy of the role's own account"),
        ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/b/", ": there is a slash at its end: arn:aws:iam::"),
        ("ExistingLedger", "arn:aws:dynamodb:us-east-1:123456789012:table/old", ": write the name alone: old"),
        ("EventBus", "arn:aws:events:us-east-1:123456789012:event-bus/own", ": write the name alone: own"),
        ("PeerAccounts", "1234-5678-9012", ": write the digits alone"),
        ("PeerAccounts", ",".join(["123456789012"] * 400), "the parameter PeerAccounts has 5199 characters, wanted at most 4096"),
        ("Reserve", "maybe", "the parameter Reserve has 'maybe', wanted one of yes, no"),
        ("LogDays", "8", "the parameter LogDays has '8', wanted one of 1, 3, 5,"),
        ("ArchiveDays", "-1", "the parameter ArchiveDays has '-1', wanted a number from 0 to 3650"),
        ("OverdueSecondsMax", "15 min", "the parameter OverdueSecondsMax has '15 min', wanted a number from 120"),
        ("SubnetIds", "subnet-1", "the parameter SubnetIds is set and SecurityGroupIds is empty, so that it has no effect"),
        ("PolicyAccount", "123456789012", "the parameter PolicyAccount is set and PolicyUri is empty, so that it has no effect"),
        ("TrainingRole", ROLE, "found the parameters ['TrainingRole'], wanted some of ["),
        ("TrainingRole", ROLE, "; did you mean TrainingRoles?"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_what_was_found_what_is_wanted_and_where(name: str, value: str, told: str) -> None:
    said = refused(lambda: check_parameters(replace(STAGE, parameters={**EMPTY, name: value})))
    assert said.startswith("stage prod: ")
    assert name in said
    assert told in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "given",
    [
        EMPTY,
        {**EMPTY, "TrainingRoles": f"{ROLE}, {ROLE.replace('role/', 'role/service-role/')}", "CheckpointBuckets": "acme, a.two"},
        {**EMPTY, "SlackTokenSecret": SECRET, "Key": KEY, "AlarmTopic": TOPIC, "LogDays": "90", "OverdueSecondsMax": "120"},
        {**EMPTY, "PolicyTopics": TOPIC.replace("us-east-1", "eu-west-1"), "TopicKey": KEY.replace("us-east-1", "eu-west-1")},
        {**EMPTY, "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess", "PeerAccounts": "111122223333,444455556666"},
        {**EMPTY, "SlackTokenSecret": SECRET.replace("123456789012", "999999999999")},  # a secret that all accounts share
    ],
)  # fmt: skip
def test_what_fits_is_taken(given: dict[str, str]) -> None:
    check_parameters(replace(STAGE, parameters=given))


def test_each_mistake_of_a_stage_is_told_before_its_package_is_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.yaml").write_text(
        "stack: s\nregion: us-east-1\nbucket: acme\n"
        f"parameters: {{TrainingRoles: {ROLE}/, CheckpointBuckets: s3://acme, PolicyTopics: ''}}\n"
    )
    assert main(["check", "x", "--stages", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" has ")[0] for line in lines] == [
        "check x: stage x: the parameter TrainingRoles", "check x: stage x: the parameter CheckpointBuckets",
    ]  # fmt: skip
