"""Without its guard, each attack works: a test of the attack then fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller import decide
from controller.aws.dynamodb.halts import DynamoHalts
from controller.aws.dynamodb.revisions import DynamoRevisions
from controller.aws.dynamodb.user_requests import DynamoUserRequests
from controller.aws.s3_checkpoints import S3Checkpoints
from controller.aws.sagemaker import jobs, status_history
from controller.decide.enforce import enforce
from controller.decide.facts import Facts
from controller.decide.resubmit import resubmit
from controller.jobs import directives
from controller.jobs.claim import Claim
from controller.jobs.directives import DIRECTIVE_TAGS
from controller.ledger.intent import Stop
from controller.ledger.messages.kind import MessageKind
from controller.notifications import block_kit, mrkdwn
from controller.policy import fix
from controller.policyfile import folder
from controller.runtime.gather import gather
from controller.runtime.perform import perform, preconditions, reserve_spend
from controller.runtime.ports.policy import PutInForce
from controller.runtime.slack_requests import slash_command
from controller.slack.secret import SlackSecret
from tests.security import (
    test_buckets,
    test_cap_of_a_month,
    test_claims,
    test_evaded_rules,
    test_halt,
    test_money,
    test_ownership,
    test_policy_files,
    test_policy_revisions,
    test_request_rows,
    test_secrets,
    test_slack_permissions,
    test_slack_text,
    test_tags_of_others,
    test_values,
)
from tests.security import test_checkpoint_templates as templates
from tests.simulation.mutants import MUTANTS
from tests.simulation.replace_function import Replacement, replaced


def _trusting(settle: Any) -> Any:
    return lambda job, lineage, *, trust, answer, now: settle(job, lineage, trust=True, answer=answer, now=now)


def _by_name(_: Any) -> Any:
    return lambda step, job: (step.get("Metadata") or {}).get("TrainingJob", {}).get("Arn") == job.arn


def _tags_as_they_are(_: Any) -> Any:
    return property(lambda facts: {key: facts.job.tags[key] for key in DIRECTIVE_TAGS if key in facts.job.tags})


def _in_every_bucket(scan: Any) -> Any:
    def scanning(self: Any, uri: str, **named: Any) -> Any:
        self._buckets = frozenset({uri.removeprefix("s3://").partition("/")[0]})
        return scan(self, uri, **named)

    return scanning


def _first_seen(_: Any) -> Any:
    first: dict[str, Any] = {}
    return lambda self, revision, reading, document=None: PutInForce(since=first.setdefault(revision, reading.answered_at))


def _unproved(_: Any) -> Any:
    return lambda self, row: row.get("proof", {}).get("S", "")


def _propagating(_: Any) -> Any:
    def failing(facts: Facts, name: str, error: Exception) -> Any:
        raise error

    return failing


def _a_decider_raises() -> None:
    with replaced((decide, "DECIDERS", lambda _: test_values.raising("settle_caps"))):
        test_values.test_a_decider_that_raises_does_not_stop_the_others("settle_caps")


def _rotated() -> None:
    with test_secrets.deployed() as host:
        test_secrets.test_after_a_rotation_the_new_secret_works_at_once_and_the_old_one_no_longer_does(host)


def _secrets_are_quoted() -> None:
    with test_secrets.deployed() as host:
        test_secrets.test_no_hyperparameter_or_environment_value_is_in_rows_logs_messages_or_reports(host)


def _works_once(call: Any) -> Any:
    called: list[Any] = []

    def calling(self: Any, halt: Any) -> Any:
        called.append(halt)
        return call(self, halt) if len(called) == 1 else halt

    return calling


def _halted_three_times() -> None:
    with test_halt.deployed() as host:
        test_halt.test_a_halt_holds_each_of_three_times_that_it_is_pressed_with_a_resume_in_between(host)


def _a_guest_asks() -> None:
    with test_slack_permissions.deployed() as host:
        assert host.slack.users is not None
        test_slack_permissions.test_guests_and_people_of_other_workspaces_get_no_job_data(
            host, host.slack.users, "U0GUEST1", "job long"
        )


def _only_readable_files(_: Any) -> Any:
    return lambda folder: (path for path in sorted(folder.iterdir()) if path.suffix == ".yaml" and path.is_file())


GUARDS: dict[str, tuple[tuple[Replacement, ...], Callable[[Path], object]]] = {
    "4: an owner is believed": (
        ((gather, "settle_owner", _trusting),),
        lambda _: test_ownership.test_a_job_that_only_claims_an_owner_is_stopped_by_an_enforcing_rule_and_the_claim_is_said(),
    ),
    "4: the name of a step's job is enough": (
        ((jobs, "made_by_step", _by_name),),
        lambda _: test_ownership.test_a_pipeline_that_ran_before_does_not_own_a_job_that_names_it(),
    ),
    "5: a decider that raises ends the decision": (
        ((decide, "decider_failed", _propagating),),
        lambda _: _a_decider_raises(),
    ),
    "5: a duration has no bound": (
        ((directives, "RUNTIME_S_MAX", lambda _: 10**15),),
        lambda _: test_values.test_poisoned_tags_neither_shield_a_job_from_a_rule_nor_keep_it_from_being_recorded(),
    ),
    "5: text is taken as AWS answers it": (
        ((jobs, "without_lone_surrogates", lambda _: lambda found: found),),
        lambda _: test_values.test_no_text_that_a_job_s_creator_chooses_keeps_the_job_from_being_judged_and_recorded(),
    ),
    "6: tags count as they are now": (
        ((Facts, "directive_tags", _tags_as_they_are),),
        lambda _: test_tags_of_others.test_removed_tags_stay_in_force(),
    ),
    "6: a rule stops by the tags of now": (
        ((enforce, "_as_first_tagged", lambda _: lambda facts, findings: findings),),
        lambda _: test_tags_of_others.test_a_rule_stops_no_job_for_tags_that_somebody_changed_after_they_were_read(),
    ),
    "6: an owner that is claimed later counts": (
        ((gather, "as_claimed_first", lambda _: lambda job, lineage: job),),
        lambda _: test_tags_of_others.test_an_owner_that_a_stranger_names_later_keeps_no_job_from_being_submitted_again(),
    ),
    "7: a team's cap is not asked": (
        ((preconditions, "reserve_for_submit", lambda _: lambda *_: None),),
        lambda _: test_money.test_a_submission_that_found_no_room_says_so_and_holds_nothing(),
    ),
    "7: the way back only counts": (
        ((reserve_spend, "stop_before", lambda _: lambda *_: Stop(about="", because="")),),
        lambda _: test_money.test_the_way_back_of_a_job_that_on_demand_refused_is_held_to_the_team_s_cap(5_000_000),
    ),
    "7: no cap is asked before a repair": (
        ((enforce, "with_room", lambda _: lambda facts, plan: plan),),
        lambda _: (
            test_money.test_a_spend_cap_that_others_used_up_lets_no_job_be_stopped_for_a_repair_that_cannot_follow()
        ),
    ),
    "2: a first job that failed is not judged before its next attempt": (
        ((resubmit, "repair_of_first", lambda _: lambda facts: {}),),
        lambda _: test_evaded_rules.test_a_job_that_fails_before_a_rule_can_stop_it_is_not_submitted_again("exit-code"),
    ),
    "7: what a taken name reserved stays reserved": (
        ((reserve_spend, "replaced_by", lambda _: lambda *_: ()),),
        lambda _: test_cap_of_a_month.test_who_takes_an_attempt_s_name_uses_up_no_cap_of_its_team(),
    ),
    "8: a job that is over still claims its prefix": (
        ((gather, "without_stale", lambda _: lambda claims, *_: claims),),
        lambda _: test_claims.test_a_job_that_was_deleted_before_anybody_saw_its_end_claims_nothing(),
    ),
    "8: every role shares a claim": (
        ((Claim, "shares_role", lambda _: lambda self, other: True),),
        lambda _: test_claims.test_no_later_job_is_stopped_and_no_attempt_is_held_up_for_a_claim_of_another_role(),
    ),
    "8: a claim on a template's prefix counts before a repair": (
        ((fix, "_allows", lambda allows: lambda demand, uri, job, *, free: allows(demand, uri, job, free=True)),),
        lambda _: test_claims.test_no_claim_of_another_role_keeps_a_job_from_being_repaired(),
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
    "13: a secret is read once": (
        ((SlackSecret, "renewed", lambda _: lambda self: False),),
        lambda _: _rotated(),
    ),
    "13: a failure is told as it is": (
        ((status_history, "without_values", lambda _: lambda text, document: text),),
        lambda _: _secrets_are_quoted(),
    ),
    "14: a halt works once": (
        ((DynamoHalts, "call_halt", _works_once),),
        lambda _: _halted_three_times(),
    ),
    "15: a revision is in force since it was first seen": (
        ((DynamoRevisions, "put_in_force", _first_seen),),
        test_policy_revisions.test_a_rollback_does_not_stop_jobs_that_were_created_under_the_policy_in_between,
    ),
    "16: words are sent as they are": (
        ((mrkdwn, "_inert", lambda _: lambda flat: flat),),
        lambda _: test_slack_text.test_every_kind_of_message_is_inert(MessageKind.FLAGGED),
    ),
    "16: Slack looks for links": (
        ((block_kit, "mrkdwn_object", lambda made: lambda text: made(text) | {"verbatim": False}),),
        lambda _: test_slack_text.test_every_kind_of_message_is_inert(MessageKind.FLAGGED),
    ),
    "17: everybody in the channel reads": (
        ((slash_command, "refuses_to_read", lambda _: lambda who, ports: ""),),
        lambda _: _a_guest_asks(),
    ),
    "18: a file that cannot be read is passed over": (
        ((folder, "_alike", _only_readable_files),),
        lambda path: test_policy_files.test_each_file_that_looks_like_a_policy_is_read_or_named(test_policy_files.dangling, path),
    ),
}  # fmt: skip


IN_THE_SIMULATION: dict[int, str] = {
    1: "a taken name counts as ours",
    2: "a taken name counts as ours",
    3: "tags are trusted",
    7: "a lineage's cap is not asked",
    11: "a stored row counts as decided",
    12: "any role is passed",
    14: "a halt is not checked",
}
"""The number of an attack → a mutant of the simulation without its guard."""
ATTACKS = range(1, 19)


@pytest.mark.nightly
@pytest.mark.parametrize("name", GUARDS)
def test_an_attack_works_without_its_guard(name: str, tmp_path: Path) -> None:
    without, attack = GUARDS[name]
    with replaced(*without), pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        attack(tmp_path)


QUICK = ("16: words are sent as they are", "16: Slack looks for links", "18: a file that cannot be read is passed over")


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_attack_works_without_its_guard(name: str, tmp_path: Path) -> None:
    test_an_attack_works_without_its_guard(name, tmp_path)


def test_each_attack_has_a_guard_that_is_taken_out_here_or_in_the_simulation() -> None:
    assert IN_THE_SIMULATION.keys() | {int(name.partition(":")[0]) for name in GUARDS} == set(ATTACKS)
    assert set(IN_THE_SIMULATION.values()) <= MUTANTS.keys()


def test_each_guard_is_still_where_it_is_taken_out() -> None:
    for without, _ in GUARDS.values():
        for owner, name, _ in without:
            assert hasattr(owner, name), (owner, name)
