"""Asks EC2 for the instance family of an instance: DescribeInstances."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.runtime.ports.answers import Unreachable

GONE = frozenset({"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"})


class Ec2Instances:
    """The Instances port over a boto3 ``ec2`` client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def family_of(self, instance_id: str) -> str | None:
        try:
            answer = self._client.describe_instances(InstanceIds=[instance_id])
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in GONE:
                return None
            if fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE):
                raise Unreachable(f"DescribeInstances {instance_id}: {error}") from error
            raise
        types = [i["InstanceType"] for r in answer["Reservations"] for i in r["Instances"]]
        return types[0].partition(".")[0] if types else None
