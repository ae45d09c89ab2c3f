"""The parts of a selector agree with the selector, and an explained outcome agrees with the rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.cli.explain.reasons import rule_reasons
from controller.jobs.job import Job
from controller.policy.judge import Basis, judge
from controller.policy.rules.kind import Evidence
from controller.policy.selector import Selector
from controller.policy.when import when_of
from controller.policyfile.when import compile_when
from tests.builders import BEGIN, job, policy, rule

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
def test_a_selector_matches_if_all_its_parts_match(selector: Selector, about: Job) -> None:
    words = [part.matches for part in selector.parts(about)]
    assert selector.matches(about) == (False if False in words else None if None in words else True)


def test_the_values_that_an_expression_compares_are_shown_but_not_possible_secrets() -> None:
    text = (
        "default(ResourceConfig.InstanceCount, 1) > 4 or has(VpcConfig) or count(InputDataConfig) > 3"
        " or default(HyperParameters.token, '') == 'x' or default(EnableNetworkIsolation, false)"
    )
    members = {
        ("ResourceConfig", "InstanceCount"): 2, ("VpcConfig",): None, ("InputDataConfig",): [{}, {}],
        ("HyperParameters", "token"): "hunter2",
    }  # fmt: skip
    under = policy(rules=(rule(when=when_of(compile_when(text))),))
    about = job(members=members)
    [reason] = rule_reasons(about, under, Evidence(), judge(about, Basis(under, Evidence(), now=BEGIN)), BEGIN, {})
    assert {name: value for name, value in reason.read.items() if name in {".".join(path) for path in under.fields_read}} == {
        "ResourceConfig.InstanceCount": "2", "VpcConfig": "not set", "InputDataConfig": "a list or map of 2",
        "HyperParameters.token": "set", "EnableNetworkIsolation": "not in the document",
    }  # fmt: skip
