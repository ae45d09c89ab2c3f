"""Rates that an account pays instead of the list price: of a Savings Plan, or agreed in private."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from controller.policy.bounds import MICROS
from controller.units.money import Micros
from controller.units.value import dataclass


class Agreement(StrEnum):
    """Why a rate differs from the list price."""

    SAVINGS_PLAN = "savings-plan"  # covers on-demand usage alone: spot gains nothing from it
    PRIVATE_PRICING = "private-pricing"

    @property
    def label(self) -> str:
        return "Savings Plan" if self is Agreement.SAVINGS_PLAN else "private pricing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedRate:
    """What an hour of an instance costs in a region, from ``since`` to the end of ``until`` (days, UTC; None: without an end).

    ``spot`` says whether it is the price of spot training. ``usage_type`` is the one that the policy names, empty without one.
    """

    instance_type: str
    region: str
    spot: bool
    micros_per_h: Annotated[Micros, MICROS]
    since: date
    until: date | None
    agreement: Agreement
    usage_type: str = ""

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    @property
    def named(self) -> str:
        """How the policy names it."""
        return self.usage_type or f"{self.instance_type} in {self.region}{' on spot' if self.spot else ''}"
