"""The options of a run of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.local.demo.scenario import Length
from infra.local.sagemaker.capacity import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """``supply`` is the spot capacity of every pool; None: that of the demo's scenario. ``jobs`` is how many jobs users create.

    ``ports_file`` needs ``keep``. ``history`` is the file for the history of ended jobs, if one is wanted.
    """

    length: Length
    jobs: int
    seed: int
    supply: Steps | None
    out: Path
    keep: bool
    ports_file: Path | None
    history: Path | None
    no_page: bool
