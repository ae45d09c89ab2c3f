"""Spotwarden in a CDK app: a stack that includes the template of a release.

    SpotwardenStack(app, "Spotwarden", release="release/v0.2.0", parameters={"TrainingRoles": role.role_arn})

CDK uploads the package as an asset. Needs aws-cdk-lib 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from aws_cdk.aws_s3_assets import Asset
from aws_cdk.cloudformation_include import CfnInclude
from constructs import Construct

# Parameters without a default. Empty values: the stack only observes and reports, and sends to no topic that a policy names.
NEEDED = {"TrainingRoles": "", "CheckpointBuckets": "", "PolicyTopics": ""}


class SpotwardenStack(Stack):  # type: ignore[misc, unused-ignore]  # without aws-cdk-lib, which only its users install, Stack is Any
    """The stack of a release folder, which contains deployment.zip and template.json.

    ``parameters`` are listed in docs/operations.md. CDK writes their values into the template, so a changed value needs a new
    deployment of the CDK app.
    """

    def __init__(
        self, scope: Construct, name: str, *, release: str, parameters: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(scope, name, **more)
        code = Asset(self, "Code", path=str(Path(release, "deployment.zip")))
        place = {"CodeBucket": code.s3_bucket_name, "CodeKey": code.s3_object_key}
        template = Path(release, "template.json")
        known = json.loads(template.read_text("utf-8"))["Parameters"]
        given = {name: _as_type(known, name, value) for name, value in {**NEEDED, **(parameters or {})}.items()}
        CfnInclude(self, "Template", template_file=str(template), parameters={**given, **place})


def _as_type(known: Mapping[str, Any], name: str, value: str) -> str | list[str]:
    """The value in the type that CDK needs for the parameter. Raises ValueError if the template has no such parameter."""
    if name not in known:
        raise ValueError(f"found the parameter {name!r}, wanted one of {sorted(known)}")
    return value.split(",") if known[name]["Type"] == "CommaDelimitedList" else value
