"""URLs of pages in the AWS console, in the domain of the region's partition, and links in mrkdwn."""

from __future__ import annotations

import re
from urllib.parse import quote

DOMAINS = {"us-gov-": "console.amazonaws-us-gov.com", "cn-": "console.amazonaws.cn"}
WITHOUT_CONSOLE = ("us-iso", "eu-iso", "eusc-")  # regions of partitions whose console domain is not public, or not known here
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
LOG_GROUP = "/aws/sagemaker/TrainingJobs"


def console_url(region: str, job: str) -> str:
    """The URL of a training job in the SageMaker console; empty if the region's console is not known."""
    host = _host(region)
    return f"https://{host}/sagemaker/home?region={region}#/jobs/{quote(job, safe='')}" if host else ""


def logs_url(region: str, job: str) -> str:
    """The URL of a training job's log streams in the CloudWatch console; empty if the region's console is not known."""
    host = _host(region)
    if not host:
        return ""
    group, streams = _in_fragment(LOG_GROUP), _in_fragment(f"{job}/")
    logs = f"log-groups/log-group/{group}$3FlogStreamNameFilter$3D{streams}"
    return f"https://{host}/cloudwatch/home?region={region}#logsV2:{logs}"


def object_url(region: str, bucket: str, key: str) -> str:
    """The URL of an object in the S3 console; empty if the region's console is not known."""
    host = _host(region)
    return f"https://{host}/s3/object/{bucket}?region={region}&prefix={quote(key)}" if host else ""


def _in_fragment(name: str) -> str:
    """A name as the CloudWatch console encodes it in the fragment of a URL: percent-encoded twice, then ``$`` for ``%``."""
    return quote(quote(name, safe=""), safe="").replace("%", "$")


def _host(region: str) -> str:
    if REGION.fullmatch(region) is None or region.startswith(WITHOUT_CONSOLE):
        return ""
    domain = next((domain for prefix, domain in DOMAINS.items() if region.startswith(prefix)), "console.aws.amazon.com")
    return f"{region}.{domain}"


def job_links(region: str, job: str) -> list[str]:
    """Links in mrkdwn to a job and to its logs; none if the region's console is not known."""
    found = ((console_url(region, job), "Job in SageMaker"), (logs_url(region, job), "Logs in CloudWatch"))
    return [link(url, text) for url, text in found if url]


def link(url: str, text: str) -> str:
    """A link in mrkdwn; only the text if the URL is empty. The caller escapes ``text``."""
    return f"<{_entities(url)}|{text}>" if url else text


def _entities(url: str) -> str:
    return url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
