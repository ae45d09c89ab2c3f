"""How long a function may run, and what follows from it.

A function is ended after 45 s (``.chalice/config.json``). A lease is longer, so that its holder has ended when it is over. A
scheduled pass stops earlier, so that what is under way can end.
"""

from datetime import timedelta

LEASE = timedelta(seconds=60)
TIME_LIMIT = timedelta(seconds=25)
