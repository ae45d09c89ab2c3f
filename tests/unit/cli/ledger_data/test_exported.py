"""A report over exports of many accounts has the same figures as the reports of their ledgers together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from controller.aws.dynamodb.days import DynamoDays
from controller.aws.dynamodb.items import MARK
from controller.aws.dynamodb.lineages import DynamoLineages
from controller.aws.dynamodb.table import Table
from controller.cli import main
from controller.cli.ledger_data.rows import line_of
from controller.decide.decision import Decision
from controller.ledger.entry import Entry
from controller.ledger.lineage import Lineage
from controller.runtime.ports.schedule import RollupVersions
from controller.savings.attempt_savings import Savings
from controller.savings.rollup import Group, Rollup
from tests.builders import lineage_id
from tests.unit.savings.test_advice import PAST


class Written:
    """A client that keeps the rows that a commit writes, as they would be in a table."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's own name
        self.rows += [write["Put"]["Item"] for write in TransactItems if "Put" in write]

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": []}


def export(path: Path, account: str, entries: list[Entry]) -> Path:
    client = Written()
    id_ = replace(lineage_id(), account=account)
    DynamoLineages(Table(client, "T")).commit(Lineage(id=id_), Decision(entries=tuple(entries)))
    current = {
        "pk": {"S": "policy"}, "sk": {"S": "current"}, **MARK, "revision": {"S": account}, "at": {"S": "2000-01-01T00:00:00Z"}
    }  # fmt: skip
    cursor = {"pk": {"S": "cursor"}, "sk": {"S": "rollup"}, **MARK, "at": {"S": "2000-01-01T00:00:00Z"}}
    path.write_text("".join(f"{line_of(row)}\n" for row in [*client.rows, cursor, current]), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    half = len(PAST) // 2
    parts = (("1" * 12, PAST[:half]), ("2" * 12, PAST[half:]))
    return [str(export(tmp_path / f"{account}.jsonl", account, list(part))) for account, part in parts]


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    period = f"{min(e.at for e in PAST):%Y-%m-%d}..{max(e.at for e in PAST):%Y-%m-%d}"
    assert main(["report", "--period", period, *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_sums_of_two_exports_add_up_and_each_account_has_a_line(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (report(capsys, "--ledger", file, "--format", "json") for file in files)
    both = report(capsys, "--ledger", *files, "--format", "json", "--by", "account")
    assert both["total"]["attempts"] == first["total"]["attempts"] + second["total"]["attempts"] > 0
    assert {line["name"] for line in both["lines"]} == {f"{'1' * 12} us-east-1", f"{'2' * 12} us-east-1"}
    assert sum(line["attempts"] for line in both["lines"]) == both["total"]["attempts"]
    assert (first["origin"]["policy"], both["origin"]["policy"]) == ("1" * 12, "")  # with two policies, the report names none


def only_sums(path: Path, day: date, dollars: int) -> str:
    """An export of a ledger with expired lineages: it has only sums of days."""
    savings = Savings(attempts=1, spent_micros=dollars * 1_000_000)
    group = Group(team="vision", user="", algorithm="x", instance_type="ml.g5.xlarge", region="us-east-1")
    client = Written()
    DynamoDays(Table(client, "T")).put_rollup(
        day, Rollup(groups={group: savings}), if_still=RollupVersions(rollup=0, forgotten=0)
    )
    path.write_text("".join(f"{line_of(row)}\n" for row in client.rows if row["sk"]["S"] != "forgotten"), encoding="utf-8")
    return str(path)


def test_two_exports_of_one_ledger_whose_lineages_have_expired_are_refused_and_those_of_two_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = date(2026, 3, 2)
    one, again, other = (only_sums(tmp_path / f"{name}.jsonl", day, cost) for name, cost in (("a", 5), ("b", 5), ("c", 6)))
    assert main(["report", "--period", f"{day}..{day}", "--ledger", one, again]) == 2
    assert "are both of one ledger, wanted one export for each account and region" in capsys.readouterr().err
    assert main(["report", "--period", f"{day}..{day}", "--ledger", one, other]) == 0


def test_the_same_account_and_region_twice_is_refused(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    again = Path(files[0]).with_name("again.jsonl")
    again.write_text(Path(files[0]).read_text("utf-8"), encoding="utf-8")
    assert main(["report", "--ledger", files[0], str(again)]) == 2
    assert f"both of {'1' * 12} us-east-1" in capsys.readouterr().err
    assert main(["report", "--ledger", files[0], files[0]]) == 2


def test_files_without_the_option_and_files_that_are_no_export_are_refused(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", files[0]]) == 2
    assert "wanted --ledger before the files of exports" in capsys.readouterr().err
    (tmp_path / "history.jsonl").write_text('{"TrainingJobName": "bert"}\n')
    assert main(["report", "--ledger", str(tmp_path / "history.jsonl")]) == 2
    assert "line 1 is not a row of a ledger" in capsys.readouterr().err
    assert main(["report", "--ledger", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl: found No such file or directory" in capsys.readouterr().err
