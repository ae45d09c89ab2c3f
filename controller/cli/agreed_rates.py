"""The agreed rates that a report and an audit use: those of the policy in force, not of a local policy folder.

An attempt that was recorded with a price keeps it. Agreed rates are used for attempts without a price, and by ``audit``, which
computes each attempt again under the policy revision in its row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from controller.cli.input.policy_source import policy_document
from controller.ledger.entry import Measured
from controller.policy.agreed_rate import AgreedRate
from controller.policy.compiled_document import BadPolicyDocument, document_of
from controller.policy.load_policy import agreed_rates
from controller.policyfile import BadPolicy
from controller.runtime.ports.policy import Revisions
from controller.savings.agreed_rates import with_agreed
from controller.savings.dated_prices import RateOf


def rates_in_force(revisions: Revisions, folder: str | None) -> tuple[AgreedRate, ...]:
    """The agreed rates of the policy folder if one is given, otherwise of the policy in force. Raises BadPolicy."""
    if folder is not None:
        return agreed_rates(policy_document(folder)[0])
    current = revisions.current()
    return _rates_under(revisions, current.revision) or () if current is not None else ()


def rates_when_recorded(revisions: Revisions, listed: RateOf) -> Callable[[Measured], RateOf | None]:
    """A function that returns the prices under the policy in force when an attempt was recorded; None if it is not known."""

    @cache
    def under(revision: str) -> RateOf | None:
        agreed = _rates_under(revisions, revision) if revision else None
        return with_agreed(listed, agreed) if agreed is not None else None

    return lambda recorded: under(recorded.revision)


def _rates_under(revisions: Revisions, revision: str) -> tuple[AgreedRate, ...] | None:
    """The agreed rates of a policy revision that is in the ledger, or is that of the local policy. None: in neither."""
    text = revisions.document(revision)
    try:
        document = document_of(text) if text is not None else policy_document(None)[0]
    except (BadPolicyDocument, BadPolicy):
        return None
    return agreed_rates(document) if document.get("revision") == revision else None
