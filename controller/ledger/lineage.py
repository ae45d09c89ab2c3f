"""A root job and every attempt that descends from it: one life of one name.

A job is an attempt only if the ledger holds its Submit. Tags are hints: they can be cloned or forged.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from controller.jobs.job import Job, Service
from controller.ledger.entry import Entry, OwnerChecked, Started
from controller.ledger.intent import Intent, IntentResult, Submit

NAME_LENGTH_MAX = 63  # SageMaker's TrainingJobName: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageId:
    """Root name and creation time: a name that is used again after DeleteTrainingJob is a new life."""

    account: str
    region: str
    root: str
    created_at: datetime

    def __str__(self) -> str:
        """``account/region/root/created``: fits a tag value, and ``parse`` reads it back."""
        stamp = self.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{self.account}/{self.region}/{self.root}/{stamp}"

    @classmethod
    def parse(cls, text: str) -> LineageId | None:
        """Read what ``str`` wrote; None for anything else, since tags are other people's text."""
        try:
            account, region, root, stamp = text.split("/")
            created_at = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(account=account, region=region, root=root, created_at=created_at)

    @classmethod
    def of(cls, job: Job) -> LineageId:
        """The lineage that a job is the root of."""
        return cls(account=job.account, region=job.region, root=job.name, created_at=job.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    id: LineageId
    version: int = 0
    entries: tuple[Entry, ...] = ()
    intents: tuple[Intent, ...] = ()

    def entry(self, kind: type[E], job: str) -> E | None:
        """What is known of that kind about a job; of kinds that a job can have several of, any one."""
        return next((e for e in self.entries if isinstance(e, kind) and e.job == job), None)

    def intent(self, key: str) -> Intent | None:
        return next((i for i in self.intents if i.key == key), None)

    def standing(self) -> frozenset[str]:
        """The keys of all that was said and still stands; a withdrawn intent may be said again."""
        return frozenset(e.key for e in self.entries) | frozenset(
            i.key for i in self.intents if i.closed is not IntentResult.WITHDRAWN
        )

    def open_intents(self, about: str | None = None) -> tuple[Intent, ...]:
        return tuple(i for i in self.intents if i.open and about in (None, i.action.about))

    def submits(self) -> tuple[tuple[Submit, Intent], ...]:
        """Every submission that was ever tried, by number."""
        tried = [(i.action, i) for i in self.intents if isinstance(i.action, Submit) and i.claim > 0]
        return tuple(sorted(tried, key=lambda pair: pair[0].number))

    def number_of(self, job: Job) -> int | None:
        """Which attempt of this lineage the job is: 1 for the root, None for a job that is no attempt of it."""
        started = self.entry(Started, job.name)
        if started is not None and started.at != job.created_at:
            return None  # the name was used again: another life
        if (job.name, job.created_at) == (self.id.root, self.id.created_at):
            return 1
        return next((submit.number for submit, _ in self.submits() if submit.job == job.name), None)

    def newest_number(self) -> int:
        """The number of the newest attempt that is known to exist."""
        known = (
            submit.number
            for submit, intent in self.submits()
            if intent.closed is IntentResult.DONE or self.entry(Started, submit.job)
        )
        return max(known, default=1)


def probe_name(lineage: LineageId, number: int, nth: int) -> str:
    """Name the nth probe on behalf of an attempt: the same today and after any crash."""
    suffix = f"-{hashlib.sha256(str(lineage).encode()).hexdigest()[:8]}-p{number:02d}{nth:03d}"
    return lineage.root[: NAME_LENGTH_MAX - len(suffix)].rstrip("-") + suffix


def attempt_name(lineage: LineageId, number: int) -> str:
    """Name the nth attempt: the same today and after any crash, and never the name of another lineage's attempt.

    The hash of the whole lineage id keeps ``bert`` and ``bert-r02`` apart, and two names that are cut to fit.
    """
    if number == 1:
        return lineage.root
    suffix = f"-{hashlib.sha256(str(lineage).encode()).hexdigest()[:8]}-r{number:02d}"
    return lineage.root[: NAME_LENGTH_MAX - len(suffix)].rstrip("-") + suffix


def newest_attempt(lineage: Lineage) -> Started | None:
    """The newest attempt that was ever seen."""
    return max((e for e in lineage.entries if isinstance(e, Started)), key=lambda e: e.number, default=None)


def owner_of(lineage: Lineage, started: Started) -> Service | None:
    """The service that an attempt is known to belong to: by its description, or by the owner's own word."""
    checked = lineage.entry(OwnerChecked, started.job)
    return started.service or (checked.service if checked is not None and checked.owned else None)
