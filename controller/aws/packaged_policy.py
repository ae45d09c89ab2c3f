"""Loads the compiled policy document, and asks the ledger when its revision took force."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from controller.policy.agreed_rate import AgreedRate
from controller.policy.compiled import agreed_rates, fields_read, load_policy
from controller.policy.policy import Policy
from controller.policy.when import Path


class CompiledPolicies:
    """The Policies port over one JSON document. Both the document and its date are read once per container.

    With ``observe_only`` nothing is enforced: people are told what would be done.
    """

    def __init__(
        self, document: Mapping[str, Any], in_force_at: Callable[[str], datetime], *, observe_only: bool = False
    ) -> None:
        self._document = document
        self._observe_only = observe_only
        self._in_force_at = in_force_at
        self._policy: Policy | None = None
        self._fields: Mapping[Path, bool] | None = None

    def fields_read(self) -> Mapping[Path, bool]:
        """The members of a job's description that expressions of the policy read, and whether a request may contain them."""
        if self._fields is None:
            self._fields = fields_read(self._document)
        return self._fields

    @property
    def agreed_rates(self) -> tuple[AgreedRate, ...]:
        """The rates of the policy that count instead of list prices."""
        return agreed_rates(self._document)

    def current(self) -> Policy:
        if self._policy is None:
            policy = load_policy(self._document, self._in_force_at(self._document["revision"]))
            self._policy = policy.observing() if self._observe_only else policy
        return self._policy


def compiled_document() -> Mapping[str, Any]:
    """The packaged policy document, or the one that ``SPOTWARDEN_POLICIES`` names (a compiled JSON file)."""
    path = os.environ.get("SPOTWARDEN_POLICIES")
    if not path:
        return packaged_document()
    with open(path, encoding="utf-8") as stream:
        document: Mapping[str, Any] = json.load(stream)
    return document


def packaged_document() -> Mapping[str, Any]:
    """The document that ships beside the code; ``controller.policyfile`` compiled it when the package was built."""
    document: Mapping[str, Any] = json.loads(files("controller").joinpath("data/policies.json").read_text("utf-8"))
    return document
