"""Money, durations and calendar periods: the quantities that every other package counts in.

It knows nothing but the standard library. What a job costs or saved is in ``controller.savings``.
"""
