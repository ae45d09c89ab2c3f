"""Asks Service Quotas how many instances of a type may train on-demand at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

NAME = "{instance_type} for training job usage"  # "… for spot training job usage" is a separate quota
FRESH = timedelta(hours=6)  # a quota changes only on request


class ServiceQuotas:
    """The Quotas port over a boto3 ``service-quotas`` client. What cannot be read is unknown: no deadline waits for it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._read_at: datetime | None = None
        self._quotas: dict[str, int] = {}

    def on_demand(self, instance_type: str, now: datetime) -> int | None:
        if self._read_at is None or now - self._read_at > FRESH:
            self._quotas, self._read_at = self._all(), now
        return self._quotas.get(NAME.format(instance_type=instance_type))

    def _all(self) -> dict[str, int]:
        try:
            pages = self._client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
            return {quota["QuotaName"]: int(quota["Value"]) for page in pages for quota in page["Quotas"]}
        except (ClientError, BotoCoreError):
            return {}
