"""What happened to a job, in a few lines: the state of its newest attempt, and the sentences of its message in Slack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from controller.cli.explain.reasons import BlockReason
from controller.cli.explain.timeline import intent_text
from controller.ledger.entry import Ended
from controller.ledger.intent import Stop
from controller.ledger.lineage import Lineage, newest_attempt
from controller.notifications.card_announcements import news_of
from controller.notifications.mrkdwn import unmarked
from controller.policy.policy import Policy
from controller.policy.slack_settings import Importance

LINES_MAX = 12


def in_short(lineage: Lineage, policy: Policy, job: str) -> tuple[str, ...]:
    """The newest attempt, how it ended, and why something was done or not; empty if the ledger contains no attempt.

    If ``job`` is an earlier attempt, also why it was stopped and which attempt followed.
    """
    last = newest_attempt(lineage)
    if last is None:
        return ()
    ended = lineage.entry(Ended, last.job)
    attempts = f"attempt {last.number}, " if last.number > 1 else ""
    state = f"{attempts}{last.job} {ended.outcome.label if ended else 'has not ended'}"
    everything = replace(policy, slack=replace(policy.slack, tell=tuple(Importance)))
    news = news_of(lineage, everything, last)
    lines = [*news.why, *(line for text in news.current for line in text.body.splitlines())]
    return (state, *_of_earlier(lineage, job), *(unmarked(line) for line in lines[:LINES_MAX]))


def _of_earlier(lineage: Lineage, job: str) -> Iterator[str]:
    """Why an earlier attempt was stopped, and which attempt followed; nothing for the newest attempt."""
    following = next(((submit, intent) for submit, intent in lineage.submits() if submit.about == job), None)
    if following is None:
        return
    stop = next((i for i in lineage.intents if isinstance(i.action, Stop) and i.action.about == job and i.claim > 0), None)
    if stop is not None:
        yield f"The controller decided: {intent_text(stop)}"
    yield f"{following[0].job} (attempt {following[0].number}) followed {job}, cause: {following[0].cause}."


def why_not_again(blocks: Sequence[BlockReason]) -> str:
    """Why a job that ended without its model is or is not submitted again, for a job without a message about it."""
    chosen = next((block for block in blocks if block.chosen), None)
    if chosen is None:
        return "It is not submitted again: no resubmit block selects it."
    return f"The resubmit block {chosen.name} ({chosen.mode}) selects it: {chosen.why}."
