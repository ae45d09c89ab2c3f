"""The error responses of SageMaker."""

from __future__ import annotations

from typing import Final

MISSING: Final = "Requested resource not found."
NAME_TAKEN: Final = (
    "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
)
NOT_IN_PROGRESS: Final = "The request was rejected because the training job is in status {status}."


class ApiError(Exception):
    """An error of the API: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def invalid(message: str) -> ApiError:
    """Return a ValidationException, SageMaker's most common error."""
    return ApiError("ValidationException", message)
