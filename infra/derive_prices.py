"""Refreshes controller/data/prices.json, the table of prices in the package, from AWS's bulk price files.

    python -m infra.derive_prices us-west-2 eu-central-1        downloads the public file of each region; no account is needed
    python -m infra.derive_prices --file index.json us-west-2   reads a file that was downloaded before

A changed price is added with the day since which AWS lists it. Older rows are kept, so that earlier jobs keep their price. Only
training prices in dollars are used, for instance types that have an accelerator or are in the table already.
"""

from __future__ import annotations

import argparse
import json
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controller.aws.price_list import OtherCurrency, training_rate_of
from controller.savings.dated_prices import SPOT
from controller.units.money import Rate

DATA = Path(__file__).resolve().parents[1] / "controller" / "data"
BULK = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.json"
EXPLAINED = "bulk price list of the offer AmazonSageMaker, published {published}; usage types …Train:<type>"

Table = dict[str, Any]


def bulk_rows(document: Mapping[str, Any]) -> Iterator[Any]:
    """The products of a bulk price file, each with its terms, in the form of the Price List API."""
    terms = document["terms"].get("OnDemand", {})
    for sku, product in document["products"].items():
        if sku in terms:
            yield {"product": product, "terms": {"OnDemand": terms[sku]}}


def rates_of(document: Mapping[str, Any]) -> Iterator[tuple[str, Rate]]:
    """The on-demand training prices of a bulk price file, by instance type. Raises SystemExit for a row that cannot be read."""
    for row in bulk_rows(document):
        try:
            found = training_rate_of(row)
        except OtherCurrency:
            continue
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"{row['product'].get('attributes')}: {error!r}") from error
        if found is not None and not found[0].startswith(SPOT):
            yield found


def refreshed(table: Table, region: str, document: Mapping[str, Any], accelerated: Iterable[str]) -> tuple[Table, int]:
    """The table with the changed prices of one region added, and their number. ``accelerated`` are the types to add anew."""
    source, rows = BULK.format(region=region), list(table["rates"])
    wanted = set(accelerated) | {row["instance_type"] for row in rows}
    newest = {row["instance_type"]: row for row in sorted(rows, key=lambda row: str(row["as_of"])) if row["region"] == region}
    added = []
    for instance_type, rate in sorted(rates_of(document), key=lambda found: found[0]):
        known = newest.get(instance_type)
        same = known is not None and (known["rate_micros_per_h"] == rate.micros_per_h or known["as_of"] >= rate.as_of.isoformat())
        if instance_type in wanted and not same:
            row = {"region": region, "instance_type": instance_type, "rate_micros_per_h": rate.micros_per_h}
            added.append(row | {"as_of": rate.as_of.isoformat(), "source": source})
    told = {source: EXPLAINED.format(published=document.get("publicationDate", "on an unknown day"))} if added else {}
    order = sorted((*rows, *added), key=lambda row: (row["region"], row["instance_type"], row["as_of"]))
    return table | {"sources": table["sources"] | told, "rates": order}, len(added)


def text_of(table: Table) -> str:
    """The text of prices.json: one line for each price."""
    sources = ",\n".join(f"  {json.dumps(url)}: {json.dumps(said)}" for url, said in table["sources"].items())
    rates = ",\n".join(f"  {json.dumps(row)}" for row in table["rates"])
    return f'{{\n "unit": {json.dumps(table["unit"])},\n "sources": {{\n{sources}\n }},\n "rates": [\n{rates}\n ]\n}}\n'


def main() -> None:
    """Refresh the table of the package, and print how many prices changed in each region."""
    parser = argparse.ArgumentParser(prog="python -m infra.derive_prices", description="Refresh the package's table of prices.")
    parser.add_argument("regions", nargs="+", metavar="REGION", help="an AWS region, such as us-east-1")
    parser.add_argument("--file", type=Path, help="a bulk price file (index.json) of one region, downloaded before")
    asked = parser.parse_args()
    if asked.file and len(asked.regions) > 1:
        parser.error("a file has the prices of one region")
    path = DATA / "prices.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    instances = json.loads((DATA / "instances.json").read_text(encoding="utf-8"))
    place = instances["columns"].index("accelerators")
    accelerated = [name for name, one in instances["instances"].items() if one[place]]
    for region in asked.regions:
        if asked.file:
            document = json.loads(asked.file.read_text(encoding="utf-8"))
        else:
            with urllib.request.urlopen(BULK.format(region=region), timeout=60) as answer:  # noqa: S310 - BULK begins with https and AWS's host
                document = json.load(answer)
        table, changed = refreshed(table, region, document, accelerated)
        print(f"{region}: {changed} prices changed")
    path.write_text(text_of(table), encoding="utf-8")


if __name__ == "__main__":
    main()
