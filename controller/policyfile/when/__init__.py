"""Expressions (``when:`` of a rule), for what ``match`` cannot express: parsed, checked against SageMaker's model, compiled.

Reading order: ``syntax`` (text to a tree with positions), ``fields`` (the shape of DescribeTrainingJob), ``check`` (types, and
fields that may be missing), ``compile`` (to JSON). Lambda evaluates the result in ``controller.policy.when``.
"""

from __future__ import annotations

from controller.policyfile.when.compile import compile_when
from controller.policyfile.when.syntax import BadWhen

__all__ = ["BadWhen", "compile_when"]
