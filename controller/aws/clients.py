"""Builds the clients of AWS's services: boto3's with the packaged service models, and on Lambda JsonClient, which starts fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from controller.aws.json_client import JsonClient, usable
from controller.aws.service_models import checked, use_packaged_models
from controller.runtime.ports.answers import Unreachable
from controller.units.value import dataclass

if TYPE_CHECKING:
    from botocore.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How long a call may take, in seconds, and how often it is tried."""

    connect_timeout: float
    read_timeout: float
    total_max_attempts: int

    @property
    def retries(self) -> Mapping[str, Any]:
        """The number of tries, as boto3's Config takes it."""
        return {"mode": "standard", "total_max_attempts": self.total_max_attempts}

    def config(self) -> Config:
        """The limits as boto3 takes them."""
        from botocore.config import Config  # here: it takes long to import, and a quiet trigger needs none

        return Config(connect_timeout=self.connect_timeout, read_timeout=self.read_timeout, retries=self.retries)


def client_of(service: str, limits: CallLimits | Config) -> Any:
    """A client of an AWS service: a JsonClient where that is usable, else boto3's. Raises WrongModel as ``boto3_client`` does."""
    build = partial(boto3_client, service, limits)
    if not usable(service):
        return build()
    attempts = (limits.retries or {}).get("total_max_attempts", 1)
    return JsonClient(service, build, connect_s=limits.connect_timeout, read_s=limits.read_timeout, attempts=attempts)


def boto3_client(service: str, limits: CallLimits | Config, region: str | None = None) -> Any:
    """A boto3 client. Raises WrongModel where its SageMaker model lacks members that this code accounts for."""
    import boto3  # here: a third of a cold start, and a quiet trigger needs none

    use_packaged_models()
    config = limits.config() if isinstance(limits, CallLimits) else limits
    client = boto3.client(service, config=config, region_name=region)
    return checked(client) if service == "sagemaker" else client


class Lazy:
    """Stands for an object that ``build`` returns whenever it is used: most functions never use EC2 or Slack."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        return getattr(self._build(), name)


class Hurried:
    """A client that raises Unreachable, and makes no call, after ``until``; the calls named in ``always`` are still made."""

    def __init__(self, client: Any, until: datetime, now: Callable[[], datetime], always: tuple[str, ...] = ()) -> None:
        self._client, self._until, self._now, self._always = client, until, now, always

    def __getattr__(self, name: str) -> Any:
        if self._now() > self._until and name not in self._always:
            raise Unreachable(f"{name} was not called: AWS or Slack was slow, and Slack waits only three seconds for an answer")
        return getattr(self._client, name)
