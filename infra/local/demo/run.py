"""Runs the demo's days on the embedded AWS, and writes the results."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from controller import wiring
from controller.cli.history.export import export
from controller.policyfile import compile_folder
from infra.local.demo import figures, keep_running, proof, screen
from infra.local.demo.live import LiveEvents
from infra.local.demo.options import DemoOptions
from infra.local.demo.scenario import MONDAY, Launch, Length, launches
from infra.local.demo.world import POLICIES, actions_of, create_bucket, demo_world, ec2_warnings
from infra.local.host import Host, hosting

AFTER_A_CLICK = timedelta(hours=3)
SAVINGS_EVERY = timedelta(hours=12)


def run(options: DemoOptions, output: screen.Screen) -> int:
    """Run the demo. Returns the exit code: 1 if there are problems or dead letters, else 0."""
    out, length = options.out, options.length
    launched = launches(options.seed, options.jobs, length.workdays)
    with hosting(demo_world(options.seed, options.supply), compile_folder(POLICIES), out) as host:
        for launch in launched:
            create_bucket(launch)
            host.user_actions += actions_of(launch, host, MONDAY + length.days)
        host.user_actions += ec2_warnings(host)
        _run_days(host, launched, length, output)
        summary, teams = figures.summary(host, launched)
        (out / "demo-summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
        (out / "report.html").write_text(figures.report_page(host), "utf-8")
        (out / "slack.html").write_text(host.slack.page(live=False), "utf-8")
        if options.history:
            options.history.unlink(missing_ok=True)
            export(wiring.client("sagemaker"), MONDAY, options.history)
        failed = any(summary["problems"].values()) or bool(host.bus.dead_letters)
        output.results(summary, teams)
        output.files(out)
        if options.keep:
            _keep(host, out, options.ports_file, output)
        elif sys.stdout.isatty() and not options.no_page and not failed:
            _serve_page(host, output)
        else:
            output.next_steps()
    return 1 if failed else 0


def _run_days(host: Host, launched: Sequence[Launch], length: Length, output: screen.Screen) -> None:
    live = LiveEvents(host, frozenset(launch.name for launch in launched if launch.stopped_after))
    savings_at = MONDAY + SAVINGS_EVERY
    with output.progress(MONDAY, length.ends_at) as progress:

        def step() -> None:
            nonlocal savings_at
            progress.events(live.new())
            jobs = host.world.jobs.values()
            running = sum(job.status not in proof.TERMINAL for job in jobs)
            progress.at(host.clock.at, running=running, ended=len(jobs) - running, messages=len(host.slack.messages))
            if host.clock.at >= savings_at:
                progress.saved(host.clock.at, figures.saved_so_far(host))
                savings_at = host.clock.at + SAVINGS_EVERY

        host.run(MONDAY + length.days, on_step=step)
        host.run(length.ends_at, on_step=step)


def _keep(host: Host, out: Path, ports_file: Path | None, output: screen.Screen) -> None:
    _let_time_pass_after_a_click(host)
    with keep_running.published(host, out, ports_file):
        output.kept(host.slack.url, out / keep_running.ENVIRONMENT_FILE, ports_file, f"{MONDAY:%Y-%m}")
        keep_running.wait_for_the_end()
    output.line("Stopped the embedded AWS.")


def _serve_page(host: Host, output: screen.Screen) -> None:
    _let_time_pass_after_a_click(host)
    output.page(host.slack.url, AFTER_A_CLICK)
    keep_running.wait_for_the_end()
    output.line("Stopped the embedded AWS.")


def _let_time_pass_after_a_click(host: Host) -> None:
    if host.slack.users is not None:
        host.slack.users.after = lambda: host.run(host.clock.at + AFTER_A_CLICK)
