"""Loads the compiled policy document, and asks the ledger when its revision took force."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from controller.policy.agreed_rate import AgreedRate
from controller.policy.load_policy import agreed_rates, fields_read, load_policy
from controller.policy.policy import Policy
from controller.policy.when import Path
from controller.runtime.ports.policy import Reading, RefusedPolicy, Revisions

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


class CompiledPolicies:
    """The Policies port over one compiled document. When its revision took force is read once per container.

    Only a function that ``decides`` stores since when the policy is in force. With ``observe_only`` nothing is enforced: people
    are told what would be done.
    """

    def __init__(
        self, document: Mapping[str, Any], now: Callable[[], datetime], *, decides: bool = True, observe_only: bool = False
    ) -> None:
        self._document, self._now, self._decides, self._observe_only = document, now, decides, observe_only
        self._revisions: Revisions | None = None
        self._begun_at: datetime | None = None
        self._policy: Policy | None = None
        self._fields: Mapping[Path, bool] | None = None
        self._agreed: tuple[AgreedRate, ...] | None = None

    def begin(self, revisions: Revisions) -> None:
        """Start an invocation, with the ledger's port."""
        self._revisions, self._begun_at = revisions, self._now()

    def fields_read(self) -> Mapping[Path, bool]:
        """The members of a job's description that expressions of the policy read, and whether a request may contain them."""
        if self._fields is None:
            self._fields = fields_read(self._document)
        return self._fields

    def agreed_rates(self) -> tuple[AgreedRate, ...]:
        """The rates of the policy that count instead of list prices."""
        if self._agreed is None:
            self._agreed = agreed_rates(self._document)
        return self._agreed

    def current(self) -> Policy:
        if self._policy is None:
            policy = load_policy(self._document, self._since())
            self._policy = policy.observing() if self._observe_only else policy
        return self._policy

    def refused(self) -> RefusedPolicy | None:
        return None  # a package with a bad policy is never built

    def _since(self) -> datetime:
        if self._revisions is None or self._begun_at is None:
            raise RuntimeError("call begin() before the first use")
        revision, now = self._document["revision"], self._now()
        if self._decides:
            # If the package was replaced since this invocation began, its policy is not put in force again.
            put = self._revisions.put_in_force(revision, Reading(asked_at=self._begun_at, answered_at=now), self._document)
            return put.since if put is not None else now
        current = self._revisions.current()
        return current.since if current is not None and current.revision == revision else now


def compiled_document() -> Mapping[str, Any]:
    """The packaged policy document, or the compiled JSON file at the path in ``SPOTWARDEN_POLICIES``."""
    path = os.environ.get("SPOTWARDEN_POLICIES")
    if not path:
        return packaged_document()
    with open(path, encoding="utf-8") as stream:
        document: Mapping[str, Any] = json.load(stream)
    return document


def packaged_document() -> Mapping[str, Any]:
    """The document that ships beside the code; ``controller.policyfile`` compiled it when the package was built."""
    document: Mapping[str, Any] = json.loads((DATA / "policies.json").read_text("utf-8"))
    return document
