"""``spotwarden explain``: why a job gets its verdict, what happens next, and what has happened to it.

Reading order: ``reasons`` (rules, selectors and waivers, value by value), ``timeline`` (the ledger's entries), ``output``,
``command``.
"""
