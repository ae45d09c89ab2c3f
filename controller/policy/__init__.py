"""What people allow and require: rules, selectors, resubmit blocks, Slack settings, findings and repairs.

This package reads compiled policy documents, not YAML: ``controller.policyfile`` reads YAML. ``controller.decide`` decides what
follows from a finding.
"""
