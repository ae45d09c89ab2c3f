"""Asks Service Quotas how many instances of a type may train on-demand at once: by the type's quota and that over all types."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import UNREADABLE

NAME = "{instance_type} for training job usage"  # "… for spot training job usage" is a separate quota
ALL = "instances across all training jobs"  # the end of the name of the limit over all types, which counts beside each type's
FRESH = timedelta(hours=6)  # a quota changes only on request
AGAIN = timedelta(minutes=5)  # after a call without an answer


class ServiceQuotas:
    """The Quotas port over a boto3 ``service-quotas`` client. Without an answer a quota is unknown: no deadline waits for it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._due_at: datetime | None = None
        self._quotas: dict[str, int] = {}

    def on_demand(self, instance_type: str, now: datetime) -> int | None:
        if self._due_at is None or now > self._due_at:
            found = self._all()
            self._due_at = now + (FRESH if found is not None else AGAIN)
            self._quotas = self._quotas if found is None else found
        limits = (value for name, value in self._quotas.items() if _counts(name, instance_type))
        return min(limits, default=None)

    def _all(self) -> dict[str, int] | None:
        """The value of every quota of SageMaker, by its name; None without an answer."""
        try:
            pages = self._client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
            return {quota["QuotaName"]: int(quota["Value"]) for page in pages for quota in page["Quotas"]}
        except (ClientError, BotoCoreError, *UNREADABLE):
            return None


def _counts(name: str, instance_type: str) -> bool:
    return name == NAME.format(instance_type=instance_type) or name.lower().endswith(ALL)
