"""Compares cold starts: ``make bench-coldstart``, or ``python -m tests.benchmarks.coldstart --runs 9``.

    bare    a handler that does nothing: the floor
    ours    this controller's package and its handler of job events, as it is deployed
    plain   the same code as Chalice packages it, with boto3 clients of all services built at import: no .pyc, whole models
    c7n     Cloud Custodian's handler with one policy for training jobs, in an environment of its own, with .pyc

Each is started in a process of its own under awslambdaric, with a Runtime API of this machine, and answers one event about a job
of which nothing is new. The starts of the variants alternate. "As deployed" is Lambda with 256 MB: a whole core until the end of
init, 0.145 of one from then on. Then Slack's first request to a new container of its function
(1,024 MB: 0.58 of a core).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.benchmarks.coldstart.quota import Quota, quota
from tests.benchmarks.coldstart.runtime_api import DidNotStart, Started
from tests.benchmarks.coldstart.variants import ROOT, Variant, click_event, lay_out, stack, variants

LAMBDA_SHARE = {256: 0.145, 1024: 0.58}  # of a core; 1,769 MB are a whole one


def measure(compared: list[Variant], runs: int, share: float) -> str:
    """Start each variant in turn; returns how the share was kept."""
    with quota(share) as limit:
        for variant in compared:
            variant.starts.clear()
        for _ in range(runs):
            for variant in compared:
                variant.starts.append(variant.run(limit))
        return limit.how


def table(compared: list[Variant], share: float) -> Iterator[str]:
    """Medians; a ratio is to c7n. ``computed`` is what the CPU takes with this share on a machine that does nothing else."""
    base = next((variant for variant in compared if variant.name == "c7n"), None)
    columns: Mapping[str, Callable[[Started], float]] = {
        "until the first answer": lambda s: s.done_s[0],
        "CPU of init": lambda s: s.init_cpu_s,
        "CPU after it": lambda s: s.cpu_s[0] - s.init_cpu_s,
        "computed": lambda s: s.init_cpu_s + (s.cpu_s[0] - s.init_cpu_s) / share,
    }
    compared_to_c7n = ("until the first answer", "computed")
    names = [text for name in columns for text in (name, *(["of c7n"] if name in compared_to_c7n else []))]
    yield f"| variant | {' | '.join(names)} | peak memory |"
    yield "|---" * (len(names) + 2) + "|"
    for variant in compared:
        cells = []
        for name, of in columns.items():
            value = statistics.median(map(of, variant.starts))
            cells.append(f"{value * 1000:.0f} ms")
            if name in compared_to_c7n:
                cells.append("–" if base is None else f"{value / statistics.median(map(of, base.starts)):.2f}")
        yield f"| {variant.name} | {' | '.join(cells)} | {max(s.peak_mb for s in variant.starts):.0f} MB |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="cold starts of each variant")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "coldstart", help="the folder of the packages")
    parser.add_argument("--only", nargs="*", default=None, help="names of variants")
    chosen = parser.parse_args()
    packed = lay_out(chosen.work)
    print(f"zip {packed.stat().st_size / 1e6:.2f} MB; medians of {chosen.runs}, Python {sys.version.split()[0]}")
    with stack() as (settings, _):
        compared = [v for v in variants(chosen.work, settings) if chosen.only is None or v.name in chosen.only]
        for variant in compared:
            for _ in range(2):  # the first trigger writes the lineage, the next finds nothing new
                print(f"{variant.name} answers {json.dumps(variant.run(Quota(1)).answers[0])[:150]}")
        for title, share in (("At full speed", 1.0), ("As deployed: 0.145 of a core after init", LAMBDA_SHARE[256])):
            how = measure(compared, chosen.runs, share)
            print(f"\n{title} ({how})\n\n" + "\n".join(table(compared, share)))
        ours = next((v for v in compared if v.name == "ours"), None)
        if ours is not None:
            settings = {**ours.environment, "_HANDLER": "app.app"}
            slack = Variant("Slack", ours.python, ours.folder, "app.app", click_event(), settings)
            print(f"\nSlack answers {json.dumps(slack.run(Quota(1)).answers[0])[:200]}")
            for title, share in (("at full speed", 1.0), ("as deployed: 0.58 of a core after init", LAMBDA_SHARE[1024])):
                slack.starts.clear()
                with quota(share) as limit:
                    for _ in range(chosen.runs):
                        slack.event = click_event()
                        slack.starts.append(slack.run(limit))
                        time.sleep(1.1)  # the same signature is answered once
                done = sorted(s.done_s[0] for s in slack.starts)
                computed = statistics.median(s.init_cpu_s + (s.cpu_s[0] - s.init_cpu_s) / share for s in slack.starts)
                print(
                    f"Slack's first request, {title}: {statistics.median(done) * 1000:.0f} ms, at most {done[-1] * 1000:.0f} ms,"
                    f" computed from its CPU {computed * 1000:.0f} ms"
                )


if __name__ == "__main__":
    try:
        main()
    except DidNotStart as problem:
        sys.exit(str(problem))
