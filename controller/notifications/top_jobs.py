"""The jobs that lost and saved the most, with the reason and what to do, for digests and reports."""

from __future__ import annotations

from collections.abc import Iterable

from controller.notifications.console_links import console_url, link
from controller.notifications.mrkdwn import escaped
from controller.notifications.parts import Part, Text
from controller.savings.report import Report
from controller.savings.rollup import Mover
from controller.units.money import dollars
from controller.units.plural import times

MOVERS = 3
DEARER = "Check the instance types that it may use."
RESUME = "Open the job to see why. If it wrote a checkpoint, submit it again to continue from there."
HEAD = "Jobs with the largest losses and savings"


def movers(report: Report) -> Iterable[Part]:
    """The jobs that lost and saved the most, as a part of a digest; nothing if there are none."""
    if texts := [f"• {_job(mover)} ({escaped(mover.team)}) {text}" for mover, text in moved(report)]:
        yield Text("\n".join((f"*{HEAD}*", *texts)))


def moved(report: Report) -> Iterable[tuple[Mover, str]]:
    """The jobs that lost and saved the most, each with the text that follows its name in a sentence."""
    losers = sorted((m for m in report.movers if m.saved_micros < 0 or m.wasted_micros), key=_loss)[:MOVERS]
    savers = [m for m in report.movers if m.saved_micros > 0][:MOVERS]
    yield from ((mover, _loss_text(mover)) for mover in losers)
    yield from ((mover, f"saved {dollars(mover.saved_micros)}") for mover in savers if mover not in losers)


def _loss(mover: Mover) -> tuple[int, str]:
    return min(mover.saved_micros, -mover.wasted_micros), mover.job


def _loss_text(mover: Mover) -> str:
    alone = mover.wasted_micros and not mover.interruptions  # lost without an interruption, so it would be lost on-demand too
    cost = (
        f"cost {dollars(-mover.saved_micros)} more than on-demand"
        if mover.saved_micros < 0 and mover.spot and not alone
        else f"wasted {dollars(mover.wasted_micros)}"
    )
    if not mover.wasted_micros and not mover.spot:
        return f"cost {dollars(-mover.saved_micros)} more than on the first attempt's instances. {DEARER}"
    if not mover.wasted_micros:
        return f"{cost}: its billed hours cost more than on-demand hours of the first attempt's instances. {DEARER}"
    if mover.repeats and not mover.interruptions:
        todo = "Save checkpoints more often." if mover.checkpoint else "Add a CheckpointConfig."
        return f"{cost}: SageMaker repeated it {times(mover.repeats)} after internal errors. {todo}"
    if not mover.interruptions:
        todo = RESUME if mover.checkpoint else "Add a CheckpointConfig."
        return f"{cost}: it ended without a model. {todo}"
    often = times(mover.interruptions)
    if not mover.checkpoint:
        return f"{cost}: interrupted {often} without a checkpoint. Add a CheckpointConfig."
    return f"{cost}: interrupted {often}. Save checkpoints more often."


def _job(mover: Mover) -> str:
    return link(console_url(mover.region, mover.job), escaped(mover.job))
