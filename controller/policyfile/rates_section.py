"""The section ``rates`` of a policy file: agreed prices, which replace list prices."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from controller.policy.agreed_rate import Agreement
from controller.policyfile.days import Day
from controller.policyfile.usage_types import usage_type_of
from controller.policyfile.vocabulary import Dollars, InstanceType, RegionName, StrictModel, UsageTypeName, one_of

MARKETS = ("on-demand", "spot")


class RateEntry(StrictModel):
    """An agreed price. ``consistency`` checks which keys go together."""

    usage_type: UsageTypeName | None = None
    instance_type: InstanceType | None = None
    region: RegionName | None = None
    market: Annotated[str, BeforeValidator(one_of(MARKETS))] | None = None
    usd_per_hour: Dollars
    agreement: Annotated[str, BeforeValidator(one_of(tuple(Agreement)))]
    since: Day = Field(alias="from")
    until: Day | None = None

    def compiled(self) -> dict[str, Any]:
        """The entry, with the names of ``controller.policy.agreed_rate.AgreedRate``."""
        of = usage_type_of(self.usage_type) if self.usage_type else None
        return {
            "instance_type": of.instance_type if of else self.instance_type,
            "region": self.region or (of.region if of else ""),
            "spot": of.spot if of else self.market == "spot",
            "micros_per_h": self.usd_per_hour,
            "since": self.since,
            "until": self.until,
            "agreement": self.agreement,
            "usage_type": self.usage_type or "",
        }
