"""Commands that use the ledger print what they did, and name what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError

from controller import wiring
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.cli import main
from controller.cli.halt import resume
from controller.cli.open_ledger import with_ledger
from controller.cli.output.errors import AwsUnreachable
from controller.decide.decision import Decision
from controller.ledger.entry import Finished
from controller.ledger.halt import Halt
from controller.runtime.ports.answers import Unreachable
from infra.local import aws
from tests.account import Account, Clock
from tests.builders import BEGIN, lineage, policy, rate
from tests.client_errors import client_error
from tests.simulation.memory import MemoryLedger
from tests.unit.savings.test_advice import PAST

TABLE = "Commanded"
OTHER = Halt(why="the next incident", who="grace", since=BEGIN)


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


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_a_halt_is_stored_with_its_reason_and_removed(ledger: DynamoLedger, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "halt", "--why", "a policy stops too much", "--who", "ada")
    halt = ledger.halts.halt()
    assert code == 0
    assert halt is not None
    assert (halt.why, halt.who) == ("a policy stops too much", "ada")
    assert out.endswith("by ada: a policy stops too much\n")
    code, out, _ = run(capsys, "resume")
    assert (code, ledger.halts.halt()) == (0, None)
    assert out.startswith("resumed; it was halted since ")
    assert run(capsys, "resume")[1] == "nothing was halted\n"


@pytest.mark.parametrize(("meanwhile", "code", "says"), [
    (OTHER, 1, "not resumed: it is halted since 2026-03-02 09:00 UTC by grace: the next incident."),
    (None, 0, "resumed by somebody else"),
])  # fmt: skip
def test_resume_does_not_end_a_halt_that_was_called_at_the_same_moment(
    meanwhile: Halt | None, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Crowded(MemoryLedger):
        """Halts that somebody else replaces right after a halt was read."""

        def halt(self) -> Halt | None:
            found = super().halt()
            self.halted = meanwhile
            return found

    ledger = Crowded()
    ledger.set_halt(replace(OTHER, who="ada", why="an incident"))
    assert resume(ledger, Clock(Account(policy()))) == code
    assert capsys.readouterr().out.startswith(says)
    assert ledger.halted == meanwhile


@pytest.mark.usefixtures("ledger")
def test_a_halt_without_a_reason_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "halt", "--why", " ")[::2] == (
        2,
        "spotwarden halt: --why is empty, wanted a reason that people will read\n",
    )


def test_without_a_table_the_error_says_where_to_find_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPOTWARDEN_TABLE", raising=False)
    code, _, err = run(capsys, "resume")
    assert code == 2
    assert err.startswith("spotwarden resume: found no table, wanted --table NAME or SPOTWARDEN_TABLE")


@pytest.mark.usefixtures("ledger")
def test_a_missing_table_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "halt", "--why", "x", "--table", "Elsewhere")
    assert code == 5
    assert err == (
        "spotwarden halt: found no table 'Elsewhere' in this account and region (ResourceNotFoundException),"
        " wanted the stack's output Ledger; check --region and --profile too\n"
    )


class Later:
    """A clock two days after the runs in the ledger."""

    @staticmethod
    def now() -> Any:
        return max(entry.at for entry in PAST)


def test_advice_is_read_from_the_ledger(ledger: DynamoLedger, capsys: pytest.CaptureFixture[str]) -> None:
    wiring.install(clock=Later())
    assert ledger.lineages.commit(lineage(), Decision(entries=tuple(PAST)))
    code, out, err = run(capsys, "advise", "train-bert", "--days", "3")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "train-bert: advice from 9 completed runs"
    assert "MaxRuntimeInSeconds     40500  25 % above the 95% quantile of training time; 100% of past runs fit" in out
    code, _, err = run(capsys, "advise", "nobody", "--days", "3")
    assert (code, err) == (2, "spotwarden advise: found 0 completed runs of 'nobody', wanted at least 3\n")


def test_advice_has_the_prices_of_the_region_in_which_the_family_ran(
    ledger: DynamoLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    wiring.install(clock=Later())
    others = next(e for e in PAST if isinstance(e, Finished))
    first = replace(others, job="gpt-1", family="gpt", region="eu-west-1", at=others.at - timedelta(minutes=1))
    assert ledger.lineages.commit(lineage(), Decision(entries=(first, *PAST)))
    ledger.prices.note_rates("us-east-1", {"ml.g5.2xlarge": rate(1_400_000)})  # the packaged table has another one
    code, out, _ = run(capsys, "advise", "train-bert", "--days", "3")
    assert (code, "among the types it ran on in us-east-1" in out) == (0, True)
    assert "on-demand $7.00" in out


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            NoCredentialsError(),
            "found no AWS credentials, wanted --profile, a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (NoRegionError(), "found no AWS region, wanted --region, AWS_DEFAULT_REGION, or a profile that names one"),
        (client_error("AccessDenied", operation="GetItem"), "AccessDenied"),
        (Unreachable("DynamoDB get_item on T: timed out"), "DynamoDB get_item on T: timed out"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_missing_aws_settings_are_named(error: Exception, message: str) -> None:
    def failing(*_: object) -> int:
        raise error

    with pytest.raises(AwsUnreachable) as refused:
        with_ledger(TABLE, failing)
    assert message in str(refused.value)
