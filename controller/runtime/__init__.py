"""The part that acts: it gathers facts, commits the decision and performs intents.

The sweep, discover and the outbox are here too. AWS and Slack are called only through its ``ports``. The decisions are in
``controller.decide``; the real ports are in ``controller.aws`` and ``controller.slack``.
"""
