"""A request is signed as botocore signs it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from controller.aws.signature import signed


@pytest.mark.parametrize("token", ["", "token"])
def test_the_signature_is_that_of_botocore(token: str) -> None:
    headers, body = {"content-type": "application/x-amz-json-1.0", "host": "dynamodb.eu-west-1.amazonaws.com"}, b'{"a": 1}'
    at = datetime.now(UTC)
    ours = signed(headers, body, path="/", service="dynamodb", region="eu-west-1", at=at, key_id="AK", key="secret", token=token)
    theirs = AWSRequest("POST", "https://dynamodb.eu-west-1.amazonaws.com/", headers, body)
    theirs.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AK", "secret", token or None), "dynamodb", "eu-west-1")
    signer._modify_request_before_signing(theirs)
    canonical = signer.canonical_request(theirs)
    expected = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
    assert ours["authorization"].endswith(f"Signature={expected}")
