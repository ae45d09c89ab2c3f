"""Money, durations and calendar periods: the quantities that every other package uses.

It imports only the standard library. What a job costs or saves is in ``controller.savings``.
"""
