"""Stored times: until when passes, digests, prices and the bill were done; and the revision in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from controller.policy.compiled_document import BYTES_MAX, document_text
from controller.runtime.ports.policy import PutInForce, Reading, RevisionInForce
from controller.runtime.ports.schedule import DiscoverPass, PassPosition


class MemoryMoments:
    """Up to when something was done: passes, digests, prices, the bill, and the revision in force."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: dict[tuple[str, ...], datetime] = {}
        self.reported: dict[tuple[str, str], date] = {}
        self.positions: dict[DiscoverPass, PassPosition] = {}
        self.current_revision: RevisionInForce | None = None
        self.revision_read_at = datetime.min.replace(tzinfo=UTC)
        self.documents: dict[str, str] = {}

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        return self.moments.get(("pass", which))

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        self._move_forward(("pass", which), until)

    def position(self, which: DiscoverPass) -> PassPosition | None:
        return self.positions.get(which)

    def note_position(self, which: DiscoverPass, position: PassPosition) -> None:
        self.positions[which] = position

    def queued_at(self, period: str, channel: str) -> datetime | None:
        return self.moments.get(("queued", period, channel))

    def reported_until(self, period: str, channel: str) -> date | None:
        return self.reported.get((period, channel))

    def note_queued(self, period: str, channel: str, at: datetime, until: date) -> None:
        before = self.queued_at(period, channel)
        if before is None or before < at:
            self.reported[period, channel] = until
        self._move_forward(("queued", period, channel), at)

    def checked_at(self) -> datetime | None:
        return self.moments.get(("checked",))

    def note_checked(self, at: datetime) -> None:
        self._move_forward(("checked",), at)

    def blocks_refused_at(self) -> datetime | None:
        return self.moments.get(("blocks refused",))

    def note_blocks_refused(self, at: datetime) -> None:
        self._move_forward(("blocks refused",), at)

    def closed_until(self) -> datetime | None:
        return self.moments.get(("closed",))

    def note_closed(self, until: datetime) -> None:
        self._move_forward(("closed",), until)

    def refreshed_at(self, region: str) -> datetime | None:
        return self.moments.get(("refreshed", region))

    def note_refresh(self, region: str, at: datetime) -> None:
        self._move_forward(("refreshed", region), at)

    def billed_until(self, region: str) -> datetime | None:
        return self.moments.get(("billed", region))

    def note_billed(self, region: str, until: datetime) -> None:
        self._move_forward(("billed", region), until)

    def _move_forward(self, name: tuple[str, ...], at: datetime) -> None:
        self.moments[name] = max(at, self.moments.get(name, at))

    def put_in_force(self, revision: str, reading: Reading, document: Mapping[str, Any] | None = None) -> PutInForce | None:
        if document is not None and len(document_text(document).encode()) <= BYTES_MAX:
            self.documents[revision] = document_text(document)
        current = self.current_revision
        if current is not None and current.revision == revision:
            return PutInForce(since=current.since)
        if current is not None and reading.asked_at < self.revision_read_at <= reading.answered_at + timedelta(minutes=5):
            return None
        self.current_revision = RevisionInForce(revision=revision, since=reading.answered_at)
        self.revision_read_at = reading.answered_at
        return PutInForce(since=reading.answered_at, replaced=current)

    def take_back(self, revision: str, put: PutInForce, reading: Reading) -> None:
        if self.current_revision == RevisionInForce(revision=revision, since=put.since) and put.replaced is not None:
            self.current_revision, self.revision_read_at = put.replaced, reading.answered_at

    def current(self) -> RevisionInForce | None:
        return self.current_revision

    def document(self, revision: str) -> str | None:
        return self.documents.get(revision)
