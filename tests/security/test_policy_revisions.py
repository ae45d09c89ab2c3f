"""Policies that change: a revision is in force in intervals, and a rollback begins a new one."""

from __future__ import annotations

import json
import os
from pathlib import Path

from controller import wiring
from controller.ledger.halt import Halt
from controller.policyfile import compile_folder
from infra.local.host import Host
from tests.security.lab import lab, launch, request, run, status

STRICT = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
"""
LAX = STRICT.replace("mode: enforce, action: stop", "mode: warn")
RUNNING = STRICT.replace("action: stop", "action: stop, applies_to: running")


def deploy(host: Host, text: str, folder: Path) -> None:
    """Replace the policy and all containers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    Path(os.environ["SPOTWARDEN_POLICIES"]).write_text(json.dumps(compile_folder(folder)), encoding="utf-8")
    wiring.install(clock=host.clock)


def _rich(host: Host, name: str) -> str:
    offender = {"checkpoint": None, "spot": False, "runtime_h": 100, "work_s": 300_000}
    return launch(host, request(name, "vision", **offender))


def test_a_rollback_does_not_stop_jobs_that_were_created_under_the_policy_in_between(tmp_path: Path) -> None:
    with lab(STRICT) as host:
        launch(host, request("warm-up", "ads", checkpoint=None, spot=False, runtime_h=1, work_s=300))
        run(host, hours=1)
        assert status(host, _rich(host, "before")) == "InProgress"
        run(host, hours=1)
        assert status(host, "before") == "Stopped"
        for turn in range(2):
            deploy(host, LAX, tmp_path)
            _rich(host, f"meanwhile-{turn}")
            run(host, hours=3)
            deploy(host, STRICT, tmp_path)
            run(host, hours=3)
            assert status(host, f"meanwhile-{turn}") == "InProgress"
            assert status(host, _rich(host, f"after-{turn}")) == "InProgress"
            run(host, hours=1)
            assert status(host, f"after-{turn}") == "Stopped"


def test_no_policy_in_between_is_forgotten_when_the_first_of_three_comes_back(tmp_path: Path) -> None:
    with lab(STRICT) as host:
        launch(host, request("warm-up", "ads", checkpoint=None, spot=False, runtime_h=1, work_s=300))
        run(host, hours=1)
        for name, text in (("second", LAX), ("third", LAX.replace("1h", "2h"))):
            deploy(host, text, tmp_path)
            _rich(host, name)
            run(host, hours=1)
        deploy(host, STRICT, tmp_path)
        run(host, hours=2)
        assert [status(host, name) for name in ("second", "third")] == ["InProgress", "InProgress"]


def test_a_stop_that_a_halt_held_up_is_not_made_when_its_policy_comes_back(tmp_path: Path) -> None:
    with lab(STRICT) as host:
        launch(host, request("warm-up", "ads", checkpoint=None, spot=False, runtime_h=1, work_s=300))
        run(host, hours=1)
        halts = wiring.ports().ledger.halts
        halts.set_halt(Halt(why="a drill", who="ada", since=host.clock.at))
        _rich(host, "held")
        run(host, hours=1)
        deploy(host, LAX, tmp_path)
        run(host, hours=1)
        halts.set_halt(None)
        deploy(host, STRICT, tmp_path)
        run(host, hours=2)
        assert status(host, "held") == "InProgress"


def test_a_rule_for_running_jobs_stops_them_after_a_rollback_too(tmp_path: Path) -> None:
    with lab(RUNNING) as host:
        launch(host, request("warm-up", "ads", checkpoint=None, spot=False, runtime_h=1, work_s=300))
        run(host, hours=1)
        deploy(host, LAX, tmp_path)
        _rich(host, "meanwhile")
        run(host, hours=3)
        deploy(host, RUNNING, tmp_path)
        run(host, hours=2)
        assert status(host, "meanwhile") == "Stopped"


def test_the_same_policy_deployed_again_begins_no_new_interval(tmp_path: Path) -> None:
    with lab(STRICT) as host:
        launch(host, request("warm-up", "ads", checkpoint=None, spot=False, runtime_h=1, work_s=300))
        run(host, hours=1)
        since = wiring.ports().policies.current().in_force_at
        deploy(host, STRICT, tmp_path)
        run(host, hours=1)
        assert wiring.ports().policies.current().in_force_at == since
