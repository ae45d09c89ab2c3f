"""Reads the instances on which rules of Debugger and Profiler run beside a job. They are billed separately."""

from __future__ import annotations

from controller.aws.sagemaker.members import Document, objects, text


def rule_instances(body: Document) -> tuple[str, ...]:
    """The instance types that the rules name. Built-in rules name none, and cost nothing. Raises BadDocument."""
    rules = (*objects(body, "DebugRuleConfigurations"), *objects(body, "ProfilerRuleConfigurations"))
    return tuple(kind for rule in rules if (kind := text(rule, "InstanceType")))
