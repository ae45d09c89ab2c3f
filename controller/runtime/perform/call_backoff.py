"""Computes how long an intent waits before it is performed again, after AWS throttled or failed the call or did not answer."""

from __future__ import annotations

from datetime import timedelta

from controller.ledger.intent import Intent

FIRST_S = 30
AFTER_A_TRY_MOST = timedelta(hours=1)
AFTER_NO_TRY_MOST = timedelta(minutes=10)  # after a throttle: an outage may end at any time


def wait_before_retry(intent: Intent, after_s: int | None, *, tried: bool) -> timedelta:
    """How long to wait: ``after_s`` seconds where AWS asked for that; else twice as long each time, up to a limit.

    ``tried`` is False for a call that counts as no try, such as a throttled one: its wait grows with the intent's claim number.
    """
    if after_s is not None:
        return timedelta(seconds=after_s)
    calls, most = (intent.tries, AFTER_A_TRY_MOST) if tried else (intent.claim, AFTER_NO_TRY_MOST)
    return min(timedelta(seconds=FIRST_S * 2 ** min(calls, 8)), most)
