"""What a policy of 50 rules costs on Lambda: a decision, and loading it beside importing boto3.

    python -m tests.benchmarks.policy

The rules are of every kind, with selectors; every fifth has an expression. All times are CPU time, the least of several runs, so
that a busy machine changes the ratios little.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.jobs.job import Job
from controller.policy.judge import Basis, judge
from controller.policy.load_policy import load_policy
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policyfile import as_text, compile_folder
from tests.builders import BEGIN, job

RULES = 50
KINDS = (
    "checkpoint-required, options: {runtime_over: 15m}", "uncheckpointed-cap, options: {at_most: 60m}",
    "max-wait-limit, options: {at_most: 14d}", "max-runtime-limit, options: {at_most: 7d}", "spot-required",
    "checkpoint-exclusive", "checkpoint-alive", "tags-required, options: {tags: [team]}",
    "instance-allowed, options: {instance_types: ml.g5.*}", "spot-worth-it",
)  # fmt: skip
WHEN = "when: 'default(ResourceConfig.InstanceCount, 1) > 4 or has(VpcConfig)', "
MEMBERS = {("ResourceConfig", "InstanceCount"): 5, ("VpcConfig",): None}
START = "import sys, time; begin = time.process_time(); "
END = "; print(time.process_time() - begin)"
LOAD = (
    "import json; from datetime import datetime; from controller.policy.load_policy import load_policy;"
    " policy = load_policy(json.load(open(sys.argv[1])), datetime(2026, 1, 1)); assert len(policy.rules) == %d"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of a decision without and with findings, of loading in a new process, and of importing boto3 there."""

    keeps_s: float
    breaks_s: float
    load_s: float
    boto3_s: float
    bytes: int


def policy_text(rules: int = RULES) -> str:
    """A policy file with so many rules that a job of ``tests.builders`` keeps."""
    head = "  - {{name: rule-{n}, mode: warn, match: {{tags: {{team: [vision, 'speech-*']}}}}, {when}rule: {kind}}}"
    lines = (
        head.format(n=n, when=WHEN if n % 5 == 0 else "", kind=kind) for n, kind in zip(range(rules), _kinds(), strict=False)
    )
    return "version: 1\nrules:\n" + "\n".join(lines) + "\n"


def cost(runs: int = 5) -> Cost:
    """Measure it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_text(policy_text())
        document = compile_folder(folder)
        compiled = Path(folder, "policies.json")
        compiled.write_text(as_text(document))
        policy = load_policy(json.loads(compiled.read_text()), BEGIN)
        keeps, breaks = _jobs()
        return Cost(
            keeps_s=_least(lambda: _decided(keeps, policy), runs),
            breaks_s=_least(lambda: _decided(breaks, policy), runs),
            load_s=min(_new_process(LOAD % RULES, str(compiled)) for _ in range(runs)),
            boto3_s=min(_new_process("import boto3") for _ in range(runs)),
            bytes=len(json.dumps(document)),
        )


def _kinds() -> Iterator[str]:
    while True:
        yield from KINDS


def _jobs() -> tuple[Job, Job]:
    keeps = replace(job(), members=MEMBERS)
    return keeps, replace(keeps, spot=False, instance_type="ml.p3.2xlarge")


def _decided(found: Job, policy: Policy) -> Any:
    return judge(found, Basis(policy, Evidence(claims=())))


def _least(work: Callable[[], Any], runs: int) -> float:
    """The CPU seconds of one call, of the quickest of several series."""
    times = []
    for _ in range(runs):
        begin = time.process_time()
        for _ in range(20):
            work()
        times.append((time.process_time() - begin) / 20)
    return min(times)


def _new_process(code: str, *arguments: str) -> float:
    command = [sys.executable, "-c", START + code + END, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603  # fixed arguments


def main() -> int:
    found = cost()
    print(f"{RULES} rules, {found.bytes:,} bytes compiled")
    print(
        f"a decision about a job that keeps them: {found.keeps_s * 1000:.2f} ms; that breaks some: {found.breaks_s * 1000:.2f} ms"
    )
    share = found.load_s / found.boto3_s
    print(
        f"loading in a new process: {found.load_s * 1000:.0f} ms, {share:.2f} of importing boto3 ({found.boto3_s * 1000:.0f} ms)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
