"""Writes the weekly report as a page into a bucket of the stack, for people without Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.runtime.ports.answers import Unreachable

if TYPE_CHECKING:
    from controller.savings.report import Report


class S3ReportStore:
    """The ReportStore port over a boto3 ``s3`` client. Without a bucket nothing is written, and there is no link."""

    def __init__(self, client: Any, bucket: str, region: str) -> None:
        self._client = client
        self._bucket = bucket
        self._region = region

    def publish(self, report: Report) -> str:
        """Store the report's page, and return its address in the S3 console. A presigned URL would be open to anybody who has it,
        and would expire with the role's session.
        """
        if not self._bucket:
            return ""
        from controller.notifications.console_links import object_url  # here: most functions write no report
        from controller.notifications.report_formats.as_html import as_html

        key = f"reports/{report.since}_{report.until}.html"
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=as_html(report).encode(), ContentType="text/html; charset=utf-8"
            )  # fmt: skip
        except (ClientError, BotoCoreError) as error:
            if fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE):
                raise Unreachable(f"S3 put_object {self._bucket}/{key}: {error}") from error
            raise
        return object_url(self._region, self._bucket, key)
