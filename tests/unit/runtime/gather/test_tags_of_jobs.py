"""Which team and user an attempt has, whatever its own tags say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.ledger.entry import DirectivesRead, Started, Unmeasured
from controller.ledger.lineage import team_of
from controller.policy.policy import Labels
from controller.runtime.gather.tags_of_jobs import as_of_lineage
from tests.builders import BEGIN, attempt, job, lineage, policy

ROOT = Started(
    job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1, region="us-east-1",
    service=None, checkpoint_uri=None, user="ada",
)  # fmt: skip
LATE = replace(ROOT, team=None, user=None)
READ = DirectivesRead(job="bert", at=BEGIN + timedelta(minutes=5), team="vision", number=0)
ENDED = Unmeasured(job="bert", at=BEGIN + timedelta(minutes=3), team="vision", spot=True)
LATER = replace(ENDED, at=BEGIN + timedelta(minutes=9), team="speech")


@pytest.mark.parametrize(
    ("entries", "team"),
    [
        ((), None),
        ((LATE,), None),
        ((ROOT,), "vision"),
        ((ROOT, replace(READ, team="speech")), "vision"),
        ((LATE, READ), "vision"),
        ((LATE, replace(READ, number=1)), None),
        ((LATE, ENDED), "vision"),
        ((LATE, LATER, ENDED), "vision"),
        ((LATE, replace(READ, team=None), LATER), None),
        ((LATE, replace(ENDED, job="bert-r02")), None),
    ],
)
def test_a_lineage_has_the_team_of_its_first_attempt_also_where_tags_came_late(entries: tuple[object, ...], team: str) -> None:
    assert team_of(lineage(entries=entries)) == team


@pytest.mark.parametrize("tags", [{}, {"user": "ada"}, {"team": "speech", "user": "eve"}, {"team": "vision"}])
def test_an_attempt_has_the_team_and_the_user_of_its_lineage_whatever_its_tags_are(tags: dict[str, str]) -> None:
    found = as_of_lineage(replace(attempt(2), tags=tags), lineage(entries=(ROOT,)), 2, policy())
    assert (found.team, found.user) == ("vision", "ada")


def test_the_team_of_a_role_stays_and_a_first_attempt_keeps_its_tags() -> None:
    mapped = policy(labels=Labels(team_of_role={"*": "speech"}))
    one = replace(attempt(2), tags={"team": "speech"})
    assert as_of_lineage(one, lineage(entries=(ROOT,)), 2, mapped).team == "speech"
    assert as_of_lineage(job(tags={"team": "audio"}), lineage(entries=(ROOT,)), 1, policy()).team == "audio"


def test_an_attempt_of_a_lineage_without_a_team_keeps_its_own() -> None:
    assert as_of_lineage(replace(attempt(2), tags={"team": "audio"}), lineage(entries=(LATE,)), 2, policy()).team == "audio"
