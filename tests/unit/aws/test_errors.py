"""Each AWS error has one meaning for the caller."""

import pytest
from botocore import exceptions as raised
from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import CODES, DENIED, INVALID, MISSING, NAME_TAKEN, QUOTA, THROTTLED, UNREACHABLE, AwsFault, fault_of
from tests.client_errors import client_error

NAME_TEXT = "Training job names must be unique within an AWS account and region, and a training job with this name already exists"


@pytest.mark.parametrize(
    ("code", "message", "fault"),
    [
        ("ThrottlingException", "Rate exceeded", AwsFault.THROTTLED),
        ("ProvisionedThroughputExceededException", "", AwsFault.THROTTLED),
        (
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.p3.2xlarge for spot training job usage' is 0 Instances,"
            " with current utilization of 0 Instances and a request delta of 1 Instances.",
            AwsFault.QUOTA,
        ),
        ("ResourceInUse", NAME_TEXT, AwsFault.NAME_TAKEN),
        ("ValidationException", NAME_TEXT, AwsFault.NAME_TAKEN),
        ("ValidationException", "Requested resource not found.", AwsFault.MISSING),
        ("ValidationException", "  Requested  resource not found", AwsFault.MISSING),
        ("ResourceNotFound", "", AwsFault.MISSING),
        ("ResourceNotFoundException", "", AwsFault.MISSING),
        ("AccessDeniedException", "not authorized to perform: iam:PassRole", AwsFault.DENIED),
        ("UnrecognizedClientException", "", AwsFault.DENIED),
        ("ExpiredTokenException", "", AwsFault.UNREACHABLE),
        ("KMSThrottlingException", "", AwsFault.THROTTLED),
        ("ThrottlingError", "ResourceLimitExceeded", AwsFault.THROTTLED),
        ("ResourceLimitExceeded", "The request was throttled. Rate exceeded", AwsFault.QUOTA),
        ("ServiceUnavailable", "", AwsFault.UNREACHABLE),
        (
            "ValidationException",
            "The request was rejected because the training job is in status Stopped.",
            AwsFault.NOT_RUNNING,
        ),
        (
            "ValidationException",
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry"
            " the request without specifying metric definitions.",
            AwsFault.METRICS_REFUSED,
        ),
        (
            "ValidationException",
            "You can\u2019t override the metric definitions for Amazon SageMaker algorithms.",
            AwsFault.METRICS_REFUSED,
        ),
        (
            "ValidationException",
            "Could not assume role arn:aws:iam::111122223333:role/new. Please ensure ...",
            AwsFault.PROPAGATING,
        ),
        ("ValidationException", "Unauthorized to List objects under S3 URL: s3://acme/train", AwsFault.PROPAGATING),
        ("ValidationException", "Access denied to OutputDataConfig S3 bucket: acme", AwsFault.PROPAGATING),
        (
            "ValidationException",
            "... because no identity-based policy allows the s3:ListBucket action",
            AwsFault.PROPAGATING,
        ),
        ("ValidationException", "Access denied to hub content: arn:...", AwsFault.PROPAGATING),
        ("ValidationException", "Access denied for repository: ours", AwsFault.PROPAGATING),
        (
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
            AwsFault.INVALID,
        ),
        ("ValidationException", "The value 'Requested resource not found' is too long", AwsFault.INVALID),
        ("ValidationException", "", AwsFault.INVALID),
        ("SomethingNew", "", AwsFault.OTHER),
        ("InsufficientCapacityException", "", AwsFault.NO_CAPACITY),
        ("InsufficientInstanceCapacity", "", AwsFault.NO_CAPACITY),
        ("", "", AwsFault.OTHER),
    ],
)
def test_an_error_of_aws_is_classified_by_its_code_and_if_that_is_ambiguous_by_its_text(
    code: str, message: str, fault: AwsFault
) -> None:
    assert fault_of(client_error(code, message)) is fault


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_unreachable_whatever_its_code(status: int) -> None:
    assert fault_of(client_error("SomethingNew", status=status)) is AwsFault.UNREACHABLE


def test_throttling_is_recognised_even_when_it_comes_as_503() -> None:
    assert fault_of(client_error("SlowDown", status=503)) is AwsFault.THROTTLED


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (raised.EndpointConnectionError(endpoint_url="https://example.com"), AwsFault.UNREACHABLE),
        (raised.ConnectTimeoutError(endpoint_url="https://example.com"), AwsFault.UNREACHABLE),
        (raised.ReadTimeoutError(endpoint_url="https://example.com"), AwsFault.UNREACHABLE),
        (raised.ConnectionClosedError(endpoint_url="https://example.com"), AwsFault.UNREACHABLE),
        (raised.SSLError(endpoint_url="https://example.com", error="bad certificate"), AwsFault.UNREACHABLE),
        (raised.IncompleteReadError(actual_bytes=1, expected_bytes=2), AwsFault.UNREACHABLE),
        (raised.NoCredentialsError(), AwsFault.DENIED),
        (raised.CredentialRetrievalError(provider="role", error_msg="timed out"), AwsFault.UNREACHABLE),
        (raised.ParamValidationError(report="Missing required parameter"), AwsFault.INVALID),
        (raised.NoRegionError(), AwsFault.OTHER),
    ],
)
def test_a_missing_answer_is_classified_by_botocore_s_exception(error: BotoCoreError, fault: AwsFault) -> None:
    assert fault_of(error) is fault


def test_an_answer_without_an_error_in_it_is_other() -> None:
    assert fault_of(ClientError({}, "CreateTrainingJob")) is AwsFault.OTHER


def test_no_code_is_in_two_sets() -> None:
    sets = (THROTTLED, QUOTA, NAME_TAKEN, MISSING, DENIED, UNREACHABLE, INVALID)
    assert sum(map(len, sets)) == len(CODES)


def test_an_unknown_code_with_429_is_throttled() -> None:
    assert fault_of(client_error("OfNextYear", status=429)) is AwsFault.THROTTLED
    assert fault_of(client_error("OfNextYear", status=503)) is AwsFault.UNREACHABLE
    assert fault_of(client_error("OfNextYear")) is AwsFault.OTHER
