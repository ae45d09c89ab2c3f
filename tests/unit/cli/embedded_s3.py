"""S3 on this machine, for commands that read and write there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from controller import wiring
from infra.local import aws
from infra.local.environment import only


@contextmanager
def s3_with(bucket: str) -> Iterator[Any]:
    """The client that commands have, of an S3 with one empty bucket; no call leaves this machine."""
    with aws.start() as local, only(
        {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": aws.REGION, "AWS_ENDPOINT_URL": local.url,
         "AWS_DEFAULT_REGION": aws.REGION}
    ):  # fmt: skip
        wiring.client.cache_clear()
        wiring.client("s3").create_bucket(Bucket=bucket)
        yield wiring.client("s3")
        wiring.client.cache_clear()
