"""Compares cold starts: ``make bench-coldstart``, or ``python -m tests.benchmarks.coldstart --runs 9``.

    bare    a handler that does nothing: the floor
    ours    this controller's package and its handler of job events, as it is deployed
    plain   the same code as Chalice packages it, with boto3 clients of all services built at import: no .pyc, whole models
    c7n     Cloud Custodian's handler with one policy for training jobs, in an environment of its own, with .pyc

Each is started in a process of its own under awslambdaric, with a Runtime API of this machine, and answers one event about a job
of which nothing is new. The starts of the variants alternate. "As deployed" is Lambda with 256 MB: a whole core until the end of
init, 0.145 of one from then on. Then Slack's first request to a new container of its function
(1,024 MB: 0.58 of a core).
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import shutil
import statistics
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
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
from tests.benchmarks.coldstart.quota import Quota, quota
from tests.benchmarks.coldstart.runtime_api import DidNotStart, Started, start
from tests.unit.infra.local.sagemaker.requests import EXACT, request

ROOT = Path(__file__).resolve().parents[3]
LAMBDA_SHARE = {256: 0.145, 1024: 0.58}  # of a core; 1,769 MB are a whole one
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
        command = [str(self.python), "-m", "awslambdaric", self.handler]
        return start(command, [self.event], environment=self.environment, folder=self.folder, limit=share.limit)


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
def stack() -> Iterator[Mapping[str, str]]:
    """The AWS of this machine with a table and one job that trains; gives the settings of a function."""
    with ExitStack() as running:
        here = World(
            datetime.now(UTC) - timedelta(minutes=20), settings=WorldSettings(**EXACT), account=aws.ACCOUNT, region=aws.REGION
        )
        here.create_training_job(request("bert") | {"RoleArn": ROLE})
        here.advance_to(datetime.now(UTC))
        server, local = running.enter_context(serve(here)), running.enter_context(aws.start(dynamodb=aws.ATOMIC))
        aws.create_table(local.dynamodb_url)
        secret = {"bot_token": "xoxb-1", "signing_secret": SIGNING}
        arn = aws.client("secretsmanager", local.url).create_secret(Name="slack", SecretString=json.dumps(secret))["ARN"]
        yield {
            "AWS_REGION": aws.REGION, "AWS_DEFAULT_REGION": aws.REGION, "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL": local.url, "AWS_ENDPOINT_URL_SAGEMAKER": server.url,
            "SPOTWARDEN_TABLE": "Spotwarden", "SPOTWARDEN_TRAINING_ROLES": ROLE, "SPOTWARDEN_IDENTITY_KEY": "key",
            "SPOTWARDEN_ACCOUNT": aws.ACCOUNT, "SPOTWARDEN_SLACK_TOKEN_SECRET": arn, "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "AWS_LAMBDA_FUNCTION_NAME": "measured",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        }  # fmt: skip


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


def measure(compared: list[Variant], runs: int, share: float) -> str:
    """Start each variant in turn; returns how the share was kept."""
    with quota(share) as limit:
        for variant in compared:
            variant.starts.clear()
        for _ in range(runs):
            for variant in compared:
                variant.starts.append(variant.run(limit))
        return limit.how


def table(compared: list[Variant], share: float) -> Iterator[str]:
    """Medians; a ratio is to c7n. ``computed`` is what the CPU takes with this share on a machine that does nothing else."""
    base = next((variant for variant in compared if variant.name == "c7n"), None)
    columns: Mapping[str, Callable[[Started], float]] = {
        "until the first answer": lambda s: s.done_s[0],
        "CPU of init": lambda s: s.init_cpu_s,
        "CPU after it": lambda s: s.cpu_s[0] - s.init_cpu_s,
        "computed": lambda s: s.init_cpu_s + (s.cpu_s[0] - s.init_cpu_s) / share,
    }
    compared_to_c7n = ("until the first answer", "computed")
    names = [text for name in columns for text in (name, *(["of c7n"] if name in compared_to_c7n else []))]
    yield f"| variant | {' | '.join(names)} | peak memory |"
    yield "|---" * (len(names) + 2) + "|"
    for variant in compared:
        cells = []
        for name, of in columns.items():
            value = statistics.median(map(of, variant.starts))
            cells.append(f"{value * 1000:.0f} ms")
            if name in compared_to_c7n:
                cells.append("–" if base is None else f"{value / statistics.median(map(of, base.starts)):.2f}")
        yield f"| {variant.name} | {' | '.join(cells)} | {max(s.peak_mb for s in variant.starts):.0f} MB |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "coldstart")
    parser.add_argument("--only", nargs="*", default=None, help="names of variants")
    chosen = parser.parse_args()
    packed = lay_out(chosen.work)
    print(f"zip {packed.stat().st_size / 1e6:.2f} MB; medians of {chosen.runs}, Python {sys.version.split()[0]}")
    with stack() as settings:
        compared = [v for v in variants(chosen.work, settings) if chosen.only is None or v.name in chosen.only]
        for variant in compared:
            for _ in range(2):  # the first trigger writes the lineage, the next finds nothing new
                print(f"{variant.name} answers {json.dumps(variant.run(Quota(1)).answers[0])[:150]}")
        for title, share in (("At full speed", 1.0), ("As deployed: 0.145 of a core after init", LAMBDA_SHARE[256])):
            how = measure(compared, chosen.runs, share)
            print(f"\n{title} ({how})\n\n" + "\n".join(table(compared, share)))
        ours = next((v for v in compared if v.name == "ours"), None)
        if ours is not None:
            settings = {**ours.environment, "_HANDLER": "app.app"}
            slack = Variant("Slack", ours.python, ours.folder, "app.app", click_event(), settings)
            print(f"\nSlack answers {json.dumps(slack.run(Quota(1)).answers[0])[:200]}")
            for title, share in (("at full speed", 1.0), ("as deployed: 0.58 of a core after init", LAMBDA_SHARE[1024])):
                slack.starts.clear()
                with quota(share) as limit:
                    for _ in range(chosen.runs):
                        slack.event = click_event()
                        slack.starts.append(slack.run(limit))
                        time.sleep(1.1)  # the same signature is answered once
                done = sorted(s.done_s[0] for s in slack.starts)
                computed = statistics.median(s.init_cpu_s + (s.cpu_s[0] - s.init_cpu_s) / share for s in slack.starts)
                print(
                    f"Slack's first request, {title}: {statistics.median(done) * 1000:.0f} ms, at most {done[-1] * 1000:.0f} ms,"
                    f" computed from its CPU {computed * 1000:.0f} ms"
                )


if __name__ == "__main__":
    try:
        main()
    except DidNotStart as problem:
        sys.exit(str(problem))
