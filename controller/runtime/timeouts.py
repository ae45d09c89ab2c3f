"""The time limits that follow from how long a function may run.

Lambda ends a function that decides after 45 s (``.chalice/config.json``). A lease is longer, so that its holder has ended before
it is over. A scheduled pass stops earlier, so that the job under way can be completed.
"""

from datetime import datetime, timedelta
from zlib import crc32

LEASE = timedelta(seconds=60)
TIME_LIMIT = timedelta(seconds=25)
LATE = timedelta(hours=1)  # what has waited for so long takes turns at the head of its queue


def first_in_turn(late: int, now: datetime) -> int:
    """The index at which a pass over a queue begins, another one each minute: one of the first ``late`` items, or the next item.

    Otherwise the same items at the head could take all the time of each pass, or end its function.
    """
    return crc32(f"{now:%Y%m%d%H%M}".encode()) % (late + 1)
