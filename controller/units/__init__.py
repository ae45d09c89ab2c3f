"""Money, durations, calendar periods, plurals and texts: the small values that every other package uses.

It imports only the standard library. What a job costs or saves is in ``controller.savings``.
"""
