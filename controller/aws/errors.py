"""Sorts AWS error codes and texts, once, into the few faults the adapters answer differently.

SageMaker says many different things with one code, ValidationException, so some faults are known only by their text.
Texts are matched in lower case with blanks joined: AWS's spelling of both has changed before.
"""

from collections.abc import Mapping
from enum import StrEnum

from botocore import exceptions as raised
from botocore.exceptions import BotoCoreError, ClientError


class AwsFault(StrEnum):
    """What an AWS error means for the caller."""

    THROTTLED = "throttled"  # too fast: the same call, later
    QUOTA = "quota"  # the account's limit is reached: later, or a larger quota
    NAME_TAKEN = "name taken"  # a job of this name exists: ask whose it is before believing success
    MISSING = "missing"  # no such thing
    DENIED = "denied"  # our role may not
    PROPAGATING = "propagating"  # permissions may not have arrived everywhere yet: the same call, later
    NOT_RUNNING = "not running"  # there is nothing left to stop
    METRICS_REFUSED = "metrics refused"  # the same call without MetricDefinitions
    INVALID = "invalid"  # the request can never work as written
    UNREACHABLE = "unreachable"  # no usable answer: whether the call took effect is not known
    OTHER = "other"  # nobody has taken a stand on this one


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
QUOTA = frozenset({"ResourceLimitExceeded"})
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
# An expired token belongs here and not to DENIED: Lambda hands out the next one by itself.
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

# What a ValidationException turns out to be, first hit wins. Anchored texts stand before those found anywhere:
# a message may quote the request, and what a request says is the user's.
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

# Exceptions of botocore itself, where no answer of AWS arrived. First hit wins.
WITHOUT_ANSWER: tuple[tuple[type[BotoCoreError], AwsFault], ...] = (
    (raised.ParamValidationError, AwsFault.INVALID),
    (raised.NoCredentialsError, AwsFault.DENIED),
    (raised.PartialCredentialsError, AwsFault.DENIED),
    (raised.CredentialRetrievalError, AwsFault.UNREACHABLE),
    (raised.MetadataRetrievalError, AwsFault.UNREACHABLE),
    (raised.ConnectionError, AwsFault.UNREACHABLE),
    (raised.HTTPClientError, AwsFault.UNREACHABLE),  # read timeout, proxy, TLS, closed early
    (raised.IncompleteReadError, AwsFault.UNREACHABLE),
)


def fault_of(error: ClientError | BotoCoreError) -> AwsFault:
    """Say what an AWS error means for the caller; a code nobody listed is OTHER, with HTTP status 5xx UNREACHABLE."""
    if isinstance(error, BotoCoreError):
        return next((fault for kind, fault in WITHOUT_ANSWER if isinstance(error, kind)), AwsFault.OTHER)
    answer = error.response.get("Error", {})
    code, message = answer.get("Code", ""), answer.get("Message", "")
    if code == "ValidationException":
        return _fault_in(message)
    if code in CODES:
        return CODES[code]
    broken = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return AwsFault.UNREACHABLE if broken else AwsFault.OTHER


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
