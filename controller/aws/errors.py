"""Classifies AWS error codes and texts, once, into the few faults that the adapters answer differently.

SageMaker uses one code, ValidationException, for many different errors, so some faults are recognised only by their text. Texts
are matched in lower case with runs of spaces joined: AWS has changed both before.
"""

from collections.abc import Mapping
from enum import StrEnum

from botocore import exceptions as raised
from botocore.exceptions import BotoCoreError, ClientError


class AwsFault(StrEnum):
    """What an AWS error means for the caller."""

    THROTTLED = "throttled"  # throttled: the same call, later
    QUOTA = "quota"  # the account's limit is reached: later, or a larger quota
    NO_CAPACITY = "no capacity"  # there is no such machine now: later
    NAME_TAKEN = "name taken"  # a job with this name exists: it may belong to somebody else
    MISSING = "missing"  # no such thing
    DENIED = "denied"  # the controller's role has no permission
    PROPAGATING = "propagating"  # a new permission may not be effective everywhere yet: the same call, later
    NOT_RUNNING = "not running"  # there is nothing left to stop
    METRICS_REFUSED = "metrics refused"  # the same call without MetricDefinitions
    INVALID = "invalid"  # the same request can never work
    UNREACHABLE = "unreachable"  # no usable answer: the call may have taken effect
    OTHER = "other"  # not classified


THROTTLED = frozenset({
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
})  # fmt: skip
QUOTA = frozenset({"ResourceLimitExceeded", "ServiceQuotaExceededException"})
NAME_TAKEN = frozenset({"ResourceInUse"})
MISSING = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
DENIED = frozenset({
    "AccessDenied",
    "AccessDeniedException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
})  # fmt: skip
# An expired token belongs here and not to DENIED: Lambda renews it.
UNREACHABLE = frozenset({
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "RequestExpired",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
})  # fmt: skip
INVALID = frozenset({"InvalidParameterValue", "ValidationError", "ValidationException"})

TOO_MANY_REQUESTS = 429

CODES: Mapping[str, AwsFault] = {
    code: fault
    for codes, fault in (
        (THROTTLED, AwsFault.THROTTLED),
        (QUOTA, AwsFault.QUOTA),
        (NAME_TAKEN, AwsFault.NAME_TAKEN),
        (MISSING, AwsFault.MISSING),
        (DENIED, AwsFault.DENIED),
        (UNREACHABLE, AwsFault.UNREACHABLE),
        (INVALID, AwsFault.INVALID),
    )
    for code in codes
}

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What reading an answer of another form raises. botocore raises RuntimeError for an invalid time."""

# The fault of a ValidationException, by its text; the first match counts. Texts at the beginning of a message come before texts
# anywhere in it: a message may quote the request, whose content the user chose.
NAME_TAKEN_TEXTS = (
    "training job names must be unique within an aws account and region",
    "a training job with this name already exists",
)
MISSING_TEXTS = ("requested resource not found",)
NOT_RUNNING_TEXTS = ("the request was rejected because the training job is in status",)
METRICS_REFUSED_TEXTS = ("you can't override the metric definitions for amazon sagemaker algorithms",)
PROPAGATING = (  # the list on which terraform-provider-aws retries CreateTrainingJob (training_job.go)
    "could not assume role",
    "unauthorized to list objects under s3 url",
    "access denied to outputdataconfig s3 bucket",
    "no identity-based policy allows the s3:listbucket action",
    "access denied to hub content",
    "access denied for repository",
)

# Exceptions of botocore itself, where AWS gave no answer. The first match counts.
WITHOUT_ANSWER: tuple[tuple[type[BotoCoreError], AwsFault], ...] = (
    (raised.ParamValidationError, AwsFault.INVALID),
    (raised.NoCredentialsError, AwsFault.DENIED),
    (raised.PartialCredentialsError, AwsFault.DENIED),
    (raised.CredentialRetrievalError, AwsFault.UNREACHABLE),
    (raised.MetadataRetrievalError, AwsFault.UNREACHABLE),
    (raised.ConnectionError, AwsFault.UNREACHABLE),
    (raised.HTTPClientError, AwsFault.UNREACHABLE),  # read timeout, proxy, TLS, closed early
    (raised.IncompleteReadError, AwsFault.UNREACHABLE),
    (raised.ChecksumError, AwsFault.UNREACHABLE),
)


def fault_of(error: ClientError | BotoCoreError) -> AwsFault:
    """Classify an AWS error. An unknown code is THROTTLED with HTTP status 429, UNREACHABLE with 5xx, and else OTHER."""
    if isinstance(error, BotoCoreError):
        return next((fault for kind, fault in WITHOUT_ANSWER if isinstance(error, kind)), AwsFault.OTHER)
    answer = error.response.get("Error", {})
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code == "ValidationException":
        return _fault_in(message)
    if code in CODES:
        return CODES[code]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == TOO_MANY_REQUESTS or "throttl" in code.lower():
        return AwsFault.THROTTLED
    if "capacity" in code.lower():
        return AwsFault.NO_CAPACITY
    return AwsFault.UNREACHABLE if status >= 500 else AwsFault.OTHER


def _fault_in(message: str | None) -> AwsFault:
    text = " ".join((message or "").lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    for starts, fault in (
        (MISSING_TEXTS, AwsFault.MISSING),
        (NOT_RUNNING_TEXTS, AwsFault.NOT_RUNNING),
        (METRICS_REFUSED_TEXTS, AwsFault.METRICS_REFUSED),
        (NAME_TAKEN_TEXTS, AwsFault.NAME_TAKEN),
    ):
        if text.startswith(starts):
            return fault
    return AwsFault.PROPAGATING if any(sign in text for sign in PROPAGATING) else AwsFault.INVALID
