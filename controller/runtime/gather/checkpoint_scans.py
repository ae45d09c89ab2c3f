"""Scans a job's checkpoint prefix, and limits how long a decision waits for S3."""

from __future__ import annotations

from datetime import timedelta

from controller.decide.facts import Facts
from controller.decide.observe import scan_reason
from controller.jobs.checkpoint import CheckpointScan
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.reading import ReadPorts

SCAN_WAIT_MAX = timedelta(minutes=15)  # how long recording an interruption or an end waits for S3's answer


def scan(facts: Facts, uri: str, ports: ReadPorts) -> CheckpointScan:
    """Scan a prefix; files that match the policy's ``checkpoint_ignore`` are no checkpoints. Raises Unreachable."""
    return ports.checkpoints.scan(uri, now=facts.now, ignore=facts.policy.checkpoint_ignore)


def scan_or_none(facts: Facts, uri: str, ports: ReadPorts) -> CheckpointScan | None:
    """Scan a prefix; None where S3 does not answer."""
    try:
        return scan(facts, uri, ports)
    except Unreachable:
        return None


def scan_or_go_on(facts: Facts, uri: str, ports: ReadPorts) -> CheckpointScan | None:
    """Scan a prefix; where S3 does not answer, go on without it: None for a live job, else a scan with a ``problem``.

    Where an interruption, a repetition or an end is to be recorded, raises Unreachable for 15 minutes after it. A later scan
    could not show what was there then.
    """
    try:
        return scan(facts, uri, ports)
    except Unreachable:
        job, reason = facts.job, scan_reason(facts)
        happened_at = job.ended_at or max((*job.interrupted_at, *job.repeated_at), default=None)
        if reason is not None and happened_at is not None and facts.now - happened_at < SCAN_WAIT_MAX:
            raise
    if job.alive:
        return None
    return CheckpointScan(
        uri=uri, scanned_at=facts.now, objects=0, bytes_seen=0, newest_at=None, complete=False, problem="S3 does not answer"
    )
