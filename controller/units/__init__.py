"""Money, durations, calendar periods, plurals, texts and data classes: small things that every other package uses.

It imports only the standard library. What a job costs or saves is in ``controller.savings``.
"""
