"""``spotwarden export history``: writes a line for each training job of an account that has ended.

It calls ListTrainingJobs (newest first), DescribeTrainingJob, ListTags and, for algorithm resources, DescribeAlgorithm. If the
file exists already, the export continues: jobs with a complete line in it are not described again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from controller.aws.sagemaker.described_members import UNACCOUNTED
from controller.cli.aws_calls import asking, patient_client
from controller.cli.history.recorded import PRODUCT_ID, document_of
from controller.cli.history.redaction import redacted
from controller.cli.output.errors import BadInput
from controller.cli.output.output_file import refuse_unwritable
from controller.units.duration import BadDuration, seconds
from controller.units.plural import count

PROGRESS_EVERY = 200
CUT_LINE = b'{"TrainingJob'  # the beginning of a line; an incomplete last line is written again
LISTS_MAX = 5  # how often listing starts over when SageMaker refuses its own NextToken
NOT_DESCRIBED = frozenset({"ResponseMetadata", UNACCOUNTED})  # what boto3 and this code's client add to the answer
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})

JobKey = tuple[str, str]
"""A job's name and creation time: a name may be used again after DeleteTrainingJob."""


@dataclass(slots=True, kw_only=True)
class Export:
    """One run. ``known``: the jobs that are in the file. The numbers count jobs: written, skipped because they are known,
    still running, and deleted meanwhile.
    """

    client: Any
    since: datetime
    redact: bool
    known: set[JobKey] = field(default_factory=set)
    written: int = 0
    skipped: int = 0
    running: int = 0
    gone: int = 0
    _algorithms: dict[str, str | None] = field(default_factory=dict)

    def lines(self) -> Iterator[tuple[str, datetime]]:
        """A line for each job that has ended and is not known yet, newest first, with its creation time. Raises BadInput."""
        for _ in range(LISTS_MAX):
            finished = yield from self._listed()
            if finished:
                return
        raise BadInput("ListTrainingJobs refuses its own token again and again; run the command again to continue")

    def _listed(self) -> Generator[tuple[str, datetime], None, bool]:
        """One pass over the list; returns whether it reached the end."""
        token = ""
        self.running = self.skipped = 0
        while True:
            asked: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
            page = self._page(asked | ({"NextToken": token} if token else {}), continued=bool(token))
            if page is None:
                return False
            for summary in page["TrainingJobSummaries"]:
                if summary["CreationTime"] < self.since:
                    return True
                yield from self._line(summary)
            token = page.get("NextToken") or ""
            if not token:
                return True

    def _page(self, asked: Mapping[str, Any], *, continued: bool) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        from controller.aws.errors import AwsFault, fault_of

        try:
            page: Mapping[str, Any] = self.client.list_training_jobs(**asked)
        except ClientError as error:
            if continued and fault_of(error) is AwsFault.INVALID:
                return None
            raise
        return page

    def _line(self, summary: Mapping[str, Any]) -> Iterator[tuple[str, datetime]]:
        if summary["TrainingJobStatus"] not in TERMINAL:
            self.running += 1
            return
        key = (summary["TrainingJobName"], summary["CreationTime"].astimezone(UTC).isoformat())
        if key in self.known:
            self.skipped += 1
            return
        described = self._described(summary["TrainingJobName"])
        if described is None or described["CreationTime"] != summary["CreationTime"]:
            self.gone += 1
            return
        self.known.add(key)
        self.written += 1
        yield (
            json.dumps(redacted(described) if self.redact else described, default=_plain, ensure_ascii=True),
            summary["CreationTime"],
        )

    def _described(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        from controller.aws.errors import AwsFault, fault_of

        try:
            answer = self.client.describe_training_job(TrainingJobName=name)
            tags = self._tags(answer["TrainingJobArn"])
        except ClientError as error:
            if fault_of(error) is AwsFault.MISSING:
                return None
            raise
        described = {member: value for member, value in answer.items() if member not in NOT_DESCRIBED} | {"Tags": tags}
        algorithm = (described.get("AlgorithmSpecification") or {}).get("AlgorithmName")
        product = self._product(algorithm) if algorithm else None
        return described if product is None else {**described, PRODUCT_ID: product}

    def _product(self, algorithm: str) -> str | None:
        """The Marketplace ProductId of an algorithm, empty for one without; None if DescribeAlgorithm is refused."""
        from botocore.exceptions import ClientError

        from controller.aws.errors import AwsFault, fault_of

        if algorithm not in self._algorithms:
            try:
                answer = self.client.describe_algorithm(AlgorithmName=algorithm)
                self._algorithms[algorithm] = answer.get("ProductId") or ""
            except ClientError as error:
                if fault_of(error) not in (AwsFault.DENIED, AwsFault.MISSING, AwsFault.INVALID):
                    raise  # not known at the moment: the export ends, and can be continued later
                self._algorithms[algorithm] = None  # the job is judged by its AlgorithmName alone
        return self._algorithms[algorithm]

    def _tags(self, arn: str) -> list[dict[str, str]]:
        tags: list[dict[str, str]] = []
        token = ""
        while True:
            page = self.client.list_tags(ResourceArn=arn, **({"NextToken": token} if token else {}))
            tags += ({"Key": tag["Key"], "Value": tag["Value"]} for tag in page["Tags"])
            token = page.get("NextToken") or ""
            if not token:
                return tags


def run(
    since: Annotated[
        str, typer.Option("--since", metavar="AGE", help="Jobs created since then: 90d, 12h, or a day such as 2026-10-01 (UTC).")
    ] = "90d",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Write to this file, or continue it, instead of standard output."),
    ] = None,
    with_values: Annotated[
        bool,
        typer.Option(
            "--with-values", help="Keep the values of hyperparameters, environment and command lines: they may be secrets."
        ),
    ] = False,
) -> int:
    """Write the history of this account and region, with its progress on standard error."""
    from controller import wiring

    refuse_unwritable(out)
    now = wiring.clock().now()
    begin = _period_start(since, now)
    if begin >= now:
        raise BadInput(f"--since: found {since!r}, wanted a time that has passed")
    return asking(lambda: export(patient_client("sagemaker"), begin, out, redact=not with_values))


def export(client: Any, since: datetime, out: Path | None, *, redact: bool = True) -> int:
    """Write the lines. Raises BadInput, and boto3's errors as they are."""
    stream, known = _continued(out, redact=redact) if out is not None else (sys.stdout.buffer, set())
    work = Export(client=client, since=since, redact=redact, known=known)
    if known:
        _print_to_stderr(f"{out} has {count(len(known), 'job')} already")
    try:
        for line, created_at in work.lines():
            stream.write(line.encode() + b"\n")
            stream.flush()
            if work.written % PROGRESS_EVERY == 0:
                _print_to_stderr(f"{count(work.written, 'job')} written, back to {created_at:%Y-%m-%d %H:%M} UTC")
    finally:
        _print_to_stderr(_summary(work))
        if out is not None:
            stream.close()
    return 0


def _summary(work: Export) -> str:
    parts = [f"{count(work.written, 'job')} written, {work.skipped} there already, {work.running} not ended yet and left out"]
    if work.gone:
        parts.append(f"{work.gone} deleted meanwhile")
    return ", ".join(parts)


def _continued(out: Path, *, redact: bool) -> tuple[BinaryIO, set[JobKey]]:
    """The file, open at the end of its last complete line, and the jobs in it. Raises BadInput."""
    try:
        stream = out.open("r+b" if out.exists() else "w+b")
    except OSError as error:
        raise BadInput(f"{out}: found {error.strerror}, wanted a file to write to") from error
    known: set[JobKey] = set()
    end = 0
    for number, line in enumerate(stream, start=1):
        if not line.endswith(b"\n") and (line.startswith(CUT_LINE) or CUT_LINE.startswith(line)):
            break
        try:
            document = document_of(line)
            known.add((document["TrainingJobName"], _moment(document["CreationTime"])))
            plain = redact and redacted(document) != document
        except (KeyError, ValueError, TypeError) as error:
            stream.close()
            raise BadInput(
                f"{out}: line {number} is not a job of an export ({type(error).__name__}), wanted an earlier export to continue"
            ) from error
        if plain:
            stream.close()
            raise BadInput(
                f"{out}: line {number} has values that may be secrets: continue with --with-values, or write to another file"
            )
        end += len(line)
    stream.seek(end)
    stream.truncate()
    return stream, known


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()


def _period_start(text: str, now: datetime) -> datetime:
    try:
        return now - timedelta(seconds=seconds(text))
    except BadDuration as problem:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise BadInput(f"--since: found {text!r}, wanted {problem.wanted}, or a day such as 2026-10-01") from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _print_to_stderr(text: str) -> None:
    print(text, file=sys.stderr)
