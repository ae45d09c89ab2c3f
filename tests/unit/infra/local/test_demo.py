"""The demo reports a mistake in its options before it starts, and a failure in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller import wiring
from controller.policyfile import compile_folder
from infra.local import cli
from infra.local.checkpoint_store import CheckpointStore
from infra.local.demo import run
from infra.local.demo.__main__ import main
from infra.local.demo.keep_running import ENVIRONMENT_FILE, published
from infra.local.demo.live import Event, Kind, LiveEvents
from infra.local.demo.scenario import MONDAY, SHORT, WEEK, Launch, launches, request
from infra.local.demo.screen import COUNTS, Screen
from infra.local.demo.world import POLICIES, actions_of, create_bucket, demo_world
from infra.local.host import Host, hosting
from tests.simulation.replace_function import replaced

HOUR = timedelta(hours=1)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_trace_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--trace: nowhere.json: found No such file or directory" in refused(capsys, "--trace", "nowhere.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "wanted JSON, found 'not json'"),
        ('{"data": [1]}', 'wanted {"metadata": {"gap_seconds": seconds}'),
        ('{"metadata": {"gap_seconds": 0}, "data": [1]}', "wanted a gap above 0 s"),
    ],
)
def test_a_trace_of_another_form_is_named(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trace.json").write_text(text)
    assert said in refused(capsys, "--trace", str(tmp_path / "trace.json"))


def test_fewer_jobs_than_kinds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "wanted at least" in refused(capsys, "--jobs", "1")


@pytest.mark.parametrize(("arguments", "said"), [([], "found no command, wanted demo"), (["week"], "No such command 'week'")])
def test_the_local_stack_names_what_it_can_run(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert said in capsys.readouterr().err


def test_the_demo_shows_a_job_of_each_kind_of_finish() -> None:
    names = {launch.name for launch in launches(7, WEEK.jobs, WEEK.workdays)}
    assert {"tracker-climbs", "captions-by-six", "bidder-repair", "forgetful-saver", "planner-internal"} <= names


def test_a_saved_checkpoint_is_an_object_as_old_as_the_virtual_clock() -> None:
    from infra.local import aws

    with aws.start() as local:
        CheckpointStore()("s3://demo-checkpoints/bert", 600, MONDAY)
        [found] = local.client("s3").list_objects_v2(Bucket="demo-checkpoints", Prefix="bert/")["Contents"]
    assert (found["Key"], found["LastModified"]) == ("bert/checkpoint-00000600.pt", MONDAY)


def failing(*_: object) -> int:
    raise TimeoutError("Read timeout on endpoint URL: 'http://127.0.0.1:1/'\nand a second line")


def test_a_failure_is_one_sentence_with_the_name_of_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with replaced((run, "run", lambda _: failing)):
        assert main(["--out", str(tmp_path)]) == 1
    log = tmp_path / "demo-error.log"
    [_, failure] = capsys.readouterr().out.splitlines()
    assert failure == (f"The demo failed: TimeoutError: Read timeout on endpoint URL: 'http://127.0.0.1:1/'. Details: {log}")
    assert "Traceback" in log.read_text("utf-8")


def test_a_folder_that_cannot_be_written_is_a_sentence_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    said = refused(capsys, "--out", str(tmp_path / "file" / "demo"))
    assert "which is not a folder, wanted a folder to write to" in said


def test_a_dynamodb_that_does_not_exist_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTWARDEN_DYNAMODB", "dynalite")
    assert main(["--out", str(tmp_path)]) == 1
    assert "must be one of atomic, stock, local" in capsys.readouterr().out


def test_a_ports_file_without_keep_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "wanted together with --keep" in refused(capsys, "--ports-file", "ports.json")


def test_the_short_demo_shows_every_kind_that_the_week_shows() -> None:
    short = {launch.name for launch in launches(7, SHORT.jobs, SHORT.workdays) if launch.after < SHORT.days + SHORT.rest}
    kinds = {launch.name for launch in launches(7, 0, SHORT.workdays)}
    assert kinds <= short


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, list[Event]]]:
    """Some hours with four jobs: a rule stops one, one has no capacity, one completes, and its user stops one."""
    shown = (
        Launch(after=HOUR, request=request("unsafe", "vision", checkpoint=None, work_s=20_000)),
        Launch(after=HOUR, request=request("starved", "robotics", "ml.p3.2xlarge", runtime_h=1, wait_h=1, work_s=3000)),
        Launch(after=HOUR, request=request("fine", "speech", runtime_h=2, work_s=3000)),
        Launch(after=HOUR, request=request("unwanted", "speech", runtime_h=2, work_s=7000), stopped_after=HOUR / 2),
    )
    with hosting(demo_world(7), compile_folder(POLICIES), tmp_path_factory.mktemp("demo")) as host:
        live, events = LiveEvents(host, frozenset({"unwanted"})), list[Event]()
        for launch in shown:
            create_bucket(launch)
            host.user_actions += actions_of(launch, host, MONDAY + 12 * HOUR)
        host.run(MONDAY + 5 * HOUR, on_step=lambda: events.extend(live.new()))
        yield host, events


def test_each_event_is_shown_once_with_its_kind_and_job(played: tuple[Host, list[Event]]) -> None:
    events = [event for event in played[1] if event.kind is not Kind.SLACK]
    assert [found for found, times in Counter(events).items() if times > 1] == []
    shown = {(event.kind, event.text.partition(" ")[0]) for event in events}
    for kind, name in (
        (Kind.JUDGED, "unsafe"), (Kind.STOPPED, "unsafe"), (Kind.NO_CAPACITY, "starved"), (Kind.SUBMITTED_AGAIN, "starved"),
        (Kind.COMPLETED, "fine"), (Kind.STOPPED, "unwanted"),
    ):  # fmt: skip
        assert (kind, name) in shown
    [stopped] = [event.text for event in played[1] if event.kind is Kind.STOPPED and event.text.startswith("unwanted")]
    assert stopped == "unwanted by its user"


def test_the_lines_in_a_pipe_are_plain_and_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().event(MONDAY, "submitted again", "x" * 300)
    assert capsys.readouterr().out == f"Mon 00:00  submitted again {'x' * 300}\n"


def test_another_process_reads_and_halts_the_ledger_with_the_environment_of_the_ports_file(
    played: tuple[Host, list[Event]], tmp_path: Path
) -> None:
    host, ports_file = played[0], tmp_path / "ports.json"
    with published(host, tmp_path, ports_file):
        found = json.loads(ports_file.read_text("utf-8"))
        assert {"dynamodb", "sagemaker", "s3", "ec2", "eventbridge", "pricing", "slack_api", "slack_page", "app"} <= (
            found["endpoints"].keys()
        )

        def spotwarden(*arguments: str) -> str:
            command = [sys.executable, "-m", "controller.cli", *arguments]
            environment = {"PATH": os.environ["PATH"], **found["environment"]}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  # our own arguments
            return done.stdout

        assert json.loads(spotwarden("report", "--period", "2026-11", "--format", "json"))["total"]["attempts"] > 0
        assert "no difference" in spotwarden("audit", "--period", "2026-11")
        spotwarden("halt", "--why", "a test")
        assert (halt := wiring.ports().ledger.halts.halt()) is not None
        assert halt.why == "a test"
        spotwarden("resume")
        assert wiring.ports().ledger.halts.halt() is None
        assert "export SPOTWARDEN_TABLE=spotwarden\n" in (tmp_path / ENVIRONMENT_FILE).read_text("utf-8")
    assert list(tmp_path.iterdir()) == []


def test_the_screen_shows_words_and_no_keys(capsys: pytest.CaptureFixture[str]) -> None:
    problems = dict.fromkeys(("overdue_in_silence", "forgotten_jobs"), 0)
    Screen().results({**dict.fromkeys(COUNTS, 1), "findings": {}, "problems": problems, "details": []}, {})
    shown = capsys.readouterr().out
    assert "_" not in shown
    assert "events delivered" in shown
    assert "0 overdue intents, 0 forgotten jobs" in shown
