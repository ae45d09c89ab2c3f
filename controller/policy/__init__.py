"""What people allow and require: rules, selectors, resubmit blocks, Slack settings, findings and repairs.

It knows jobs and the compiled policy document, no YAML. Reading YAML is in ``controller.policyfile``; what follows from a finding
is in ``controller.decide``.
"""
