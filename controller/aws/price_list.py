"""Reads SageMaker's training prices from the AWS Price List API, a region at a time.

GetProducts of AmazonSageMaker is filtered by regionCode. In its answer, a row is about training if its usagetype ends in
``Train:<type>``, and about spot training if it contains ``SpotTraining``: then its name is ``spot_of(<type>)``. The price is that
of the OnDemand term per hour; ``as_of`` is the term's effectiveDate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.runtime.ports.answers import Unreachable
from controller.savings.dated_prices import spot_of
from controller.units.money import Rate, micros_from_dollars
from controller.units.value import dataclass

REGION = "us-east-1"  # one of three that serve the API; it answers for all regions
INSTANCE = r"(ml\.[a-z0-9-]+\.[a-z0-9]+)"
TRAINING = rf"(?:[A-Z0-9]+-)?Train(?:ing)?:{INSTANCE}"
SPOT_TRAINING = (  # bills contain SpotTraining; the spelling in the price list's usagetype is not known
    rf"(?i)(?:[A-Z0-9]+-)?(?:(?:Managed)?Spot[-_]?Train(?:ing)?|Train(?:ing)?[-_]?Spot)[: ]{INSTANCE}"
)
NO_ENDPOINT = "the Price List API has no endpoint in this partition; jobs there are recorded in seconds, without dollars"
WITHOUT_LIST = {
    "us-gov-": "the Price List API has no endpoint in GovCloud; jobs there are recorded in seconds, without dollars",
    "us-iso": NO_ENDPOINT,
    "eu-iso": NO_ENDPOINT,
    "eusc-": NO_ENDPOINT,
    "cn-": "prices in China are in CNY; jobs there are recorded in seconds, without dollars",
}
SOURCE = "AWS Price List API, AmazonSageMaker, usage type {usage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRows:
    """The prices of a region by instance type; ``problems`` are training rows that cannot be read.

    ``without`` is the reason why the region has no list in dollars; empty where it has one.
    """

    rates: Mapping[str, Rate]
    problems: tuple[str, ...]
    without: str = ""


class PriceList:
    """The PriceList port over a boto3 ``pricing`` client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def training(self, region: str) -> PriceRows:
        """The training prices of a region; none, with the reason, where AWS has no list in dollars. Raises Unreachable."""
        if reason := next((why for prefix, why in WITHOUT_LIST.items() if region.startswith(prefix)), None):
            return PriceRows(rates={}, problems=(), without=f"{region}: {reason}")
        rates: dict[str, Rate] = {}
        problems: list[str] = []
        currencies: set[str] = set()
        for text in self._rows(region):
            try:
                found = training_rate_of(text)
            except OtherCurrency as error:
                currencies.add(str(error))
                continue
            except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
                problems.append(f"{str(text)[:120]}: {error!r}")
                continue
            if found is not None:
                instance_type, rate = found
                before = rates.get(instance_type)
                rates[instance_type] = rate if before is None or rate.as_of >= before.as_of else before
        other = f"{region}: prices are in {', '.join(sorted(currencies))}; jobs there are recorded in seconds, without dollars"
        return PriceRows(rates=rates, problems=tuple(problems), without=other if currencies else "")

    def _rows(self, region: str) -> Iterator[Any]:
        asked = {
            "ServiceCode": "AmazonSageMaker",
            "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        }
        try:
            for page in self._client.get_paginator("get_products").paginate(**asked):
                yield from page["PriceList"]
        except (ClientError, BotoCoreError) as error:
            if fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE):
                raise Unreachable(f"pricing get_products {region}: {error}") from error
            raise


class OtherCurrency(ValueError):
    """A price is in another currency than dollars."""


def training_rate_of(text: Any) -> tuple[str, Rate] | None:
    """Instance type and rate of a row; None for a row that is not about training.

    Raises OtherCurrency; raises another exception for a row that cannot be read.
    """
    row = json.loads(text) if isinstance(text, str) else text
    usage = str(row["product"]["attributes"].get("usagetype", ""))
    training, spot = re.fullmatch(TRAINING, usage), re.fullmatch(SPOT_TRAINING, usage)
    if training is None and spot is None:
        return None
    [term] = row["terms"]["OnDemand"].values()
    [dimension] = term["priceDimensions"].values()
    if dimension["unit"] not in ("Hrs", "Hours", "hours"):
        raise ValueError(f"its unit is {dimension['unit']!r}, wanted Hrs")
    if others := dimension["pricePerUnit"].keys() - {"USD"}:
        raise OtherCurrency(", ".join(sorted(others)))
    micros = micros_from_dollars(_trimmed(dimension["pricePerUnit"]["USD"]))
    if micros <= 0:
        raise ValueError(f"its price is {dimension['pricePerUnit']['USD']!r}, wanted a price above zero")
    as_of = date.fromisoformat(str(term["effectiveDate"])[:10])
    name = spot_of(spot[1].lower()) if spot else training[1] if training else ""
    return name, Rate(micros_per_h=micros, as_of=as_of, source=SOURCE.format(usage=usage))


def _trimmed(dollars: str) -> str:
    """A price without zeros at its end. AWS writes ten digits after the point; those beyond a millionth are zeros."""
    whole, _, fraction = dollars.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"
