"""Spotwarden: makes SageMaker Managed Spot Training safe to use, and reports what it really saves.

The packages, from the lowest to the highest: ``units``, ``jobs`` (a training job as SageMaker describes it), ``policy`` (what
people allow), ``ledger`` (what is remembered), ``savings`` (what training cost and saved), ``decide`` (facts to a decision),
``notifications`` (every text that a person reads), ``runtime`` (gather, decide, commit, perform), ``aws`` and ``slack`` (the
adapters), ``policyfile`` (YAML to a policy), ``wiring`` (builds the real ports) and ``cli``.

Imports point down this list, and pyproject.toml holds them to it. ``docs/architecture.md`` says what each package contains.
"""
