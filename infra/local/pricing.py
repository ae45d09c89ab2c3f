"""Answers AWS's Price List API (GetProducts of AmazonSageMaker) and Service Quotas (ListServiceQuotas) in AWS's format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Any

from infra.local.aws_json import AwsError

PAGE = 2
PREFIX = {"us-east-1": "USE1", "eu-west-1": "EU", "ap-south-1": "APS3", "ap-northeast-1": "APN1"}
Priced = tuple[str, str, str, date]


@dataclass(slots=True, kw_only=True)
class PriceBook:
    """A Price List API. ``rates`` are (region, instance type, dollars per hour, effective date); ``extra`` are further rows.

    ``trouble`` is the error code with which each call fails; empty: none. ``page`` is the number of rows on a page.
    """

    rates: list[Priced] = field(default_factory=list)
    extra: list[Any] = field(default_factory=list)
    trouble: str = ""
    page: int = PAGE
    calls: int = 0

    def get_products(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one page of GetProducts."""
        self.calls += 1
        if self.trouble:
            raise AwsError(self.trouble)
        wanted = {f["Field"]: f["Value"] for f in request.get("Filters", ()) if f["Type"] == "TERM_MATCH"}
        region = wanted.get("regionCode", "")
        rows = [text for where, kind, usd, day in self.rates if where == region for text in _products(where, kind, usd, day)]
        rows += [row if isinstance(row, str) else json.dumps(row) for row in self.extra]
        start = int(request.get("NextToken") or 0)
        more = {"NextToken": str(start + self.page)} if start + self.page < len(rows) else {}
        return {"FormatVersion": "aws_v1", "PriceList": rows[start : start + self.page], **more}


@dataclass(slots=True, kw_only=True)
class QuotaBook:
    """The quotas for training instances: the same number for each type, on-demand and on spot."""

    each: int
    types: Sequence[str]

    def list_service_quotas(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ListServiceQuotas. Raises AwsError for another service than sagemaker."""
        if request.get("ServiceCode") != "sagemaker":
            raise AwsError("NoSuchResourceException")
        names = (f"{kind} for {spot}training job usage" for kind in self.types for spot in ("", "spot "))
        return {"Quotas": [{"ServiceCode": "sagemaker", "QuotaName": name, "Value": float(self.each)} for name in names]}


def packaged_prices(region: str) -> list[Priced]:
    """Return the newest price of each instance type in the package's table, in the form of ``PriceBook.rates``."""
    rows = json.loads(files("controller").joinpath("data/prices.json").read_text("utf-8"))["rates"]
    newest = {row["instance_type"]: row for row in sorted(rows, key=lambda row: str(row["as_of"])) if row["region"] == region}
    return [
        (region, kind, f"{row['rate_micros_per_h'] / 1_000_000:.6f}", date.fromisoformat(row["as_of"]))
        for kind, row in sorted(newest.items())
    ]  # fmt: skip


def _products(region: str, kind: str, usd: str, day: date) -> Sequence[str]:
    """The row for training, and the rows for hosting and notebooks that AWS lists beside it, as JSON."""
    usages = (("Train", usd), ("Host", "9.99"), ("Notebk", "8.88"))
    return [json.dumps(_row(region, f"{PREFIX[region]}-{what}:{kind}", price, day)) for what, price in usages]


def _row(region: str, usage: str, usd: str, day: date) -> dict[str, Any]:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{usd}0000"}, "description": usage}
    term = {"effectiveDate": f"{day}T00:00:00Z", "priceDimensions": {"A.B.C": dimension}}
    attributes = {"usagetype": usage, "regionCode": region, "component": usage.split("-")[1].split(":")[0]}
    return {
        "product": {"productFamily": "ML Instance", "attributes": attributes, "sku": "A"},
        "serviceCode": "AmazonSageMaker", "terms": {"OnDemand": {"A.B": term}}, "version": "1",
    }  # fmt: skip
