"""Rings by the clock: what is overdue and what waits for Slack each minute, what nobody heard of each hour, the digests."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from controller import wiring
from controller.shell import drain as outbox
from controller.shell import sweep as rounds
from controller.shell.digest import Period, digest
from controller.shell.remember import remember
from handlers.observed import logger, observed

clock = Blueprint(__name__)


@observed
@clock.schedule("rate(1 minute)")
def sweep(event: Any) -> dict[str, Any]:
    """Ring for every overdue intent."""
    return _told(rounds.sweep(wiring.ports()))


@observed
@clock.schedule("rate(1 hour)")
def discover(event: Any) -> dict[str, Any]:
    """Ring for every job that changed since the last complete pass."""
    return _told(rounds.discover(wiring.ports()))


@observed
@clock.schedule("rate(1 minute)")
def drain(event: Any) -> dict[str, Any]:
    """Send what waits in the outbox."""
    sent = outbox.drain(wiring.ports())
    for channel, why in sent.paused:
        logger.warning("channel waits", extra={"channel": channel, "why": why})
    return {"MessagesSent": sent.sent, "ChannelsWaiting": len(sent.paused)}


@observed
@clock.schedule("cron(0 8 * * ? *)")
def digest_daily(event: Any) -> dict[str, Any]:
    """Queue the digest of yesterday, and remember what it taught of each pool."""
    pools = remember(wiring.ports())
    return {"Digests": int(digest(Period.DAY, wiring.ports())), "pools": pools}


@observed
@clock.schedule("cron(0 8 ? * MON *)")
def digest_weekly(event: Any) -> dict[str, Any]:
    """Queue the digest of the last seven days."""
    return {"Digests": int(digest(Period.WEEK, wiring.ports()))}


def _told(done: rounds.Rounds) -> dict[str, Any]:
    """What a pass did, as metrics; each failure on a line of its own, with the job it is about."""
    for job, problem in done.failed:
        logger.error("ring failed", extra={"job": job, "problem": f"{type(problem).__name__}: {problem}"})
    return {"Rings": done.rung, "RingsFailed": len(done.failed), "OverdueSeconds": done.overdue_s, "left": done.left}
