"""The figures of ``demo-summary.json``. If the simulated AWS knows a figure, it is counted there, not in the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from controller import wiring
from controller.cli.audit.command import audited
from controller.ledger.entry import Entry, Flagged
from controller.notifications.report_formats.as_html import as_html
from controller.runtime.digests.read_days import rollups_of_days
from controller.savings.attempt_savings import Savings, sum_savings
from controller.savings.report import Origin, report_of
from controller.savings.rollup import NOBODY
from infra.local.demo import proof
from infra.local.demo.scenario import MONDAY, Launch
from infra.local.host import Host

RESUBMITTING = frozenset({"vision", "speech", "robotics"})  # the teams whose jobs the demo's policy submits again
DAY = timedelta(days=1)


def entries_so_far(host: Host) -> tuple[Entry, ...]:
    """Every entry of the ledger since the demo began."""
    return tuple(wiring.ports().ledger.journal.entries(MONDAY, host.clock.now() + DAY))


def saved_so_far(host: Host) -> int:
    """Return what spot saved since the demo began, in millionths of a dollar."""
    return sum(
        found.saved_micros for found in sum_savings(entries_so_far(host), group=lambda entry: entry.team or NOBODY).values()
    )


def summary(host: Host, launched: Sequence[Launch]) -> tuple[dict[str, Any], dict[str, Savings]]:
    """Return the figures as a JSON object, and the savings by team. ``launched`` are all jobs that users created."""
    world = host.world
    jobs = tuple(world.jobs.values())
    entries = entries_so_far(host)
    teams = sum_savings(entries, group=lambda entry: entry.team or NOBODY)
    by_users = frozenset(launch.name for launch in launched if launch.stopped_after)
    problems = _problems(host, jobs, entries, by_users)
    findings = Counter(e.rule for e in entries if isinstance(e, Flagged))
    saved_micros = sum(s.saved_micros for s in teams.values())
    return {
        "jobs": len(launched),
        "rings": host.events_delivered,
        "events_lost": world.events.lost,
        "events_doubled": world.events.duplicated,
        "findings": dict(sorted(findings.items())),
        "stopped": sum(job.secondary == "Stopped" and job.name not in by_users for job in jobs),
        "moved_for_deadline": sum(job.tags.get(proof.CAUSE) == "deadline" for job in jobs),
        "repaired": sum(job.tags.get(proof.CAUSE) == "repair" for job in jobs),
        "resubmitted": sum(proof.is_attempt(job) for job in jobs),
        "interruptions": sum(run.interrupted for job in jobs for run in job.runs),
        "announcements": len(host.slack.messages),
        "minutes_rung": host.minutes_run,
        "minutes_skipped": host.minutes_skipped,
        "dead_letters": len(host.bus.dead_letters),
        "saved_usd": round(saved_micros / 1_000_000, 2),
        "problems": {name: len(found) for name, found in asdict(problems).items()},
        "details": [
            *(f"{name}: {line}" for name, found in asdict(problems).items() for line in found),
            *(f"dead letter of {d.rule.name}: {type(d.error).__name__}: {d.error}" for d in host.bus.dead_letters),
        ],
    }, teams


def _problems(host: Host, jobs: Sequence[Any], entries: Sequence[Entry], by_users: frozenset[str]) -> proof.Problems:
    now, world, ports = host.clock.now(), host.world, wiring.ports()
    announced = "\n".join(message.text for message in host.slack.messages)
    bills = {job.name: bill for job in jobs if (bill := world.bill(job.name)) is not None}
    reported = [job.name for job in jobs if "BillableTimeInSeconds" in world.describe_training_job(job.name)]
    overdue = ports.ledger.due.overdue(datetime.max.replace(tzinfo=UTC), 1000)
    audit = audited(ports.ledger, ports.jobs, ports.prices, MONDAY.date(), (now + DAY).date())
    return proof.Problems(
        double_submissions=tuple(proof.double_submissions(jobs, now)),
        forgotten_jobs=tuple(proof.forgotten_jobs(jobs, entries, announced, RESUBMITTING, reported)),
        owned_jobs_touched=tuple(proof.owned_jobs_touched(jobs, by_users)),
        money_mismatches=tuple(proof.money_mismatches(jobs, entries, bills)),
        overlapping_prefixes=tuple(proof.overlapping_prefixes(jobs, now)),
        overdue_in_silence=tuple(proof.overdue_in_silence(overdue, jobs, now)),
        audit_differences=audit.differences,
    )


def report_page(host: Host) -> str:
    """Return the report of the demo's days as an HTML page."""
    first, until = MONDAY.date(), host.clock.now().date()
    ports = wiring.ports()
    policy = ports.policies.current().revision
    origin = Origin(made_at=host.clock.now(), account=ports.home.account, region=ports.home.region, policy=policy)
    return as_html(report_of(rollups_of_days(ports.ledger, first, until, ports.prices.rate), first, until, origin=origin))
