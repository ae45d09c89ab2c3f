"""A training job as SageMaker describes it: status, failure cause, algorithm, instance, checkpoint, and changes to its request.

It knows SageMaker's terms and no API client. Reading them from an API response is in ``controller.aws.sagemaker``; whether a job
breaks a rule is in ``controller.policy``.
"""
