"""The ports for gathering and looking up: they only read, and type checking refuses every write with them."""

from __future__ import annotations

from typing import Protocol

from controller.runtime.ports.aws import Checkpoints, Clock, Placement, Prices, Quotas, ReadJobs
from controller.runtime.ports.ledger import Capacity, Histories, QuotaHolds, ReadClaims, ReadLimits, ReadLineages
from controller.runtime.ports.lookups import RuleActsPort, Works
from controller.runtime.ports.policy import Policies
from controller.runtime.ports.schedule import ReadDays, ReadPoolMemories


class ReadLedger(Protocol):
    """The part of the ledger that a decision may depend on."""

    @property
    def lineages(self) -> ReadLineages: ...

    @property
    def claims(self) -> ReadClaims: ...

    @property
    def quota_holds(self) -> QuotaHolds: ...

    @property
    def works(self) -> Works: ...

    @property
    def capacity(self) -> Capacity: ...

    @property
    def histories(self) -> Histories: ...

    @property
    def limits(self) -> ReadLimits: ...

    @property
    def rule_acts(self) -> RuleActsPort: ...

    @property
    def days(self) -> ReadDays: ...

    @property
    def pools(self) -> ReadPoolMemories: ...


class ReadPorts(Protocol):
    """Everything that a decision may depend on."""

    @property
    def jobs(self) -> ReadJobs: ...

    @property
    def checkpoints(self) -> Checkpoints: ...

    @property
    def ledger(self) -> ReadLedger: ...

    @property
    def quotas(self) -> Quotas: ...

    @property
    def placement(self) -> Placement: ...

    @property
    def policies(self) -> Policies: ...

    @property
    def prices(self) -> Prices: ...

    @property
    def clock(self) -> Clock: ...
