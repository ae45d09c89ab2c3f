"""Warns about tags in a selector: globs that do not select jobs without the tag, and values that no tag can have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from controller.policy.selector import NO_TAG
from controller.policyfile.problem import Problem
from controller.policyfile.tags import NOT_IN_TAGS
from controller.policyfile.warnings.placed_warning import Entry, Whole
from controller.policyfile.when.values import WILD

TAG_LENGTH_MAX = 256
LETTERS = re.compile(f"{NOT_IN_TAGS}*")


def doubtful_tags(whole: Whole) -> Iterator[Problem]:
    for entry in (*whole.rules, *whole.blocks, *whole.waivers):
        for key, values in entry.compiled["match"].get("tags", {}).items():
            yield from _of_values(entry, key, values)
            if entry in whole.waivers:
                yield from _waiver_of_jobs_without(entry, key, values)
            elif any(fnmatchcase(NO_TAG, value) for value in values if value):
                yield from _of_missing_tags(entry, key, values)


def _of_values(entry: Entry, key: str, values: list[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        text = WILD.sub("", value)
        if len(text) > TAG_LENGTH_MAX:
            found, wanted = f"a value of {len(text)} characters for the tag {key}, which no job has", f"at most {TAG_LENGTH_MAX}"
        elif LETTERS.fullmatch(text) is None:
            found = f"the value {value!r} for the tag {key}, which no job has: AWS does not allow such characters in tags"
            wanted = "a glob such as train-*, or a list of them such as [vision, speech]"
        else:
            continue
        yield entry.warning("matches-no-job", "match", "tags", key, index, found=found, wanted=wanted)


def _of_missing_tags(entry: Entry, key: str, values: list[str]) -> Iterator[Problem]:
    """Warnings for a glob that an empty text matches: its author may think that it selects jobs without the tag too."""
    if NO_TAG in values:
        found = f"the tag {key}, which selects every job: those that have it, and those without"
        yield entry.warning("does-nothing", "match", "tags", key, found=found, wanted="no such tag, or match: all")
        return
    index = next(number for number, value in enumerate(values) if fnmatchcase(NO_TAG, value))
    found = f"the glob {values[index]!r}, which no job without the tag {key} matches"
    wanted = "'?*' for jobs that have the tag with a value, '' for those without it, or no such tag for every job"
    yield entry.warning("tag-missing", "match", "tags", key, index, found=found, wanted=wanted)


def _waiver_of_jobs_without(entry: Entry, key: str, values: list[str]) -> Iterator[Problem]:
    if NO_TAG in values:
        index = values.index(NO_TAG)
        yield entry.warning(
            "does-nothing", "match", "tags", key, index, found=f"jobs without the tag {key}, for which no waiver counts",
            wanted="a value of the tag, or role: or account:",
        )  # fmt: skip
