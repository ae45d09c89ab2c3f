"""Builds boto3 clients with the packaged service models."""

from __future__ import annotations

from typing import Any

import boto3

from controller.aws.service_models import checked, use_packaged_models


def boto3_client(service: str, config: Any, region: str | None = None) -> Any:
    """A client of an AWS service. Raises WrongModel where its model is not the one that this code was written against."""
    use_packaged_models()
    client = boto3.client(service, config=config, region_name=region)
    return checked(client) if service == "sagemaker" else client
