"""Warns about waivers that have no effect, or leave a rule none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from controller.policyfile.problem import Problem
from controller.policyfile.warnings.entry import Whole


def doubtful_waiver(of: Whole) -> Iterator[Problem]:
    """A waiver that has expired, and one of every job: until it ends, nobody has to keep its rules."""
    for waiver in of.waivers:
        expires = datetime.fromisoformat(waiver.compiled["expires"])
        if of.now is not None and expires <= of.now:
            yield waiver.warning(
                "waiver-expired", "expires", found=f"a waiver that has expired ({expires:%Y-%m-%d %H:%M} UTC) and has no effect",
                wanted="no such waiver, or a later end",
            )  # fmt: skip
        if not waiver.compiled["match"]:
            rules = ", ".join(waiver.compiled["rules"])
            yield waiver.warning(
                "waiver-of-every-job", "match", found=f"a waiver of every job: until it ends, {rules} has no effect",
                wanted="the jobs that need it",
            )  # fmt: skip
