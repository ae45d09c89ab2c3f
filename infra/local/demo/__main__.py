"""Runs the demo: ``python -m infra.local.demo`` (``make demo``), or ``spotwarden local demo``."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from controller import wiring
from controller.cli.audit import audited
from controller.ledger.entry import Entry, Flagged
from controller.notifications.report_formats.as_html import as_html
from controller.policyfile import compile_folder
from controller.runtime.read_days import rollups_of_days
from controller.savings.arithmetic import Savings, sum_savings
from controller.savings.report import report_of
from controller.savings.rollup import NOBODY
from infra.local import aws
from infra.local.bus import envelope
from infra.local.checkpoint_store import CheckpointStore
from infra.local.demo import proof, screen
from infra.local.demo.scenario import DELETED_BUCKET, MARKETPLACE, MONDAY, POOLS, WEEK, Launch, capacities, launches, settings
from infra.local.host import Happening, Host, hosting
from infra.local.sagemaker.capacity import Capacity, from_trace
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.world import World

POLICIES = Path(__file__).parent / "policies"
RESUBMITTING = frozenset({"vision", "speech", "robotics"})  # the teams that the demo's policy submits again for
STORE = CheckpointStore()
JOBS, WEEK_JOBS = 45, 150
AFTER_A_CLICK = timedelta(hours=3)
AFTERMATH = timedelta(days=2)  # what was created on Friday may end on Sunday, and its usage be declared unknown on Monday


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo. Exit code 1 when a problem is counted, or when this machine cannot run it: then one sentence says why."""
    asked, console = _arguments(argv), Console()
    try:
        return _demo(asked, console)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    except Exception as error:
        log = Path(asked.out) / "demo-error.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), "utf-8")
        what = str(error).splitlines()[0][:200] if str(error) else "no message"
        console.print(f"The demo failed: {type(error).__name__}: {what}. Details: {log}", markup=False, soft_wrap=True)
        return 1


def _demo(asked: argparse.Namespace, console: Console) -> int:
    """Run the simulated week, print what happened, and keep the embedded AWS up where that is asked for."""
    out = Path(asked.out)
    console.print(f"Starting an AWS on this machine; {asked.jobs} training jobs follow.")
    world = _world(asked.seed, asked.supply)
    launched = launches(asked.seed, asked.jobs)
    with hosting(world, compile_folder(POLICIES), out) as host:
        for launch in launched:
            _make_its_bucket(launch)
        host.people += [happening for launch in launched for happening in _happenings(launch, host)]
        host.people += _market(host)
        _run(host, console)
        summary, teams = _summary(host, launched)
        (out / "demo-summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
        (out / "report.html").write_text(_report(host), "utf-8")
        (out / "slack.html").write_text(host.slack.page(live=False), "utf-8")
        screen.results(console, summary, teams)
        failed = any(summary["problems"].values()) or bool(host.bus.dead_letters)
        for line in summary["details"]:
            console.print(f"  {line}", style="red", markup=False)
        made = {"Slack messages": "slack.html", "report": "report.html", "figures": "demo-summary.json", "logs": "functions.log"}
        console.print("; ".join(f"{what}: {out / name}" for what, name in made.items()))
        screen.next_steps(console, out)
        if asked.keep:
            _keep(host, asked.ports_file, console)
        elif sys.stdout.isatty() and not asked.no_page and not failed:
            _serve(host, console)
    return 1 if failed else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spotwarden local demo", description=__doc__)
    parser.add_argument("--jobs", type=int, help=f"how many jobs people create in the week (default: {JOBS})")
    parser.add_argument("--week", action="store_true", help=f"the long demo: {WEEK_JOBS} jobs")
    parser.add_argument("--seed", type=int, default=7, help="of the weather, the faults and the jobs")
    parser.add_argument(
        "--trace", type=Path, help="spot capacity of every pool, as a file of the skypilot-org/spot-traces format"
    )
    parser.add_argument("--out", default="build/demo", help="where the summary, the Slack page and the logs go")
    parser.add_argument("--keep", action="store_true", help="leave the embedded AWS up until Ctrl-C")
    parser.add_argument("--ports-file", type=Path, help="with --keep: where endpoints, table and environment go, as JSON")
    parser.add_argument("--no-page", action="store_true", help="do not serve the Slack page in the end")
    asked = parser.parse_args(argv)
    if asked.ports_file and not asked.keep:
        parser.error("--ports-file: wanted with --keep, as the endpoints are gone when the demo ends")
    asked.jobs = asked.jobs or (WEEK_JOBS if asked.week else JOBS)
    fewest = len(launches(asked.seed, 0))
    if asked.jobs < fewest:
        parser.error(f"--jobs {asked.jobs}: the kinds that the demo must show are {fewest} already")
    try:
        asked.supply = from_trace(asked.trace, MONDAY) if asked.trace else None
    except (OSError, ValueError) as error:
        parser.error(f"--trace: {error}")
    return asked


def _world(seed: int, trace: Capacity | None) -> World:
    supply = dict.fromkeys(POOLS, trace) if trace else capacities(seed)
    world = World(
        MONDAY, seed=seed, settings=settings(), account=aws.ACCOUNT, region=aws.REGION, capacity_of=supply, on_checkpoint=STORE
    )
    world.add_algorithm(MARKETPLACE, product_id="prod-acme")
    return world


def _make_its_bucket(launch: Launch) -> None:
    uri = (launch.request.get("CheckpointConfig") or {}).get("S3Uri", "")
    if uri and DELETED_BUCKET not in uri:
        STORE.create_bucket(uri.removeprefix("s3://").partition("/")[0])


def _happenings(launch: Launch, host: Host) -> list[Happening]:
    """What people do about one job: create it, and perhaps stop or delete it later."""
    world, at = host.world, MONDAY + launch.after
    happenings = [Happening(at=at, do=partial(world.launch, dict(launch.request), owner=launch.owner or None))]
    if launch.stopped_after:
        happenings.append(
            Happening(at=at + launch.stopped_after, do=partial(_try, host, partial(world.stop_training_job, launch.name)))
        )
    if launch.deleted_after:
        happenings.append(
            Happening(at=at + launch.deleted_after, do=partial(_try, host, partial(world.delete_training_job, launch.name)))
        )
    return happenings


def _try(host: Host, act: Callable[[], object]) -> None:
    """Do what a person does who hears that a job still runs: try again in an hour, while the week lasts."""
    try:
        act()
    except ApiError:
        again = host.clock.now() + timedelta(hours=1)
        if again < MONDAY + WEEK:
            host.people.append(Happening(at=again, do=partial(_try, host, act)))
            host.people.sort(key=lambda happening: happening.at)


def _market(host: Host) -> list[Happening]:
    """EC2's own spot events of the account: one instance that can still be described, and one that is gone."""
    ec2 = host.aws.client("ec2")
    living = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="g5.xlarge")["Instances"][0][
        "InstanceId"
    ]
    warned = (
        (timedelta(days=1, hours=9), "EC2 Spot Instance Interruption Warning", living),
        (timedelta(days=1, hours=8), "EC2 Instance Rebalance Recommendation", living),
        (timedelta(days=2, hours=3), "EC2 Spot Instance Interruption Warning", "i-0123456789abcdef0"),
    )
    return [Happening(at=MONDAY + after, do=partial(_warn, host, kind, instance)) for after, kind, instance in warned]


def _warn(host: Host, kind: str, instance: str) -> None:
    detail = {"instance-id": instance, "instance-action": "terminate"}
    at, event_id = host.clock.now(), f"{kind[:12]}-{instance}"
    host.put(envelope("aws.ec2", kind, detail, at=at, account=aws.ACCOUNT, region=aws.REGION, event_id=event_id))


def _run(host: Host, console: Console) -> None:
    with screen.progress(console) as bar:
        whole = (WEEK + AFTERMATH).total_seconds()
        task = bar.add_task("", total=whole, day="", told="")

        live = screen.LiveEvents(console, host.slack)

        def step() -> None:
            live.show(host.clock.at)
            jobs = host.world.jobs.values()
            running = sum(job.status not in proof.TERMINAL for job in jobs)
            attempts = sum(proof.is_attempt(job) for job in jobs)
            told = screen.told(host.clock.at, running, len(jobs) - running, attempts, len(host.slack.messages))
            bar.update(task, completed=(host.clock.at - MONDAY).total_seconds(), **told)

        host.run(MONDAY + WEEK, on_step=step)
        host.run(MONDAY + WEEK + AFTERMATH, on_step=step)


def _summary(host: Host, launched: Sequence[Launch]) -> tuple[dict[str, Any], dict[str, Savings]]:
    """The figures of demo-summary.json, counted from the world where the world knows them."""
    now, world = host.clock.now(), host.world
    jobs = tuple(world.jobs.values())
    ports = wiring.ports()
    entries: tuple[Entry, ...] = tuple(ports.ledger.entries(MONDAY, now + timedelta(days=1)))
    teams = sum_savings(entries, group=lambda entry: entry.team or NOBODY)
    by_people = frozenset(launch.name for launch in launched if launch.stopped_after)
    problems = _problems(host, jobs, entries, by_people)
    counted = Counter(e.rule for e in entries if isinstance(e, Flagged))
    saved_micros = sum(s.saved_micros for s in teams.values())
    return {
        "jobs": len(launched),
        "rings": host.rings,
        "events_lost": world.events.lost,
        "events_doubled": world.events.duplicated,
        "findings": dict(sorted(counted.items())),
        "stopped": sum(job.secondary == "Stopped" and job.name not in by_people for job in jobs),
        "moved_for_deadline": sum(job.tags.get(proof.CAUSE) == "deadline" for job in jobs),
        "repaired": sum(job.tags.get(proof.CAUSE) == "repair" for job in jobs),
        "resubmitted": sum(proof.is_attempt(job) for job in jobs),
        "interruptions": sum(run.interrupted for job in jobs for run in job.runs),
        "announcements": len(host.slack.messages),
        "minutes_rung": host.minutes_rung,
        "minutes_skipped": host.minutes_skipped,
        "dead_letters": len(host.bus.dead_letters),
        "saved_usd": round(saved_micros / 1_000_000, 2),
        "problems": {name: len(found) for name, found in asdict(problems).items()},
        "details": [
            *(f"{name}: {line}" for name, found in asdict(problems).items() for line in found),
            *(f"dead letter of {d.rule.name}: {type(d.error).__name__}: {d.error}" for d in host.bus.dead_letters),
        ],
    }, teams


def _problems(host: Host, jobs: Sequence[Any], entries: Sequence[Entry], by_people: frozenset[str]) -> proof.Problems:
    now, world, ports = host.clock.now(), host.world, wiring.ports()
    announced = "\n".join(message.text for message in host.slack.messages)
    bills = {job.name: bill for job in jobs if (bill := world.bill(job.name)) is not None}
    reported = [job.name for job in jobs if "BillableTimeInSeconds" in world.describe_training_job(job.name)]
    overdue = ports.ledger.overdue(datetime.max.replace(tzinfo=UTC), 1000)
    return proof.Problems(
        double_submissions=tuple(proof.double_submissions(jobs, now)),
        forgotten_jobs=tuple(proof.forgotten_jobs(jobs, entries, announced, RESUBMITTING, reported)),
        owned_jobs_touched=tuple(proof.owned_jobs_touched(jobs, by_people)),
        money_mismatches=tuple(proof.money_mismatches(jobs, entries, bills)),
        overlapping_prefixes=tuple(proof.overlapping_prefixes(jobs, now)),
        overdue_in_silence=tuple(proof.overdue_in_silence(overdue, now)),
        audit_differences=audited(
            ports.ledger, ports.jobs, ports.prices, MONDAY.date(), (now + timedelta(days=1)).date()
        ).differences,
    )


def _report(host: Host) -> str:
    """The week as the page that a manager gets."""
    first, ledger = MONDAY.date(), wiring.ports().ledger
    until = host.clock.now().date()
    return as_html(report_of(rollups_of_days(ledger, first, until), first, until))


def _keep(host: Host, ports_file: Path | None, console: Console) -> None:
    """Leave everything up until Ctrl-C; what was written about it is removed then."""
    if ports_file is not None:
        _write_whole(ports_file, json.dumps(host.endpoints(), indent=2) + "\n")
        console.print(f"Endpoints and environment: {ports_file}")
    console.print(f"The Slack page: {host.slack.url}. Ctrl-C ends the embedded AWS.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        if ports_file is not None:
            ports_file.unlink(missing_ok=True)


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever waits for it never reads a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def _serve(host: Host, console: Console) -> None:
    if host.slack.people is not None:
        host.slack.people.after = lambda: host.run(host.clock.at + AFTER_A_CLICK)
    console.print(f"The Slack page: {host.slack.url} (Ctrl-C ends it). Press a button: {AFTER_A_CLICK} of the week go by.")
    try:
        input()
    except (KeyboardInterrupt, EOFError):
        console.print("Stopped.")


if __name__ == "__main__":
    raise SystemExit(main())
