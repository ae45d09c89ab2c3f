"""Writes each week's report as a page into a bucket of the stack, for people without Slack."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.adapters.aws_errors import Fault, fault_of
from controller.report import Report
from controller.shell.ports import Unreachable


class S3Library:
    """The Library port over a boto3 ``s3`` client. Without a bucket nothing is written, and there is no link."""

    def __init__(self, client: Any, bucket: str, region: str) -> None:
        self._client = client
        self._bucket = bucket
        self._region = region

    def publish(self, report: Report) -> str:
        """The link leads to the S3 console: a presigned one would be open to whoever has it, and end with the role's session."""
        if not self._bucket:
            return ""
        from controller.formats.as_html import as_html  # a chart library that only this call needs

        key = f"reports/{report.since}_{report.until}.html"
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=as_html(report).encode(), ContentType="text/html; charset=utf-8"
            )  # fmt: skip
        except (ClientError, BotoCoreError) as error:
            if fault_of(error) in (Fault.THROTTLED, Fault.UNREACHABLE):
                raise Unreachable(f"S3 put_object {self._bucket}/{key}: {error}") from error
            raise
        return f"https://{self._region}.console.aws.amazon.com/s3/object/{self._bucket}?region={self._region}&prefix={key}"
