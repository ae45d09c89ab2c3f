"""Probes for spot capacity on behalf of a job that was moved to on-demand, if the policy allows it.

A probe is a short spot job on the same instance type: if it gets an instance, the pool has capacity.
"""

from __future__ import annotations

from datetime import timedelta

from controller.decide.announce import say
from controller.decide.deadline.outlook import outlook
from controller.decide.deadline.spot_or_on_demand import Move, worth_a_move
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.changes import RequestForm
from controller.jobs.spot_possible import why_not_spot
from controller.ledger.attempt_name import probe_name
from controller.ledger.intent import Intent, Probe, Wake
from controller.ledger.messages.message import JobFacts, Probing
from controller.ledger.move_cause import MoveCause
from controller.policy.mode import Mode

EVERY = timedelta(minutes=30)
PROBES_MAX = 20  # per attempt
ENTRYPOINT = (AlgorithmClass.FRAMEWORK, AlgorithmClass.CUSTOM)  # images with an entry point that a request may replace


def probe_capacity(facts: Facts) -> Decision:
    """Decide a Probe each half hour while a job runs on-demand for its deadline, no signal shows capacity, and there is time to
    return to spot.
    """
    job, block = facts.job, facts.policy.resubmission_for(facts.job)
    if block is None or block.mode is not Mode.ENFORCE or not (block.deadline.probe and block.deadline.back_to_spot):
        return Decision()
    if job.spot or not job.alive or not job.intervals or not facts.newest or facts.history is None or facts.spot_seen:
        return Decision()
    if job.algorithm.klass not in ENTRYPOINT or job.unrepeatable or why_not_spot(job):
        return Decision()
    if not _moved_here(facts) or not _pays(facts):
        return Decision()
    since = job.intervals[0].start
    nth = max((facts.now - since) // EVERY, 0)
    wake_at = since + (nth + 1) * EVERY
    wake = Intent(action=Wake(about=job.name, at=wake_at), due_at=wake_at)
    if not 0 < nth <= PROBES_MAX:
        return Decision(intents=(wake,) if nth == 0 else ())
    one = Probe(
        about=job.name, job=probe_name(facts.lineage.id, facts.number, nth), pool=f"{job.region}/{job.instance_type}",
        born_at=job.created_at, identity=job.probe_identity, sent=RequestForm.of(job).probing().to_json(),
    )  # fmt: skip
    probe = Intent(action=one, due_at=since + nth * EVERY)
    return Decision(intents=(wake, probe)) | say(facts, Probing(job=JobFacts.of(job)))


def _moved_here(facts: Facts) -> bool:
    """Whether this attempt is on-demand because of its deadline: other on-demand jobs are never moved to spot."""
    made = next((submit for submit, _ in facts.lineage.submits() if submit.number == facts.number), None)
    return made is not None and made.cause is MoveCause.DEADLINE


def _pays(facts: Facts) -> bool:
    """Whether the slack covers a return to spot: a start on-demand again, and two decisions that come late."""
    block = facts.policy.resubmission_for(facts.job)
    if block is None:
        return False
    seen = outlook(facts, block)
    if seen is None or seen.move is not Move.STAY or not worth_a_move(seen.state, seen.costs):
        return False
    needs = timedelta(seconds=seen.costs.overhead_s + 2 * seen.costs.margin_s)
    return seen.deadline - seen.state.now - timedelta(seconds=seen.state.remaining_s) >= needs
