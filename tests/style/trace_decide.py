"""How one decision walks through the code: ``python -m tests.style.trace_decide``.

A rich decision is traced with ``sys.setprofile``: of a spot job, the second attempt of its lineage, that waited for capacity
until it was given up, under the shipped rules and a resubmit block with a ladder, a deadline and a spend cap. Counted are

* the files of ``controller`` that are entered;
* calls upward: from a file into one of a higher package in the import contract, or of the same package whose module imports the
  caller's;
* steps up: pairs of files of which the second, of a higher package, is entered next after the first. After each call that
  returns, the code above goes on, so there are always some.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import grimp

from controller.decide import decide
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Started
from controller.ledger.pool import PoolMemory
from controller.policy.load_policy import load_policy
from controller.policy.resubmission import DeadlineSettings, FallbackKind, FallbackStep
from controller.policyfile import compile_folder
from infra.package_graph import packages
from tests.builders import BEGIN, REGION, attempt, block, ended, facts, job, rate, usage
from tests.properties.lives import learn

ROOT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)
TYPES = ("ml.g5.4xlarge", "ml.g4dn.2xlarge")
TAGS = {"team": "vision", "spotwarden:deadline": "2026-03-03T12:00:00Z", "spotwarden:expected-runtime": "5h"}


@dataclass
class Walk:
    """The modules that were entered, and the calls upward by caller and callee."""

    entered: set[str] = field(default_factory=set)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    steps: set[tuple[str, str]] = field(default_factory=set)
    last: str = ""

    def note(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or (callee := _module(frame)) is None:
            return
        self.entered.add(callee)
        self.steps.add((self.last or callee, callee))
        self.last = callee
        caller = next((m for above in _above(frame) if (m := _module(above)) is not None), None)
        if caller is not None and caller != callee:
            self.calls[caller, callee] += 1

    def upward(self) -> Counter[tuple[str, str]]:
        """The calls from a module into one above it."""
        graph, order = grimp.build_graph("controller", cache_dir=None), packages()

        def above(callee: str, caller: str) -> bool:
            of_callee, of_caller = _package(callee, order), _package(caller, order)
            if of_callee != of_caller:
                return order.index(of_callee) < order.index(of_caller)
            return graph.chain_exists(importer=callee, imported=caller)

        return Counter({(caller, callee): n for (caller, callee), n in self.calls.items() if above(callee, caller)})

    def steps_up(self) -> set[tuple[str, str]]:
        """The steps from a file into one of a higher package."""
        order = packages()
        return {(a, b) for a, b in self.steps if order.index(_package(b, order)) < order.index(_package(a, order))}


def walk(about: Facts) -> Walk:
    """Trace one decision."""
    found = Walk()
    sys.setprofile(found.note)
    try:
        decide(about)
    finally:
        sys.setprofile(None)
    return found


def rich() -> Facts:
    """The facts that are decided on."""
    everything = block(
        ladder=(
            FallbackStep(kind=FallbackKind.SAME), FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=TYPES),
            FallbackStep(kind=FallbackKind.ON_DEMAND),
        ),
        cap_micros=200_000_000, deadline=DeadlineSettings(back_to_spot=True),
    )  # fmt: skip
    shipped = load_policy(compile_folder(ROOT / "policies"), BEGIN - 24 * HOUR)
    policy = replace(shipped, resubmissions=(everything, *shipped.resubmissions))
    root = ended(job(tags=TAGS), Outcome.STARVED, usage=usage())
    first = facts(root, policy=policy, history=(3600, 4000, 4200, 5000))
    known = learn(first, decide(first)).lineage
    again = ended(
        attempt(2, tags=TAGS, created_at=BEGIN + 2 * HOUR), Outcome.STARVED, ended_at=BEGIN + 6 * HOUR, usage=usage(),
        interrupted_at=(BEGIN + 4 * HOUR,),
    )  # fmt: skip
    assert any(isinstance(e, Started | Ended) for e in known.entries)
    pools = {t: PoolMemory(instance_type=t, region=REGION, exposure_s=360_000, interruptions=3) for t in TYPES}
    scan = CheckpointScan(
        uri="s3://checkpoints/bert/", scanned_at=BEGIN + 6 * HOUR, objects=3, bytes_seen=9, newest_at=BEGIN + 3 * HOUR,
        complete=True,
    )  # fmt: skip
    return facts(
        again, number=2, lineage=known,
        policy=policy, history=(3600, 4000, 4200, 5000), checkpoint_scan=scan, pools=pools, rates={t: rate() for t in TYPES},
        first_rate=rate(), spot_seen=False,
    )  # fmt: skip


def main() -> None:
    """Print the figures, and each call upward."""
    found = walk(rich())
    upward = found.upward()
    print(f"{len(found.entered)} files entered, {sum(upward.values())} calls upward, {len(found.steps_up())} steps up")
    for package, n in sorted(Counter(_package(module, packages()) for module in found.entered).items()):
        print(f"  {package}: {n} files")
    for (caller, callee), n in upward.most_common():
        print(f"  {n:3} {caller} → {callee}")


def _above(frame: FrameType) -> Any:
    above = frame.f_back
    while above is not None:
        yield above
        above = above.f_back


def _module(frame: FrameType) -> str | None:
    name = frame.f_globals.get("__name__", "")
    return name if name.startswith("controller.") and frame.f_code.co_filename.startswith(str(ROOT / "controller")) else None


def _package(module: str, order: tuple[str, ...]) -> str:
    return next(name for name in order if module == name or module.startswith(f"{name}."))


if __name__ == "__main__":
    main()
