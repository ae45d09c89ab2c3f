"""Checks that each waiver ends no later than the folder allows.

It reads the raw data, so that these problems are listed together with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pydantic_core import PydanticCustomError

from controller.policy.slack_settings import SlackSettings
from controller.policyfile.consistency import entries, mapping
from controller.policyfile.days import expires_at
from controller.policyfile.problem import quoted
from controller.policyfile.yaml_nodes import Tree
from controller.units.duration import BadDuration, seconds, span


def refuse_long_waivers(trees: Sequence[Tree], now: datetime) -> None:
    """Add a problem for each waiver that ends later than the policy allows, counted from ``now``."""
    try:
        longest_s = min(_bounds(trees), default=SlackSettings().waiver_s_max)
    except BadDuration:
        return  # validation reports it, and the bound is not known
    latest = now + timedelta(seconds=longest_s)
    for tree in trees:
        for path, waiver in entries(tree, "waivers"):
            try:
                expires = datetime.fromisoformat(expires_at(waiver.get("expires")))
            except PydanticCustomError:
                continue  # validation reports it
            if expires > latest:
                tree.problem(
                    (*path, "expires"), found=quoted(str(waiver.get("expires"))),
                    wanted=f"at the latest {latest:%Y-%m-%d %H:%M} UTC, since longest_waiver allows {span(longest_s)}",
                )  # fmt: skip


def _bounds(trees: Sequence[Tree]) -> Iterator[int]:
    """The limits for waivers in the folder, in seconds. Raises BadDuration."""
    for tree in trees:
        data = mapping(tree.data)
        for found in (data.get("longest_waiver"), mapping(data.get("slack")).get("waiver_at_most")):
            if found is not None:
                yield seconds(str(found))
