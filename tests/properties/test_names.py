"""Properties of attempt names. The names are made from each other, because random names never collide."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.ledger.attempt_name import attempt_name
from controller.ledger.lineage_id import LineageId
from tests.builders import BEGIN, lineage_id

SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # CreateTrainingJob's pattern for TrainingJobName
SUFFIXES = st.sampled_from(["", "-r02", "-r2", "-2", "-", "r02", "x" * 60, "-" * 50 + "b", "-deadbeef-r02"])
NUMBERS = st.integers(1, 120)
ATTEMPTS = st.integers(2, 120)  # not 1: the user chooses the first job's name, also a name such as an attempt's

roots = st.from_regex(SAGEMAKER_NAME, fullmatch=True).filter(lambda name: len(name) <= 63)
creation_times = st.sampled_from([0, 1, 10**6]).map(lambda us: BEGIN + timedelta(microseconds=us))


@st.composite
def lineages(draw: st.DrawFn) -> list[LineageId]:
    """Lineages with related names: a name with a suffix, a shortened name, the name of an attempt, the same name again."""
    known = [lineage_id(draw(roots), created_at=draw(creation_times))]
    for _ in range(draw(st.integers(1, 3))):
        before = draw(st.sampled_from(known))
        grown = [
            before.root,
            before.root + draw(SUFFIXES),
            before.root[: draw(st.integers(1, 63))],
            attempt_name(before, draw(NUMBERS)),
        ]
        root = draw(st.sampled_from(grown))[:63].strip("-")
        known.append(lineage_id(root, created_at=draw(creation_times), region=draw(st.sampled_from(["us-east-1", "eu-west-1"]))))
    return known


@pytest.mark.slow
@settings(max_examples=300)
@given(lineages(), NUMBERS)
def test_attempt_names_are_valid_in_sagemaker(known: list[LineageId], number: int) -> None:
    for life in known:
        name = attempt_name(life, number)
        assert SAGEMAKER_NAME.fullmatch(name), name
        assert len(name) <= 63


@pytest.mark.slow
@settings(max_examples=300)
@given(lineages(), ATTEMPTS, ATTEMPTS)
def test_no_two_attempts_have_the_same_name(known: list[LineageId], one: int, other: int) -> None:
    for life in known:
        for another in known:
            assert (life, one) == (another, other) or attempt_name(life, one) != attempt_name(another, other)


@given(lineages())
def test_a_lineage_id_is_read_back_from_a_tag_as_it_was_written(known: list[LineageId]) -> None:
    assert [LineageId.parse(str(life)) for life in known] == known


@given(st.text())
def test_a_tag_that_is_no_lineage_id_names_no_lineage(text: str) -> None:
    parsed = LineageId.parse(text)
    assert parsed is None or str(parsed).split("/")[:3] == text.split("/")[:3]
