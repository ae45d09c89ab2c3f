"""``spotwarden cancel``: cancels the attempt that waits to be submitted after a job.

The request and the withdrawal of the Submit are in one transaction: the attempt is called off or submitted, never both.
"""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from controller.cli.input.job_names import job_name, not_meant
from controller.cli.input.options import Table
from controller.cli.open_ledger import with_ledger
from controller.cli.output.errors import BadInput
from controller.decide.call_off import open_submit, recorded, waiting_attempt
from controller.decide.user_requests import REASON_MAX, request_of
from controller.ledger.entry import Ended
from controller.ledger.halt import WHO_MAX
from controller.ledger.intent import Submit
from controller.ledger.lineage import Lineage, mode_of, newest_attempt
from controller.ledger.lineage_id import LineageId
from controller.policy.user_request import UserRequest
from controller.runtime.gather.gather import lineage_of
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.aws import Clock, Jobs
from controller.runtime.ports.ledger import Ledger
from controller.units.free_text import one_line

TRIES = 3
NOTHING_WAITS = 1  # the exit code


def run(
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="The name or ARN of the job that ended, or the name of the attempt that waits.")
    ],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, at most 300 characters; people are told.")] = "",
    who: Annotated[
        str | None, typer.Option("--who", metavar="NAME", help="Who cancels it. Default: this machine's user.")
    ] = None,
    table: Table = None,
) -> int:
    """Call the attempt off. If none waits, print that and return 1."""
    name = job_name(job)
    if name is None:
        raise BadInput(f"JOB: found {one_line(job, 100)!r}, wanted a training job's name or ARN")

    def cancelling(ledger: Ledger, clock: Clock) -> int:
        from controller import wiring
        from controller.aws.sagemaker.jobs import SageMakerJobs
        from controller.aws.stack_parameters import identity_key

        jobs = SageMakerJobs(wiring.client("sagemaker"), key=identity_key())
        lineage = _lineage_named(name, jobs, ledger)
        if other := not_meant(job, lineage.account, lineage.region):
            raise BadInput(other)
        code, said = cancel(
            lineage, ledger, clock, who=one_line(who or getpass.getuser(), WHO_MAX), why=one_line(why, REASON_MAX)
        )  # fmt: skip
        print(said)
        return code

    return with_ledger(table, cancelling)


def cancel(id: LineageId, ledger: Ledger, clock: Clock, *, who: str, why: str) -> tuple[int, str]:
    """Call off the attempt that waits in a lineage. Returns the exit code and the sentence to print. Raises Unreachable."""
    for _ in range(TRIES):
        lineage, now = ledger.lineages.load(id), clock.now()
        waiting = waiting_attempt(lineage)
        if waiting is None:
            return NOTHING_WAITS, _nothing_waits(lineage)
        request = request_of(UserRequest.CANCEL, lineage, job=waiting.about, who=who, at=now, why=why)
        current = ledger.revisions.current()
        decision = recorded([request], lineage, now).under(current.revision if current else "", mode_of(lineage))
        if ledger.lineages.commit(lineage, decision.leased(now, now)):
            return 0, f"{waiting.job} is cancelled: {waiting.about} is not submitted again automatically"
    raise Unreachable(f"the lineage {id} changed {TRIES} times at the same moment; run the command again")


def _nothing_waits(lineage: Lineage) -> str:
    intent, last = open_submit(lineage), newest_attempt(lineage)
    if intent is not None and isinstance(intent.action, Submit):
        return f"{intent.action.job} is being submitted at this moment, or was cancelled; nothing was changed"
    if last is None:
        return f"the ledger knows no attempt of {lineage.id.root}; nothing was changed"
    ended = lineage.entry(Ended, last.job)
    state = f"it {ended.outcome.label}" if ended else "it is running"
    return f"no attempt waits after {last.job} ({state}); nothing was changed"


def _lineage_named(name: str, jobs: Jobs, ledger: Ledger) -> LineageId:
    """The lineage of a job in SageMaker, or of an attempt that is not submitted yet. Raises BadInput and Unreachable."""
    from controller import wiring

    described = jobs.describe(name)
    if described is not None:
        return lineage_of(described, ledger.lineages)[0].id
    sts = wiring.client("sts")
    found = ledger.lineages.submitter(sts.get_caller_identity()["Account"], sts.meta.region_name, name)
    if found is None:
        raise BadInput(f"found no training job {name} in this account and region, and no attempt of that name that waits")
    return found
