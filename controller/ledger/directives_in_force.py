"""Which tags of a lineage are in force: those that were read first, and later changes that a person accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping

from controller.jobs.directives import DEADLINE_TAG, RESUBMIT_TAG, RUNTIME_TAG
from controller.jobs.job import FAMILY_TAG
from controller.ledger.entry import DirectivesRead, UserRequested
from controller.ledger.lineage import Lineage
from controller.policy.user_request import UserRequest


def tags_of(read: DirectivesRead) -> Mapping[str, str]:
    """The tags of a reading, with their keys; absent ones are left out."""
    said = {DEADLINE_TAG: read.deadline, RUNTIME_TAG: read.expected_runtime, FAMILY_TAG: read.family, RESUBMIT_TAG: read.resubmit}
    return {key: value for key, value in said.items() if value is not None}


def first_tags(lineage: Lineage, job: str) -> Mapping[str, str] | None:
    """All tags of a job as they were read first; None where they were not read, or an older version did not record them."""
    first = next((read for read in readings(lineage) if read.number == 0 and read.job == job), None)
    try:
        found = json.loads(first.tags) if first is not None and first.tags else None
    except (ValueError, RecursionError):
        return None
    is_tags = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    return found if is_tags else None


def readings(lineage: Lineage) -> tuple[DirectivesRead, ...]:
    """All readings of the lineage's tags, ordered by number."""
    return tuple(sorted((e for e in lineage.entries if isinstance(e, DirectivesRead)), key=lambda e: e.number))


def in_force(lineage: Lineage) -> DirectivesRead | None:
    """The reading in force: the last that a person accepted, else the first; None before the first."""
    accepted = {e.number for e in lineage.entries if isinstance(e, UserRequested) and e.request is UserRequest.ACCEPT_TAGS}
    return max((e for e in readings(lineage) if e.number in accepted | {0}), key=lambda e: e.number, default=None)


def pending(lineage: Lineage) -> DirectivesRead | None:
    """The newest change, if it waits for a person to accept it; None otherwise, as after it was reverted."""
    read, force = readings(lineage), in_force(lineage)
    if not read or force is None or read[-1].number <= force.number or tags_of(read[-1]) == tags_of(force):
        return None
    return read[-1]
