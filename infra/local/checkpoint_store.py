"""Puts the checkpoints that simulated jobs save into moto's S3, dated by the virtual clock."""

from __future__ import annotations

from datetime import datetime

from moto.s3.models import s3_backends

from infra.local.aws import ACCOUNT, REGION


class CheckpointStore:
    """Call it as a world's ``on_checkpoint``. It writes into moto's memory, since over HTTP an object is as old as its upload."""

    def __call__(self, prefix: str, seconds: float, at: datetime) -> None:
        """Keep one more object below a prefix, ``s3://bucket/path``, named by the seconds of work it holds."""
        bucket, _, path = prefix.removeprefix("s3://").partition("/")
        self.create_bucket(bucket)
        key = f"{path}/checkpoint-{int(seconds):08d}.pt".lstrip("/")
        stored = s3_backends[ACCOUNT]["aws"].put_object(bucket, key, b"a model, half trained")
        stored.last_modified = at.replace(tzinfo=None)  # moto counts in naive UTC

    def create_bucket(self, bucket: str) -> None:
        """Make a bucket, unless it is there."""
        backend = s3_backends[ACCOUNT]["aws"]
        if bucket not in backend.buckets:
            backend.create_bucket(bucket, REGION)
