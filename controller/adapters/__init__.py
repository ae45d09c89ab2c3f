"""Speaks to AWS and Slack; the only place where their errors, names and shapes are known."""
