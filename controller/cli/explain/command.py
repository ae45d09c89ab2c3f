"""``spotwarden explain``: why a job in a file, or in SageMaker and in the ledger, gets its verdict, and what happens next."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer

from controller.aws.price_lookup import Prices
from controller.aws.system_clock import SystemClock
from controller.cli.cases.jobs import priced_region
from controller.cli.cases.run_cases import action_of
from controller.cli.check.command import described, job_name, known_tags
from controller.cli.check.judging import Checked, as_seen, check_document, check_job
from controller.cli.check.live_evidence import with_expectation
from controller.cli.documents import Found, documents
from controller.cli.explain.output import Explained, as_json, as_text
from controller.cli.explain.reasons import block_reasons, places_in, rule_reasons
from controller.cli.explain.short import in_short, why_not_again
from controller.cli.explain.timeline import Event, bounded, intent_text, timeline
from controller.cli.input.job_names import not_meant
from controller.cli.input.options import LOCAL_FOLDER, Format, OutputFormat, Table
from controller.cli.input.policy_source import PolicyUsed, policy_in_force, policy_of_folder
from controller.cli.open_ledger import with_ledger
from controller.cli.output.errors import BadInput
from controller.cli.output.printable import printable
from controller.cli.output.usage import BAD_INPUT
from controller.decide import decide
from controller.decide.decision import Decision, Need
from controller.decide.enforce.enforce import basis_of
from controller.decide.enforce.roll_out import rolled_out
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.ledger.intent import Announce, Intent, RefreshCard
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.policy.findings import VerdictKind
from controller.policy.judge import judge
from controller.policy.policy import Policy
from controller.policyfile import BadPolicy
from controller.policyfile.folder import policy_files
from controller.runtime.gather.gather import lineage_of, priced
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger


def run(
    target: Annotated[
        str,
        typer.Argument(metavar="JOB|FILE", help="A job's name or ARN on SageMaker, or a file with jobs; - is standard input."),
    ],
    policies: Annotated[
        str | None,
        typer.Option(
            "--policies",
            metavar="DIR",
            help=f"The policy folder. Default: for JOB the policies that the stack uses, for FILE ./{LOCAL_FOLDER}.",
        ),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tags", metavar="KEY=VALUE", help="A tag that the jobs have, where their documents do not say. Repeatable."
        ),
    ] = None,
    format_: Format = OutputFormat.TEXT,
    table: Table = None,
) -> int:
    """Explain every job in a file, or one job in SageMaker and in the ledger."""
    given, name = known_tags(tags), job_name(target)

    def write(found: Explained) -> None:
        sys.stdout.write(as_json(found) if format_ is OutputFormat.JSON else as_text(found))

    def explain_job(ledger: Ledger, clock: Clock) -> int:
        used = policy_in_force(ledger.revisions) if policies is None else policy_of_folder(policies)
        return _explain_job(name or target, target, used, ledger, clock, write)

    try:
        if name is not None:
            return with_ledger(table, explain_job)
        return _explain_file(target, policy_of_folder(policies), given, write)
    except BadPolicy as error:
        print(error.text, file=sys.stderr)
        return BAD_INPUT


def _explain_file(target: str, used: PolicyUsed, given: Mapping[str, str] | None, write: Callable[[Explained], None]) -> int:
    """Explain every job in a file, as if it were created now."""
    now, code = SystemClock().now(), 0
    for found in documents(target):
        checked = check_document(found, used.policy, given, now=now, as_made=lambda job: _made(job, now))
        if checked.word is None:
            print(printable(found.with_place(checked.error)), file=sys.stderr)
            code = BAD_INPUT
            continue
        write(explained(checked, used, now))
    return code


def _explain_job(
    name: str, target: str, used: PolicyUsed, ledger: Ledger, clock: Clock, write: Callable[[Explained], None]
) -> int:
    """Explain a job as SageMaker describes it now, with its timeline. Raises BadInput and AwsUnreachable."""
    policy = used.policy
    job = described(name, policy)
    if job is None:
        raise BadInput(f"found no training job {name} in this account and region")
    if other := not_meant(target, job.account, job.region):
        raise BadInput(other)
    now = clock.now()
    lineage, number = lineage_of(job, ledger.lineages)
    seen = as_seen(job, policy)
    facts = _facts(seen, policy, now, Prices(ledger.prices.rates, lambda: policy.agreed_rates))
    facts = replace(facts, lineage=lineage, number=number)
    if facts.claim is not None and job.alive:
        facts = replace(facts, claims=ledger.claims.claims_on(facts.claim.bucket))
    facts = with_expectation(facts, ledger)
    found = Found(file="SageMaker", kind="job on SageMaker", name=name, request=None)
    checked = check_job(job, basis_of(facts), found)
    write(explained(checked, used, now, facts))
    return 0


def _made(job: Job, now: datetime) -> Job:
    """The job of a request as if it were created now."""
    if "created_at" not in job.unknown:
        return job
    status, secondary = job.status or "InProgress", job.secondary or "Starting"
    return replace(job, created_at=now, status=status, secondary=secondary, unknown=job.unknown - {"created_at"})


def _facts(job: Job, policy: Policy, now: datetime, prices: Prices | None = None) -> Facts:
    prices = prices or Prices(agreed=lambda: policy.agreed_rates)
    facts = Facts(
        now=now, job=job, number=1, lineage=Lineage(id=LineageId.of(job)), policy=policy, rate=None, claims=None,
        looked_up=frozenset(Need),
    )  # fmt: skip
    return priced(facts, prices, priced_region(job))


def explained(checked: Checked, used: PolicyUsed, now: datetime, facts: Facts | None = None) -> Explained:
    """The whole explanation of a job. ``facts``: what is known about a job in the ledger; None for a job in a file."""
    policy, folder = used.policy, used.folder
    files = tuple(str(path) for path in policy_files(folder).policies) if folder is not None else ()
    found = Explained(checked=checked, at=now, folder=used.where, files=files, revision=policy.revision)
    job = checked.job
    if job is None:
        return found
    places = places_in(folder)
    known = facts if facts is not None else _facts(job, policy, now)
    basis = basis_of(known)
    verdict = judge(job, basis, known.directives if facts is not None else None)
    verdict = replace(verdict, findings=rolled_out(known, verdict.findings).findings)
    decision = decide(known) if checked.word is not VerdictKind.REFUSED else Decision()  # SageMaker would not create it
    blocks = block_reasons(job, policy, places)
    short = in_short(known.lineage, policy, job.name) if facts is not None else ()
    if len(short) == 1 and job.cause is not None:  # it has no sentence yet about the failure
        short = (*short, why_not_again(blocks))
    return replace(
        found,
        priced_in="" if job.region or not policy.resubmissions else priced_region(job),
        older=job.alive and "created_at" not in job.unknown and job.created_at < policy.in_force_at,
        rules=rule_reasons(job, policy, basis.evidence, verdict, now, places, basis.given),
        blocks=blocks,
        action=action_of(decision),
        coming=_coming(decision, known.lineage),
        lineage=str(known.lineage.id) if facts is not None else "",
        story=timeline(known.lineage) if facts is not None else None,
        short=short,
    )


def _coming(decision: Decision, lineage: Lineage) -> tuple[Event, ...]:
    """The open intents, and those that would be decided now, sorted by time."""
    gone = {intent.key for intent in decision.withdrawn}
    standing = [intent for intent in lineage.open_intents() if intent.key not in gone]
    new = [intent for intent in decision.intents if not isinstance(intent.action, RefreshCard)]
    events = [_event(intent) for intent in {intent.key: intent for intent in (*standing, *new)}.values()]
    return tuple(sorted(events, key=lambda event: event.at))


def _event(intent: Intent) -> Event:
    kind = "message" if isinstance(intent.action, Announce) else "intent"
    return Event(at=intent.due_at, kind=kind, text=bounded(intent_text(intent)), open=True)
