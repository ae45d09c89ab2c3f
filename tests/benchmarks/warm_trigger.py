"""Compares the CPU of warm events with c7n's: ``python -m tests.benchmarks.warm_trigger --jobs 300 --runs 9``.

    ours, nothing new   this controller's package and its handler of job events, about jobs that it knows and that did not change
    ours, new jobs      the same about jobs that it sees for the first time: their lineages are written
    c7n                 Cloud Custodian's handler with one policy for training jobs, about the creation of the same jobs
    earlier, …          with ``--earlier deployment.zip``: another package of this controller, for this Python, as ours

Each runs in a process of its own under awslambdaric. The first event of each process does not count. SageMaker is a server of
answers that were computed before: of ``--jobs`` training jobs, all InProgress. The table is in the AWS of this machine.
The processes alternate. A figure is the median over them of an event's mean CPU, user and system, of the function's process.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.local.http_server import HttpServer, Request, Response, json_response
from infra.local.sagemaker.server import serve
from infra.local.sagemaker.world import World
from tests.benchmarks.coldstart.quota import Quota
from tests.benchmarks.coldstart.runtime_api import DidNotStart, Started
from tests.benchmarks.coldstart.variants import ROOT, Variant, job_event, lay_out, stack, trail_event, variants

GOAL = 0.08  # of c7n's CPU for each event
AMZ_JSON = "application/x-amz-json-1.1"
KNOWN, NEW, C7N = "nothing new", "new jobs", "c7n"


def post(url: str, path: str, headers: Mapping[str, str], body: bytes, method: str = "POST") -> Response:
    """Send one request to a server of this machine."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() in ("content-type", "x-amz-crc32")}
        return Response(status=answer.status, body=answer.read(), headers=kept)
    finally:
        connection.close()


def precomputed(world: World, jobs: Sequence[str]) -> dict[tuple[str, str], bytes]:
    """Ask for the description and the tags of each job, and for the whole list; returns the answers by operation and input."""
    found: dict[tuple[str, str], bytes] = {}
    with serve(world) as server:

        def ask(operation: str, **asked: str) -> Any:
            target = {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": AMZ_JSON}
            answer = post(server.url, "/", target, json.dumps(asked).encode())
            if answer.status != 200:
                raise DidNotStart(f"{operation} of {asked} cannot be computed: {answer.body.decode()}")
            found[operation, json.dumps(asked, sort_keys=True)] = answer.body
            return json.loads(answer.body)

        for job in jobs:
            described = ask("DescribeTrainingJob", TrainingJobName=job)
            if described["TrainingJobStatus"] != "InProgress":
                raise DidNotStart(f"{job} is {described['TrainingJobStatus']} and not live")
            ask("ListTags", ResourceArn=described["TrainingJobArn"])
        page = ask("ListTrainingJobs")
        while "NextToken" in page:
            page = ask("ListTrainingJobs", NextToken=page["NextToken"])
    return found


@dataclass
class Services:
    """Answers SageMaker from what was computed, hands other calls to the AWS of this machine, and counts both."""

    answers: Mapping[tuple[str, str], bytes]
    others: str
    calls: list[tuple[float, str]] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer one call."""
        target = request.header("X-Amz-Target")
        operation = target.rpartition(".")[2] or f"{request.method} {request.path}"
        self.calls.append((time.perf_counter(), operation))
        if not target.startswith("SageMaker."):
            return post(self.others, request.path, dict(request.headers.items()), request.body, request.method)
        body = self.answers.get((operation, json.dumps(json.loads(request.body or b"{}"), sort_keys=True)))
        if body is None:
            said = f"{operation} {request.body.decode()} was not computed before"
            return json_response({"__type": "ValidationException", "message": said}, status=400, kind=AMZ_JSON)
        return Response(body=body, headers={"Content-Type": AMZ_JSON})

    def between(self, begin: float, end: float) -> Counter[str]:
        """Count the calls of a time, by operation."""
        return Counter(operation for at, operation in self.calls if begin <= at < end)


@dataclass
class Measured:
    """The mean CPU of a warm event in each process, in seconds, and all calls of ``events`` events."""

    cpu_s: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    events: int = 0

    def add(self, started: Started, first: int, past: int, services: Services) -> None:
        """Add the events ``first`` to ``past - 1`` of a process; number 0 is the one that found it cold."""
        self.cpu_s.append((started.cpu_s[past - 1] - started.cpu_s[first - 1]) / (past - first))
        self.calls += services.between(started.asked_at[first], started.asked_at[past])
        self.events += past - first

    def row(self, name: str, c7n: Measured | None) -> str:
        """Its line of the table."""
        cpu = statistics.median(self.cpu_s)
        ratio = "–" if c7n is None else f"{cpu / statistics.median(c7n.cpu_s):.3f}"
        calls = ", ".join(f"{count / self.events:g} {operation}" for operation, count in sorted(self.calls.items()))
        spread = f"{min(self.cpu_s) * 1000:.1f} to {max(self.cpu_s) * 1000:.1f}"
        return f"| {name} | {cpu * 1000:.1f} ms | {spread} | {ratio} | {self.calls.total() / self.events:g} | {calls} |"


@contextmanager
def compared(work: Path, jobs: Sequence[str]) -> Iterator[tuple[dict[str, Variant], Services]]:
    """The variants by name, on a SageMaker of precomputed answers."""
    with stack(jobs) as (settings, world):
        services = Services(precomputed(world, jobs), settings["AWS_ENDPOINT_URL"])
        with HttpServer(services.respond) as server:
            told = {**settings, "AWS_ENDPOINT_URL": server.url, "AWS_ENDPOINT_URL_SAGEMAKER": server.url}
            yield {variant.name: variant for variant in variants(work, told)}, services


def measure(found: Mapping[str, Variant], services: Services, jobs: Sequence[str], runs: int, events: int) -> dict[str, Measured]:
    """Start each function in turn. Each run of ours has new jobs of its own, and then the same ones again."""
    results: dict[str, Measured] = {}
    first, *others = jobs
    unseen = (others[begin : begin + events] for begin in range(0, len(others), events))
    for _ in range(runs):
        mine = others[:events]
        for name in ("ours", "earlier"):
            if name in found:
                mine = next(unseen)
                started = found[name].answer([job_event(job) for job in (first, *mine, *mine)], Quota(1))
                results.setdefault(f"{name}, {NEW}", Measured()).add(started, 1, 1 + events, services)
                results.setdefault(f"{name}, {KNOWN}", Measured()).add(started, 1 + events, 1 + 2 * events, services)
        if C7N in found:
            started = found[C7N].answer([trail_event(job) for job in (first, *mine)], Quota(1))
            results.setdefault(C7N, Measured()).add(started, 1, 1 + events, services)
    return results


def unpacked(packed: Path, ours: Variant, folder: Path) -> Variant:
    """Another package with our handler and settings, unpacked into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(packed) as content:
        content.extractall(folder)
    settings = {**ours.environment, "PYTHONPATH": str(folder), "LAMBDA_TASK_ROOT": str(folder)}
    return Variant("earlier", ours.python, folder, ours.handler, ours.event, settings)


def main() -> None:
    """Print the table; the exit code is 1 where an event about a job of which nothing is new costs more than the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300, help="live training jobs of the account")
    parser.add_argument("--runs", type=int, default=9, help="processes of each kind")
    parser.add_argument("--events", type=int, default=10, help="warm events of each process")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "coldstart", help="the folder of the packages")
    parser.add_argument("--earlier", type=Path, help="the deployment.zip of another version, for this machine's Python")
    chosen = parser.parse_args()
    needed = chosen.runs * chosen.events * (2 if chosen.earlier else 1)
    if chosen.jobs <= needed:
        parser.error(f"--jobs must be above {needed}: each run has {chosen.events} jobs of its own")
    jobs = [f"train-{number:04}" for number in range(chosen.jobs)]
    lay_out(chosen.work)
    with compared(chosen.work, jobs) as (found, services):
        if chosen.earlier and "ours" in found:
            found["earlier"] = unpacked(chosen.earlier, found["ours"], chosen.work / "earlier")
        results = measure(found, services, jobs, chosen.runs, chosen.events)
    python = sys.version.split()[0]
    print(f"{chosen.jobs} live jobs; medians of {chosen.runs} processes, {chosen.events} warm events each; Python {python}\n")
    print("| events | CPU of one | least to most | of c7n | calls of one | which |\n|---|---|---|---|---|---|")
    c7n = results.get(C7N)
    for name, result in results.items():
        print(result.row(name, c7n))
    if c7n is not None:
        ratio = statistics.median(results[f"ours, {KNOWN}"].cpu_s) / statistics.median(c7n.cpu_s)
        print(f"\nnothing new: {ratio:.3f} of c7n; the goal is at most {GOAL}")
        sys.exit(int(ratio > GOAL))


if __name__ == "__main__":
    try:
        main()
    except DidNotStart as problem:
        sys.exit(str(problem))
