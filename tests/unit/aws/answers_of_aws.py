"""An AWS on this machine that gives fixed answers, and real clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from infra.local.http_server import HttpServer, Request, Response

UNREACHABLE = "http://127.0.0.1:9"


@dataclass
class FixedAws:
    """A service whose answers a function makes; ``requests`` are the bodies that it got."""

    answer: Callable[[bytes], Response]
    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        self.requests.append(request.body)
        return self.answer(request.body)


@contextmanager
def answering(answer: Callable[[bytes], Response]) -> Iterator[FixedAws]:
    """Serve the answers until the end."""
    aws = FixedAws(answer)
    with HttpServer(aws.respond) as server:
        aws.url = server.url
        yield aws


def client(service: str, url: str) -> Any:
    """A boto3 client that tries once."""
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
