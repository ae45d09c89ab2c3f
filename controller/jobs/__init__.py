"""A training job as SageMaker describes it: status, failure cause, algorithm, instance, checkpoint, and changes to its request.

It uses SageMaker's terms and no API client. ``controller.aws.sagemaker`` reads jobs from API responses; whether a job breaks a
rule is decided in ``controller.policy``.
"""
