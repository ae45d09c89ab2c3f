"""Attacks on the identity of attempts by a stranger, who knows their names and can create and tag jobs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.ledger.entry import Finished, Started
from controller.ledger.intent import Publish
from controller.ledger.messages.kind import MessageKind
from infra.local.host import Host, UserAction
from infra.local.sagemaker.settings import WorldSettings
from tests.security.lab import MONDAY, entries, lab, launch, lineage_id, lineage_of, next_name, request, run, status, texts

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
  - {name: small-only, rule: instance-allowed, options: {instance_types: ["ml.g5.*"]}, mode: enforce, action: stop}
resubmit:
  - name: again
    mode: enforce
    causes: {internal: {limit: 2, backoff: {first: 10m}}, starved: {limit: 3}, capacity: {limit: 3}}
"""
EVIL_IMAGE = "999999999999.dkr.ecr.us-east-1.amazonaws.com/evil:1"
EVIL_ROLE = "arn:aws:iam::123456789012:role/attacker-role"


def victim(name: str = "victim-train", **changes: Any) -> dict[str, Any]:
    """A job that fails once with a retryable cause, so that it is submitted again after ten minutes."""
    return request(name, "vision", work_s=3000, fails_with="internal", fails_times=1, **changes)


def foreign(name: str, **tags: str) -> dict[str, Any]:
    """The attacker's own role, image and output."""
    evil = request(name, "vision", image=EVIL_IMAGE, checkpoint=None, spot=True, work_s=600, tags=tags)
    return evil | {"RoleArn": EVIL_ROLE, "OutputDataConfig": {"S3OutputPath": "s3://attacker-bucket/poisoned/"}}


def finished(host: Host, root: str) -> dict[str, Any]:
    """The events on the account's bus about the end of a lineage."""
    [publish] = [i.action for i in lineage_of(host, root).intents if isinstance(i.action, Publish)]
    detail: dict[str, Any] = json.loads(publish.detail)
    return detail


def attempts(host: Host, root: str) -> list[Started]:
    return sorted(entries(host, root, Started), key=lambda e: e.number)


def kinds(host: Host, root: str) -> set[str]:
    """The kinds of a lineage's messages."""
    return {str(i.action.kind) for i in lineage_of(host, root).intents if hasattr(i.action, "topic")}


def own_twin(host: Host, name: str, **changes: Any) -> dict[str, Any]:
    """The victim's own request with the attempt's name and one change."""
    asked = dict(host.world.jobs["victim-train"].request)
    return asked | {"TrainingJobName": name} | changes


@pytest.mark.parametrize("tagged", [True, False], ids=["with the lineage tag", "with the name alone"])
def test_a_job_under_the_next_attempt_s_name_does_not_end_the_victim_s_lineage(tagged: bool) -> None:
    with lab(POLICY) as host:
        launch(host, victim())
        run(host, minutes=1)
        name = next_name(host, "victim-train")
        launch(host, foreign(name, **({"spotwarden:lineage": str(lineage_id(host, "victim-train"))} if tagged else {})))
        run(host, hours=4)
        made = attempts(host, "victim-train")
        assert [one.job for one in made][:1] == ["victim-train"]
        assert name not in {one.job for one in made}
        assert len(made) == 2
        assert status(host, made[1].job) == "Completed"
        assert host.world.jobs[made[1].job].request["RoleArn"].endswith("acme-training")
        assert finished(host, "victim-train")["trainingJobName"] == made[1].job
        assert "attacker-bucket" not in json.dumps(finished(host, "victim-train"))
        assert MessageKind.NAME_TAKEN in kinds(host, "victim-train")
        assert f"*{name}* is not the request that Spotwarden sent" in texts(host)
        [own] = entries(host, name, Started)
        assert own.number == 1


OTHERS: dict[str, dict[str, Any]] = {
    "a role": {"RoleArn": EVIL_ROLE},
    "a remote shell": {"RemoteDebugConfig": {"EnableRemoteDebug": True}},
    "machines": {"ResourceConfig": {"InstanceType": "ml.g5.48xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}},
    "checkpoints": {"CheckpointConfig": {"S3Uri": "s3://attacker-bucket/poisoned/"}},
}


@pytest.mark.parametrize("member", OTHERS)
def test_a_job_that_differs_from_what_was_sent_in_one_member_is_somebody_else_s(member: str) -> None:
    """It is created in the minute in which the Submit is performed, so that only the request differs."""
    with lab(POLICY) as host:
        launch(host, victim())
        run(host, minutes=1)
        name = next_name(host, "victim-train")
        submitted_at = _due_at(host, name)
        twin = own_twin(host, name, **OTHERS[member])
        host.user_actions.append(UserAction(at=submitted_at, do=lambda: launch(host, twin)))
        run(host, hours=5)
        made = attempts(host, "victim-train")
        assert name not in {one.job for one in made}
        assert len(made) == 2
        assert finished(host, "victim-train")["trainingJobName"] == made[1].job


def _due_at(host: Host, name: str) -> datetime:
    """The whole minute at which the sweep submits the attempt."""
    run(host, minutes=8)
    [intent] = [i for i in lineage_of(host, "victim-train").intents if i.key == f"submit/{name}"]
    return intent.due_at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def test_a_stranger_s_identical_request_at_the_moment_of_submission_counts_as_the_attempt() -> None:
    with lab(POLICY) as host:
        launch(host, victim())
        run(host, minutes=1)
        name = next_name(host, "victim-train")
        twin = own_twin(host, name)
        host.user_actions.append(UserAction(at=_due_at(host, name), do=lambda: launch(host, twin)))
        run(host, hours=4)
        assert [one.job for one in attempts(host, "victim-train")] == ["victim-train", name]
        assert len(host.world.jobs) == 2


def test_a_stranger_s_identical_request_before_the_submission_is_not_the_attempt() -> None:
    with lab(POLICY) as host:
        launch(host, victim())
        run(host, minutes=1)
        name = next_name(host, "victim-train")
        launch(host, own_twin(host, name))
        run(host, hours=5)
        made = attempts(host, "victim-train")
        assert name not in {one.job for one in made}
        assert len(made) == 2


def test_a_stranger_who_takes_names_gains_nothing_because_later_names_are_not_known() -> None:
    from controller.ledger.attempt_name import attempt_name

    with lab(POLICY) as host:
        launch(host, victim())
        run(host, minutes=1)
        for generation in range(1, 6):
            launch(host, foreign(attempt_name(lineage_id(host, "victim-train"), 2, generation)))
        run(host, hours=4)
        [_, second] = attempts(host, "victim-train")
        assert second.job.endswith("-r02g2")
        assert finished(host, "victim-train")["ending"] == "completed"


def test_a_forged_attempt_is_stopped_by_rules_like_any_other_job() -> None:
    """An attacker who can delay his own Submit can create the attempt himself, with any request."""
    with lab(POLICY) as host:
        launch(host, request("warm-up", "vision", checkpoint=None, runtime_h=1, wait_h=1, work_s=300))
        run(host, minutes=1)
        launch(
            host, request("blocker", "vision", checkpoint="s3://acme-checkpoints/mine/", runtime_h=20, wait_h=40, work_s=70000)
        )
        run(host, minutes=2)
        launch(host, request("mine", "vision", checkpoint="s3://acme-checkpoints/mine/", work_s=3000, fails_with="internal"))
        run(host, minutes=37)
        name, tag = next_name(host, "mine"), {"spotwarden:lineage": str(lineage_id(host, "mine"))}
        big = {"checkpoint": None, "spot": False, "instance_type": "ml.p3.2xlarge", "runtime_h": 100, "work_s": 300_000}
        launch(host, request(name, "vision", tags=tag, **big))  # type: ignore[arg-type]
        run(host, hours=2)
        assert status(host, name) == "Stopped"


@pytest.mark.parametrize("number", [2, 3, 99])
def test_a_name_and_tags_of_an_attempt_that_nobody_submitted_exempt_from_nothing(number: int) -> None:
    with lab(POLICY) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        name = next_name(host, "warm-up", number)
        tags = {"spotwarden:lineage": str(lineage_id(host, "warm-up")), "spotwarden:attempt": str(number)}
        launch(host, request(name, "vision", spot=False, instance_type="ml.p3.2xlarge", runtime_h=100, work_s=300_000, tags=tags))
        run(host, hours=1)
        assert status(host, name) == "Stopped"


@pytest.mark.parametrize("tags", [{"spotwarden:probe": "warm-up"}, {}], ids=["with the probe's tag", "with its name alone"])
def test_a_job_that_says_it_is_a_probe_is_judged_like_any_other(tags: dict[str, str]) -> None:
    from controller.ledger.attempt_name import probe_name

    with lab(POLICY) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        for name in ("plain", probe_name(lineage_id(host, "warm-up"), 1, 1)):
            launch(host, request(name, "vision", spot=False, instance_type="ml.p3.2xlarge", runtime_h=100, work_s=9e5, tags=tags))
        run(host, hours=1)
        assert status(host, "plain") == "Stopped"
        assert status(host, probe_name(lineage_id(host, "warm-up"), 1, 1)) == "Stopped"


# ── tags that come late, go, or lie ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_attempt_whose_tags_come_late_is_an_attempt() -> None:
    with lab(POLICY, settings=WorldSettings(usage_delay_s=60, tags_lag_s=180)) as host:
        launch(host, victim())
        run(host, hours=4)
        assert [one.number for one in attempts(host, "victim-train")] == [1, 2]
        assert finished(host, "victim-train")["attempts"] == 2


def test_an_attempt_whose_tags_are_removed_gets_no_fresh_lineage() -> None:
    with lab(POLICY) as host:
        launch(host, request("victim-train", "vision", work_s=3000, fails_with="internal"))

        def remove() -> None:
            for job in host.world.jobs.values():
                host.world.delete_tags(job.arn, sorted(job.tags))

        host.user_actions += [UserAction(at=MONDAY + timedelta(minutes=m), do=remove) for m in range(1, 240)]
        run(host, hours=8)
        assert [one.number for one in attempts(host, "victim-train")] == [1, 2, 3]
        assert len(host.world.jobs) == 3


def test_tags_that_send_an_attempt_to_another_lineage_change_nothing() -> None:
    with lab(POLICY) as host:
        launch(host, victim())
        launch(host, request("other", "vision", work_s=30_000))
        run(host, minutes=20)
        name = next_name(host, "victim-train")
        forged = [{"Key": "spotwarden:lineage", "Value": str(lineage_id(host, "other"))}]
        host.world.add_tags(host.world.jobs[name].arn, forged)
        run(host, hours=4)
        assert [one.job for one in attempts(host, "victim-train")] == ["victim-train", name]
        assert [one.job for one in attempts(host, "other")] == ["other"]


TAGS_OF_A_STRANGER: tuple[dict[str, str], ...] = (
    {"spotwarden:lineage": "123456789012/us-east-1/other/2026-01-01T00:00:00.000000Z", "spotwarden:attempt": "7"},
    {"spotwarden:lineage": "", "spotwarden:attempt": "", "Spotwarden:Lineage": "x", "spotwarden:probe": "x"},
    {f"k{number}": "v" for number in range(47)},
    {"k" * 128: "\u00fc" * 256, "k+-=._:/@": "x"},
)


def test_no_tags_that_a_stranger_adds_to_a_first_job_cost_it_its_attempt() -> None:
    with lab(POLICY) as host:
        for number, tags in enumerate(TAGS_OF_A_STRANGER):
            launch(host, victim(f"victim-{number}", seed=number))  # each of them fails once
            job = host.world.jobs[f"victim-{number}"]
            host.world.add_tags(job.arn, [{"Key": key, "Value": value} for key, value in tags.items()])
        run(host, hours=4)
        for number in range(len(TAGS_OF_A_STRANGER)):
            assert status(host, next_name(host, f"victim-{number}")) == "Completed"


def test_a_job_whose_tags_come_late_is_not_stopped_for_missing_them() -> None:
    policy = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: say-team, rule: tags-required, options: {tags: [team]}, mode: enforce, action: stop}
"""
    with lab(policy, settings=WorldSettings(usage_delay_s=60, tags_lag_s=180)) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        launch(host, request("honest", "vision", work_s=3000))
        launch(host, request("nameless", None, work_s=30_000))
        run(host, hours=3)
        assert (status(host, "honest"), status(host, "nameless")) == ("Completed", "Stopped")
        assert entries(host, "honest", Finished)
