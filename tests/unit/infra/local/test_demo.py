"""The demo says what it cannot run, before it runs anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import cli
from infra.local.checkpoint_store import CheckpointStore
from infra.local.demo.__main__ import main
from infra.local.demo.scenario import MONDAY, launches


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_trace_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--trace: [Errno 2] No such file or directory: 'nowhere.json'" in refused(capsys, "--trace", "nowhere.json")


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
    assert "the kinds that the demo must show are" in refused(capsys, "--jobs", "1")


@pytest.mark.parametrize(("arguments", "said"), [([], "required: what"), (["week"], "invalid choice: 'week'")])
def test_the_local_stack_names_what_it_can_run(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert said in capsys.readouterr().err


def test_the_demo_shows_a_job_of_each_kind_of_finish() -> None:
    names = {launch.name for launch in launches(7, 150)}
    assert {"tracker-climbs", "captions-by-six", "bidder-mended", "forgetful-saver", "planner-internal"} <= names


def test_a_saved_checkpoint_is_an_object_as_old_as_the_virtual_clock() -> None:
    from infra.local import aws

    with aws.start() as local:
        CheckpointStore()("s3://demo-checkpoints/bert", 600, MONDAY)
        [found] = local.client("s3").list_objects_v2(Bucket="demo-checkpoints", Prefix="bert/")["Contents"]
    assert (found["Key"], found["LastModified"]) == ("bert/checkpoint-00000600.pt", MONDAY)
