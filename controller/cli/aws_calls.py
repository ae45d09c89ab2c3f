"""Calls AWS for a command, patiently where there are many calls, and says in one sentence why AWS refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from controller.cli.errors import BadInput
from controller.runtime.ports import Unreachable

T = TypeVar("T")


def asking(work: Callable[[], T]) -> T:
    """Do something with AWS. Raises BadInput for missing credentials or region, or an error of AWS."""
    try:
        return work()
    except NoCredentialsError as error:
        raise BadInput("found no AWS credentials, wanted a profile, a role or AWS_ACCESS_KEY_ID in the environment") from error
    except NoRegionError as error:
        raise BadInput("found no AWS region, wanted AWS_DEFAULT_REGION or a profile that names one") from error
    except (ClientError, BotoCoreError, Unreachable) as error:
        raise BadInput(str(error)) from error


def patient_client(service: str) -> Any:
    """A client for thousands of calls: botocore's adaptive mode slows down as soon as AWS throttles, and tries again."""
    return boto3.client(
        service, config=Config(connect_timeout=5, read_timeout=30, retries={"mode": "adaptive", "total_max_attempts": 10})
    )
