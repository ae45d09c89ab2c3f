"""How commands call AWS: with which region and profile, with how many retries, and one sentence for each error."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import wraps
from typing import Annotated, Any, TypeVar

import boto3
import typer
from botocore import exceptions as raised
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from controller.cli.output.errors import AwsUnreachable, BadInput
from controller.runtime.ports.answers import Unreachable

T = TypeVar("T")

Region = Annotated[
    str | None,
    typer.Option("--region", metavar="REGION", help="The AWS region. Default: AWS_DEFAULT_REGION, or that of the profile."),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="The AWS profile of ~/.aws/config. Default: AWS_PROFILE, or the environment."),
]
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN = {
    "AuthFailure", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
BAD = {"ValidationException", "InvalidParameterValue", "InvalidAddress", "QueueDoesNotExist"}
NO_CREDENTIALS = "found no AWS credentials, wanted --profile, a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
NO_REGION = "found no AWS region, wanted --region, AWS_DEFAULT_REGION, or a profile that names one"


def asking(work: Callable[[], T]) -> T:
    """Run ``work``, which calls AWS. Raises AwsUnreachable if AWS does not answer or refuses, BadInput for a wrong argument."""
    try:
        return work()
    except (ClientError, BotoCoreError, Unreachable) as error:
        raise explained(error) from error


def explained(error: Exception) -> BadInput | AwsUnreachable:
    """The error that a command prints for an error of boto3: one sentence, with the next step."""
    match error:
        case Unreachable(__cause__=BotoCoreError() | ClientError() as cause):
            return explained(cause)
        case ProfileNotFound():
            return BadInput(f"--profile: {_error_text(error)}; wanted a profile of ~/.aws/config")
        case ParamValidationError():
            return BadInput(_error_text(error))
        case NoCredentialsError() | PartialCredentialsError():
            return AwsUnreachable(NO_CREDENTIALS)
        case NoRegionError():
            return AwsUnreachable(NO_REGION)
        case ClientError():
            return _refused(error)
        case raised.ConnectionError() | HTTPClientError():
            return AwsUnreachable(f"AWS does not answer ({_error_text(error)}): check the region and the network")
    return AwsUnreachable(_error_text(error))


def _refused(error: ClientError) -> BadInput | AwsUnreachable:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in EXPIRED:
        return AwsUnreachable(f"the AWS credentials have expired ({code}): sign in again, such as with aws sso login")
    if code in UNKNOWN:
        return AwsUnreachable(f"AWS does not know these credentials ({code}): check --profile and the environment")
    if code in DENIED:
        return AwsUnreachable(f"your credentials may not do this: {_error_text(error)}")
    if code in BAD or code.startswith(("ResourceNotFound", "AWS.SimpleQueueService")):
        return BadInput(_error_text(error))
    return AwsUnreachable(_error_text(error))


def _error_text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def caller_account() -> str:
    """The ID of the caller's account, from STS; empty if STS does not answer."""
    from controller import wiring

    try:
        return str(wiring.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError):
        return ""


@contextmanager
def reached_as(region: str | None, profile: str | None) -> Iterator[None]:
    """In this context, clients are built for this region and profile. Raises BadInput if one of them cannot exist."""
    if region is None and profile is None:
        yield
        return
    from controller import wiring

    if region is not None and not REGION.fullmatch(region):
        near = get_close_matches(region.lower(), boto3.Session().get_available_regions("sagemaker"), n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise BadInput(f"--region: found {region!r}, wanted a region such as us-east-1{meant}")
    former = boto3.DEFAULT_SESSION
    try:
        boto3.setup_default_session(region_name=region, profile_name=profile)
    except BotoCoreError as error:
        raise explained(error) from error
    wiring.client.cache_clear()
    try:
        yield
    finally:
        boto3.DEFAULT_SESSION = former
        wiring.client.cache_clear()


def with_region_and_profile(command: Callable[..., int]) -> Callable[..., int]:
    """The command with the options ``--region`` and ``--profile`` after its own."""

    @wraps(command)
    def run(*positional: Any, region: str | None = None, profile: str | None = None, **named: Any) -> int:
        with reached_as(region, profile):
            return command(*positional, **named)

    added = {"region": Region, "profile": Profile}
    own = inspect.signature(command, eval_str=True)
    more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=of) for name, of in added.items()]
    signature = own.replace(parameters=[*own.parameters.values(), *more])
    vars(run)["__signature__"] = signature
    run.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return run


def patient_client(service: str) -> Any:
    """A client for thousands of calls: in botocore's adaptive retry mode it slows down when AWS throttles, and retries."""
    return boto3.client(
        service, config=Config(connect_timeout=5, read_timeout=30, retries={"mode": "adaptive", "total_max_attempts": 10})
    )
