"""What a run of the demo is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.local.demo.scenario import Length
from infra.local.sagemaker.capacity import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """``supply`` is the spot capacity of every pool; None for the demo's own. ``ports_file`` is written with ``keep`` alone."""

    length: Length
    jobs: int
    seed: int
    supply: Steps | None
    out: Path
    keep: bool
    ports_file: Path | None
    history: Path | None
    no_page: bool
