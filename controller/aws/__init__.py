"""The adapters to AWS: SageMaker, DynamoDB, S3, EventBridge, EC2, Service Quotas and the Price List API.

Only here are AWS's errors, names and shapes known. What the adapters implement is in ``controller.runtime.ports``; Slack is in
``controller.slack``.
"""
