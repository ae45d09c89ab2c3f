"""The adapters to AWS: SageMaker, DynamoDB, S3, EventBridge, EC2, Service Quotas and the Price List API.

Only this package knows AWS's errors, names and shapes. The ports that it implements are in ``controller.runtime.ports``; Slack
is in ``controller.slack``.
"""
