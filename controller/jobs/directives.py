"""Reads what a job's tags ask of the controller: a deadline, an expected runtime, no further attempt.

Tags are text that anybody with ``AddTags`` can write. A tag that is not valid or out of bounds has no effect, and is returned as
a problem. No exception is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from controller.jobs.job import FAMILY_TAG
from controller.units.duration import seconds_of_any_length
from controller.units.value import dataclass

DEADLINE_TAG = "spotwarden:deadline"
RUNTIME_TAG = "spotwarden:expected-runtime"
RESUBMIT_TAG = "spotwarden:resubmit"
NEVER = "never"  # the only value of RESUBMIT_TAG
DIRECTIVE_TAGS = (DEADLINE_TAG, RUNTIME_TAG, FAMILY_TAG, RESUBMIT_TAG)
DEADLINE_AHEAD_MAX = timedelta(days=366)
RUNTIME_S_MAX = 2_419_200  # 28 days, SageMaker's own limit of MaxRuntimeInSeconds
FOUND_CHARS_MAX = 60  # characters of a tag's value in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class TagProblem:
    """A tag that has no effect: its key, what was found, and what is wanted."""

    tag: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"tag {self.tag}: found {self.found}, wanted {self.wanted}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """What the tags of a job ask for. ``deadline`` is in UTC; ``expected_s`` are seconds of training, from 1 to 2,419,200.

    ``never_again``: no ``resubmit`` block submits the job again or moves it.
    """

    deadline: datetime | None = None
    expected_s: int | None = None
    never_again: bool = False
    problems: tuple[TagProblem, ...] = ()


def directives_of(tags: Mapping[str, str], *, created_at: datetime | None) -> Directives:
    """Read the tags of a job. Without its creation time, only the form of a deadline is checked, not its range."""
    deadline = _deadline(tags[DEADLINE_TAG], created_at) if DEADLINE_TAG in tags else None
    expected_s = _expected_s(tags[RUNTIME_TAG]) if RUNTIME_TAG in tags else None
    never_again = _never_again(tags[RESUBMIT_TAG]) if RESUBMIT_TAG in tags else None
    return Directives(
        deadline=deadline if isinstance(deadline, datetime) else None,
        expected_s=expected_s if isinstance(expected_s, int) else None,
        never_again=never_again is True,
        problems=tuple(read for read in (deadline, expected_s, never_again) if isinstance(read, TagProblem)),
    )


def _deadline(said: str, created_at: datetime | None) -> datetime | TagProblem:
    try:
        at = datetime.fromisoformat(said)
        if at.tzinfo is None:
            return _problem(DEADLINE_TAG, said, "a time with its zone, such as 2026-11-20T18:00:00Z")
        at = at.astimezone(UTC)
    except ValueError:
        return _problem(DEADLINE_TAG, said, "an ISO 8601 time such as 2026-11-20T18:00:00+01:00")
    except OverflowError:  # year 9999 in a western zone, or year 1 in an eastern one
        return _problem(DEADLINE_TAG, said, f"a time at most {DEADLINE_AHEAD_MAX.days} days after the job's creation")
    if created_at is None:
        return at
    if at <= created_at:
        return _problem(DEADLINE_TAG, said, f"a time after the job's creation ({created_at:%Y-%m-%d %H:%M} UTC)")
    if at - created_at > DEADLINE_AHEAD_MAX:
        return _problem(
            DEADLINE_TAG, said,
            f"a time at most {DEADLINE_AHEAD_MAX.days} days after the job's creation ({created_at:%Y-%m-%d %H:%M} UTC)",
        )  # fmt: skip
    return at


def _expected_s(said: str) -> int | TagProblem:
    length_s = seconds_of_any_length(f"{said}s" if said[-1:].isdigit() else said)
    if not length_s:
        return _problem(RUNTIME_TAG, said, "a duration above zero, such as 5400, 90m or 5h")
    if length_s > RUNTIME_S_MAX:
        return _problem(RUNTIME_TAG, said, f"a duration of at most {RUNTIME_S_MAX // 86_400}d ({RUNTIME_S_MAX} seconds)")
    return length_s


def _never_again(said: str) -> bool | TagProblem:
    return said == NEVER or _problem(RESUBMIT_TAG, said, f"{NEVER}, or no such tag")


def _problem(tag: str, found: str, wanted: str) -> TagProblem:
    quoted = repr(found)
    return TagProblem(
        tag=tag, found=quoted if len(quoted) <= FOUND_CHARS_MAX else f"{quoted[: FOUND_CHARS_MAX - 1]}…", wanted=wanted
    )
