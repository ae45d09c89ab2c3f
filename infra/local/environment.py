"""The endpoints of the embedded AWS, and the environment variables with which commands and boto3 use only these endpoints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.local import aws

# The environment variables of AWS's SDKs for endpoints, by the service's name in the ports file.
ENDPOINT_VARIABLES = {
    "dynamodb": "AWS_ENDPOINT_URL_DYNAMODB",
    "sagemaker": "AWS_ENDPOINT_URL_SAGEMAKER",
    "s3": "AWS_ENDPOINT_URL_S3",
    "ec2": "AWS_ENDPOINT_URL_EC2",
    "eventbridge": "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "pricing": "AWS_ENDPOINT_URL_PRICING",
    "service_quotas": "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
}
FOREIGN = ("AWS_", "SPOTWARDEN_", "POLICY_URI")  # prefixes of a user's own settings, which must not apply here
KEPT = {"SPOTWARDEN_DYNAMODB"}
CHECKPOINT_BUCKETS = ("acme-checkpoints", "acme-ckpt", "acme-tidied-away", "demo-checkpoints")  # the parameter CheckpointBuckets
ACCOUNT = "123456789012"  # the account of the embedded AWS
LOOPBACK = "127.0.0.1,localhost"


def endpoints_of(local: aws.Local, *, sagemaker: str, prices_and_quotas: str, slack: str) -> dict[str, str]:
    """Return the URL of each service. The key ``aws`` is for all services that have no key of their own."""
    return {
        "aws": local.url,
        "dynamodb": local.dynamodb_url,
        "sagemaker": sagemaker,
        "s3": local.url,
        "ec2": local.url,
        "eventbridge": local.url,
        "pricing": prices_and_quotas,
        "service_quotas": prices_and_quotas,
        "slack_api": f"{slack}/api/",
        "slack_page": slack,
    }


def environment_of(
    endpoints: Mapping[str, str], *, region: str, table: str, reports: str, policies: Path, token: str, signing_secret: str,
    roles: Iterable[str] = (),
) -> dict[str, str]:  # fmt: skip
    """Return the environment variables with which handlers, commands and boto3 use the endpoints.

    ``reports`` is the bucket of reports, ``policies`` the compiled policy document, ``roles`` the roles that attempts may have.
    """
    return {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoints["aws"],
        **{variable: endpoints[service] for service, variable in ENDPOINT_VARIABLES.items()},
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
        "POWERTOOLS_SERVICE_NAME": "spotwarden",
        "SPOTWARDEN_CHECKPOINT_BUCKETS": ",".join(CHECKPOINT_BUCKETS),
        "SPOTWARDEN_POLICIES": str(policies),
        "SPOTWARDEN_REPORTS_BUCKET": reports,
        "SPOTWARDEN_SLACK_SIGNING_SECRET": signing_secret,
        "SPOTWARDEN_SLACK_TOKEN": token,
        "SPOTWARDEN_SLACK_URL": endpoints["slack_api"],
        "SPOTWARDEN_STACK": "spotwarden",
        "SPOTWARDEN_ACCOUNT": ACCOUNT,
        "SPOTWARDEN_TABLE": table,
        "SPOTWARDEN_TRAINING_ROLES": ",".join(roles),
    }


@contextmanager
def only(environment: Mapping[str, str]) -> Iterator[None]:
    """Set these variables, and hide the user's own AWS and Spotwarden settings, so that no call leaves this machine."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(FOREIGN) and name not in KEPT:
            del os.environ[name]
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
