"""The ports of the runtime: protocols for AWS, the ledger, messages, the policy, Slack. ``all_ports`` has them in one value."""
