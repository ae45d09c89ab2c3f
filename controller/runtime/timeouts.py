"""How long a function may take, and what follows from it.

A function is ended after 45 s (``.chalice/config.json``). A lease outlives it, so that whoever finds a lease over finds its
holder gone; a pass of the clock stops well before, so that what is under way can end.
"""

from datetime import timedelta

LEASE = timedelta(seconds=60)
TIME_LIMIT = timedelta(seconds=25)
