"""Puts events on the account's event bus, so that pipelines can wait for a lineage instead of one job name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import CODES, AwsFault, fault_of
from controller.ledger.intent import Publish
from controller.runtime.ports.answers import Answer, Done, Later, Refused

SOURCE = "spotwarden"


class EventPublisher:
    """The Events port over a boto3 ``events`` client and one event bus."""

    def __init__(self, client: Any, bus: str = "default") -> None:
        self._client = client
        self._bus = bus

    def publish(self, publish: Publish, at: datetime) -> Answer:
        return self.put(publish.detail_type, publish.detail, at)

    def put(self, detail_type: str, detail: str, at: datetime) -> Answer:
        """Put one event; ``detail`` is JSON. PutEvents answers for each entry: an accepted call may contain a refused event."""
        entry = {
            "Source": SOURCE,
            "DetailType": detail_type,
            "Detail": detail,
            "EventBusName": self._bus,
            "Time": at,
        }
        try:
            answer = self._client.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            if fault_of(error) in (AwsFault.DENIED, AwsFault.INVALID, AwsFault.MISSING):
                return Refused(str(error))
            return Later(str(error), tried=False)  # delivery is at least once: an event that arrived may be sent again
        if answer.get("FailedEntryCount"):
            failed = answer["Entries"][0]
            passing = CODES.get(failed.get("ErrorCode", "")) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE)
            return Later(f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}", tried=not passing)
        return Done("put")
