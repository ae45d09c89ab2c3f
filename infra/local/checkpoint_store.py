"""Stores the checkpoints of simulated jobs in moto's S3, with times of the virtual clock."""

from __future__ import annotations

from datetime import datetime

from moto.s3.models import s3_backends

from infra.local.aws import ACCOUNT, REGION


class CheckpointStore:
    """The ``on_checkpoint`` of a world. It writes into moto's memory, because over HTTP moto would use the real clock."""

    def __call__(self, prefix: str, seconds: float, at: datetime) -> None:
        """Store an object below a prefix such as ``s3://bucket/path``; its name contains the seconds of work that are saved."""
        bucket, _, path = prefix.removeprefix("s3://").partition("/")
        self.create_bucket(bucket)
        key = f"{path}/checkpoint-{int(seconds):08d}.pt".lstrip("/")
        stored = s3_backends[ACCOUNT]["aws"].put_object(bucket, key, b"a checkpoint")
        stored.last_modified = at.replace(tzinfo=None)  # moto stores naive times in UTC

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket, unless it exists."""
        backend = s3_backends[ACCOUNT]["aws"]
        if bucket not in backend.buckets:
            backend.create_bucket(bucket, REGION)
