"""The part that acts: gather facts, commit the decision, perform intents; the sweep, discover and the outbox.

It knows its ``ports`` and no AWS client. The decisions are in ``controller.decide``; the real ports are in ``controller.aws`` and
``controller.slack``.
"""
