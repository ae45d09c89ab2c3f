"""Properties of selectors."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.job import Job
from controller.policy.selector import Selector
from tests.builders import job

WORDS = st.sampled_from(["bert", "bert-r02", "gpt", "b*", "*", "?ert", "[bg]*"])
TAGS = st.dictionaries(st.sampled_from(["team", "stage"]), st.lists(WORDS, min_size=1, max_size=2).map(tuple))
NAMES = st.sampled_from(["bert", "bert-r02", "gpt"])


@st.composite
def selectors(draw: st.DrawFn) -> Selector:
    patterns = st.lists(WORDS, max_size=2).map(tuple)
    return Selector(tags=draw(TAGS), name=draw(patterns), region=draw(st.sampled_from([(), ("us-*",), ("eu-*",)])))


jobs = st.builds(lambda name, tags: job(name, tags=tags), NAMES, st.dictionaries(st.sampled_from(["team", "stage"]), NAMES))


@given(jobs)
def test_an_empty_selector_matches_every_job(one: Job) -> None:
    assert Selector().matches(one) is True


@given(selectors(), jobs)
def test_a_further_condition_never_selects_more(selector: Selector, one: Job) -> None:
    narrower = replace(selector, instance_type=("ml.p4d.24xlarge",))
    assert narrower.matches(one) is False
    assert selector.matches(one) is not True or replace(selector, region=()).matches(one) is True


@given(selectors(), jobs)
def test_a_further_pattern_for_a_field_never_selects_less(selector: Selector, one: Job) -> None:
    wider = replace(selector, name=(*selector.name, one.name))
    assert selector.matches(one) is not True or wider.matches(one) is True


@given(selectors(), jobs)
def test_where_tags_are_unknown_a_selector_with_tags_is_undecided_unless_another_field_mismatches(
    selector: Selector, one: Job
) -> None:
    others = replace(selector, tags={}).matches(one)
    unseen = selector.matches(replace(one, unknown=frozenset({"tags"})))
    assert unseen is (None if selector.tags and others is True else others)
    assert unseen is not False or selector.matches(one) is False


@given(selectors(), jobs)
def test_a_selector_does_not_depend_on_fields_that_it_does_not_name(selector: Selector, one: Job) -> None:
    assert selector.matches(replace(one, unknown=frozenset({"role", "algorithm", "spot"}))) is selector.matches(one)
