"""Makes calls that read: None for what does not exist, and Unreachable without an answer, since unreachable is not gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.runtime.ports.answers import Unreachable


def read(call: Callable[[], Any], what: str) -> Any:
    """Make a call (``what`` names it in errors); None for what does not exist. Raises Unreachable, and AWS's other errors."""
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        match fault_of(error):
            case AwsFault.MISSING:
                return None
            case AwsFault.THROTTLED | AwsFault.UNREACHABLE:
                raise Unreachable(f"{what}: {error}") from error
            case _:
                raise


def pages_of(call: Callable[..., Any], asked: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Every page of a list, by NextToken. A page may be empty. Raises Unreachable, also where the token repeats."""
    token: str | None = None
    while True:
        more = {"NextToken": token} if token else {}
        page = read(partial(call, **asked, **more), f"{getattr(call, '__name__', 'list')} {asked}")
        if page is None:
            return
        yield page
        before, token = token, page.get("NextToken")
        if not token:
            return
        if token == before:  # a list without an end
            raise Unreachable(f"{getattr(call, '__name__', 'list')} repeats its token")
