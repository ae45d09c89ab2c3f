"""``spotwarden explain``: why a job is judged as it is, what happens next, and what has happened to it.

Reading order: ``reasons`` (rules, selectors and waivers, value by value), ``timeline`` (what the ledger knows), ``output``,
``command``.
"""
