# ruff: noqa: E501  # texts as people paste them
"""Text that people paste around a FailureReason is removed, and text that a container wrote is never trusted."""

from __future__ import annotations

import json

import pytest

from controller.cli import main
from controller.cli.classify import classified
from controller.jobs.failure import FailureCause

CAPACITY = "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
LIMIT = (
    "The account-level service limit 'ml.p3.2xlarge for spot training job usage' is {limit} Instances, with current utilization of"
    " {used} Instances and a request delta of {delta} Instances. Please use AWS Service Quotas to request an increase."
)
NEVER = LIMIT.format(limit=0, used=0, delta=1)
LATER = LIMIT.format(limit=4, used=4, delta=1)


@pytest.mark.parametrize(
    ("text", "cause", "retryable"),
    [
        (CAPACITY, FailureCause.CAPACITY, True),
        (f"Error for Training job x: Failed. Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"Error for Training job x: Failed Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"job jh-stage-1 -> Failed ({CAPACITY})", FailureCause.CAPACITY, True),
        ("['AlgorithmError: , exit code: 1']", FailureCause.ALGORITHM, False),
        ("{'Args': ['CapacityError: Unable to']}", FailureCause.UNKNOWN, False),
        ("Training job failed: Stopped / MaxWaitTimeExceeded", FailureCause.STARVED, True),
        (f"SageMakerTrainingOperator failed: AirflowException: SageMaker job failed because {CAPACITY}", FailureCause.CAPACITY, True),
        (f'TrainingJobStatus=Failed SecondaryStatus=Failed FailureReason="{CAPACITY}"', FailureCause.CAPACITY, True),
        ('AlgorithmError: FailureReason="CapacityError: text of a script"', FailureCause.ALGORITHM, False),
        (
            "ClientError: An error occurred (SlowDown) when calling the PutObject operation (reached max retries: 4): Please reduce",
            FailureCause.THROTTLED,
            True,
        ),
        ("Job status: Stopped, MaxRuntimeExceeded", FailureCause.OVERRAN, False),
        ("Final training job status is Stopped (MaxWaitTimeExceeded)", FailureCause.STARVED, True),
        ("2026-11-20 10:12:44 Stopped - Training job runtime exceeded MaxRuntimeInSeconds provided", FailureCause.OVERRAN, False),
        ("Training job waiting time exceeded MaxWaitTimeInSeconds provided", FailureCause.STARVED, True),
        ("job status: fine", FailureCause.UNKNOWN, False),
        (f"Error: {CAPACITY}", FailureCause.CAPACITY, True),
        ("Message: ThrottlingException: Rate exceeded", FailureCause.THROTTLED, True),
        ("Error: my script prints CapacityError: Unable to provision", FailureCause.UNKNOWN, False),
        ("AlgorithmError: Error: CapacityError: Unable to", FailureCause.ALGORITHM, False),
        (
            '"FailureReason": "ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: The requested resource'
            ' training-job/ml.t3.medium is not available in this region\\nRetry not appropriate on execution of step"',
            FailureCause.QUOTA,
            False,
        ),
        (f"sagemaker.exceptions.CapacityError: Error for Training job x: Failed. Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (
            "UnexpectedStatusException: Error for Training job bert-1: Failed. Reason: AlgorithmError: ExecuteUserScriptError:\n"
            'ErrorMessage "CapacityError: none"',
            FailureCause.ALGORITHM,
            False,
        ),
        (f"ValueError: Error for Training job x: Failed Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (
            "sagemaker.core.utils.exceptions.FailedStatusError: Encountered unexpected failed state while waiting for TrainingJob."
            " Final Resource State: Failed. Failure Reason: InternalServerError: We encountered an internal error.",
            FailureCause.INTERNAL,
            True,
        ),
        (
            "ClientError: An error occurred (ThrottlingException) when calling the CreateTrainingJob operation (reached max retries:"
            " 4): Rate exceeded",
            FailureCause.THROTTLED,
            True,
        ),
        (
            "botocore.exceptions.ClientError: An error occurred (ThrottlingException) when calling the DescribeTrainingJob"
            " operation: Rate exceeded",
            FailureCause.THROTTLED,
            True,
        ),
        (f"ResourceLimitExceeded: {NEVER}", FailureCause.QUOTA, False),
        (f"ResourceLimitExceeded: {LATER}", FailureCause.QUOTA, True),
        (
            "botocore.errorfactory.ResourceLimitExceeded: An error occurred (ResourceLimitExceeded) when calling the"
            f" CreateTrainingJob operation: {NEVER}",
            FailureCause.QUOTA,
            False,
        ),
        (f"ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: {NEVER}", FailureCause.QUOTA, False),
        (
            "operation error SageMaker: CreateTrainingJob, https response error StatusCode: 400, RequestID: 1-2,"
            f" ResourceLimitExceeded: {LATER}",
            FailureCause.QUOTA,
            True,
        ),
        (f"{LATER} (Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceLimitExceeded; Request ID: 1)", FailureCause.QUOTA, True),
        ("ResourceLimitExceeded: An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The account-level service limit for training-job/ml.p2.xlarge is 0 Instances, with current utilization of 0 Instances and a request delta of 2 Instances. Please contact AWS support to request an increase for this limit.", FailureCause.QUOTA, False),
        ("Error training sagemaker-mxnet-2018-01-01: Failed Reason: ClientError: SageMaker was unable to assume the role 'arn:aws:iam::1:role/R'", FailureCause.CLIENT, False),
        ("ValueError: Error training x: Failed Reason: ClientError: Data download failed:Insufficient disk space", FailureCause.DISK, False),
        ("UnexpectedStatusException: Error for Training job x: Failed. Reason: AlgorithmError: framework error: \nTraceback (most recent call last):\n  File \"x.py\", line 297\nParamValidationError: Invalid length for parameter Key", FailureCause.ALGORITHM, False),
        (f"UnexpectedStatusException: Error for Training job x: Failed. Reason: AlgorithmError: Framework Error: \nTraceback (most recent call last):\n{CAPACITY}", FailureCause.ALGORITHM, False),
        ("Training job bert: Stopped - MaxWaitTimeExceeded", FailureCause.STARVED, True),
        (f"Step failed: ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: {CAPACITY}", FailureCause.CAPACITY, True),
        ("MaxWaitTimeExceeded", FailureCause.STARVED, True),
        ("Stopped - MaxWaitTimeExceeded", FailureCause.STARVED, True),
        ("Stopped/MaxRuntimeExceeded", FailureCause.OVERRAN, False),
        ("SecondaryStatus: MaxRuntimeExceeded", FailureCause.OVERRAN, False),
        ("Received status from SageMaker:InternalServerError: We encountered an internal error.", FailureCause.INTERNAL, True),
        ("ClientError: ClientError: Data download failed:Insufficient disk space", FailureCause.DISK, False),
        ("Training job arn:aws:sagemaker:us-east-1:1:training-job/x failed. Failure reason: AlgorithmError: , exit code: 1",
         FailureCause.ALGORITHM, False),
        ('"FailureReason": "CapacityError: Unable to provision requested ML compute capacity."', FailureCause.CAPACITY, True),
        ('{"TrainingJobName": "x", "FailureReason": "InternalServerError: We encountered an internal error."}',
         FailureCause.INTERNAL, True),
        ("An error occurred (ValidationException) when calling the CreateTrainingJob operation: 1 validation error detected",
         FailureCause.CLIENT, False),
        ("Starting - Insufficient capacity error from EC2 while launching instances, retrying!", FailureCause.CAPACITY, True),
        ("something nobody has seen before", FailureCause.UNKNOWN, False),
        ("", FailureCause.UNKNOWN, False),
        # pasted with more text around it: logs, notebooks, tests, operators, state machines, descriptions
        ("2026-01-02 03:04:05 Failed - Training job failed\nReport: Stopping\nTraceback (most recent call last):\n  File \"a.py\", line 1\n"
         f"sagemaker.exceptions.UnexpectedStatusException: Error for Training job x: Failed. Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        ("-----\nUnexpectedStatusException      Traceback (most recent call last)\n<ipython-input-1> in <module>\n----> 1 est.fit()\n\n"
         f"UnexpectedStatusException: Error for Training job x: Failed. Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"\x1b[0;31mResourceLimitExceeded\x1b[0m: An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: {NEVER}",
         FailureCause.QUOTA, False),
        (f"E       ResourceLimitExceeded: An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: {LATER}",
         FailureCause.QUOTA, True),
        ("aws: [ERROR]: An error occurred (ThrottlingException) when calling the CreateTrainingJob operation: Rate exceeded",
         FailureCause.THROTTLED, True),
        ("S3UploadFailedError: Failed to upload model.tar.gz to b/c: An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
         FailureCause.CLIENT, False),
        ("botocore.exceptions.ParamValidationError: Parameter validation failed:\nUnknown parameter in input", FailureCause.CLIENT, False),
        (f"airflow.exceptions.AirflowException: SageMaker job failed because {CAPACITY}", FailureCause.CAPACITY, True),
        ("secondaryStatus:Failed trainingJobStatus:Failed additional:ClientError: Artifact upload failed:no route", FailureCause.CLIENT, False),
        ("ClientError: Failed to invoke sagemaker:CreateTrainingJob. Error Details: User: x is not authorized", FailureCause.CLIENT, False),
        (f"```\n{CAPACITY}\n```", FailureCause.CAPACITY, True),
        (f"> FailureReason: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"Status\nFailed\nFailure reason\n{CAPACITY}", FailureCause.CAPACITY, True),
        (f"TrainingJobName: x\nFailureReason: '{CAPACITY}'\nTags: []\n", FailureCause.CAPACITY, True),
        ("Status: Stopped, SecondaryStatus: MaxWaitTimeExceeded", FailureCause.STARVED, True),
        ("Training job x: Stopped (MaxWaitTimeExceeded)", FailureCause.STARVED, True),
        ("2026-01-02 03:04:05 Starting - Starting the training job\n2026-01-02 05:04:05 MaxWaitTimeExceeded - stopped", FailureCause.STARVED, True),
        ('{"Error": "States.TaskFailed", "Cause": "{\\"FailureReason\\": \\"CapacityError: none\\"}"}', FailureCause.CAPACITY, True),
        ('{"Error": "SageMaker.ResourceLimitExceededException", "Cause": "no more"}', FailureCause.QUOTA, True),
        ('{"Error": "SageMaker.ThrottlingException", "Cause": "Rate exceeded (Service: SageMaker)"}', FailureCause.THROTTLED, True),
        ('{"Results": [{"TrainingJob": {"FailureReason": "InternalServerError: x"}}]}', FailureCause.INTERNAL, True),
        ('{"detail": {"stepType": "Training", "failureReason": "AlgorithmError: x"}}', FailureCause.ALGORITHM, False),
        ('{"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"}', FailureCause.STARVED, True),
        ('{"__type": "com.amazon#ThrottlingException", "message": "Rate exceeded"}', FailureCause.THROTTLED, True),
        ("{'Error': {'Message': 'Rate exceeded', 'Code': 'ThrottlingException'}, 'ResponseMetadata': {}}", FailureCause.THROTTLED, True),
        ('{"eventName": "CreateTrainingJob", "errorCode": "AccessDenied", "errorMessage": "User: x"}', FailureCause.CLIENT, False),
        ("ResourceLimitExceeded: The requested resource training-job/ml.p9.48xlarge is not available in this region", FailureCause.QUOTA, False),
        ("Job ended with status 'Stopped' rather than 'Completed'. This could mean the job timed out", FailureCause.UNKNOWN, False),
        # sentences of people and tools around a known error class
        ("arn:aws:states:::sagemaker:createTrainingJob.sync failed: SageMaker.ResourceLimitExceededException: " + NEVER, FailureCause.QUOTA, False),
        ("[Pipeline] Step Train failed with: ClientError: ThrottlingException: Rate exceeded", FailureCause.THROTTLED, True),
        ("Job failed: InternalServerError: We encountered an internal error., exit code: 137", FailureCause.INTERNAL, True),
        ("Training job failed: Reason for failure: ClientError: NoSuchKey", FailureCause.CLIENT, False),
        (f"The training job 'abc' failed with the reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"sagemaker.train.exceptions.TrainingJobFailed: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"Cause: {CAPACITY}", FailureCause.CAPACITY, True),
        ("Service job failed: statusReason: Received status from SageMaker:InternalServerError: x", FailureCause.INTERNAL, True),
        (f"Training failed! Reason: {CAPACITY}", FailureCause.CAPACITY, True),
        (f"my script says: {CAPACITY}", FailureCause.UNKNOWN, False),
        (f"AlgorithmError: the training job failed: {CAPACITY}", FailureCause.ALGORITHM, False),
        # text after the class belongs to the reason, whatever it contains
        ("UnexpectedStatusException: Error for Training job x: Failed. Reason: odd\nAn error occurred (ThrottlingException) when calling the X operation: y",
         FailureCause.UNKNOWN, False),
        (f"AlgorithmError: x\nFailureReason: {CAPACITY}", FailureCause.ALGORITHM, False),
        (f"FailureReason: odd\nFailureReason: {CAPACITY}", FailureCause.UNKNOWN, False),
        ("AlgorithmError: framework error: An error occurred (ThrottlingException) when calling x", FailureCause.ALGORITHM, False),
        ("AlgorithmError: Traceback (most recent call last):\n  x\nCapacityError: no", FailureCause.ALGORITHM, False),
    ],
)  # fmt: skip
def test_the_cause_of_a_pasted_failure_is_found(text: str, cause: FailureCause, retryable: bool) -> None:
    found = classified(text)
    assert (found.cause, found.retryable) == (cause, retryable)


def test_a_traceback_is_read_at_its_last_exception() -> None:
    text = (
        'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n    estimator.fit()\n'
        f"sagemaker.exceptions.CapacityError: Error for Training job x: Failed. Reason: {CAPACITY}\n"
    )
    assert classified(text).cause is FailureCause.CAPACITY


def test_a_quota_that_the_request_never_fits_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", f"ResourceLimitExceeded: {NEVER}"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["cause"], said["retryable"]) == ("quota", False)
    assert "Raise the quota 'ml.p3.2xlarge for spot training job usage' of Amazon SageMaker in Service Quotas" in said["why"]
    assert said["quota"] == {
        "name": "ml.p3.2xlarge for spot training job usage", "limit": 0, "in_use": 0, "requested": 1,
    }  # fmt: skip
