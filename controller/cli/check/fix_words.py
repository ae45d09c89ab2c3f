"""Writes a fix in the terms of the reader's tool: request JSON, AWS CLI, SageMaker Python SDK v1 to v3, Terraform."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from controller.cli.check.request_model import shape
from controller.cli.documents.found import CREATE_SHAPE
from controller.jobs.algorithm import Algorithm, AlgorithmClass
from controller.policy.findings import Fix
from controller.policy.fix import sdk_arguments
from controller.units.duration import said

Line = tuple[str, str]
"""A line's label, such as "in SDK v2", and its text."""

AS_WRITTEN = frozenset({"request", "ack"})  # here a fix also shows the removal of unknown members
ABBREVIATED = re.compile(r"(?:Uri|Arn|Id)(?![a-z])")  # ACK writes s3URI, roleARN
PLAIN = re.compile(r"[A-Za-z0-9_.:/@+-]+")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")  # in the CLI's shorthand syntax, "name@=" reads the value from a file
READ_BY_CLI = ("file://", "fileb://", "http://", "https://")  # the AWS CLI loads such a value from that place
QUOTES = frozenset("\"'{}\\")  # would end or change a string of Python or of States.Format
HCL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
SECONDS = re.compile(r".*InSeconds$")
SHOWN: Mapping[str, tuple[str, ...]] = {
    "request": ("request", "cli", "v2", "v3", "terraform"),
    "sdk-v1": ("v1",),
    "sdk-v2": ("v2",),
    "sdk-v3": ("v3",),
    "boto3": ("request",),
    "terraform": ("terraform",),
    "kubernetes": ("ack",),
}

RESUME_LINES: Mapping[str, str] = {
    "PyTorch Lightning": 'trainer.fit(model, ckpt_path="last") and'
    ' ModelCheckpoint(dirpath="/opt/ml/checkpoints", save_last=True)',
    "Hugging Face": 'TrainingArguments(output_dir="/opt/ml/checkpoints", save_strategy="steps") and'
    ' trainer.train(resume_from_checkpoint=get_last_checkpoint("/opt/ml/checkpoints"))',
    "Keras": 'keras.callbacks.BackupAndRestore("/opt/ml/checkpoints/backup") among the callbacks of model.fit',
    "XGBoost": 'xgb.train(…, xgb_model=newest file in "/opt/ml/checkpoints", callbacks=[xgb.callback.TrainingCheckPoint('
    '"/opt/ml/checkpoints")])',
}


def fix_lines(fix: Fix, tool: str) -> Iterable[Line]:
    """The fix in each form that a user of ``tool`` may write; ``tool`` is a key of SHOWN, others get the request."""
    if not fix.request:
        return
    yield "that is", in_words(fix.request)
    if fix.tags:
        yield "its tags are", fix.tags
    known = _known(fix.request, shape(CREATE_SHAPE))
    for way in SHOWN.get(tool, ("request",)):
        text = WAYS[way][1](fix.request if way in AS_WRITTEN else known)
        if text and not text.endswith("()"):  # "()": the SDK has no such argument
            yield WAYS[way][0], text


def _known(change: Mapping[str, Any], of: Any) -> dict[str, Any]:
    """The change without the removal of members that SageMaker does not know: only a request can contain them."""
    members = of.members if of.type_name == "structure" else {}
    known = {
        name: _known(value, members[name]) if isinstance(value, Mapping) and name in members else value
        for name, value in change.items()
        if value is not None or name in members
    }
    return {name: value for name, value in known.items() if value != {}}


def resume_lines(fix: Fix, algorithm: Algorithm) -> Iterable[Line]:
    """What the training script must do so that a checkpoint prefix has an effect. Built-in algorithms do it themselves."""
    if not fix.request.get("CheckpointConfig") or algorithm.klass is AlgorithmClass.BUILT_IN:
        return
    yield "the script", "must save to /opt/ml/checkpoints and resume from it: SageMaker only copies that folder to and from S3"
    known = {"huggingface": "Hugging Face", "xgboost": "XGBoost", "tensorflow": "Keras"}
    meant = [name for word, name in known.items() if word in algorithm.name]
    for name in meant or RESUME_LINES:
        yield f"  {name}", RESUME_LINES[name]


def prefix_lines(fix: Fix, tool: str) -> Iterable[Line]:
    """How to give each run its own checkpoint prefix, for a definition that starts many jobs, in the terms of ``tool``."""
    uri = (
        fix.request.get("CheckpointConfig", {}).get("S3Uri") if isinstance(fix.request.get("CheckpointConfig"), Mapping) else None
    )
    if uri is None:
        return
    yield "each run", "needs a prefix of its own: with this one, the next run continues where this one ended"
    folder = uri.rstrip("/")
    way = {
        "step-functions": f'"S3Uri.$": "States.Format(\'{folder}/{{}}/\', $$.Execution.Name)"',
        "pipeline": json.dumps({"Std:Join": {"On": "/", "Values": [folder, {"Get": "Execution.PipelineExecutionId"}]}}),
    }.get(tool, f'f"{folder}/{{run}}/"' if tool.startswith("sdk") else "")
    if way and not QUOTES & set(folder):
        yield "  such as", way


def in_words(change: Mapping[str, Any], path: str = "") -> str:
    """The change as text: each member with its value, and durations in words."""
    return ", ".join(_words(change))


def _words(change: Mapping[str, Any]) -> Iterable[str]:
    for name, value in change.items():
        match value:
            case Mapping():
                yield from _words(value)
            case None:
                yield f"no {name}"
            case bool():
                yield f"{name} {'true' if value else 'false'}"
            case int() if SECONDS.fullmatch(name):
                yield f"{name} {said(value)}"
            case list() if name == "Tags":
                yield "tags " + ", ".join(f"{tag['Key']}={tag['Value']}" for tag in value)
            case _:
                yield f"{name} {value}"


def request_json(change: Mapping[str, Any]) -> str:
    return json.dumps(change, ensure_ascii=False)


def aws_cli(change: Mapping[str, Any]) -> str:
    """Options of ``aws sagemaker create-training-job``. A removed member is shown as an option to leave out."""
    options = []
    for name, value in change.items():
        flag = "--" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
        match value:
            case None:
                options.append(f"(without {flag})")
            case bool():
                options.append(flag if value else f"--no-{flag.removeprefix('--')}")
            case Mapping():
                kept, gone = _without_removals(value)
                options += [f"{flag} {_cli_value(kept)}"] if kept else []
                options += [f"(without {', '.join(gone)} in {flag})"] if gone else []
            case str() if value.startswith(READ_BY_CLI):
                options.append(f"--cli-input-json {shlex.quote(json.dumps({name: value}, ensure_ascii=False))}")
            case _:
                options.append(f"{flag}={_cli_value(value)}" if str(value).startswith("-") else f"{flag} {_cli_value(value)}")
    return " ".join(options)


def _without_removals(members: Mapping[str, Any], path: str = "") -> tuple[dict[str, Any], list[str]]:
    """The members that a change sets, at any depth, and the paths of those that it removes."""
    kept, gone = dict[str, Any](), list[str]()
    for name, value in members.items():
        inner, removed = _without_removals(value, f"{path}{name}.") if isinstance(value, Mapping) else (value, [])
        gone += [f"{path}{name}"] if value is None else removed
        kept |= {name: inner} if value is not None and (inner != {} or value == {}) else {}
    return kept, gone


def _cli_value(value: Any) -> str:
    """A value in the AWS CLI's shorthand syntax, or quoted JSON if a text has characters that are special there or in a shell."""
    if not isinstance(value, list | Mapping):
        return shlex.quote(str(value))
    items = value if isinstance(value, list) else [value]
    if all(
        isinstance(item, Mapping)
        and all(PLAIN_NAME.fullmatch(name) and PLAIN.fullmatch(str(text)) for name, text in item.items())
        for item in items
    ):
        return " ".join(",".join(f"{name}={text}" for name, text in item.items()) for item in items)
    return shlex.quote(json.dumps(value, ensure_ascii=False))


def estimator(change: Mapping[str, Any]) -> str:
    """The arguments of an Estimator of SDK v2."""
    return f"Estimator({', '.join(f'{name}={value!r}' for name, value in sdk_arguments(change).items())})"


def first_estimator(change: Mapping[str, Any]) -> str:
    """The arguments of an Estimator of SDK v1."""
    given = {OF_FIRST_SDK.get(name, name): value for name, value in sdk_arguments(change).items()}
    return f"Estimator({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def model_trainer(change: Mapping[str, Any]) -> str:
    """The arguments of a ModelTrainer of SDK v3: Compute, StoppingCondition, CheckpointConfig."""
    compute = dict(change.get("ResourceConfig") or {})
    if "EnableManagedSpotTraining" in change:
        compute["EnableManagedSpotTraining"] = change["EnableManagedSpotTraining"]
    parts = [f"compute=Compute({_snake(compute)})"] if compute else []
    for name in ("StoppingCondition", "CheckpointConfig"):
        if name in change:
            members = change[name]
            parts.append(f"{_snaked(name)}={'None' if members is None else f'{name}({_snake(members)})'}")
    if "Tags" in change:
        tags = ", ".join(f"Tag(key={tag['Key']!r}, value={tag['Value']!r})" for tag in change["Tags"])
        parts.append(f"tags=[{tags}]")
    return f"ModelTrainer({', '.join(parts)})"


def terraform(change: Mapping[str, Any]) -> str:
    """Arguments of aws_sagemaker_training_job, one on each line, as HCL requires."""
    parts = []
    for name, value in change.items():
        match value:
            case None:
                parts.append(f"# without {_snaked(name)}")  # HCL has no null for a block
            case Mapping():
                inner = [f"{_hcl_name(k)} = {_hcl(v)}" for k, v in value.items()]
                lines = "\n".join(f"  {one}" for one in inner)
                parts.append(f"{_snaked(name)} {{ {inner[0]} }}" if len(inner) == 1 else f"{_snaked(name)} {{\n{lines}\n}}")
            case list() if name == "Tags":
                parts.append("tags = { " + ", ".join(f"{_hcl(t['Key'])} = {_hcl(t['Value'])}" for t in value) + " }")
            case _:
                parts.append(f"{_snaked(name)} = {_hcl(value)}")
    return "\n".join(parts)


def ack_spec(change: Mapping[str, Any]) -> str:
    """Members of the spec of an ACK resource, on one line of YAML."""
    return json.dumps(_of_ack(change), ensure_ascii=False)


def _of_ack(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            ABBREVIATED.sub(lambda m: m[0].upper(), f"{name[0].lower()}{name[1:]}"): _of_ack(item) for name, item in value.items()
        }
    return [_of_ack(item) for item in value] if isinstance(value, list) else value


def _snake(members: Mapping[str, Any]) -> str:
    return ", ".join(f"{_snaked(name)}={value!r}" for name, value in members.items())


def _snaked(name: str) -> str:
    """A member's name in snake case: S3Uri is s3_uri, VolumeSizeInGB is volume_size_in_gb."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _hcl_name(name: str) -> str:
    """A member's name in HCL, quoted if it is not an HCL identifier, such as the name of an environment variable."""
    return _snaked(name) if HCL_NAME.fullmatch(name) else _hcl(name)


def _hcl(value: Any) -> str:
    text = json.dumps(value)
    return text.replace("${", "$${").replace("%{", "%%{")  # HCL reads these as templates


OF_FIRST_SDK: Mapping[str, str] = {
    name: f"train_{name}"
    for name in ("use_spot_instances", "max_run", "max_wait", "instance_type", "instance_count", "volume_size")
}
WAYS: Mapping[str, tuple[str, Any]] = {
    "request": ("in the request", request_json),
    "cli": ("with the AWS CLI", aws_cli),
    "v1": ("in SDK v1", first_estimator),
    "v2": ("in SDK v2", estimator),
    "v3": ("in SDK v3", model_trainer),
    "terraform": ("in Terraform", terraform),
    "ack": ("in the spec", ack_spec),
}
