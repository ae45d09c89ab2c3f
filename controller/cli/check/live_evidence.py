"""What the ledger contains about a job in SageMaker that rules need: the expectation on spot, and waivers from Slack."""

from __future__ import annotations

from dataclasses import replace

from controller.aws.price_lookup import Prices
from controller.cli.check.judging import NOTHING_SEEN, as_seen
from controller.cli.open_ledger import with_ledger
from controller.decide.enforce.enforce import basis_of
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.policy.waiver import Waiver
from controller.runtime.gather.gather import RUNS_MAX, asks_worth, lineage_of, with_worth
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger


def live_evidence(job: Job, policy: Policy, table: str) -> Evidence:
    """The evidence in the ledger; empty if no rule needs it. Raises BadInput and AwsUnreachable."""
    known, seen = [NOTHING_SEEN], as_seen(job, policy)
    if not any(rule.kind == SPOT_WORTH_IT.id and rule.about(seen) for rule in policy.rules):
        return NOTHING_SEEN

    def asking(ledger: Ledger, clock: Clock) -> int:
        lineage, number = lineage_of(job, ledger.lineages)
        facts = Facts(now=clock.now(), job=seen, number=number, lineage=lineage, policy=policy, rate=None, claims=None)
        known[0] = replace(NOTHING_SEEN, spot_worth=with_expectation(facts, ledger).spot_worth)
        return 0

    with_ledger(table, asking)
    return known[0]


def live_waivers(job: Job, policy: Policy, table: str) -> tuple[Waiver, ...]:
    """The waivers that people gave in Slack for the job's lineage. Raises BadInput and AwsUnreachable."""
    given: list[Waiver] = []

    def asking(ledger: Ledger, clock: Clock) -> int:
        lineage, number = lineage_of(job, ledger.lineages)
        facts = Facts(now=clock.now(), job=job, number=number, lineage=lineage, policy=policy, rate=None, claims=None)
        given.extend(basis_of(facts).given)
        return 0

    with_ledger(table, asking)
    return tuple(given)


def with_expectation(facts: Facts, ledger: Ledger) -> Facts:
    """The facts with what is expected of the job on spot, if a rule needs it."""
    if not asks_worth(facts) or facts.owned:
        return facts
    job = facts.job
    facts = replace(facts, history=ledger.histories.history(job.account, job.region, facts.family, RUNS_MAX))
    return with_worth(facts, ledger.pools, Prices(ledger.prices.rates))
