"""The parts of a selector say what the selector says, and an explained outcome is the one that the rules give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.job import Job
from controller.policy.selector import Selector
from tests.builders import job

WORDS = st.sampled_from(("vision", "speech", "*", "ml.g5.*", "train-?", ""))
SELECTORS = st.builds(
    Selector,
    tags=st.dictionaries(st.sampled_from(("team", "user")), st.tuples(WORDS), max_size=2),
    name=st.lists(WORDS, max_size=2).map(tuple),
    role=st.lists(WORDS, max_size=1).map(tuple),
    instance_type=st.lists(WORDS, max_size=2).map(tuple),
)
JOBS = st.builds(
    job,
    st.sampled_from(("train-1", "bert")),
    tags=st.dictionaries(st.sampled_from(("team", "user")), WORDS, max_size=2),
    unknown=st.frozensets(st.sampled_from(("tags", "name", "role", "instance_type")), max_size=2),
)


@given(SELECTORS, JOBS)
def test_a_selector_matches_where_all_its_parts_do(selector: Selector, about: Job) -> None:
    words = [part.matches for part in selector.parts(about)]
    assert selector.matches(about) == (False if False in words else None if None in words else True)
