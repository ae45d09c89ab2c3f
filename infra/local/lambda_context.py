"""The context that Lambda passes to a function beside its event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TIMEOUT_S = 45
MEMORY_MB = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """The context object of one invocation. Its remaining time is computed with ``clock``."""

    function: str
    account: str
    region: str
    request: str
    clock: Callable[[], datetime]
    timeout_s: int = TIMEOUT_S
    started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_at", self.clock())

    @property
    def function_name(self) -> str:
        return self.function

    @property
    def function_version(self) -> str:
        return "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.function}"

    @property
    def memory_limit_in_mb(self) -> int:
        return MEMORY_MB

    @property
    def aws_request_id(self) -> str:
        r = self.request
        return f"{r[:8]}-{r[8:12]}-{r[12:16]}-{r[16:20]}-{r[20:]}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function}"

    @property
    def log_stream_name(self) -> str:
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end this invocation."""
        left = self.started_at + timedelta(seconds=self.timeout_s) - self.clock()
        return max(0, int(left / timedelta(milliseconds=1)))
