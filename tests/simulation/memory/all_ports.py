"""A base class for a ledger in memory: one object is all of the ledger's ports."""

from __future__ import annotations

from typing import Self


class AllPorts:
    """One object for all ports of the ledger, so that they share their rows."""

    @property
    def lineages(self) -> Self:
        return self

    @property
    def due(self) -> Self:
        return self

    @property
    def claims(self) -> Self:
        return self

    @property
    def quota_holds(self) -> Self:
        return self

    @property
    def works(self) -> Self:
        return self

    @property
    def capacity(self) -> Self:
        return self

    @property
    def journal(self) -> Self:
        return self

    @property
    def histories(self) -> Self:
        return self

    @property
    def waivers(self) -> Self:
        return self

    @property
    def days(self) -> Self:
        return self

    @property
    def pools(self) -> Self:
        return self

    @property
    def prices(self) -> Self:
        return self

    @property
    def market_signals(self) -> Self:
        return self

    @property
    def halts(self) -> Self:
        return self

    @property
    def limits(self) -> Self:
        return self

    @property
    def passes(self) -> Self:
        return self

    @property
    def digests(self) -> Self:
        return self

    @property
    def block_support(self) -> Self:
        return self

    @property
    def revisions(self) -> Self:
        return self

    @property
    def rule_acts(self) -> Self:
        return self

    @property
    def seen_requests(self) -> Self:
        return self

    @property
    def user_requests(self) -> Self:
        return self
