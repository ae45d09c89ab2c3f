"""Without its guard, the attack that a guard is for works: a test of that attack fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.aws.dynamodb.revisions import DynamoRevisions
from controller.aws.dynamodb.user_requests import DynamoUserRequests
from controller.aws.s3_checkpoints import S3Checkpoints
from controller.decide.facts import Facts
from controller.jobs.claim import Claim
from controller.jobs.directives import DIRECTIVE_TAGS
from controller.runtime import gather, perform, rate_limits
from tests.security import (
    test_buckets,
    test_claims,
    test_money,
    test_ownership,
    test_policy_revisions,
    test_request_rows,
    test_tags_of_others,
)
from tests.security import test_checkpoint_templates as templates
from tests.simulation.replace_function import Replacement, replaced


def _trusting(settle: Any) -> Any:
    return lambda job, lineage, *, trust, answer, now: settle(job, lineage, trust=True, answer=answer, now=now)


def _tags_as_they_are(_: Any) -> Any:
    return property(lambda facts: {key: facts.job.tags[key] for key in DIRECTIVE_TAGS if key in facts.job.tags})


def _in_every_bucket(scan: Any) -> Any:
    def scanning(self: Any, uri: str, **named: Any) -> Any:
        self._buckets = frozenset({uri.removeprefix("s3://").partition("/")[0]})
        return scan(self, uri, **named)

    return scanning


def _first_seen(_: Any) -> Any:
    first: dict[str, Any] = {}
    return lambda self, revision, now: first.setdefault(revision, now)


def _unproved(_: Any) -> Any:
    return lambda self, row: row.get("proof", {}).get("S", "")


GUARDS: dict[str, tuple[tuple[Replacement, ...], Callable[[Path], object]]] = {
    "4: an owner is believed": (
        ((gather, "settle_owner", _trusting),),
        lambda _: test_ownership.test_a_job_that_only_claims_an_owner_is_stopped_by_an_enforcing_rule_and_the_claim_is_said(),
    ),
    "6: tags count as they are now": (
        ((Facts, "directive_tags", _tags_as_they_are),),
        lambda _: test_tags_of_others.test_removed_tags_stay_in_force(),
    ),
    "7: a team's cap is not asked": (
        ((rate_limits, "_cap", lambda _: lambda *_: None),),
        lambda _: test_money.test_a_submission_that_found_no_room_says_so_and_holds_nothing(),
    ),
    "7: the way back only counts": (
        ((rate_limits, "follows_its_stop", lambda _: lambda *_: True),),
        lambda _: test_money.test_the_way_back_of_a_job_that_on_demand_refused_is_held_to_the_team_s_cap(5_000_000),
    ),
    "8: every role shares a claim": (
        ((Claim, "shares_role", lambda _: lambda self, other: True),),
        lambda _: test_claims.test_no_later_job_is_stopped_and_no_attempt_is_held_up_for_a_claim_of_another_role(),
    ),
    "9: the template's prefix is given as it is": (
        ((gather, "_repair_prefix", lambda _: lambda facts, ports: gather.template_prefix(facts)),
         (perform, "_taken_prefix", lambda _: lambda *_: "")),
        lambda _: templates.test_a_prefix_in_which_something_lies_is_given_a_suffix_and_the_job_does_its_own_work(),
    ),
    "10: every bucket is looked into": (
        ((S3Checkpoints, "scan", _in_every_bucket),),
        lambda _: test_buckets.test_nothing_is_learned_of_a_bucket_that_the_stack_does_not_list(),
    ),
    "11: a request row needs no proof": (
        ((DynamoUserRequests, "_proof", _unproved),),
        lambda _: (
            test_request_rows.test_a_row_in_the_name_of_a_listed_person_that_slack_s_function_did_not_write_changes_nothing(
                "", False
            )
        ),
    ),
    "15: a revision is in force since it was first seen": (
        ((DynamoRevisions, "in_force_at", _first_seen),),
        test_policy_revisions.test_a_rollback_does_not_stop_jobs_that_were_created_under_the_policy_in_between,
    ),
}  # fmt: skip


@pytest.mark.nightly
@pytest.mark.parametrize("name", GUARDS)
def test_an_attack_works_without_its_guard(name: str, tmp_path: Path) -> None:
    without, attack = GUARDS[name]
    with replaced(*without), pytest.raises(AssertionError):
        attack(tmp_path)
