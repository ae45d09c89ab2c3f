"""Rates that an account pays instead of the list price: of a Savings Plan, or of an agreement on private pricing."""

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
        """The name for people."""
        return "Savings Plan" if self is Agreement.SAVINGS_PLAN else "private pricing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedRate:
    """The price of one instance for an hour in a region, from the day ``since`` to the day ``until``, both included (UTC).

    With ``until`` None, the rate has no end. ``spot``: whether it is the price of managed spot training. ``usage_type`` is AWS's
    usage type if the policy names the rate by it, else empty.
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
        """Whether the rate applies on a day (UTC)."""
        return self.since <= day and (self.until is None or day <= self.until)

    @property
    def named(self) -> str:
        """The name of the rate for messages: its usage type, or its instance type, region and market."""
        return self.usage_type or f"{self.instance_type} in {self.region}{' on spot' if self.spot else ''}"
