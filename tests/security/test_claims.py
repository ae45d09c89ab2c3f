"""Attack 8: a small job claims a checkpoint prefix, so that other people's jobs are stopped or delayed."""

from __future__ import annotations

from datetime import timedelta

from controller.ledger.entry import Flagged
from infra.local.host import Host
from tests.security.lab import entries, lab, launch, request, run, status

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: own-prefix, rule: checkpoint-exclusive, mode: enforce, action: stop}
resubmit:
  - name: again
    mode: enforce
    causes: {capacity: {limit: 3, backoff: {first: 1m}}}
"""
STRANGER = "arn:aws:iam::123456789012:role/stranger"
VICTIM = "s3://acme-checkpoints/vision/victim/"
EVERYWHERE = ("s3://acme-checkpoints", "s3://acme-checkpoints/", "s3://acme-checkpoints//", "s3://acme-checkpoints/x/..")
ABOVE = ("s3://acme-checkpoints/v", "s3://acme-checkpoints/vision", "s3://acme-checkpoints/vision/victim/..")
SAME = (VICTIM, VICTIM.rstrip("/"), "s3://acme-checkpoints//vision/victim", "s3://acme-checkpoints/vision/x/../victim/")
BELOW = (f"{VICTIM}x", f"{VICTIM}/x/")
ALIKE = (
    "s3://acme-checkpoints/%76ision/victim/", "s3://ACME-CHECKPOINTS/vision/victim/", "s3://acme-checkpoints/vision/victim./",
    "s3://acme-checkpoints/vision/victim%2F", "s3://acme-checkpoints/vision/victim/?versionId=1",
    "https://acme-checkpoints.s3.us-east-1.amazonaws.com/vision/victim", "s3://acme-checkpoints./vision/victim/",
)  # fmt: skip


REPAIR = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - name: own-prefix
    rule: checkpoint-exclusive
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-checkpoints/fixed/{job}"}
"""


def squat(host: Host, *uris: str) -> None:
    """Start small jobs of another role, which run for days, each with a prefix that the attacker chose."""
    for number, uri in enumerate(uris):
        small = request(f"squatter-{number}", None, "ml.m5.large", checkpoint=uri, runtime_h=100, work_s=300_000, spot=False)
        launch(host, {**small, "RoleArn": STRANGER})
    run(host, minutes=5)


def test_no_later_job_is_stopped_and_no_attempt_is_held_up_for_a_claim_of_another_role() -> None:
    with lab(POLICY) as host:
        squat(host, *EVERYWHERE, *ABOVE, *SAME, *BELOW, *ALIKE)
        launch(host, request("victim", "vision", work_s=3000, fails_with="capacity", fails_times=1))
        run(host, hours=3)
        assert status(host, "victim") == "Failed"
        [again] = [name for name in host.world.jobs if name.startswith("victim-")]
        assert status(host, again) == "Completed"


def test_no_claim_of_another_role_keeps_a_job_from_being_repaired() -> None:
    """Neither a claim on the whole bucket, nor one on the prefix from the policy's template."""
    with lab(REPAIR) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        squat(host, EVERYWHERE[0], "s3://acme-checkpoints/fixed", "s3://acme-checkpoints/fixed/second")
        for name in ("first", "second"):
            launch(host, request(name, "vision", checkpoint=VICTIM, work_s=3000, runtime_h=20))
            run(host, minutes=5)
        run(host, hours=2)
        assert (status(host, "first"), status(host, "second")) == ("Completed", "Stopped")
        [again] = [job for name, job in host.world.jobs.items() if name.startswith("second-")]
        assert again.status == "Completed"
        given = again.request["CheckpointConfig"]["S3Uri"]
        assert given.startswith("s3://acme-checkpoints/fixed/second-")
        assert given.endswith("/")  # without the slash, other prefixes could begin with it


def test_a_job_that_was_deleted_before_anybody_saw_its_end_claims_nothing() -> None:
    with lab(POLICY) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        launch(host, request("first", "vision", checkpoint=VICTIM, work_s=30_000, runtime_h=20))
        run(host, minutes=10)
        host.world.stop_training_job("first")
        while status(host, "first") != "Stopped":
            host.world.advance_to(host.world.now + timedelta(seconds=1))
        host.world.delete_training_job("first")
        launch(host, request("second", "vision", checkpoint=VICTIM, work_s=3000, runtime_h=20))
        run(host, hours=3)
        assert status(host, "second") == "Completed"


def test_a_job_that_claims_a_parent_prefix_gets_the_finding_and_is_not_stopped() -> None:
    with lab(POLICY) as host:
        launch(host, request("victim", "vision", work_s=30_000, runtime_h=20))
        run(host, minutes=5)
        squat(host, EVERYWHERE[0], ABOVE[1])
        run(host, hours=1)
        for squatter in ("squatter-0", "squatter-1"):
            assert entries(host, squatter, Flagged)[0].wanted.startswith("a prefix of its own; below this one writes ")
            assert status(host, squatter) == "InProgress"
        assert not entries(host, "victim", Flagged)


def test_a_parent_of_the_same_role_holds_no_attempt_up_either() -> None:
    with lab(POLICY) as host:
        launch(host, request("wide", "vision", checkpoint="s3://acme-checkpoints/vision", work_s=300_000, runtime_h=100))
        run(host, minutes=5)
        launch(host, request("victim", "vision", work_s=3000, fails_with="capacity", fails_times=1))
        run(host, hours=3)
        [again] = [name for name in host.world.jobs if name.startswith("victim-")]
        assert status(host, again) == "Completed"


def test_the_later_of_two_jobs_on_one_prefix_under_one_role_is_stopped() -> None:
    with lab(POLICY) as host:
        launch(host, request("warm-up", "vision", work_s=300))
        run(host, minutes=1)
        launch(host, request("first", "vision", checkpoint=VICTIM, work_s=30_000, runtime_h=20))
        run(host, minutes=5)
        launch(host, request("second", "vision", checkpoint=VICTIM.rstrip("/"), work_s=30_000, runtime_h=20))
        run(host, hours=1)
        assert (status(host, "first"), status(host, "second")) == ("InProgress", "Stopped")
