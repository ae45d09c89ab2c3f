"""What benchmarks start: the real package, a bare and a plain handler, and c7n, with their events and the AWS of this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.build import Target, build
from infra.local import aws
from infra.local.sagemaker.server import serve
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.world import World
from infra.service_models import pinned
from infra.tool_environment import NotInstalled, programs_of
from tests.benchmarks.coldstart.quota import Quota
from tests.benchmarks.coldstart.runtime_api import Started, start
from tests.unit.infra.local.sagemaker.requests import EXACT, request

ROOT = Path(__file__).resolve().parents[3]
ROLE = "arn:aws:iam::111122223333:role/Train"
SIGNING = "signing-secret"
PACKAGES = {"runtime": ("awslambdaric==4.2.2", f"boto3=={pinned()}"), "c7n": ("awslambdaric==4.2.2", "c7n==0.9.53")}

PLAIN = """
import boto3
clients = [boto3.client(name) for name in ("sagemaker", "dynamodb", "s3", "events", "ec2", "sns", "service-quotas")]
import app
from handlers.jobs import job_changed
"""
BARE = "def handler(event, context):\n    return {}\n"
C7N_POLICY = {
    "execution-options": {"account_id": aws.ACCOUNT, "region": aws.REGION, "metrics_enabled": False, "tracer": "default"},
    "policies": [{
        "name": "spot-required", "resource": "aws.sagemaker-job",
        "mode": {"type": "cloudtrail", "role": ROLE, "events": [
            {"source": "sagemaker.amazonaws.com", "event": "CreateTrainingJob", "ids": "responseElements.trainingJobArn"},
        ]},
        "filters": [{"EnableManagedSpotTraining": False}],
    }],
}  # fmt: skip


@dataclass
class Variant:
    """What is started, and what was measured."""

    name: str
    python: Path
    folder: Path
    handler: str
    event: Mapping[str, Any]
    environment: Mapping[str, str]
    starts: list[Started] = field(default_factory=list)

    def run(self, share: Quota) -> Started:
        """Start it once."""
        return self.answer([self.event], share)

    def answer(self, events: Sequence[Mapping[str, Any]], share: Quota) -> Started:
        """Start it, and let it answer these events."""
        command = [str(self.python), "-m", "awslambdaric", self.handler]
        return start(command, events, environment=self.environment, folder=self.folder, limit=share.limit)


def environment_of(folder: Path, name: str) -> Path | None:
    """The interpreter of a virtual environment, which is made at its first use; None where its packages cannot be had."""
    try:
        return programs_of(folder / name, PACKAGES[name]) / "python"
    except NotInstalled as why:
        print(f"{name} cannot be measured: {why}")
        return None


def job_event(job: str) -> dict[str, Any]:
    """SageMaker's event about a job."""
    return {
        "version": "0", "id": "1", "detail-type": "SageMaker Training Job State Change", "source": "aws.sagemaker",
        "account": aws.ACCOUNT, "region": aws.REGION, "time": "2026-11-22T12:00:00Z", "resources": [],
        "detail": {"TrainingJobName": job, "TrainingJobStatus": "InProgress", "SecondaryStatus": "Training"},
    }  # fmt: skip


def trail_event(job: str) -> dict[str, Any]:
    """CloudTrail's event about the creation of a job, which c7n listens to."""
    arn = f"arn:aws:sagemaker:{aws.REGION}:{aws.ACCOUNT}:training-job/{job}"
    detail = {"eventSource": "sagemaker.amazonaws.com", "eventName": "CreateTrainingJob", "eventTime": "2026-11-22T12:00:00Z"}
    return job_event(job) | {
        "detail-type": "AWS API Call via CloudTrail", "detail": {**detail, "responseElements": {"trainingJobArn": arn}},
    }  # fmt: skip


def click_event() -> dict[str, Any]:
    """A signed ``/spot job bert``, as API Gateway hands it on."""
    body, at = "command=%2Fspot&user_id=U1&text=" + quote("job bert"), str(int(time.time()))
    signature = "v0=" + hmac.new(SIGNING.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "resource": "/slack/command", "path": "/slack/command", "httpMethod": "POST", "body": body, "isBase64Encoded": False,
        "headers": {
            "content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": at, "x-slack-signature": signature,
        },
        "multiValueQueryStringParameters": None, "pathParameters": None, "stageVariables": None,
        "requestContext": {"resourcePath": "/slack/command", "httpMethod": "POST", "stage": "api"},
    }  # fmt: skip


@contextmanager
def stack(jobs: Sequence[str] = ("bert",)) -> Iterator[tuple[Mapping[str, str], World]]:
    """The AWS of this machine with a table and jobs that train; gives the settings of a function, and its SageMaker."""
    with ExitStack() as running:
        here = World(
            datetime.now(UTC) - timedelta(minutes=20), settings=WorldSettings(**EXACT), account=aws.ACCOUNT, region=aws.REGION
        )
        for job in jobs:
            here.create_training_job(request(job, prefix=f"s3://ckpt/{job}") | {"RoleArn": ROLE})
        here.advance_to(datetime.now(UTC))
        server, local = running.enter_context(serve(here)), running.enter_context(aws.start(dynamodb=aws.ATOMIC))
        aws.create_table(local.dynamodb_url)
        secret = {"bot_token": "xoxb-1", "signing_secret": SIGNING}
        arn = aws.client("secretsmanager", local.url).create_secret(Name="slack", SecretString=json.dumps(secret))["ARN"]
        settings = {
            "AWS_REGION": aws.REGION, "AWS_DEFAULT_REGION": aws.REGION, "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL": local.url, "AWS_ENDPOINT_URL_SAGEMAKER": server.url,
            "SPOTWARDEN_TABLE": "Spotwarden", "SPOTWARDEN_TRAINING_ROLES": ROLE, "SPOTWARDEN_IDENTITY_KEY": "key",
            "SPOTWARDEN_ACCOUNT": aws.ACCOUNT, "SPOTWARDEN_SLACK_TOKEN_SECRET": arn, "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "AWS_LAMBDA_FUNCTION_NAME": "measured",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        }  # fmt: skip
        yield settings, here


def lay_out(work: Path) -> Path:
    """Build the package, and unpack it for each variant; returns the zip."""
    target = Target(python="{}.{}".format(*sys.version_info[:2]), architecture="x86_64")
    packed = build(work / "package", target, ROOT / "policies")
    for name in ("ours", "plain", "bare"):
        shutil.rmtree(work / name, ignore_errors=True)
        (work / name).mkdir(parents=True)
    for name in ("ours", "plain"):
        with zipfile.ZipFile(packed) as content:
            content.extractall(work / name)
    for compiled in (work / "plain").rglob("__pycache__"):
        shutil.rmtree(compiled)
    shutil.rmtree(work / "plain" / "controller" / "data" / "models")
    (work / "plain" / "eager.py").write_text(PLAIN)
    (work / "bare" / "bare.py").write_text(BARE)
    return packed


def variants(work: Path, settings: Mapping[str, str]) -> list[Variant]:
    """Everything that is compared, as far as its packages can be had."""
    found = []
    runtime, c7n = environment_of(work, "runtime"), environment_of(work, "c7n")

    def add(name: str, python: Path, handler: str, event: Mapping[str, Any], **more: str) -> None:
        told = {**settings, "_HANDLER": handler, "PYTHONPATH": str(work / name), "LAMBDA_TASK_ROOT": str(work / name), **more}
        found.append(Variant(name, python, work / name, handler, event, told))

    if runtime is not None:
        add("bare", runtime, "bare.handler", job_event("bert"))
        add("ours", runtime, "handlers.jobs.job_changed", job_event("bert"))
        # A setting that the JSON client does not know of, though it asks for nothing: so boto3 makes every call.
        add("plain", runtime, "eager.job_changed", job_event("bert"), AWS_USE_DUALSTACK_ENDPOINT="false", _HANDLER="eager")
    if c7n is not None:
        (work / "policy").mkdir(exist_ok=True)
        (work / "policy" / "config.json").write_text(json.dumps(C7N_POLICY))
        (work / "policy" / "custodian_policy.py").write_text("from c7n import handler\nrun = handler.dispatch_event\n")
        add("policy", c7n, "custodian_policy.run", trail_event("bert"))
        found[-1].name = "c7n"
    return found
