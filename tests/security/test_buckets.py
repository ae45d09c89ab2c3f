"""Attack 10: a job's CheckpointConfig names a bucket that its user may not read, so that the controller lists it for the user."""

from __future__ import annotations

from controller import wiring
from controller.ledger.entry import CheckpointScanned, Flagged
from tests.security.lab import CheckpointStore, entries, lab, launch, lineage_of, log, request, run, texts

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: alive, rule: checkpoint-alive, options: {first_within: 1m, at_most: 1m}, mode: enforce, action: stop}
resubmit:
  - name: again
    mode: enforce
    causes: {algorithm: {limit: 1, reasons: ["AlgorithmError: Exit Code: 1"]}, capacity: {limit: 1}}
    deadline: {finish_within: 30h}
"""
SECRET = "s3://hr-secrets/payroll/2026/"
NOT_READ = "not read: the bucket is not in CheckpointBuckets"
FORMS = (
    SECRET,
    "https://s3.us-east-1.amazonaws.com/hr-secrets/payroll/2026/",
    "https://hr-secrets.s3.us-east-1.amazonaws.com/payroll/2026/",
    "s3://acme-checkpoints-of-hr/payroll/",
    "s3://acme-checkpoint/payroll/",
    "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/hr/payroll/",
    "s3://ACME-CHECKPOINTS/payroll/",
    "s3://acme-checkpoints%2F..%2Fhr-secrets/payroll/",
    "s3://acme-checkpoints:443@hr-secrets/payroll/",
    "https://acme-checkpoints@hr-secrets.s3.amazonaws.com/payroll/",
    "https://s3.us-east-1.amazonaws.com/hr-secrets/../acme-checkpoints/payroll",
)


def listings() -> list[str]:
    """The URLs of all list requests of the controller to S3 from now on."""
    asked: list[str] = []
    events = wiring.client("s3", optional=True).meta.events
    events.register("before-send.s3.ListObjectsV2", lambda request, **_: asked.append(request.url))
    return asked


def test_nothing_is_learned_of_a_bucket_that_the_stack_does_not_list() -> None:
    with lab(POLICY) as host:
        asked_of_s3 = listings()
        for bucket in ("hr-secrets", "acme-checkpoints-of-hr", "acme-checkpoint"):
            for number in range(7):
                CheckpointStore()(f"s3://{bucket}/payroll/2026/", 100 * number, host.clock.at)
        for number, uri in enumerate(FORMS):
            asked = request(f"intern-{number}", "vision", checkpoint=uri, work_s=9000, fails_with="exit-code", fails_after_s=4000)
            launch(host, {**asked, "RoleArn": "arn:aws:iam::123456789012:role/intern"})
        run(host, hours=12)
        for number in range(len(FORMS)):
            name = f"intern-{number}"
            scans = entries(host, name, CheckpointScanned)
            assert scans
            assert {(s.objects, s.bytes_seen, s.newest_at, s.problem) for s in scans} == {(0, 0, None, NOT_READ)}
            assert lineage_of(host, name).intent(f"stop/{name}") is None
        assert NOT_READ in texts(host)
        assert asked_of_s3 == []


def test_a_listed_bucket_is_looked_into_and_no_name_in_it_is_told() -> None:
    """If an attacker could read names beside a prefix, he could find out all names in the bucket, letter by letter."""
    with lab(POLICY.replace("1m", "3h")) as host:
        asked_of_s3 = listings()
        CheckpointStore()("s3://acme-checkpoints/hr-payroll/2026/", 100, host.clock.at)
        launch(host, request("curious", "vision", checkpoint="s3://acme-checkpoints/h", work_s=9000))
        launch(host, request("honest", "vision", work_s=9000, fails_with="exit-code", fails_after_s=4000))
        run(host, hours=6)
        scans = entries(host, "honest", CheckpointScanned)
        assert all("acme-checkpoints" in url for url in asked_of_s3)
        assert asked_of_s3
        assert any(scan.objects for scan in scans)
        assert all(scan.problem is None for scan in scans)
        [found] = [e.found for e in entries(host, "curious", Flagged) if e.rule == "prefix-shared"]
        assert found == "s3://acme-checkpoints/h, beside another prefix that begins with the same text"
        assert "hr-payroll" not in texts(host) + log(host) + str(lineage_of(host, "curious"))
