"""A ledger can be exported to a file and restored, and a person's name removed from it. With DynamoDB's API."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.cli.ledger_data.export import export
from controller.cli.ledger_data.forget import FORGOTTEN, forget, without
from controller.cli.ledger_data.restore import restore
from controller.cli.ledger_data.rows import line_of
from controller.cli.ledger_data.whole_table import WholeTable
from controller.cli.output.errors import BadInput
from controller.decide.decision import Decision
from controller.ledger.entry import Started, UserRequested
from controller.ledger.halt import halt_of
from controller.ledger.intent import Intent, Wake
from controller.policy.user_request import UserRequest
from controller.runtime.ports.outbox import Message
from controller.runtime.refused_creates import refused_create_of
from controller.savings.attempt_savings import Savings
from controller.savings.rollup import Group, Rollup
from infra.local import aws, dynamodb_local
from tests.builders import BEGIN, lineage_id, policy
from tests.contract.conftest import TABLES
from tests.unit.runtime.test_refused_creates import event as refused_create

TODAY = BEGIN.date()
TOMORROW = TODAY + timedelta(days=1)
WAITED: list[float] = []
ADA = Group("vision", "ada", "pytorch-training", "ml.g5.2xlarge", "us-east-1")


@pytest.fixture(scope="module", params=[aws.ATOMIC, pytest.param(aws.LOCAL, marks=pytest.mark.nightly)])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == aws.LOCAL and (reason := dynamodb_local.available()):
        pytest.skip(reason)
    with aws.start(dynamodb=request.param) as local:
        yield local


@pytest.fixture
def client(server: Any) -> Any:
    return server.client("dynamodb")


@pytest.fixture
def table(server: Any) -> str:
    return aws.create_table(server.dynamodb_url, next(TABLES))


def started(user: str = "ada", job: str = "bert") -> Started:
    return Started(
        job=job, at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
        region="us-east-1", runtime_s_max=3600, wait_s_max=7200, checkpoint_uri=None, service=None, user=user,
    )  # fmt: skip


def requested(who: str = "U0ADA") -> UserRequested:
    return UserRequested(job="bert", at=BEGIN, team="vision", request=UserRequest.TRY_AGAIN, who=who)


def fill(client: Any, table: str) -> DynamoLedger:
    """Fill a table with a lineage (entries and an open Wake), a compressed rollup, a halt, and a waiting message."""
    ledger = DynamoLedger(client, table)
    wake = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN, claim=0, why="")
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(entries=(started(), requested()), intents=(wake,)))
    figures = Savings(attempts=1, counterfactual_micros=7)
    ledger.days.put_rollup(TODAY, Rollup(groups={ADA: figures, ADA._replace(user="eve"): figures}))
    ledger.halts.set_halt(halt_of(why="ada's policy", who="U0ADA", since=BEGIN))
    DynamoOutbox(client, table).put(Message(key="k", channel="C1", at=BEGIN, words=("one", "two"), mention="U0ADA"))
    return ledger


def rows_in(client: Any, table: str) -> list[str]:
    return sorted(map(line_of, WholeTable(client, table).rows()))


def test_what_was_exported_and_restored_is_the_same_ledger(client: Any, table: str, server: Any, tmp_path: Path) -> None:
    before, copy = fill(client, table), aws.create_table(server.dynamodb_url, next(TABLES))
    assert export(WholeTable(client, table), tmp_path / "ledger.jsonl") == 0
    assert restore(WholeTable(client, copy), tmp_path / "ledger.jsonl") == 0
    after = DynamoLedger(client, copy)
    assert rows_in(client, copy) == rows_in(client, table)
    assert after.lineages.load(lineage_id()) == before.lineages.load(lineage_id())
    assert dict(after.days.rollups(TODAY, TOMORROW)) == dict(before.days.rollups(TODAY, TOMORROW))
    assert after.due.overdue(BEGIN, 10) == before.due.overdue(BEGIN, 10) != []
    assert after.halts.halt() == before.halts.halt()
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.jsonl"]


def test_a_table_that_is_not_empty_is_refused_and_left_as_it_is(client: Any, table: str, tmp_path: Path) -> None:
    fill(client, table)
    export(WholeTable(client, table), tmp_path / "ledger.jsonl")
    before = rows_in(client, table)
    with pytest.raises(BadInput, match="is not empty"):
        restore(WholeTable(client, table), tmp_path / "ledger.jsonl")
    assert rows_in(client, table) == before


class Cut:
    """A DynamoDB that stores some rows, and marks of restores, and then fails."""

    def __init__(self, client: Any, rows: int) -> None:
        self._client, self._taken, self._rows = client, count(), rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **asked: Any) -> Any:
        if asked["Item"]["pk"]["S"] != "restore" and next(self._taken) >= self._rows:
            raise ConnectionError
        return self._client.put_item(**asked)


def cut_restore(client: Any, table: str, server: Any, tmp_path: Path, *, rows: int) -> tuple[str, Path]:
    """A table with a part of an export, and the export."""
    file, copy = tmp_path / "ledger.jsonl", aws.create_table(server.dynamodb_url, next(TABLES))
    export(WholeTable(client, table), file)
    with pytest.raises(ConnectionError):
        restore(WholeTable(Cut(client, rows), copy), file, window=2)
    return copy, file


@pytest.mark.parametrize("rows", [0, 3])
def test_a_restore_that_was_cut_goes_on_with_the_same_file_alone(
    client: Any, table: str, server: Any, tmp_path: Path, rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(client, table)
    copy, file = cut_restore(client, table, server, tmp_path, rows=rows)
    other = tmp_path / "other.jsonl"
    other.write_text(file.read_text().splitlines()[0] + "\n")
    with pytest.raises(BadInput, match="is not empty"):
        restore(WholeTable(client, copy), other)
    assert restore(WholeTable(client, copy), file) == 0
    total = len(file.read_text().splitlines())
    there = f", {rows} there already" if rows else ""
    assert f"{total} rows for {copy}: {total - rows} written{there}\n" in capsys.readouterr().out
    assert rows_in(client, copy) == rows_in(client, table)


def test_a_repeated_restore_keeps_what_a_stack_has_written_since_and_says_how_many(
    client: Any, table: str, server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(client, table)
    total = len(rows_in(client, table))
    copy, file = cut_restore(client, table, server, tmp_path, rows=total - 1)
    first, second, third, *_ = [json.loads(line)["Item"] for line in file.read_text().splitlines()]
    newer = {**first, "why": {"S": "the stack wrote this"}}
    client.put_item(TableName=copy, Item=newer)
    client.delete_item(TableName=copy, Key={part: second[part] for part in ("pk", "sk")})
    assert restore(WholeTable(client, copy), file) == 1
    said = capsys.readouterr().out
    assert "1 different, 1 deleted since" in said
    assert "2 rows not restored" in said
    rows = {(row["pk"]["S"], row["sk"]["S"]): row for row in WholeTable(client, copy).rows()}
    assert rows[(first["pk"]["S"], first["sk"]["S"])] == newer
    assert (second["pk"]["S"], second["sk"]["S"]) not in rows
    assert (third["pk"]["S"], third["sk"]["S"]) in rows
    assert restore(WholeTable(client, copy), file, overwrite=True) == 0
    assert "1 written" in (said := capsys.readouterr().out)
    assert "1 overwritten" in said
    assert rows_in(client, copy) == rows_in(client, table)
    with pytest.raises(BadInput, match="is not empty"):
        restore(WholeTable(client, copy), file, overwrite=True)


def test_of_a_row_that_an_export_has_twice_the_later_one_counts(client: Any, table: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    other, later = GOOD.replace('"s"}}', '"t"}}'), GOOD.replace('"schema"', '"why":{"S":"later"},"schema"')
    file.write_text("\n".join((GOOD, other, later)) + "\n")
    assert restore(WholeTable(client, table), file) == 0
    assert {row["sk"]["S"]: row.get("why") for row in WholeTable(client, table).rows()} == {"s": {"S": "later"}, "t": None}


def test_of_two_restores_that_find_the_same_empty_table_one_writes(client: Any, table: str, tmp_path: Path) -> None:
    fill(client, table)
    file = tmp_path / "ledger.jsonl"
    export(WholeTable(client, table), file)

    class Raced:
        """A DynamoDB whose scan was made before another restore began."""

        def __getattr__(self, name: str) -> Any:
            return (lambda **_: {"Items": []}) if name == "scan" else getattr(client, name)

    client.put_item(TableName=table, Item={"pk": {"S": "restore"}, "sk": {"S": "mark"}, "of": {"S": "another file"}})
    before = rows_in(client, table)
    with pytest.raises(BadInput, match="another restore"):
        restore(WholeTable(Raced(), table), file)
    assert rows_in(client, table) == before


def test_the_name_in_the_arn_of_a_refused_caller_is_forgotten_and_the_role_stays(client: Any, table: str) -> None:
    refused = refused_create_of(refused_create(), policy())
    assert refused is not None
    assert refused.caller == "assumed-role/dev/ada"
    ledger = DynamoLedger(client, table)
    for number, caller in enumerate((refused.caller, "user/ada", "ada", "user/adam")):
        ledger.market_signals.note_refused(replace(refused, event_id=str(number), caller=caller))
    assert forget(client, table, frozenset({"ada"}), write=True, wait=WAITED.append) == 0
    callers = [json.loads(row)["Item"]["body"]["M"]["caller"]["S"] for row in rows_in(client, table)]
    assert sorted(callers) == ["assumed-role/dev/forgotten", "forgotten", "user/adam", "user/forgotten"]


@pytest.mark.parametrize("read", ["entry#asked/bert/try-again/0", "head"])
def test_a_lineage_that_changes_during_the_scan_is_read_again_head_first(client: Any, table: str, read: str) -> None:
    ledger = fill(client, table)
    last, pk, second = {}, f"lineage#{lineage_id()}", Decision(entries=(replace(requested(), job="aa"),))
    for row in WholeTable(client, table, page=1).rows():
        last[(row["pk"]["S"], row["sk"]["S"])] = row
        if (row["pk"]["S"], row["sk"]["S"]) == (pk, read):  # the lineage changes after some of its rows were read
            read = ""
            ledger.lineages.commit(ledger.lineages.load(lineage_id()), second)
    assert last[(pk, "head")]["version"] == {"N": "2"}
    assert (pk, "entry#asked/aa/try-again/0") in last


def test_an_export_of_dynamodb_to_s3_can_be_restored(client: Any, table: str, server: Any, tmp_path: Path) -> None:
    fill(client, table)
    lines = rows_in(client, table)
    (tmp_path / "data").mkdir()
    for number, part in enumerate((lines[::2], lines[1::2])):
        (tmp_path / "data" / f"{number}.json.gz").write_bytes(gzip.compress("".join(f"{one}\n" for one in part).encode()))
    (tmp_path / "manifest-files.json").write_text('{"itemCount": 1}')
    copy = aws.create_table(server.dynamodb_url, next(TABLES))
    restore(WholeTable(client, copy), tmp_path)
    assert rows_in(client, copy) == lines


GOOD = '{"Item":{"pk":{"S":"p"},"schema":{"N":"1"},"sk":{"S":"s"}}}'


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "line 2 is not a row of a ledger"),
        ("[1]", "found no {\"Item\""),
        ('{"Item":{"pk":{"S":"p"},"schema":{"N":"1"}}}', "found no pk and sk"),
        (GOOD.replace('"1"', '"2"'), "schema is 2, and this version reads 1 to 1"),
        (GOOD.replace(',"schema":{"N":"1"}', ""), "schema is missing"),
        (GOOD.replace('{"S":"s"}', '{"S":"s","N":"1"}'), "wanted one type"),
        (GOOD.replace('{"S":"s"}', '{"S":"s"},"zip":{"B":"?"}'), "line 2 is not a row"),
        (GOOD.replace('{"S":"s"}', '{"S":"s"},"n":{"N":1}'), "wanted one of DynamoDB's types"),
        (GOOD.replace('{"S":"s"}', '{"S":"s"},"x":{"SS":[]}'), "wanted one of DynamoDB's types"),
        (GOOD.replace('{"S":"s"}', '{"S":"s"},"n":{"N":"one"}'), "wanted a number"),
        (GOOD.replace('{"S":"s"}', '{"S":"\\ud800"}'), "surrogates not allowed"),
        (GOOD.replace('"1"', f'"{"1" * 38}"'), "this version reads 1 to 1"),
        (GOOD[:-4], "line 2 is not a row"),
    ],
)  # fmt: skip
def test_a_file_with_one_bad_line_writes_nothing(client: Any, table: str, tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(BadInput) as raised:
        restore(WholeTable(client, table), file)
    assert problem in str(raised.value)
    assert rows_in(client, table) == []


def test_a_forgotten_person_is_in_no_row_and_the_sums_stay(client: Any, table: str, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = fill(client, table)
    person = frozenset({"ada", "U0ADA"})
    assert forget(client, table, person, write=False) == 0
    assert "4 rows and the sums of 1 day to rewrite; --yes does it" in capsys.readouterr().out
    assert any("U0ADA" in row for row in rows_in(client, table))
    assert forget(client, table, person, write=True, wait=WAITED.append) == 0
    assert "the name stays in other text of 1 row" in capsys.readouterr().out  # in the reason of the halt
    lineage = ledger.lineages.load(lineage_id())
    assert {entry.user for entry in lineage.entries if isinstance(entry, Started)} == {FORGOTTEN}
    assert {entry.who for entry in lineage.entries if isinstance(entry, UserRequested)} == {FORGOTTEN}
    assert len(lineage.open_intents()) == 1
    [(_, rollup)] = ledger.days.rollups(TODAY, TOMORROW)
    assert {group.user for group in rollup.groups} == {FORGOTTEN, "eve"}
    assert rollup.total == Savings(attempts=2, counterfactual_micros=14)
    left = [json.loads(row) for row in rows_in(client, table) if "ada" in row.lower().replace("forgotten", "")]
    assert [row["Item"]["pk"]["S"] for row in left] == ["halt"]
    assert forget(client, table, person, write=True, wait=WAITED.append) == 0
    assert "0 rows and the sums of 0 days rewritten" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"team": "vision", "user": "ada"}, {"team": "vision", "user": FORGOTTEN}),
        ({"requester": "ada", "team": "ada-lab"}, {"requester": FORGOTTEN, "team": "ada-lab"}),  # the policy names the tag
        ({"user": "eve"}, None),
        ({"user": ["ada"]}, None),  # a form that no version has written
    ],
)
def test_a_forgotten_person_is_in_none_of_the_tags_that_were_read_first(before: Any, after: Any) -> None:
    row = {"body": {"M": {"tags": {"S": json.dumps(before)}, "job": {"S": "ada"}}}}
    found = without(row, frozenset({"ada"}))
    assert (json.loads(found["body"]["M"]["tags"]["S"]) if found else None) == after
    assert found is None or found["body"]["M"]["job"] == {"S": "ada"}


def test_a_row_that_changes_while_a_person_is_forgotten_is_left_and_said(
    client: Any, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(client, table)

    class Raced:
        """A DynamoDB in which another writer always is faster."""

        def __getattr__(self, name: str) -> Any:
            return self._late if name == "update_item" else getattr(client, name)

        def _late(self, **asked: Any) -> Any:
            return client.update_item(**{**asked, "ConditionExpression": "attribute_not_exists(pk) AND #body = :before"})

    assert forget(Raced(), table, frozenset({"ada"}), write=True, wait=WAITED.append) == 1
    assert "1 row changed meanwhile: run the command again" in capsys.readouterr().out
