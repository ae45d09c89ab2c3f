"""Rates in policy files: by usage type, or by instance type and region; dated; one for each day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from controller.policy.agreed_rate import AgreedRate, Agreement
from controller.policy.load_policy import load_policy
from controller.policyfile import compile_folder
from controller.policyfile.usage_types import usage_type_of
from tests.builders import BEGIN
from tests.unit.policyfile.writing import problems

USAGE = {"usage_type": "USE1-Train:ml.g5.2xlarge", "usd_per_hour": "0.9", "agreement": "savings-plan", "from": "2026-07-01"}
TYPE = {"usage_type": None, "instance_type": "ml.g5.2xlarge", "region": "us-east-1"}


def text(*changes: dict[str, str | None]) -> str:
    rows = [{name: value for name, value in (USAGE | change).items() if value is not None} for change in changes]
    return "version: 1\nrates:\n" + "".join(f"  - {{{', '.join(f'{k}: {v}' for k, v in row.items())}}}\n" for row in rows)


def rates(folder: Path, *changes: dict[str, str | None]) -> tuple[AgreedRate, ...]:
    (folder / "a.yaml").write_text(text(*changes), "utf-8")
    return load_policy(compile_folder(folder), BEGIN).agreed_rates


def test_a_file_with_only_rates_compiles_to_the_rates_that_lambda_reads(tmp_path: Path) -> None:
    plan = AgreedRate(
        instance_type="ml.g5.2xlarge", region="us-east-1", spot=False, micros_per_h=900_000, since=date(2026, 7, 1), until=None,
        agreement=Agreement.SAVINGS_PLAN, usage_type="USE1-Train:ml.g5.2xlarge",
    )  # fmt: skip
    spot = AgreedRate(
        instance_type="ml.g5.2xlarge", region="eu-west-1", spot=True, micros_per_h=700_000, since=date(2026, 7, 1),
        until=date(2026, 12, 31), agreement=Agreement.PRIVATE_PRICING,
    )  # fmt: skip
    of_spot = {
        **TYPE, "region": "eu-west-1", "market": "spot", "usd_per_hour": '"0.70"', "agreement": "private-pricing",
        "until": "2026-12-31",
    }  # fmt: skip
    assert rates(tmp_path, {}, of_spot) == (plan, spot)


def test_the_revision_of_a_policy_without_rates_is_as_before(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nrules: [{name: use-spot, rule: spot-required}]\n", "utf-8")
    assert "rates" not in compile_folder(tmp_path)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"usage_type": None}, "found no usage_type and no instance_type, wanted one of them"),
        ({"usage_type": "USE1-Train:ml.g5.2xlarg"}, "found 'USE1-Train:ml.g5.2xlarg', wanted a usage type of training such as"),
        ({"usage_type": "USE1-Host:ml.g5.2xlarge"}, "found 'USE1-Host:ml.g5.2xlarge', wanted a usage type of training such as"),
        ({"usage_type": "XYZ9-Train:ml.g5.2xlarge"}, "found no region, and 'XYZ9-Train:ml.g5.2xlarge' contains no known one"),
        ({"region": "eu-west-1"}, "found 'eu-west-1', wanted us-east-1, the region of USE1-Train:ml.g5.2xlarge"),
        ({"instance_type": "ml.g5.2xlarge"}, "found instance_type beside usage_type, wanted one of them"),
        ({"market": "spot"}, "found market beside usage_type, wanted one of them"),
        ({**TYPE, "region": None}, "found no key 'region', wanted region: and the region of the instance type"),
        ({**TYPE, "region": "virginia"}, "found 'virginia', wanted a region such as us-east-1"),
        ({**TYPE, "instance_type": "ml.g5.2xlarg"}, "found 'ml.g5.2xlarg', wanted an instance type of SageMaker training"),
        ({**TYPE, "market": "spot"}, "found savings-plan for spot training, wanted private-pricing, or no such rate"),
        ({**TYPE, "market": "reserved"}, "found 'reserved', wanted one of on-demand, spot"),
        ({"usage_type": "USE1-SpotTraining:ml.g5.2xlarge"}, "found savings-plan for spot training, wanted private-pricing"),
        ({"usd_per_hour": None}, "found no key 'usd_per_hour', wanted usd_per_hour: and its value"),
        ({"usd_per_hour": "0"}, "found 0, wanted an amount in dollars above zero"),
        ({"agreement": "saving-plan"}, "wanted one of savings-plan, private-pricing (did you mean 'savings-plan'?)"),
        ({"agreement": None}, "found no key 'agreement'"),
        ({"from": None}, "found no key 'from', wanted from: and its value"),
        ({"from": "July"}, "found 'July', wanted a day such as 2026-12-01"),
        ({"until": "2026-06-30"}, "found 2026-06-30, before 2026-07-01, wanted the last day of the rate, not before from"),
        ({"discount": "10%"}, "found unknown key 'discount'"),
    ],
)  # fmt: skip
def test_an_inconsistent_rate_is_refused_at_its_place(tmp_path: Path, changes: dict[str, str | None], problem: str) -> None:
    found = problems(tmp_path, text(changes))
    assert any(line.startswith("a.yaml:3: rates[0]") and problem in line for line in found), found


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        ({}, True),
        ({"from": "2026-12-31"}, True),
        ({"from": "2027-01-01"}, False),
        ({"from": "2026-01-01", "until": "2026-06-30"}, False),
        ({"from": "2026-01-01", "until": "2026-07-01"}, True),
        ({**TYPE}, True),
        ({**TYPE, "market": "spot", "agreement": "private-pricing"}, False),
        ({**TYPE, "region": "us-east-2"}, False),
        ({"usage_type": "USE1-Train:ml.g5.xlarge"}, False),
    ],
)
def test_a_day_has_one_rate_for_a_type_region_and_market_over_all_files(
    tmp_path: Path, other: dict[str, str | None], overlaps: bool
) -> None:
    first = {"until": "2026-12-31"}
    if not overlaps:
        assert len(rates(tmp_path, first, other)) == 2
        return
    assert any("b.yaml:3: rates[0]: found a second rate of" in line for line in problems(tmp_path, text(first), text(other)))
    assert "(first in" in problems(tmp_path, text(first, other), text({"usage_type": "USE1-Train:ml.g4dn.xlarge"}))[0]


def test_a_case_file_contains_no_rates(tmp_path: Path) -> None:
    (tmp_path / "a.test.yaml").write_text(text({}) + "cases: []\n", "utf-8")
    assert any("the section rates in a case file" in line for line in problems(tmp_path, text({})))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("USE1-Train:ml.g5.2xlarge", ("us-east-1", "ml.g5.2xlarge", False)),
        ("EU-Train:ml.m5.large", ("eu-west-1", "ml.m5.large", False)),
        ("APS3-SpotTraining:ml.g5.2xlarge", ("ap-south-1", "ml.g5.2xlarge", True)),
        ("Train:ml.g5.2xlarge", ("", "ml.g5.2xlarge", False)),
        ("USE1-Train:ml.z9.huge", None),
        ("USE1-Train:", None),
        ("", None),
    ],
)
def test_a_usage_type_says_region_instance_type_and_market(name: str, parts: tuple[str, str, bool] | None) -> None:
    assert usage_type_of(name) == parts
