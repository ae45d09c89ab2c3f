"""Asks EC2 how likely a spot request succeeds: GetSpotPlacementScores gives a score from 1 to 10."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import UNREADABLE


class PlacementScores:
    """The Placement port over a boto3 ``ec2`` client. The score is None without an answer that can be read."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def score(self, instance_type: str, count: int, region: str) -> int | None:
        try:
            answer = self._client.get_spot_placement_scores(
                InstanceTypes=[instance_type.removeprefix("ml.")], TargetCapacity=count, RegionNames=[region]
            )  # fmt: skip
            scores = [int(found["Score"]) for found in answer["SpotPlacementScores"] if found.get("Region") == region]
        except (ClientError, BotoCoreError, *UNREADABLE):
            return None
        return max(scores, default=None)
