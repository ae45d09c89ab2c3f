"""How long a function may run, and what follows from it.

A function is ended after 45 s (``.chalice/config.json``). A lease is longer, so that its holder has ended when it is over. A
scheduled pass stops earlier, so that what is under way can end.
"""

from datetime import datetime, timedelta
from zlib import crc32

LEASE = timedelta(seconds=60)
TIME_LIMIT = timedelta(seconds=25)
LATE = timedelta(hours=1)  # what waits for so long behind others waits for them no more


def first_in_turn(late: int, now: datetime) -> int:
    """With which of the ``late`` ones a pass begins, or behind them: another one each minute.

    Those at the head may take all the time of a pass, or end its function.
    """
    return crc32(f"{now:%Y%m%d%H%M}".encode()) % (late + 1)
