"""The adapters to Slack: the Web API, incoming webhooks, and the signature of what Slack sends.

The texts of messages are in ``controller.notifications``; what a click does is in ``controller.runtime.slack_requests``.
"""
