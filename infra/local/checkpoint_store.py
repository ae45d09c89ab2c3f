"""Stores the checkpoints that simulated jobs save in moto's S3, dated by the virtual clock."""

from __future__ import annotations

from datetime import datetime

from moto.s3.models import s3_backends

from infra.local.aws import ACCOUNT, REGION


class CheckpointStore:
    """A world's ``on_checkpoint``. It writes into moto's memory, because over HTTP an object is dated by the real clock."""

    def __call__(self, prefix: str, seconds: float, at: datetime) -> None:
        """Store one more object below a prefix, ``s3://bucket/path``, named by the seconds of work it holds."""
        bucket, _, path = prefix.removeprefix("s3://").partition("/")
        self.create_bucket(bucket)
        key = f"{path}/checkpoint-{int(seconds):08d}.pt".lstrip("/")
        stored = s3_backends[ACCOUNT]["aws"].put_object(bucket, key, b"a checkpoint")
        stored.last_modified = at.replace(tzinfo=None)  # moto counts in naive UTC

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket, unless it exists."""
        backend = s3_backends[ACCOUNT]["aws"]
        if bucket not in backend.buckets:
            backend.create_bucket(bucket, REGION)
