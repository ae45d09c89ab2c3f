"""An instance type is replaced only by one of at least the same size on which the same image runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.jobs.instance import equivalents, instance
from infra import derive_instances

SHIPPED = Path(__file__).resolve().parents[3] / "controller" / "data" / "instances.json"


@pytest.mark.slow
def test_the_table_is_what_its_script_derives() -> None:
    derived = derive_instances.table()
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    if derived["sources"] != shipped["sources"]:
        pytest.skip(f"derived from {shipped['sources'][:2]}, and installed are {derived['sources'][:2]}")
    assert SHIPPED.read_text("utf-8") == derive_instances.text()


def test_an_unknown_type_has_no_equivalent() -> None:
    assert instance("ml.z9.huge") is None
    assert equivalents("ml.z9.huge") == ()


@pytest.mark.parametrize("of", ["ml.g4dn.xlarge", "ml.g5.2xlarge", "ml.p3.8xlarge", "ml.m5.xlarge", "ml.trn1.2xlarge"])
def test_an_equivalent_has_as_many_accelerators_of_the_same_kind_and_no_less_memory(of: str) -> None:
    wanted = instance(of)
    assert wanted is not None
    for name in equivalents(of):
        other = instance(name)
        assert other is not None
        assert (other.accelerator, other.accelerators) == (wanted.accelerator, wanted.accelerators)
        assert other.architecture == wanted.architecture
        assert other.accelerator_mib >= wanted.accelerator_mib
        assert other.memory_mib >= wanted.memory_mib


def test_the_closest_comes_first_and_a_type_is_not_its_own_equivalent() -> None:
    assert equivalents("ml.g5.xlarge")[0] == "ml.g5.2xlarge"
    assert "ml.g5.xlarge" not in equivalents("ml.g5.xlarge")


@pytest.mark.parametrize(("of", "other"), [("ml.g4dn.xlarge", "ml.g5.xlarge"), ("ml.g5.xlarge", "ml.g6.xlarge")])
def test_another_kind_of_accelerator_is_no_equivalent(of: str, other: str) -> None:
    assert other not in equivalents(of)
