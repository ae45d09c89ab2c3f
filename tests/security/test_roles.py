"""Attacks on the right to pass roles: jobs whose role the stack does not list, and permissions that are missing or too wide."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from controller.aws.stack_parameters import InvalidRoles, training_roles
from controller.ledger.entry import Started
from controller.ledger.intent import Stop
from controller.ledger.messages.kind import MessageKind
from infra import function_permissions as permissions
from infra.local.host import Host
from infra.local.sagemaker.capacity import Steps
from tests.security.iam import ACCOUNT, REGION, TABLE, allows
from tests.security.lab import MONDAY, entries, lab, launch, lineage_of, next_name, request, run, status, texts

AGAIN = """
version: 1
defaults: {mode: audit, channel: "#ml"}
resubmit:
  - name: again
    mode: enforce
    causes: {internal: {limit: 2, backoff: {first: 1m}}, starved: {limit: 3}, capacity: {limit: 3}}
"""
INTERN = "arn:aws:iam::123456789012:role/intern"
LISTED = "arn:aws:iam::123456789012:role/acme-training"


def interns(name: str, **changes: Any) -> dict[str, Any]:
    return request(name, "vision", **changes) | {"RoleArn": INTERN}


def stops(host: Host, root: str) -> list[Stop]:
    return [i.action for i in lineage_of(host, root).intents if isinstance(i.action, Stop)]


def kinds(host: Host, root: str) -> list[str]:
    return [str(i.action.kind) for i in lineage_of(host, root).intents if hasattr(i.action, "topic")]


def test_a_job_with_a_role_that_is_not_listed_is_not_submitted_again_and_people_are_told() -> None:
    with lab(AGAIN) as host:
        launch(host, interns("mine", work_s=3000, fails_with="internal", fails_times=1))
        launch(host, request("listed", "vision", work_s=3100, fails_with="internal", fails_times=1))
        run(host, hours=4)
        assert len(host.world.jobs) == 3
        assert [e.job for e in entries(host, "mine", Started)] == ["mine"]
        assert MessageKind.CANNOT_REPEAT in kinds(host, "mine")
        assert "role/intern is not in TrainingRoles" in texts(host)


def test_a_role_that_only_resembles_a_listed_one_is_not_listed() -> None:
    alike = (
        "arn:aws:iam::123456789012:role/team/acme-training", "arn:aws:iam::123456789012:role/ACME-training",
        "arn:aws:iam::999999999999:role/acme-training", "arn:aws-cn:iam::123456789012:role/acme-training",
    )  # fmt: skip
    with lab(AGAIN) as host:
        for number, role in enumerate(alike):
            asked = request(f"alike-{number}", "vision", work_s=3000, fails_with="internal", fails_times=1)
            launch(host, asked | {"RoleArn": role})
        run(host, hours=3)
        assert len(host.world.jobs) == len(alike)


def test_a_job_with_a_role_that_is_not_listed_is_not_stopped_to_be_moved() -> None:
    policy = AGAIN + "    deadline: {finish_within: 3h}\n"
    with lab(policy, capacity_of=lambda _: Steps(MONDAY, [(0.0, 0)], period_s=90 * 86_400.0)) as host:
        tags = {"spotwarden:expected-runtime": "1h"}
        launch(host, interns("mine", work_s=3000, tags=tags))
        launch(host, request("listed", "vision", work_s=3000, tags=tags))
        run(host, hours=6)
        assert not stops(host, "mine")
        assert stops(host, "listed")
        assert status(host, "mine") == "InProgress"


def test_a_job_with_a_role_that_is_not_listed_is_not_stopped_to_be_repaired() -> None:
    policy = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: repair}
"""
    with lab(policy) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        launch(host, interns("mine", spot=False, work_s=7200))
        launch(host, request("listed", "vision", spot=False, work_s=7200))
        run(host, hours=5)
        assert (status(host, "mine"), status(host, "listed")) == ("Completed", "Stopped")
        assert status(host, next_name(host, "listed")) == "Completed"


def test_a_job_with_a_role_that_is_not_listed_is_stopped_by_a_rule_like_any_other() -> None:
    policy = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
"""
    with lab(policy) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        launch(host, interns("mine", spot=False, work_s=7200))
        run(host, hours=1)
        assert status(host, "mine") == "Stopped"


def test_without_listed_roles_the_controller_only_observes_and_reports() -> None:
    policy = AGAIN.replace(
        "resubmit:",
        "rules:\n  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}\nresubmit:",
    )
    with lab(policy, roles=()) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        launch(host, request("failing", "vision", work_s=3000, fails_with="internal", fails_times=1))
        launch(host, request("dear", "vision", spot=False, work_s=7200))
        run(host, hours=5)
        assert len(host.world.jobs) == 3
        assert status(host, "dear") == "Completed"
        assert 'breaks the rule "spot-only"' in texts(host)
        assert kinds(host, "failing") == [MessageKind.CANNOT_REPEAT]


def test_a_permission_that_is_missing_for_a_while_costs_no_lineage_its_attempt() -> None:
    with lab(AGAIN) as host:
        launch(host, request("train", "vision", work_s=3000, fails_with="internal", fails_times=1))
        host.world.denied.add("CreateTrainingJob")
        run(host, hours=2)
        assert kinds(host, "train").count(MessageKind.NOT_PERMITTED) == 1
        assert MessageKind.REFUSED not in kinds(host, "train")
        host.world.denied.clear()
        run(host, hours=3)
        assert status(host, next_name(host, "train")) == "Completed"


def test_an_attempt_has_the_role_image_network_and_keys_of_its_job() -> None:
    kept = {
        "EnableNetworkIsolation": True, "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "OutputDataConfig": {"S3OutputPath": "s3://acme-models/vision/", "KmsKeyId": "key-1"},
    }  # fmt: skip
    with lab(AGAIN) as host:
        asked = request("train", "vision", work_s=3000, fails_with="internal", fails_times=1) | kept
        asked["ResourceConfig"] = asked["ResourceConfig"] | {"VolumeKmsKeyId": "key-2"}
        launch(host, asked)
        run(host, hours=3)
        again = host.world.jobs[next_name(host, "train")].request
        for member in (*kept, "RoleArn", "ResourceConfig"):
            assert again[member] == asked[member], member
        assert again["AlgorithmSpecification"]["TrainingImage"] == asked["AlgorithmSpecification"]["TrainingImage"]


# ── what IAM allows ──────────────────────────────────────────────────────────────────────────────────────────────────────────

JOB = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/victim-0123abcd-r02"
SUBMITTERS = ("job_changed", "sweep", "discover")
TO_SAGEMAKER = {"iam:PassedToService": "sagemaker.amazonaws.com"}
TAGGED = {"aws:RequestTag/spotwarden:lineage": "123456789012/us-east-1/victim/2026-11-16T00:00:00.000000Z"}


@pytest.mark.parametrize("function", permissions.FUNCTIONS)
def test_only_who_submits_may_pass_a_role_and_only_a_listed_one_and_only_to_sagemaker(function: str) -> None:
    may = function in SUBMITTERS
    assert allows(function, "iam:PassRole", LISTED, roles=(LISTED,), context=TO_SAGEMAKER) is may
    for role in (
        INTERN,
        f"{LISTED}-admin",
        "arn:aws:iam::123456789012:role/team/acme-training",
        "arn:aws:iam::999999999999:role/x",
    ):
        assert not allows(function, "iam:PassRole", role, roles=(LISTED,), context=TO_SAGEMAKER)
    for service in ("ec2.amazonaws.com", "lambda.amazonaws.com"):
        assert not allows(function, "iam:PassRole", LISTED, roles=(LISTED,), context={"iam:PassedToService": service})
    assert not allows(function, "iam:PassRole", LISTED, roles=(LISTED,))
    assert not allows(function, "iam:PassRole", LISTED, roles=(), context=TO_SAGEMAKER)


@pytest.mark.parametrize("function", permissions.FUNCTIONS)
@pytest.mark.parametrize("action", ["sagemaker:CreateTrainingJob", "sagemaker:AddTags"])
def test_only_who_submits_may_create_and_tag_a_job_and_only_with_its_lineage(function: str, action: str) -> None:
    assert allows(function, action, JOB, roles=(LISTED,), context=TAGGED) is (function in SUBMITTERS)
    assert not allows(function, action, JOB, roles=(LISTED,))
    assert not allows(function, action, JOB, roles=(LISTED,), context={"aws:RequestTag/team": "vision"})


@pytest.mark.parametrize("function", permissions.FUNCTIONS)
def test_nobody_may_widen_what_a_job_may_do_or_read_what_a_job_reads(function: str) -> None:
    for action in (
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "sts:AssumeRole",
        "sagemaker:UpdateTrainingJob",
        "sagemaker:DeleteTags",
    ):
        assert not allows(function, action, LISTED, roles=(LISTED,), context=TO_SAGEMAKER | TAGGED)
    assert not allows(function, "dynamodb:ConditionCheckItem", TABLE, roles=(LISTED,))
    assert not allows(function, "s3:GetObject", "arn:aws:s3:::acme-checkpoints/vision/model", roles=(LISTED,))


def test_the_template_takes_full_arns_of_roles_and_has_no_default() -> None:
    parameter = json.loads(Path("infra/resources.json").read_text())["Parameters"]["TrainingRoles"]
    assert parameter["Type"] == "CommaDelimitedList"
    assert "Default" not in parameter
    pattern = re.compile(parameter["AllowedPattern"])
    for good in (LISTED, "", "arn:aws-cn:iam::123456789012:role/team/one"):
        assert pattern.fullmatch(good), good
    for bad in ("*", "acme-*", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::123456789012:role/acme-?", "acme-training"):
        assert not pattern.fullmatch(bad), bad


@pytest.mark.parametrize("roles", ["*", "acme-training", f"{LISTED},arn:aws:iam::123456789012:role/*", "arn:aws:iam::*:role/x"])
def test_a_function_does_not_start_with_roles_that_are_no_full_arns(roles: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTWARDEN_TRAINING_ROLES", roles)
    with pytest.raises(InvalidRoles, match="wanted full ARNs"):
        training_roles()


def test_roles_are_read_from_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTWARDEN_TRAINING_ROLES", f" {LISTED}, {INTERN},")
    assert training_roles() == (LISTED, INTERN)
    monkeypatch.delenv("SPOTWARDEN_TRAINING_ROLES")
    assert training_roles() == ()
