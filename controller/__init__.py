"""Decides what happens to a SageMaker training job, and carries it out.

The nouns, in reading order: ``job``, ``policy``, ``finding``, ``entry``, ``intent``, ``lineage``, ``facts``, ``decision``.
The deciders are ``observation``, ``savings``, ``rules``, ``enforcement``, ``resubmission``, ``watch`` and ``candour``; ``decide``
is all of them in one expression. Everything up to there is pure. ``shell.reconcile`` is the only path by which any of it happens;
``adapters`` speak to AWS and Slack, ``wiring`` builds them once.
"""
