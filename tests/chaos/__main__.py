"""Runs the demo with the real package, and kills its processes at random moments: ``make chaos``, ``python -m tests.chaos``.

The zip is built and unpacked; each function is a process under awslambdaric against the embedded AWS of the demo. A share of
the invocations is killed with kill -9: at a random time, before one of its calls, or after a call and before its response. The
demo's bus has the part of EventBridge and Lambda: a failed invocation is tried again after 60 and 120 s. Then it is a dead
letter, which is not sent again here. At the end, the demo's seven problem counts are taken from the simulated AWS. Each must be
0; otherwise the exit code is 1. With --fault, a fault is put into the package (``clock/faults.py``), and the exit code is 0 only
if a count shows it.

--seed decides the kills. What a process is doing when it is killed depends on the speed of this machine.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from controller.policyfile import compile_folder
from infra.build import Target, build
from infra.cost import of_calls
from infra.local.bus import Rule
from infra.local.demo import figures
from infra.local.demo.scenario import MONDAY, SHORT, WEEK, Launch, launches
from infra.local.demo.screen import words_of
from infra.local.demo.world import POLICIES, actions_of, create_bucket, demo_world, ec2_warnings
from infra.local.host import Host, hosting
from infra.local.lambda_context import LambdaContext
from tests.benchmarks.coldstart.variants import environment_of
from tests.chaos.clock.faults import FAULTS
from tests.chaos.container import Container, Killed
from tests.chaos.gate import Gates, Moment
from tests.chaos.kills import Kills

ROOT = Path(__file__).resolve().parents[2]
CLOCK = Path(__file__).parent / "clock"
BEHIND_A_GATE = ("AWS_ENDPOINT_URL", "SPOTWARDEN_SLACK_URL")  # and each AWS_ENDPOINT_URL_… of a service


OWN_COST_MAX = 1.00  # dollars for 1,000 jobs
LOOK_EVERY = timedelta(hours=6)
UNFORGIVEN = ("double_submissions", "owned_jobs_touched", "overlapping_prefixes", "overdue_in_silence")
TASK_SETTINGS = {"PYTHONDONTWRITEBYTECODE": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "PATH": "/usr/bin:/bin"}


@dataclass(slots=True)
class Functions:
    """All functions of the package, each in its own container, and counts of how their invocations ended."""

    host: Host
    kills: Kills
    clock: Path
    containers: Mapping[str, Container]
    invocations: int = 0
    failed: int = 0

    def handler(self, name: str) -> Any:
        """A function that the bus calls in place of the handler. It invokes the container once."""

        def invoke(event: dict[str, Any], _: LambdaContext) -> Any:
            self.invocations += 1
            container = self.containers[name]
            self.clock.write_text(self.host.clock.now().isoformat())
            began, died = time.monotonic(), False
            try:
                return container.invoke(event, lambda kill: self.kills.arm(name, kill))
            except Killed:
                died = True
                raise
            except Exception:
                self.failed += 1
                raise
            finally:
                self.kills.disarm(name, time.monotonic() - began, died=died)

        return invoke


def unpacked(work: Path) -> Path:
    """Build the package for this Python and unpack it. Returns the folder."""
    packed = build(
        work / "package", Target(python="{}.{}".format(*sys.version_info[:2]), architecture="x86_64"), ROOT / "policies"
    )
    task = work / "task"
    shutil.rmtree(task, ignore_errors=True)
    with zipfile.ZipFile(packed) as content:
        content.extractall(task)
    return task


def settings_of(host: Host, gates: Gates, task: Path, clock: Path, fault: str) -> dict[str, str]:
    """The environment variables of a function: those of the host, but with a gate before each service, and the planted fault."""
    found = dict(host.environment)
    for name, value in host.environment.items():
        if name.startswith(BEHIND_A_GATE):
            found[name] = gates.before(value)
    paths = {"PYTHONPATH": f"{CLOCK}:{task}", "LAMBDA_TASK_ROOT": str(task), "CHAOS_CLOCK": str(clock), "HOME": str(task)}
    if fault:
        paths["CHAOS_FAULT"] = fault
    return {**found, **TASK_SETTINGS, **paths}


@contextmanager
def deployed(host: Host, chosen: argparse.Namespace, python: Path, task: Path) -> Iterator[Functions]:
    """Replace the host's handlers by containers."""
    with ExitStack() as stack:
        gates = stack.enter_context(Gates())
        log = stack.enter_context((chosen.work / "containers.log").open("w", encoding="utf-8"))
        clock = chosen.work / "clock"
        settings = settings_of(host, gates, task, clock, chosen.fault)
        containers = {
            rule.name: Container(rule.name, rule.target, python, task, settings, log) for rule in host.bus.rules.values()
        }
        functions = Functions(host, Kills(chosen.seed, chosen.share, gates), clock, containers)
        host.bus.rules = {name: _with(rule, functions.handler(name)) for name, rule in host.bus.rules.items()}
        try:
            yield functions
        finally:
            for container in containers.values():
                container.close()


def _with(rule: Rule, handler: Any) -> Rule:
    return replace(rule, handler=handler)


def run(chosen: argparse.Namespace) -> int:
    """Run the days of the demo and print the results. Returns 1 if a problem count is not 0."""
    length = WEEK if chosen.week else SHORT
    jobs = chosen.jobs or length.jobs
    chosen.work = chosen.work.resolve()  # absolute, because the processes run in another folder
    chosen.work.mkdir(parents=True, exist_ok=True)
    python = environment_of(ROOT / "build" / "coldstart", "runtime")
    if python is None:
        return 2
    task, launched, began = unpacked(chosen.work), launches(chosen.seed, jobs, length.workdays), time.monotonic()
    with hosting(demo_world(chosen.seed), compile_folder(POLICIES), chosen.work / "host") as host:
        for launch in launched:
            create_bucket(launch)
            host.user_actions += actions_of(launch, host, MONDAY + length.days)
        host.user_actions += ec2_warnings(host)
        with deployed(host, chosen, python, task) as functions:
            for until in parts(length.ends_at) if chosen.fault else (length.ends_at,):
                host.run(until, on_step=lambda: _tell(host, functions, began, length.ends_at))
                if chosen.fault and shown(host, launched):
                    break
        summary, _ = figures.summary(host, launched)
        for line in report(host, functions, launched, summary):
            print(line)
        (chosen.work / "chaos.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
        dear = own_cost(functions, len(launched)) > OWN_COST_MAX
    found = any(summary["problems"].values())
    return int(not found if chosen.fault else found or dear)


def own_cost(functions: Functions, jobs: int) -> float:
    """What 1,000 such jobs cost at list prices, from counted calls and invocations. Minutes without work are not counted."""
    return of_calls(functions.kills.gates.calls, functions.invocations) / jobs * 1000


def parts(ends_at: datetime) -> Iterator[datetime]:
    """The times at which the counts of a run with a planted fault are checked; the last is the end of the run."""
    at = MONDAY
    while (at := at + LOOK_EVERY) < ends_at:
        yield at
    yield ends_at


def shown(host: Host, launched: tuple[Launch, ...]) -> bool:
    """Whether a count shows the fault before the end of the jobs, so that the run can stop."""
    problems = figures.summary(host, launched)[0]["problems"]
    return any(problems[name] for name in UNFORGIVEN)


def _tell(host: Host, functions: Functions, began: float, ends_at: datetime) -> None:
    """Print the progress now and then."""
    if sys.stderr.isatty():
        done = f"{host.clock.at:%a %H:%M} of {ends_at:%a %H:%M}, {functions.invocations} invocations"
        print(f"\r{done}, {functions.kills.count.total()} killed, {time.monotonic() - began:.0f} s ", end="", file=sys.stderr)


def report(host: Host, functions: Functions, launched: tuple[Launch, ...], summary: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the report."""
    kills, calls = functions.kills, functions.kills.gates.calls
    cold = sum(container.cold_starts for container in functions.containers.values())
    yield f"jobs of people          {len(launched):>6}; submitted again {summary['resubmitted']}, stopped {summary['stopped']}"
    asked = calls.total() - calls["TransactedRow"]
    yield f"invocations             {functions.invocations:>6}; {cold} cold starts, {asked} calls of services"
    yield f"own cost of 1,000 jobs    ${own_cost(functions, len(launched)):.2f}; wanted at most ${OWN_COST_MAX:.2f}"
    yield f"killed                  {kills.count.total():>6}"
    for moment in Moment:
        yield f"  {moment:<22}{kills.count[moment]:>6}"
    yield f"ended in an error       {functions.failed:>6}"
    yield f"failed permanently      {len(host.bus.dead_letters):>6}; sent again by nobody"
    for name, count in summary["problems"].items():
        yield f"{words_of(name):<24}{count:>6}"
    dead = "dead letter of "
    yield from (line for line in summary["details"] if not line.startswith(dead))


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--week", action="store_true", help=f"the long demo: {WEEK.jobs} jobs in seven days")
    parser.add_argument("--jobs", type=int, help="how many jobs people create")
    parser.add_argument("--seed", type=int, default=7, help="of the jobs, the faults, the spot capacity and the kills")
    parser.add_argument("--share", type=float, default=0.5, help="of the invocations that are to die; more than half of those do")
    parser.add_argument("--fault", choices=sorted(FAULTS), default="", help="plant this fault; exit code 0 if a count shows it")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "chaos", help="the folder of the package and the logs")
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
