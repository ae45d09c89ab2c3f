"""Patterns of pasted failures: the texts around a FailureReason, and texts that show the cause without one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.jobs.failure import CLASSES, FailureCause

WRAPPERS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pattern in (
        r"\s*(?:(?:>\s*)+|```\w*\s*)",  # a quotation
        r"\s*aws: (?:\[ERROR\]:? |error: )",
        r"\s*\[?\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\]?\s+",  # the timestamp of a log line
        r"\s*\[?(?-i:ERROR|CRITICAL|WARNING|INFO)\]?\s*[:-]?\s+",
        # exceptions: the class in a Python traceback, with its module
        r"\s*(?:[a-z_]\w*\.)+(?=(?:ParamValidationError|NoCredentialsError|NoRegionError)\b)",
        r"\s*(?!SageMaker\.)(?:[a-z_][\w]*\.)+[A-Z]\w*(?:Error|Exception|Exceeded|InUse|NotFound)\s*:\s*",
        r"\s*(?:[a-z_]\w*\.)+[A-Z]\w*\s*:\s*(?=\w+\s*:)",  # any other class with its module, before another error class
        r"\s*(?:UnexpectedStatusException|FailedStatusError|WaiterError|AirflowException|ValueError|RuntimeError|Exception)\s*:\s*",
        r"\s*(?:CapacityError|ClientError|ResourceLimitExceeded|\w+Exception)\s*:\s*(?=Error for |An error occurred )",
        # the SDK: v1 and v2, then v3
        r"\s*Error (?:training |for (?:[\w-]+ ){1,4})\S+:\s*(?:Failed|Stopped)\.?\s*Reason:\s*",
        r"\s*Encountered unexpected failed state while waiting for \w+\.\s*Final Resource State: \w+\.\s*Failure Reason:\s*",
        # pipelines, Batch, Step Functions, people's own notebooks
        r"\s*(?:Pipeline )?Step (?:[\w'\"-]+ )?failed\.?\s*(?:Reason|Failure reason)?\s*:?\s*",
        r"\s*(?:The )?(?:SageMaker )?Training ?job\s+(?:(?!failed)\S+ )?(?:has )?(?:failed|stopped)(?: with status \w+)?"
        r"(?: because(?: of)?| (?:with|for) (?:the )?reason)?[-.:;,\s]*"
        r"(?:(?:Failure ?reason|Reason)\s*:\s*)?",
        r"\s*(?:The )?(?:SageMaker )?Training ?job \S+:\s*(?=(?:Failed|Stopped)\b)",
        r"\s*(?:SageMaker )?(?:Training )?Job (?:\S+ )?failed because(?: of)?\s*:?\s*",
        r"\s*(?:ClientError:\s*)?Failed to invoke sagemaker:Create\w+\.?\s*Error Details:\s*",
        r"\s*(?:\w+ ){0,3}job (?:\S+ )?failed(?:[.:]| with)\s*(?=(?:status ?|failure )?reason\b)",
        r"\s*Received status from SageMaker\s*:?\s*",
        r"\s*(?:Failed|Stopped|Failure)\s*[-:/.,(]\s*(?=\w)",
        r"\s*(?:\w+ ){0,3}status(?: reason)?\s*(?:[:=]|\bis\b|\bwas\b)\s*[\"']?(?=(?:Failed|Stopped|Max)\w*\b)",
        rf"\s*(?:Error|Failure|Message|Details)\s*[:=]\s*(?=(?:{'|'.join(CLASSES)}|\w+(?:Exception|Exceeded))\b)",
        r"\s*[\"']?Failure ?Reason[\"']?[ \t]*(?:[:=]|\n)\s*",
        r"\s*additional:(?=\w+:)",
        r"\s*(?:status ?)?(?:Reason(?: for (?:the )?failure)?|Cause|Error ?Message)\s*[:=]\s*",
        r"\s*SageMaker\.(?=\w+(?:Exception|Exceeded|Error))",
        r"\s*[\"'`]\s*(?=\w)",
    )
)
# A sentence of a person or a tool about what failed, directly before a known error class: "Step Train failed with: …".
SAID = re.compile(
    rf"[^\n]{{0,160}}?(?:job|step|training|task|state|execution|pipeline)[^\n]{{0,80}}?\b(?:failed|failure|stopped)\b[^\n:]{{0,40}}"
    rf"(?::\s*[^\n:]{{0,30}})?[:(-]\s*(?:SageMaker\.)?(?=(?:{'|'.join(CLASSES)}|Max(?:WaitTime|Runtime)Exceeded)(?:Exception)?\b)",
    re.IGNORECASE,
)
BOTOCORE = re.compile(
    r"\s*An error occurred \((\w+)\) when calling (?:the )?\w+(?: operation)?(?: \(reached max retries: \d+\))?(?::\s*|$)", re.I
)
OTHER_SDKS = re.compile(
    r"(?s)[^\n]{0,200}?operation error SageMaker: \w+,.{0,400}?(\w+(?:Exception|Exceeded|InUse|NotFound)):\s*"
)
JAVA = re.compile(r".*\(Service: (?:Amazon)?SageMaker\w*; Status Code: \d+; Error Code: (\w+);", re.DOTALL)
# The beginning of a reason inside another text: a log, a traceback in a notebook, a description in YAML.
BEGINNINGS = re.compile(
    r"""^[ \t"']*Failure\ ?Reason["']?\s*(?:[:=]|$)
    | Error\ for\ (?:[\w-]+\ ){1,4}\S+:\s*(?:Failed|Stopped)\.?\s*Reason:
    | Encountered\ unexpected\ failed\ state\ while\ waiting\ for\ \w+\.
    | An\ error\ occurred\ \(\w+\)\ when\ calling\b
    | operation\ error\ SageMaker:\ \w+,
    | \bFailureReason["']?\s*[:=]\s*["']?(?=\w)  # of a status on one line
    | SageMaker\ job\ failed\ because\b  # Airflow's, within a line of its log
    | ^(?:\d{4}-\d\d-\d\d\ [\d:]+\ )?Max(?:WaitTime|Runtime)Exceeded\b
    | \bSecondary\ ?Status["']?\s*[:=]\s*["']?Max
    | \badditional:(?=\w+:)  # the conditions of the SageMaker operator
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
STATUSES: Mapping[str, FailureCause] = {
    "maxwaittimeexceeded": FailureCause.STARVED,
    "maxruntimeexceeded": FailureCause.OVERRAN,
    "stopped": FailureCause.STOPPED,
}
CODES: Mapping[str, FailureCause] = {
    **CLASSES,
    "Throttling": FailureCause.THROTTLED, "ThrottledException": FailureCause.THROTTLED,
    "TooManyRequestsException": FailureCause.THROTTLED, "RequestLimitExceeded": FailureCause.THROTTLED,
    "ResourceLimitExceededException": FailureCause.QUOTA, "ServiceQuotaExceededException": FailureCause.QUOTA,
    **dict.fromkeys(
        ("SlowDown", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded", "PriorRequestNotComplete",
         "EC2ThrottledException", "ProvisionedThroughputExceededException"), FailureCause.THROTTLED,
    ),  # what botocore retries as throttling
    "RequestTimeout": FailureCause.INTERNAL, "RequestTimeoutException": FailureCause.INTERNAL,
    "InternalFailure": FailureCause.INTERNAL, "InternalServerException": FailureCause.INTERNAL,
    "InternalError": FailureCause.INTERNAL, "ServiceUnavailable": FailureCause.INTERNAL,
    "ServiceUnavailableException": FailureCause.INTERNAL,
    "InsufficientCapacityException": FailureCause.CAPACITY, "InsufficientInstanceCapacity": FailureCause.CAPACITY,
    "ValidationException": FailureCause.CLIENT, "ParamValidationError": FailureCause.CLIENT,
    "NoCredentialsError": FailureCause.CLIENT, "NoRegionError": FailureCause.CLIENT, "ExpiredToken": FailureCause.CLIENT,
    "InvalidClientTokenId": FailureCause.CLIENT, "InvalidSignatureException": FailureCause.CLIENT,
    "AccessDeniedException": FailureCause.CLIENT,
    "ResourceInUse": FailureCause.CLIENT, "ResourceNotFound": FailureCause.CLIENT, "AccessDenied": FailureCause.CLIENT,
    "UnrecognizedClientException": FailureCause.CLIENT, "ExpiredTokenException": FailureCause.CLIENT,
}  # fmt: skip
NOT_OFFERED = "SageMaker does not offer this instance type in this region: no quota helps. Use another type or region."
QUOTA_REACHED = re.compile(r"\s*The (?:account-level service limit|requested resource training-job/)")
RATE = re.compile(r"\s*Rate exceeded\b", re.IGNORECASE)
TIME_EXCEEDED = re.compile(
    r"\s*(?:Training )?job (?:(?:run|wait|waiting) ?time )?exceeded (?:the )?Max(Runtime|WaitTime)(?:InSeconds)?\b", re.I
)
CAPACITY = re.compile(r"\s*(?:Starting - )?Insufficient capacity error from EC2\b", re.IGNORECASE)
