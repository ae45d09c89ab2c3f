"""The ARN of a topic in any partition is parsed, or refused with a reason."""

from __future__ import annotations

import botocore.session
import pytest

from controller.policy.sns_topic import BadTopic, SnsTopic, is_topic, partition_of, sns_topic


def test_every_region_of_sns_is_in_its_partition() -> None:
    session = botocore.session.get_session()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("sns", partition):
            assert partition_of(region) == partition
            found = sns_topic(f"arn:{partition}:sns:{region}:123456789012:ml_alerts-1")
            assert found == SnsTopic(partition=partition, region=region, account="123456789012", name="ml_alerts-1")


@pytest.mark.parametrize(
    ("arn", "problem"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:q", "it is not an ARN of SNS"),
        ("arn:aws:sns:us-east-1:123456789012", "it is not an ARN of SNS"),
        (" arn:aws:sns:us-east-1:123456789012:ops", "it is not an ARN of SNS"),
        ("ARN:aws:sns:us-east-1:123456789012:ops", "it is not an ARN of SNS"),
        ("arn:aws:sns:us-east-1:12345678901:ops", "it has no account of twelve digits"),
        ("arn:aws:sns:us-east-1::ops", "it has no account of twelve digits"),
        ("arn:aws:sns:us-east-1:１２３４５６７８９０１２:ops", "it has no account of twelve digits"),
        ("arn:aws:sns::123456789012:ops", "it has no region"),
        ("arn:aws:sns:us-east:123456789012:ops", "it has no region"),
        ("arn:aws:sns:*:123456789012:ops", "it has no region"),
        ("arn::sns:us-east-1:123456789012:ops", "it has no partition"),
        ("arn:aws:sns:cn-north-1:123456789012:ops", "the region cn-north-1 is in the partition aws-cn"),
        ("arn:aws-us-gov:sns:us-east-1:123456789012:ops", "the region us-east-1 is in the partition aws"),
        ("arn:aws:sns:us-east-1:123456789012:ops.fifo", "a FIFO topic delivers only to SQS queues"),
        ("arn:aws:sns:us-east-1:123456789012:ops:5f1d6b4e", "it is the ARN of a subscription"),
        ("arn:aws:sns:us-east-1:123456789012:", "a topic's name has 1 to 256 letters"),
        ("arn:aws:sns:us-east-1:123456789012:ops\n", "a topic's name has 1 to 256 letters"),
        ("arn:aws:sns:us-east-1:123456789012:*", "a topic's name has 1 to 256 letters"),
        (f"arn:aws:sns:us-east-1:123456789012:{'a' * 257}", "a topic's name has 1 to 256 letters"),
    ],
)
def test_an_arn_that_is_not_of_a_standard_topic_is_refused_with_the_reason(arn: str, problem: str) -> None:
    assert is_topic(arn)
    with pytest.raises(BadTopic, match=problem):
        sns_topic(arn)


@pytest.mark.parametrize("channel", ["#ml", "C0123ABCD", "#arn", "arnold", "barn:aws", ""])
def test_a_channel_of_slack_is_no_topic(channel: str) -> None:
    assert not is_topic(channel)
