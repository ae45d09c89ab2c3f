"""A selector that matches no job has a warning, with the word that may be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.policyfile.writing import RULES, warnings


@pytest.mark.parametrize(
    ("match", "suggestions"),
    [
        ("{instance_type: ml.g5.xlrage}", ("ml.g5.xlarge",)),
        ("{region: us-eats-1}", ("us-east-1",)),
        ("{instance_type: 'ml.zz*'}", ()),
    ],
)
def test_a_text_that_no_job_has_is_named_with_the_one_that_may_be_meant(
    tmp_path: Path, match: str, suggestions: tuple[str, ...]
) -> None:
    [found] = warnings(tmp_path, f"{RULES}  - {{name: a, rule: spot-required, match: {match}}}\n")
    assert (found.code, found.suggestions) == ("matches-no-job", suggestions)


@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-9", "mx-central-1", "eu-*"]
)
def test_a_region_that_may_exist_one_day_is_not_doubted(tmp_path: Path, region: str) -> None:
    assert warnings(tmp_path, f"{RULES}  - {{name: a, rule: spot-required, match: {{region: '{region}'}}}}\n") == ()


def test_suggestions_for_hundreds_of_texts_are_not_all_computed(tmp_path: Path) -> None:
    types = ", ".join(f"ml.g5.xlrage{number}" for number in range(290))
    found = warnings(tmp_path, f"{RULES}  - {{name: a, rule: spot-required, match: {{instance_type: [{types}]}}}}\n")
    assert len(found) == 290
    assert 0 < sum(bool(one.suggestions) for one in found) < 100
