"""``spotwarden classify``: names the cause of a pasted failure, and says whether a retry can help.

The controller trusts only the error class at the beginning of a FailureReason, because the rest may be text of the container.
People paste a FailureReason with other text before it. Only this command removes such text, by its exact form: an exception
of the SageMaker Python SDK, an error of an AWS SDK, a status, the reason of a pipeline's step, a traceback.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli.input.pasted_forms import (
    BEGINNINGS,
    BOTOCORE,
    CAPACITY,
    CODES,
    COLOURS,
    JAVA,
    NOT_OFFERED,
    OTHER_SDKS,
    QUOTA_REACHED,
    RATE,
    SAID,
    STATUSES,
    TIME_EXCEEDED,
    WRAPPERS,
)
from controller.cli.output.errors import BadInput
from controller.cli.output.printable import json_text
from controller.jobs.failure import CLASSES, FailureCause, classify
from controller.jobs.service_limit import ServiceLimit, never_fits, service_limit_in

WRAPPERS_MAX = 12  # removed from one text
TEXT_MAX, NAME_MAX = 100_000, 255  # characters of a text, and of a file's name
DEPTH_MAX, ITEMS_MAX = 6, 100  # how deep a pasted JSON document is read, and how many items of each list


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """The cause of a pasted failure. ``reason``: the text without its wrappers. ``quota``: the account's quota that it names."""

    cause: FailureCause
    reason: str
    quota: ServiceLimit | None = None

    @property
    def retryable(self) -> bool:
        return self.cause.retryable and not self.never_fits

    @property
    def never_fits(self) -> bool:
        return self.cause is FailureCause.QUOTA and never_fits(self.reason)

    @property
    def why(self) -> str:
        if self.quota is None:
            return NOT_OFFERED if self.never_fits else self.cause.why
        at = f"{self.quota.name!r} is {self.quota.limit}, {self.quota.used} in use, {self.quota.delta} asked for"
        if self.quota.never_fits:
            return (
                f"The account's quota {at}: the request never fits. Raise the quota {self.quota.name!r} of Amazon SageMaker in"
                f" Service Quotas to at least {self.quota.delta}, or use an instance type whose quota is larger."
            )
        return f"{self.cause.why} The quota {at}."


def run(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help='A FailureReason, or a text that contains one, such as "CapacityError: Unable to …"; - for standard input.',
        ),
    ],
) -> int:
    """Print the cause as one JSON object. Raises BadInput for an empty text, and for the name of a file."""
    if text != "-" and len(text.encode(errors="replace")) < NAME_MAX and Path(text).is_file():
        raise BadInput(f"found the name of a file, wanted its text: spotwarden classify - < {shlex.quote(text)}")
    pasted = sys.stdin.read(TEXT_MAX) if text == "-" else text
    if not pasted.strip():
        raise BadInput("found an empty text, wanted a failure, such as the FailureReason of a job that failed")
    found = classified(pasted)
    quota = found.quota
    line: dict[str, Any] = {"cause": found.cause.value, "retryable": found.retryable, "why": found.why}
    if quota is not None:
        line["quota"] = {"name": quota.name, "limit": quota.limit, "in_use": quota.used, "requested": quota.delta}
    print(json_text(line))
    return 0


def classified(text: str) -> Classified:
    """The cause of a pasted failure; only the first TEXT_MAX characters are read."""
    found = Classified(cause=FailureCause.UNKNOWN, reason="")
    for plain in _plain(COLOURS.sub("", text[:TEXT_MAX])):
        found = _classified(plain)
        if found.cause is FailureCause.UNKNOWN and (beginning := BEGINNINGS.search(plain)) is not None and beginning.start():
            found = _classified(plain[beginning.start() :])
        if found.cause is not FailureCause.UNKNOWN:
            break
    return found


def _classified(text: str) -> Classified:
    rest, code = _stripped(text)
    reason = " ".join(rest.split())[:1024]
    quota = service_limit_in(rest)
    for cause in (found(rest, code) for found in _FINDERS):
        if cause is not None:
            return Classified(cause=cause, reason=reason, quota=quota if cause is FailureCause.QUOTA else None)
    return Classified(cause=classify(text), reason=reason)  # the text inside is unknown, so the class around it counts


def _plain(text: str) -> list[str]:
    """The texts to classify, best first: the reasons in a pasted document, the exception of a traceback, or the text itself."""
    stripped = text.strip()
    if stripped[:1] in ("{", "["):
        document = _document(stripped)
        if isinstance(document, Mapping | list):
            return [*_of_document(document, DEPTH_MAX), ""]
    before, traceback, _ = stripped[:200].partition("Traceback (most recent call last):")
    if traceback and classify(_stripped(before)[0]) is FailureCause.UNKNOWN:  # otherwise the traceback is part of a FailureReason
        return [_exception(stripped)]
    return [text]


def _document(text: str) -> Any:
    """The value of a JSON text, or of a Python literal such as a printed response of boto3; None for any other text."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return None


def _of_document(document: Any, depth: int) -> list[str]:
    """The failure reasons in a description, an event or a Step Functions error, also inside other documents (search results)."""
    if isinstance(document, str) and document.lstrip()[:1] == "{" and depth:
        document = _document(document) or document
    if isinstance(document, list):
        reasons = [item for item in document if isinstance(item, str) and depth == DEPTH_MAX]  # strings in a pasted list
        return reasons + [text for item in document[:ITEMS_MAX] for text in _of_document(item, depth - 1)] if depth else []
    if not isinstance(document, Mapping):
        return []
    members = {str(name).lower(): value for name, value in document.items() if value}
    for name in ("failurereason", "cause", "statusreason", "error", "secondarystatus"):
        value = members.get(name)
        if isinstance(value, str):
            texts = [text for text in _of_document(value, depth - 1) if text != value] or [value]
            named = members.get("error")
            return [*texts, f"{named}: {value}"] if name == "cause" and isinstance(named, str) else texts
    code = next((members[name] for name in ("__type", "errorcode", "code", "name") if isinstance(members.get(name), str)), "")
    message = next((members[name] for name in ("errormessage", "message") if isinstance(members.get(name), str)), "")
    if code and message:
        return [f"{code.rpartition('#')[2]}: {message}"]
    inner = [item for item in document.values() if not isinstance(item, str)] if depth else []
    return [text for item in inner for text in _of_document(item, depth - 1)]


def _exception(text: str) -> str:
    """The text from the last traceback's exception to the end, because the exception's message may have several lines."""
    start, waiting = 0, False
    position = 0
    for line in text.splitlines(keepends=True):
        if line.startswith("Traceback (most recent call last):") and (position == 0 or not waiting):
            waiting = True
        elif waiting and line.strip() and not line.startswith((" ", "\t", "Traceback")):
            start, waiting = position, False
        elif line.startswith(("During handling of the above exception", "The above exception was the direct cause")):
            waiting = False
        position += len(line)
    return text[start:]


def _stripped(text: str) -> tuple[str, str | None]:
    """The text without its wrappers, and the error code that a wrapper named."""
    code: str | None = None
    for _ in range(WRAPPERS_MAX):
        named = BOTOCORE.match(text) or OTHER_SDKS.match(text)
        if named is not None:
            code, text = named[1], text[named.end() :]
            continue
        name = re.match(r"\s*(\w+)\s*:\s*", text)
        if name and name[1] in CLASSES and not _wraps_more(text[name.end() :], name[1]):
            return text, code
        shorter = next((text[match.end() :] for wrapper in WRAPPERS if (match := wrapper.match(text)) and match.end()), None)
        if name and name[1] in CLASSES:
            shorter = text[name.end() :]
        elif shorter is None and (words := SAID.match(text)) is not None:
            shorter = text[words.end() :]
        if shorter is None:
            break
        text = shorter
    if code is None and (java := JAVA.match(text)) is not None:
        code = java[1]
    return text, code


def _wraps_more(rest: str, name: str) -> bool:
    """Whether a class only wraps another error: botocore's ClientError, the SDK's CapacityError, or the same class twice."""
    again = re.match(r"\s*(\w+)\s*:", rest)
    if again and again[1] in CLASSES and (again[1] == name or name == "ClientError"):
        return True
    return bool(BOTOCORE.match(rest) or re.match(r"\s*(?:Error for |Failed to invoke sagemaker:Create)", rest))


def _by_class(text: str, code: str | None) -> FailureCause | None:
    found = classify(text)
    return found if found is not FailureCause.UNKNOWN else None


def _by_code(text: str, code: str | None) -> FailureCause | None:
    return CODES.get(code) if code else None


def _by_quota(text: str, code: str | None) -> FailureCause | None:
    return FailureCause.QUOTA if QUOTA_REACHED.match(text) else None


def _by_status(text: str, code: str | None) -> FailureCause | None:
    words = re.match(r"\s*\(?(?:(?:TrainingJob|Secondary) ?Status\s*[:=]\s*)?[\"']?(\w+)[\"']?\s*(?:[-/:.,()]|$)", text)
    return STATUSES.get(words[1].lower()) if words else None


def _by_text(text: str, code: str | None) -> FailureCause | None:
    if RATE.match(text):
        return FailureCause.THROTTLED
    if (limit := TIME_EXCEEDED.match(text)) is not None:
        return STATUSES[f"max{limit[1].lower()}exceeded"]
    return FailureCause.CAPACITY if CAPACITY.match(text) else None


def _by_name(text: str, code: str | None) -> FailureCause | None:
    """The cause for an error code at the beginning: ``ValidationException: …``."""
    name = re.match(r"\s*(\w+)\s*(?=:|$)", text)
    return CODES.get(name[1]) if name else None


_FINDERS: tuple[Callable[[str, str | None], FailureCause | None], ...] = (
    _by_code, _by_class, _by_quota, _by_status, _by_text, _by_name,
)  # fmt: skip
