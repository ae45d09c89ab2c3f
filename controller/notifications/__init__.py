"""Every text that a person reads in Slack or in a report: messages, the card, digests, forms, Block Kit.

It decides nothing and calls nobody. What is said is decided in ``controller.decide``; sending is in ``controller.runtime`` and
``controller.slack``.
"""
