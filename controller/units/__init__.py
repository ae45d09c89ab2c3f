"""Money, durations, calendar periods, and words for numbers and texts: what every other package uses.

It imports only the standard library. What a job costs or saves is in ``controller.savings``.
"""
