"""What people see after typical mistakes is in ``mistakes.md``: one sentence, the next step, and the exit code.

``python -m tests.unit.cli.test_mistakes`` writes the file again.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from controller import wiring
from controller.cli import main

FILE = Path(__file__).with_name("mistakes.md")
TABLE = ["--table", "T"]
MISTAKES: tuple[list[str], ...] = (
    ["chekc", "job.json"],
    ["export"],
    ["backtest"],
    ["check"],
    ["check", "none.json"],
    ["check", "job.json", "--polcies", "p"],
    ["check", "job.json", "--format", "jsno"],
    ["check", "job.json", "--tags", "team"],
    ["check", "job.json", "--policies", "none"],
    ["check", "bert-2026"],
    ["check", "."],
    ["check", "JOB.jsn"],
    ["check", "s3://acme/job.json"],
    ["check", "https://example.com/job.json"],
    ["check", "arn:aws:sagemaker:us-east-1:111122223333:processing-job/p"],
    ["check", "job.json", "--tags", "team:vision"],
    ["help", "check"],
    ["version"],
    ["classify"],
    ["classify", "job.json"],
    ["classify", ""],
    ["check", "job.json", "--tags", "=vision"],
    ["check", "job.json", "--policies", "job.json"],
    ["check", "job.json", "--region"],
    ["audit", *TABLE, "--bill"],
    ["audit", *TABLE, "--bill", "s3://acme"],
    ["check", "job.json", "--policies", ""],
    ["check", ""],
    ["report", *TABLE, "--out", "none/report.html"],
    ["backtest", "policies", "--history"],
    ["CHECK", "job.json"],
    ["--verison"],
    ["report", *TABLE, "--format", "pdf"],
    ["report", *TABLE, "--period", "2026-W60"],
    ["report", "--ledger", "none.jsonl"],
    ["report", "--ledger", "job.json"],
    ["audit", *TABLE, "--bill", "none.csv"],
    ["explain", "bert", "--at", "yesterday"],
    ["report", *TABLE, "--period", "2026-10-31..2026-10-01"],
    ["compile", "none"],
    ["validate", "none"],
    ["validate", "job.json"],
    ["test", "none"],
    ["explain", "none.json"],
    ["explain", "bert-2026"],
    ["init", "job.json"],
    ["schema", "--output", "none/schema.json"],
    ["backtest", "policies"],
    ["backtest", "policies", "--history", "none.jsonl"],
    ["export", "history", "--since", "3 months"],
    ["export", "history", "--since", "2999-01-01"],
    ["report"],
    ["report", *TABLE],
    ["report", *TABLE, "--period", "2026-13"],
    ["report", *TABLE, "--period", "last moth"],
    ["report", *TABLE, "--by", "tema"],
    ["report", *TABLE, "--region", "us-esat-1"],
    ["report", *TABLE, "--region", "US East"],
    ["report", *TABLE, "--profile", "nobody"],
    ["audit", *TABLE, "--perod", "2026-10"],
    ["advise", "bert", *TABLE, "--days", "9999"],
    ["advise", *TABLE],
    ["halt", *TABLE],
    ["halt", "--why", " ", *TABLE],
    ["resume", "--tabel", "T"],
    ["cancel", "not a name", *TABLE],
    ["cancel", "bert", *TABLE],
    ["status"],
    ["status", *TABLE, "--region", "us-east-1"],
    ["redrive"],
    ["redrive", "--function", "JobChanged"],
    ["replay", "--since", "yesterday", "--function", "F"],
    ["doctor", "--stck", "x"],
    ["slack-manifest", "--url", "http://x"],
)
CLEARED = ("AWS_", "SPOTWARDEN_")


@contextmanager
def nowhere() -> Iterator[None]:
    """An empty folder, without credentials, region, table or policies."""
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name in [name for name in os.environ if name.startswith(CLEARED)]:
            del os.environ[name]
        none = str(Path(folder, "none.ini"))
        os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none}
        Path("job.json").write_text('{"TrainingJobName": "bert"}', "utf-8")
        wiring.client.cache_clear()
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)
            wiring.client.cache_clear()


def transcript() -> str:
    lines = ["# Typical mistakes on the command line", ""]
    with nowhere():
        for arguments in MISTAKES:
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                code = main(arguments)
            shown = " ".join(f'"{word}"' if " " in word or not word else word for word in arguments)
            lines += [
                "```",
                f"$ spotwarden {shown}",
                *(out.getvalue() + err.getvalue()).splitlines(),
                f"exit code {code}",
                "```",
                "",
            ]
    return "\n".join(lines)


def test_typical_mistakes_end_with_one_sentence_and_the_right_exit_code() -> None:
    assert transcript() == FILE.read_text("utf-8"), "python -m tests.unit.cli.test_mistakes"


if __name__ == "__main__":
    FILE.write_text(transcript(), "utf-8")
