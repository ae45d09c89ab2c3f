"""The jobs that a selector selects: a glob matches only jobs that have the tag, and the empty pattern those without it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.policy.selector import Selector
from tests.builders import job

WITHOUT = replace(job(), tags={})
EMPTY, VISION = (replace(WITHOUT, tags={"team": value}) for value in ("", "vision"))


@pytest.mark.parametrize(
    ("wanted", "without", "empty", "vision"),
    [
        (("*",), False, True, True),
        (("?*",), False, False, True),
        (("[!s]*",), False, False, True),
        (("",), True, True, False),
        (("", "vision"), True, True, True),
        (("*", ""), True, True, True),
        (("vision",), False, False, True),
    ],
)
def test_a_glob_matches_no_job_without_the_tag_and_the_empty_pattern_does(
    wanted: tuple[str, ...], without: bool, empty: bool, vision: bool
) -> None:
    selector = Selector(tags={"team": wanted})
    found = [selector.matches(one) for one in (WITHOUT, EMPTY, VISION)]
    assert found == [without, empty, vision]
    assert [selector.parts(one)[0].matches for one in (WITHOUT, EMPTY, VISION)] == found


def test_a_job_whose_tags_are_not_known_is_undecided() -> None:
    unsaid = replace(WITHOUT, unknown=frozenset({"tags"}))
    assert Selector(tags={"team": ("",)}).matches(unsaid) is None


def test_a_selector_part_has_the_job_s_value_or_none_if_it_is_not_known() -> None:
    selector = Selector(role=("*",), tags={"team": ("vision",)})
    said, unsaid = selector.parts(VISION), selector.parts(replace(VISION, unknown=frozenset({"role", "tags"})))
    assert [(part.key, part.found, part.matches) for part in said] == [("role", VISION.role, True), ("tag team", "vision", True)]
    assert [(part.key, part.found, part.matches) for part in unsaid] == [("role", None, None), ("tag team", None, None)]


MIXED = replace(
    job(), instance_type="heterogeneous", groups=("ml.p4d.24xlarge", "ml.c5.xlarge"), unknown=frozenset({"instance_type"})
)


@pytest.mark.parametrize(
    ("patterns", "selected", "of_all_groups"),
    [(("ml.p4d.*",), True, False), (("ml.c5.*", "ml.p4d.*"), True, True), (("ml.g5.*",), False, False), ((), True, True)],
)
def test_a_heterogeneous_cluster_is_selected_by_the_type_of_any_group(
    patterns: tuple[str, ...], *, selected: bool, of_all_groups: bool
) -> None:
    """Otherwise, a job could evade a rule about large instances with one additional small instance."""
    selector = Selector(instance_type=patterns)
    assert selector.matches(MIXED) is selected
    assert [part.matches for part in selector.parts(MIXED)] == ([selected] if patterns else [])
    assert selector.is_of_all_groups(MIXED) is of_all_groups
    assert selector.is_of_all_groups(job())
