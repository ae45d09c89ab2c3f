"""A client for the few AWS calls that a function makes as soon as it starts: signed requests with JSON, over one connection.

boto3 and its clients take most of the time of a cold start. On Lambda these calls are made without boto3, with the answers and
exceptions that boto3 gives (``tests/contract`` checks both in the same way). boto3 makes all other calls. It makes every call
elsewhere, and where the environment asks for anything that this client cannot do (``usable``).
"""

from __future__ import annotations

import json
import os
import re
import secrets
import select
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    ChecksumError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)

from controller.aws.json_answers import answer_of, as_base64, check_whole, error_of
from controller.aws.signature import signed
from controller.aws.system_clock import SystemClock
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiService:
    """How a service is called. ``calls`` maps boto3's names of methods to AWS's names of operations."""

    signing_name: str
    setting: str  # of the environment variable AWS_ENDPOINT_URL_<setting>
    host: str
    target: str  # the beginning of the header X-Amz-Target
    version: str  # of AWS's JSON protocol
    calls: Mapping[str, str]


def _calls(*names: str) -> Mapping[str, str]:
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): name for name in names}


SERVICES: Mapping[str, ApiService] = {
    "dynamodb": ApiService(
        signing_name="dynamodb", setting="DYNAMODB", host="dynamodb.{region}.amazonaws.com",
        target="DynamoDB_20120810", version="1.0",
        calls=_calls("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"),
    ),
    "sagemaker": ApiService(
        signing_name="sagemaker", setting="SAGEMAKER", host="api.sagemaker.{region}.amazonaws.com",
        target="SageMaker", version="1.1", calls=_calls("DescribeTrainingJob", "ListTags"),
    ),
    "secretsmanager": ApiService(
        signing_name="secretsmanager", setting="SECRETS_MANAGER", host="secretsmanager.{region}.amazonaws.com",
        target="secretsmanager", version="1.1", calls=_calls("GetSecretValue"),
    ),
}  # fmt: skip
TOKENS = {"TransactWriteItems": "ClientRequestToken"}  # boto3 adds one, so that a repeated request is the same one

REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")  # of the partition aws
NEEDED = ("AWS_LAMBDA_RUNTIME_API", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")  # Lambda sets them
OTHERWISE = (  # settings that only boto3 follows
    "AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "HTTP_PROXY",
    "HTTPS_PROXY", "http_proxy", "https_proxy", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)  # fmt: skip
RETRIED = frozenset({429, 500, 502, 503, 504})  # as boto3's mode "standard" does
RETRIED_CODES = frozenset({
    "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
    "RequestTimeout", "RequestTimeoutException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
    "TooManyRequestsException", "TransactionInProgressException",
})  # fmt: skip
WAIT_S_MAX = 1.0  # before the second try


def usable(service: str) -> bool:
    """Whether this client may be used in place of boto3's: on Lambda, where the environment has no setting that needs boto3."""
    if service not in SERVICES or any(os.environ.get(name) for name in OTHERWISE):
        return False
    return all(os.environ.get(name) for name in NEEDED) and REGION.fullmatch(_region()) is not None


class JsonClient:
    """Makes the calls of one service. Every other attribute is that of a boto3 client, which is built at its first use.

    The time limits are in seconds. ``trust`` returns a TLS context; by default it is one with the certificates of botocore.
    """

    def __init__(
        self, service: str, boto3_client: Callable[[], Any], *, connect_s: float, read_s: float, attempts: int,
        trust: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:  # fmt: skip
        self._service, self._boto3_client, self._trust = SERVICES[service], boto3_client, trust or _tls
        self._connect_s, self._read_s, self._attempts = connect_s, read_s, attempts
        self.url = _endpoint(service)
        parts = urlsplit(self.url)
        self._host, self._path, self._tls = parts.netloc, parts.path or "/", parts.scheme == "https"
        self._connection: HTTPConnection | None = None
        self._one_at_a_time = threading.Lock()
        self._other: Any = None
        self.meta = None  # no event hooks, which boto3's clients have

    def __getattr__(self, name: str) -> Any:
        operation = self._service.calls.get(name)
        if operation is not None:
            return partial(self._call, operation)
        if self._other is None:
            self._other = self._boto3_client()
        return getattr(self._other, name)

    def connect(self) -> None:
        """Open the connection, so that the first call finds it open. An error is ignored here: that call raises it."""
        try:
            self._connected()
        except (OSError, HTTPException):
            self._close()

    def _call(self, operation: str, **asked: Any) -> dict[str, Any]:
        """Make one call, with retries. Raises ClientError, or what boto3 raises where there is no answer."""
        if operation in TOKENS:
            asked.setdefault(TOKENS[operation], secrets.token_hex(16))
        body = json.dumps(asked, separators=(",", ":"), default=as_base64).encode()
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                with self._one_at_a_time:
                    status, headers, answer = self._exchange(operation, body)
                if status < 300:
                    return answer_of(operation, answer, headers, attempt, self.url)
            except (ChecksumError, HTTPClientError):  # as boto3 raises them
                if last:
                    raise
            except (OSError, HTTPException) as problem:
                if last:
                    raise self._without_answer(problem) from problem
            else:
                error = error_of(operation, status, headers, answer, attempt)
                if last or not (status in RETRIED or error.response["Error"]["Code"] in RETRIED_CODES):
                    raise error
            # Random, as in boto3's mode "standard": functions that were throttled together do not try again together.
            time.sleep(secrets.randbelow(1000) / 1000 * WAIT_S_MAX)
        raise AssertionError("no attempt was made")

    def _exchange(self, operation: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        headers = {
            "content-type": f"application/x-amz-json-{self._service.version}",
            "x-amz-target": f"{self._service.target}.{operation}",
        }
        try:
            connection = self._connected()
            connection.request("POST", self._path, body, self._signed(headers, body))
            response: HTTPResponse = connection.getresponse()
            answer, found = response.read(), {name.lower(): value for name, value in response.getheaders()}
            if response.status < 200:
                raise HTTPException(f"found status {response.status}, wanted an answer")
            check_whole(answer, found)
            return response.status, found, answer
        except (OSError, HTTPException, ChecksumError):
            self._close()
            raise

    def _connected(self) -> HTTPConnection:
        """The open connection; a new one where the service has closed it because it was idle."""
        open_one = self._connection
        if open_one is not None and open_one.sock is not None and self._is_open(open_one.sock):
            return open_one
        self._close()
        made = (
            HTTPSConnection(self._host, timeout=self._connect_s, context=self._trust())
            if self._tls
            else HTTPConnection(self._host, timeout=self._connect_s)
        )
        try:
            made.connect()
        except OSError as problem:
            raise _NotConnected(problem) from problem
        made.sock.settimeout(self._read_s)
        self._connection = made
        return made

    def _is_open(self, sock: Any) -> bool:
        """Whether the service has not closed the connection. Before a request, only its end or TLS 1.3 tickets can be read."""
        if not select.select([sock], [], [], 0)[0]:
            return True
        if not self._tls:
            return False
        sock.settimeout(0)
        try:
            sock.recv(1)
        except ssl.SSLWantReadError:
            return True  # there were tickets, and nothing else
        except OSError:
            return False
        finally:
            sock.settimeout(self._read_s)
        return False

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _without_answer(self, problem: Exception) -> Any:
        """The exception that boto3 raises for a call without an answer."""
        if isinstance(problem, _NotConnected):
            problem = problem.problem
            if isinstance(problem, TimeoutError):
                return ConnectTimeoutError(endpoint_url=self.url, error=problem)
            if type(problem).__module__ == "ssl":
                return SSLError(endpoint_url=self.url, error=problem)
            return EndpointConnectionError(endpoint_url=self.url, error=problem)
        if isinstance(problem, TimeoutError):
            return ReadTimeoutError(endpoint_url=self.url, error=problem)
        return ConnectionClosedError(endpoint_url=self.url, error=problem)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        return signed(
            {**headers, "host": self._host}, body, path=self._path, service=self._service.signing_name, region=_region(),
            at=SystemClock().now(), key_id=os.environ["AWS_ACCESS_KEY_ID"], key=os.environ["AWS_SECRET_ACCESS_KEY"],
            token=os.environ.get("AWS_SESSION_TOKEN", ""),
        )  # fmt: skip


class _NotConnected(OSError):
    def __init__(self, problem: OSError) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def _endpoint(service: str) -> str:
    own = os.environ.get(f"AWS_ENDPOINT_URL_{SERVICES[service].setting}") or os.environ.get("AWS_ENDPOINT_URL")
    return own or f"https://{SERVICES[service].host.format(region=_region())}"


def _tls() -> Any:
    """A TLS context with the certificates that boto3 trusts, made once."""
    global _context  # making it takes as long as the rest of a connection
    if _context is None:
        package = find_spec("botocore")
        bundle = Path(package.origin).parent / "cacert.pem" if package and package.origin else None
        _context = ssl.create_default_context(cafile=str(bundle) if bundle and bundle.exists() else None)
    return _context


_context: Any = None
