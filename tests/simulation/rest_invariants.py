"""The reckoning: what must hold once all has come to rest. What must hold at every moment, ``witness`` demands as it happens."""

from __future__ import annotations

from datetime import timedelta

from controller.jobs.failure import FailureCause
from controller.jobs.job import Job
from controller.ledger.entry import Ended, Measured, Unmeasured
from controller.ledger.intent import Announce, IntentResult, Purpose, Stop
from controller.ledger.lineage import Lineage, LineageId
from controller.notifications.messages import text_of
from controller.policy.policy import Policy
from controller.runtime.gather import LINEAGE_TAG
from controller.savings.arithmetic import spent_micros
from tests.simulation.history import History
from tests.simulation.policies_and_tags import CAP_MICROS
from tests.simulation.world_invariants import Life, demand

SILENCE = timedelta(hours=1)
LAST_WORDS = ("gave-up", "cannot-repeat", "would-resubmit")


def check(history: History) -> None:
    """Demand every invariant of a history at rest; raises Violation."""
    every_ending_and_its_usage_is_booked(history)
    nothing_is_overdue_in_silence(history)
    every_retryable_ending_is_followed_up(history)
    what_was_stopped_to_go_on_goes_on(history)
    no_lineage_spends_past_its_cap(history)
    what_was_announced_reached_people(history)
    every_claim_is_given_back(history)


def _reachable(history: History) -> list[Life]:
    """The lives that SageMaker still describes: nobody can book what was deleted, or never answered for."""
    return [life for life in history.witness.lives if life.deleted_at is None and life.name not in history.broken]


def books_of(history: History, life: Life) -> Lineage:
    """The lineage that a life is booked in.

    Where people delete an attempt before anybody saw it, and use its name again with all its tags, nobody can tell the two apart.
    """
    own = history.ledger.load(life.lineage)
    tagged = LineageId.parse(life.job.tags.get(LINEAGE_TAG, ""))
    if own.version or tagged is None:
        return own
    return history.ledger.load(tagged)


def every_ending_and_its_usage_is_booked(history: History) -> None:
    """Each ending is in the ledger, and its usage, however late, or the word that it stays unknown."""
    for life in _reachable(history):
        if life.alive:
            continue
        lineage = books_of(history, life)
        demand(lineage.entry(Ended, life.name), f"every ending is booked: {life.where} {life.job.status}")
        measured = lineage.entry(Measured, life.name)
        unmeasured = lineage.entry(Unmeasured, life.name)
        demand(measured or unmeasured, f"every usage is booked or declared unknown: {life.where}")
        shown = history.world.describe_training_job(life.name)
        if "BillableTimeInSeconds" in shown:
            demand(measured, f"what SageMaker says is booked: {life.where} used {shown['BillableTimeInSeconds']} s")
            assert measured is not None
            booked = (measured.training_s, measured.billable_s)
            wanted = (shown["TrainingTimeInSeconds"], shown["BillableTimeInSeconds"])
            demand(booked == wanted, f"usage is booked as it was said: {life.where} {booked}, wanted {wanted}")


def nothing_is_overdue_in_silence(history: History) -> None:
    """No intent of a job that answers stays open beyond its time; one broken lineage delays no other."""
    for lineage, row in history.ledger.rows.items():
        for intent in row.intents.values():
            late = intent.open and intent.trigger_at < history.lambdas.now - SILENCE
            demand(not late or lineage.root in history.broken, f"nothing is overdue in silence: {lineage} {intent}")


def every_retryable_ending_is_followed_up(history: History) -> None:
    """A newest attempt that ended retryably has a next one, or a word about it, or a policy that asked for neither.

    Whoever looks at the ending may read any policy that was deployed then or came after: one that asks for neither takes the
    next attempt back, so only what all of them ask for is owed.
    """
    lives = _reachable(history)
    newest = {life.lineage: max(o.number for o in history.witness.lives if o.lineage == life.lineage) for life in lives}
    for life in lives:
        cause = life.cause_of_end
        if life.alive or cause is None or not cause.retryable or life.owned or life.number < newest[life.lineage]:
            continue
        lineage = books_of(history, life)
        ended = lineage.entry(Ended, life.name)
        assert ended is not None
        job = history.ports.jobs.describe(life.name)
        assert job is not None
        assert job.cause is not None
        owed = all(asks_for_more(policy, job, job.cause, ended) for policy in history.rollout.readable_from(ended.seen_at))
        settled = not owed or taken_down(lineage, life.name) or followed_up(history, lineage, life.name)
        demand(settled, f"every retryable ending is followed up: {life.where} ended {cause}")


def what_was_stopped_to_go_on_goes_on(history: History) -> None:
    """A job that was taken down to go on elsewhere, or mended, has a next attempt, or a word about why it has none."""
    for life in _reachable(history):
        lineage = books_of(history, life)
        stop = lineage.intent(f"stop/{life.name}")
        if life.alive or not life.stopped_by_us or stop is None or not isinstance(stop.action, Stop):
            continue
        if stop.action.purpose is Purpose.RULE or life.cause_of_end is None or life.number < lineage.newest_number():
            continue
        settled = followed_up(history, lineage, life.name)
        demand(
            settled,
            f"what was stopped to go on goes on: {life.where} ended {life.cause_of_end}, stopped to {stop.action.purpose}",
        )


def no_lineage_spends_past_its_cap(history: History) -> None:
    """Where every policy caps a lineage, its attempts of ours cost no more than that, the job that people made left aside."""
    if history.world.settings.billable_as == "wall-clock":
        return  # then waiting is billed too, which no cap foresees: decision 13
    blocks = [block for policy in history.policies for block in policy.resubmissions]
    if not blocks or any(block.cap_micros is None for block in blocks) or any(not p.resubmissions for p in history.policies):
        return
    for life in _reachable(history):
        lineage = books_of(history, life)
        measured = [e for e in lineage.entries if isinstance(e, Measured)]
        spent = spent_micros(measured)
        made = any(o.ours and o.lineage == lineage.id for o in history.witness.lives)
        demand(not made or spent <= CAP_MICROS, f"no lineage spends past its cap: {lineage.id} spent {spent}")


def asks_for_more(policy: Policy, job: Job, cause: FailureCause, ended: Ended) -> bool:
    """Whether a policy wants a next attempt, or a word, after an ending of this cause."""
    block = policy.resubmission_for(job)
    seen_after_s = (ended.seen_at - ended.at).total_seconds()
    return block is not None and block.mode.tells and block.budget_of(cause)[0] is not None and seen_after_s <= block.within_s


def taken_down(lineage: Lineage, name: str) -> bool:
    """Whether a rule's stop was begun on a job, and not taken back: that is not submitted again."""
    stop = lineage.intent(f"stop/{name}")
    return stop is not None and stop.claim > 0 and stop.closed is not IntentResult.WITHDRAWN


def followed_up(history: History, lineage: Lineage, name: str) -> bool:
    """Whether an attempt has a next one, or a word that stands about why it has none."""
    made = any(o.lineage == lineage.id and o.about == name for o in history.witness.lives)
    return made or any(
        isinstance(i.action, Announce) and i.action.about == name and i.closed is not IntentResult.WITHDRAWN
        and (i.action.topic in LAST_WORDS or i.action.topic.startswith((*LAST_WORDS, "refused/submit/", "abandoned/submit/")))
        for i in lineage.intents
    )  # fmt: skip


def what_was_announced_reached_people(history: History) -> None:
    """Every announcement that was not taken back was posted to a channel that exists."""
    posted = {line for _, _, page in history.slack.posted for line in page.text.splitlines()}
    posted |= {m.text().title for shelf in history.outbox.shelf.values() for m in shelf.values()}
    for lineage, row in history.ledger.rows.items():
        if lineage.root in history.broken:
            continue
        for intent in row.intents.values():
            if isinstance(intent.action, Announce) and intent.closed is IntentResult.DONE and not intent.why:
                demand(_title(intent.action) in posted, f"what was announced reached people: {lineage} {intent.key}")


def _title(announce: Announce) -> str:
    assert announce.kind is not None
    return text_of(announce.kind, announce.facts).title


def every_claim_is_given_back(history: History) -> None:
    """No claim outlives its job: it would keep others from their checkpoints for good."""
    for claim in history.ledger.held.values():
        life = history.witness.now_called(claim.job)
        root = LineageId.parse(claim.lineage)
        assert root is not None
        reused = any(other.name == claim.job and other.deleted_at for other in history.witness.lives)
        excused = (life is not None and life.alive) or root.root in history.broken or reused
        demand(excused, f"every claim is given back: {claim}")
