"""Every text that a person reads in Slack or in a report: messages, the card, digests, forms, Block Kit.

This package only makes texts. ``controller.decide`` decides which messages there are; ``controller.runtime`` and
``controller.slack`` send them.
"""
