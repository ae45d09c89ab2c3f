"""A secret is read, or AWS's answer says why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from controller.aws.secret_text import secret_text
from controller.runtime.ports.answers import Unreachable
from tests.client_errors import client_error


@dataclass
class SecretsManager:
    """Answers with a value, or raises one."""

    answer: Any

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803 - the API's own word
        assert SecretId == "slack"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(("answer", "text"), [({"SecretString": "xoxb-1"}, "xoxb-1"), ({"SecretBinary": b"x"}, "")])
def test_its_text_is_empty_where_it_is_binary(answer: Any, text: str) -> None:
    assert secret_text(SecretsManager(answer), "slack") == text


@pytest.mark.parametrize("fault", [client_error("ThrottlingException"), ConnectTimeoutError(endpoint_url="https://a.example")])
def test_no_answer_is_unreachable(fault: Exception) -> None:
    with pytest.raises(Unreachable, match="Secrets Manager"):
        secret_text(SecretsManager(fault), "slack")


def test_a_secret_that_may_not_be_read_is_aws_own_error() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        secret_text(SecretsManager(client_error("AccessDeniedException")), "slack")
