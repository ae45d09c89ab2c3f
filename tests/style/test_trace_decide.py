"""One decision goes down through the packages: no file calls into one above it."""

from __future__ import annotations

from collections import Counter

from tests.style.trace_decide import Walk, rich, walk


def test_a_rich_decision_calls_no_file_above_the_caller() -> None:
    found = walk(rich())
    assert found.upward() == Counter()
    assert {
        "controller.decide.resubmit.resubmit",
        "controller.decide.resubmit.fallback",
        "controller.decide.spend_cap",
    } <= found.entered


def test_a_call_into_a_higher_package_or_into_a_module_that_imports_the_caller_is_upward() -> None:
    down = ("controller.decide.resubmit.resubmit", "controller.jobs.job")
    beside = ("controller.jobs.job", "controller.decide.facts")
    within = ("controller.decide.facts", "controller.decide.resubmit.fallback")
    assert Walk(calls=Counter({down: 1, beside: 2, within: 3})).upward() == {beside: 2, within: 3}
    assert Walk(steps={down, beside, within}).steps_up() == {beside}
