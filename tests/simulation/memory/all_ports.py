"""Each of the ledger's ports is the ledger itself, in a fake that shares its rows."""

from __future__ import annotations

from typing import Self


class AllPorts:
    """One object that is each of the ledger's ports itself: a fake of all of them shares its rows."""

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
