"""Commands that reach the ledger say what they did, and clearly what they lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controller import wiring
from controller.aws.dynamodb.ledger import DynamoLedger
from controller.cli import main
from controller.decide.decision import Decision
from infra.local import aws
from tests.builders import lineage
from tests.unit.savings.test_advice import PAST

TABLE = "Commanded"


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoLedger]:
    with aws.start(dynamodb=aws.ATOMIC) as local:
        aws.create_table(local.dynamodb_url, name=TABLE)
        for name, value in {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": aws.REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": local.dynamodb_url, "SPOTWARDEN_TABLE": TABLE,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        wiring.client.cache_clear()
        yield DynamoLedger(wiring.client("dynamodb"), TABLE)
        wiring.client.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_a_halt_is_called_with_its_reason_and_ended(ledger: DynamoLedger, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "halt", "--why", "a policy went wild", "--who", "ada")
    halt = ledger.halt()
    assert code == 0
    assert halt is not None
    assert (halt.why, halt.who) == ("a policy went wild", "ada")
    assert out.endswith("by ada: a policy went wild\n")
    code, out, _ = said(capsys, "resume")
    assert (code, ledger.halt()) == (0, None)
    assert out.startswith("resumed; it was halted since ")
    assert said(capsys, "resume")[1] == "nothing was halted\n"


@pytest.mark.usefixtures("ledger")
def test_a_halt_without_a_reason_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "halt", "--why", " ")[::2] == (
        2,
        "spotwarden halt: --why is empty, wanted a reason that people will read\n",
    )


def test_without_a_table_the_message_says_where_its_name_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPOTWARDEN_TABLE", raising=False)
    code, _, err = said(capsys, "resume")
    assert code == 2
    assert err.startswith("spotwarden resume: found no table, wanted --table NAME or SPOTWARDEN_TABLE")


@pytest.mark.usefixtures("ledger")
def test_a_table_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "halt", "--why", "x", "--table", "Elsewhere")
    assert code == 2
    assert err.startswith("spotwarden halt: ")
    assert "ResourceNotFoundException" in err


class Later:
    """A clock of two days after the runs that the ledger holds."""

    @staticmethod
    def now() -> Any:
        return max(entry.at for entry in PAST)


def test_advice_is_read_from_the_ledger(ledger: DynamoLedger, capsys: pytest.CaptureFixture[str]) -> None:
    wiring.install(clock=Later())
    assert ledger.commit(lineage(), Decision(entries=tuple(PAST)))
    code, out, err = said(capsys, "advise", "train-bert", "--days", "3")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "train-bert: advice from 9 completed runs"
    code, _, err = said(capsys, "advise", "nobody", "--days", "3")
    assert (code, err) == (2, "spotwarden advise: found 0 completed runs of 'nobody', wanted at least 3\n")
