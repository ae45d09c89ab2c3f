"""S3 on this machine, for commands that read and write S3 objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from controller import wiring
from infra.local import aws
from infra.local.environment import only


@contextmanager
def s3_with(bucket: str) -> Iterator[Any]:
    """The commands' S3 client, for an S3 on this machine with one empty bucket."""
    with aws.start() as local, only(
        {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": aws.REGION, "AWS_ENDPOINT_URL": local.url,
         "AWS_DEFAULT_REGION": aws.REGION}
    ):  # fmt: skip
        wiring.client.cache_clear()
        wiring.client("s3").create_bucket(Bucket=bucket)
        yield wiring.client("s3")
        wiring.client.cache_clear()
