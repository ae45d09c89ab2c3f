"""An AWS on this machine: SageMaker, DynamoDB, S3, EC2, EventBridge, Lambda's retries and a Slack, all on one virtual clock."""
