"""Rates are those that were recorded, or of the policy in force, and never of a folder that happens to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from controller.cli.agreed_rates import rates_in_force, rates_when_recorded
from controller.cli.audit.command import audit_lines
from controller.cli.audit.command import audited as audit_of_period
from controller.jobs.job import Job, Outcome
from controller.ledger.entry import Credited, Measured
from controller.policyfile import compile_folder
from controller.runtime.digests.read_days import rollups_of_days
from controller.runtime.ports.aws import Jobs, Prices
from controller.savings.audit import Audit, audit
from controller.units.money import Rate
from tests.builders import BEGIN, ended, job, ledger_with, lineage, usage
from tests.put_in_force import in_force_since
from tests.simulation.memory import MemoryLedger

DONE = ended(job(), Outcome.COMPLETED, usage=usage(3600, 1080))
LISTED = Rate(micros_per_h=1_515_000, as_of=date(2026, 1, 1), source="price list")
RATES = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rates:
  - {instance_type: ml.g5.2xlarge, region: us-east-1, usd_per_hour: USD, agreement: savings-plan, from: 2026-01-01}
"""


def compiled(tmp_path: Path, usd: str) -> Mapping[str, Any]:
    """The document of a policy with one rate or without a rate; its folder is named after the rate."""
    folder = tmp_path / f"policies-{usd}"
    folder.mkdir()
    text = RATES.replace("USD", usd) if usd else RATES.partition("rates:")[0] + "brakes: {stops_per_hour: 5}\n"
    (folder / "rates.yaml").write_text(text)
    return compile_folder(str(folder))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a policy folder whose rate must not be used."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "rates.yaml").write_text(RATES.replace("USD", "9.99"))


def micros(of: Any) -> list[int]:
    return [rate.micros_per_h for rate in of]


def test_an_attempt_without_a_price_gets_the_rates_of_the_policy_in_force_or_of_the_given_folder(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    assert micros(rates_in_force(ledger, None)) == []  # the ledger has no policy
    document = compiled(tmp_path, "0.97")
    in_force_since(ledger, document["revision"], BEGIN, document)
    assert micros(rates_in_force(ledger, None)) == [970_000]
    assert micros(rates_in_force(ledger, str(tmp_path / "policies-0.97"))) == [970_000]
    assert micros(rates_in_force(ledger, "policies")) == [9_990_000]
    in_force_since(ledger, "0123456789ab", BEGIN)  # a policy whose document is not in the ledger
    assert micros(rates_in_force(ledger, None)) == []


def listed(instance_type: str, *_: object) -> Rate | None:
    return None if instance_type.startswith("spot ") else LISTED


def measured(rate_micros: int, source: str, revision: str) -> Measured:
    assert DONE.usage is not None
    assert DONE.ended_at is not None
    return Measured(
        job=DONE.name, at=DONE.ended_at, team="vision", training_s=DONE.usage.training_s, billable_s=DONE.usage.billable_s,
        spot=DONE.spot, instance_type=DONE.instance_type, instance_count=DONE.instance_count, region=DONE.region,
        rate_micros_per_h=rate_micros, rate_as_of=date(2026, 1, 1), rate_source=source, revision=revision,
    )  # fmt: skip


def audited(ledger: MemoryLedger, recorded: Measured) -> Audit:
    credited = Credited(job=DONE.name, at=recorded.at, team="vision", useful_s=3600, basis="whole")
    return audit(
        [recorded, credited], {DONE.name: DONE}, {}, listed, BEGIN, BEGIN.replace(year=2027),
        when_recorded=rates_when_recorded(ledger, listed),
    )  # fmt: skip


PLAN = "rates of the policy: Savings Plan, ml.g5.2xlarge in us-east-1"


def test_an_audit_uses_the_rates_of_the_policy_that_was_in_force_when_a_job_was_recorded(tmp_path: Path) -> None:
    ledger = MemoryLedger()
    first, second, bare = (compiled(tmp_path, usd) for usd in ("0.97", "0.80", ""))
    for document in (first, second, bare):  # the last one, without rates, is in force now
        in_force_since(ledger, document["revision"], BEGIN, document)
    for recorded in (
        measured(970_000, PLAN, first["revision"]),
        measured(800_000, PLAN, second["revision"]),
        measured(1_515_000, "price list", bare["revision"]),
        measured(1_515_000, "price list", ""),  # recorded by a version that stored no revision
    ):
        assert audited(ledger, recorded).differences == ()
        assert audited(ledger, recorded).rates_kept == 0
    [said] = audited(ledger, measured(970_000, PLAN, second["revision"])).differences
    assert said == "bert: rate_micros_per_h 970000 recorded, 800000 recomputed"


@pytest.mark.parametrize("revision", ["", "0123456789ab"])
def test_a_rate_of_an_unknown_policy_stays_as_recorded_and_the_audit_reports_it(revision: str) -> None:
    found = audited(MemoryLedger(), measured(970_000, PLAN, revision))
    assert (found.differences, found.rates_kept) == ((), 1)
    assert found.recorded == found.recomputed
    assert "  the recorded rates of 1 attempt are used: the ledger does not keep the policy that they are from" in audit_lines(
        found, BEGIN.date(), date(2027, 1, 1)
    )


class _Sage:
    """A SageMaker that has one job."""

    def describe(self, name: str) -> Job | None:
        return DONE if name == DONE.name else None


class _Listed:
    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        return listed(instance_type)


def test_an_attempt_without_a_price_gets_the_later_price_in_an_audit_as_in_a_report() -> None:
    entries = (replace(measured(0, "", ""), rate_micros_per_h=None, rate_source=None),)
    ledger = ledger_with(lineage(entries=entries))
    found = audit_of_period(ledger, cast(Jobs, _Sage()), cast(Prices, _Listed()), BEGIN.date(), date(2027, 1, 1))
    reported = rollups_of_days(ledger, BEGIN.date(), BEGIN.date() + timedelta(days=1), listed)
    assert found.recorded.spent_micros == sum(day.total.spent_micros for day in reported.values()) > 0
    assert (found.recorded.unpriced, [what for what in found.differences if "rate" in what]) == (0, [])
