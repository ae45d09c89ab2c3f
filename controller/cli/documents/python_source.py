"""Python files and notebooks: calls that make training jobs, read from the text and never run.

Estimators of the SageMaker Python SDK v1 and v2, ModelTrainer of v3, ``TrainingJob.create`` of sagemaker-core, and boto3's
``create_training_job``, ``create_hyper_parameter_tuning_job``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.cli.documents.found import Found, Later, joined
from controller.cli.documents.literals import Call, call_of, dotted, plain, scope_of
from controller.cli.documents.renamed import renamed
from controller.cli.documents.sdk import BUILT_IN_CLASSES, FRAMEWORK_IMAGES, estimator_request, image_of, trainer_request
from controller.cli.documents.tuning import tuning_jobs
from controller.jobs.job import Service

ESTIMATORS = frozenset({"Estimator", "AlgorithmEstimator", "JumpStartEstimator", *FRAMEWORK_IMAGES, *BUILT_IN_CLASSES})
TRAINERS = frozenset({"ModelTrainer"})
BOTO3 = {
    "create_training_job": "CreateTrainingJobRequest",
    "create_hyper_parameter_tuning_job": "CreateHyperParameterTuningJobRequest",
}
READ = (
    "TrainingJobName", "RoleArn", "AlgorithmSpecification", "ResourceConfig", "StoppingCondition", "Tags", "OutputDataConfig",
    "EnableManagedSpotTraining", "CheckpointConfig", "ServerlessJobConfig",
)  # fmt: skip
LOCAL = re.compile(r"local(_gpu)?")
WITH = re.compile(r"with_(\w+)")
POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "Estimator": ("image_uri", "role", "instance_count", "instance_type"),
    "AlgorithmEstimator": ("algorithm_arn", "role", "instance_count", "instance_type"),
    "PyTorch": ("entry_point",), "TensorFlow": ("py_version",), "HuggingFace": ("py_version", "entry_point"),
    "SKLearn": ("entry_point",),
    "XGBoost": ("entry_point",), "MXNet": ("entry_point",),
}  # fmt: skip


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except MemoryError:  # CPython's parser says so where expressions are nested too deeply for it
        raise RecursionError("expressions are nested too deeply") from None


def python_jobs(file: str, text: str) -> Iterator[Found]:
    """The training jobs that a Python file makes."""
    yield from program_jobs(file, text, lambda line: ("", line))


def program_jobs(file: str, text: str, place: Any) -> Iterator[Found]:
    try:
        module = _parsed(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        path, at = place(line) if text else ("", 1)
        told = f"line {at}: found text that is not Python 3 ({getattr(error, 'msg', error)})"
        yield Found(file=file, kind="Python", path=path, line=at, error=told, request=None)
        return
    reader = _Reader(file, module)
    found = False
    for one in reader.jobs():
        found = True
        path, line = place(one.line or 1)
        yield replace(one, path=joined(path, one.path) if path else one.path, line=line)
    if not found:
        error_text = "found no Estimator, ModelTrainer or create_training_job, wanted Python that makes a training job"
        yield Found(file=file, kind="Python", error=error_text, request=None)


class _Reader:
    """Finds the calls of one module, each with the names that are known where it stands."""

    def __init__(self, file: str, module: ast.Module) -> None:
        self._file, self._module = file, module
        self._imported = dict(_imports(module))
        self._tuned = {name for call in _calls(module, "HyperparameterTuner") for name in _names_in(call)}
        steps = [*_calls(module, "TrainingStep"), *_calls(module, "TuningStep")]
        self._stepped = {name for call in steps for name in _names_in(call)}

    def jobs(self) -> Iterator[Found]:
        yield from self._body(self._module.body, {})

    def _body(self, body: list[ast.stmt], outer: Mapping[str, Any]) -> Iterator[Found]:
        scope = scope_of(body, outer)
        for statement in body:
            yield from self._statement(statement, scope, body)

    def _statement(self, statement: ast.stmt, scope: Mapping[str, Any], body: list[ast.stmt]) -> Iterator[Found]:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            given = statement.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
            inner = {**scope, **{one.arg: Later(why=f"the argument {one.arg}") for one in arguments}}
            yield from self._body(statement.body, inner)
            return
        if isinstance(statement, ast.ClassDef):
            yield from self._body(statement.body, scope)
            return
        target = _target(statement)
        for node in _expressions(statement):
            if isinstance(node, ast.Call):
                yield from self._call(node, scope, target, body)
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            for inner_statement in getattr(statement, block, None) or ():
                if isinstance(inner_statement, ast.ExceptHandler | ast.match_case):
                    for one in inner_statement.body:
                        yield from self._statement(one, self._branch(one, scope, inner_statement.body), inner_statement.body)
                elif isinstance(inner_statement, ast.stmt):
                    block_body = getattr(statement, block)
                    yield from self._statement(inner_statement, self._branch(inner_statement, scope, block_body), block_body)

    @staticmethod
    def _branch(statement: ast.stmt, scope: Mapping[str, Any], body: list[ast.stmt]) -> Mapping[str, Any]:
        """Within a branch, what the branch itself gives is known there."""
        del statement
        local = scope_of(body, {})
        return {**scope, **{name: value for name, value in local.items() if not isinstance(value, Later)}}

    def _call(self, node: ast.Call, scope: Mapping[str, Any], target: str, body: list[ast.stmt]) -> Iterator[Found]:
        whole = dotted(node.func)
        name = whole.rpartition(".")[2]
        origin = self._origin(whole)
        if name in BOTO3 and isinstance(node.func, ast.Attribute):
            yield from self._boto3(node, scope, name, target)
        elif name == "create" and whole.rpartition(".")[0].rpartition(".")[2] == "TrainingJob" and "sagemaker" in origin:
            call = call_of(node, scope)
            yield self._found(
                node, target, "TrainingJob.create of sagemaker-core", self._api(call, BOTO3["create_training_job"]), "sdk-v3"
            )
        elif self._class_of(whole) in ESTIMATORS and self._is_sdk(origin, node):
            yield from self._estimator(node, scope, self._class_of(whole), target, body)
        elif self._class_of(whole) in TRAINERS and self._is_sdk(origin, node):
            yield self._trainer(node, scope, target, body)
        elif whole.endswith("ModelTrainer.from_recipe") and self._is_sdk(self._origin(whole.rpartition(".")[0]), node):
            given = trainer_request({}, Later(why="the recipe"))
            yield self._found(node, target, "ModelTrainer of the SageMaker Python SDK v3", given, "sdk-v3")

    def _class_of(self, whole: str) -> str:
        """The class that a name stands for: ``from sagemaker.pytorch import PyTorch as P``."""
        return self._imported.get(whole, whole).rpartition(".")[2]

    def _origin(self, whole: str) -> str:
        first, _, rest = whole.partition(".")
        known = self._imported.get(first, "")
        return f"{known}.{rest}" if known and rest else known

    @staticmethod
    def _is_sdk(origin: str, node: ast.Call) -> bool:
        """From the SDK; where nothing is imported (a piece of a program), by the arguments that only the SDK has."""
        if origin:
            return origin.startswith("sagemaker")
        keywords = {keyword.arg for keyword in node.keywords}
        return bool(
            keywords & {"instance_type", "train_instance_type", "use_spot_instances", "compute", "training_image", "max_run"}
        )

    def _boto3(self, node: ast.Call, scope: Mapping[str, Any], name: str, target: str) -> Iterator[Found]:
        body = self._api(call_of(node, scope), BOTO3[name])
        if name == "create_training_job":
            yield self._found(node, target, "boto3 create_training_job", body, "boto3")
        else:
            for one in tuning_jobs(self._file, body, target, kind="boto3 create_hyper_parameter_tuning_job"):
                yield replace(one, line=node.lineno, outer=one.outer if call_of(node, scope).rest is None else None)

    def _api(self, call: Call, shape: str) -> dict[str, Any]:
        """The members of a request; all that matter are filled in later where some come from elsewhere."""
        body: dict[str, Any] = dict(renamed({name: _deep(plain(value)) for name, value in call.items()}, shape))
        if call.rest is not None:
            body = {**dict.fromkeys(READ, call.rest), **body}
        return body

    def _estimator(
        self, node: ast.Call, scope: Mapping[str, Any], kind: str, target: str, body: list[ast.stmt]
    ) -> Iterator[Found]:
        call = call_of(node, scope)
        given = {**dict(zip(POSITIONAL.get(kind, ()), call.positional, strict=False)), **call}
        given = {name: self._argument(value) for name, value in given.items()}
        given.update(_set_later(target, body))
        machine = given.get("instance_type", given.get("train_instance_type"))
        if isinstance(machine, str) and LOCAL.fullmatch(machine):
            error = f"instance_type {machine} trains on this machine, so no training job is made"
            yield Found(file=self._file, kind=f"Estimator ({kind})", path=target, line=node.lineno, error=error, request=None)
            return
        request = estimator_request(kind, given, call.rest)
        base = given.get("base_job_name")
        yield self._found(node, target, f"Estimator of the SageMaker Python SDK v2 ({kind})", request, "sdk-v2", base)

    def _trainer(self, node: ast.Call, scope: Mapping[str, Any], target: str, body: list[ast.stmt]) -> Found:
        call = call_of(node, scope)
        given = {name: self._argument(value) for name, value in call.items()}
        given.update(_with_calls(self._module, node, target, scope))
        given.update(_set_later(target, body))
        request = trainer_request(given, call.rest)
        base = given.get("base_job_name")
        return self._found(node, target, "ModelTrainer of the SageMaker Python SDK v3", request, "sdk-v3", base)

    def _argument(self, value: Any) -> Any:
        """An argument as plain values; ``image_uris.retrieve("xgboost", …)`` as what it says of the algorithm."""
        if isinstance(value, Call) and value.name.rpartition(".")[2] in ("retrieve", "get_image_uri"):
            by_place = value.positional[1] if value.name.endswith("get_image_uri") and len(value.positional) > 1 else None
            framework = value.get("framework", by_place or (value.positional[0] if value.positional else None))
            return image_of(framework, value.get("version"))
        return _deep(plain(value))

    def _found(self, node: ast.Call, target: str, kind: str, body: Mapping[str, Any], tool: str, base: Any = None) -> Found:
        name = base if isinstance(base, str) else target or "job"
        service = Service.TUNING if target in self._tuned else Service.PIPELINES if target in self._stepped else None
        filled = frozenset({"TrainingJobName"}) if tool in ("sdk-v2", "sdk-v3") else frozenset[str]()
        return Found(
            file=self._file,
            kind=kind,
            path=target,
            line=node.lineno,
            body=body,
            name=name,
            tool=tool,
            service=service,
            filled=filled,
        )


def _deep(value: Any) -> Any:
    """Without calls below: what a call makes is filled in later."""
    if isinstance(value, Call):
        return Later(why=f"{value.name}(…)")
    if isinstance(value, Mapping):
        return {name: _deep(item) for name, item in value.items()}
    return [_deep(item) for item in value] if isinstance(value, list) else value


def _imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0], alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _calls(module: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == name:
            yield node


def _names_in(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        yield from (node.id for node in ast.walk(argument) if isinstance(node, ast.Name))


def _target(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[target]):
            return dotted(target)
        case ast.AnnAssign(target=target):
            return dotted(target)
        case _:
            return ""


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement itself, without those of the statements within it."""
    stack: list[ast.AST] = [child for child in ast.iter_child_nodes(statement) if not _is_block(child)]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in ast.iter_child_nodes(node) if not _is_block(child)]


def _is_block(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)


def _set_later(target: str, body: list[ast.stmt]) -> dict[str, Any]:
    """Attributes that are set after the object was made: ``estimator.max_run = …`` is filled in later."""
    if not target:
        return {}
    found = {}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and dotted(node.value) == target:
                found[node.attr] = Later(why=f"{target}.{node.attr} is set later")
    return found


def _with_calls(module: ast.Module, made: ast.Call, target: str, scope: Mapping[str, Any]) -> dict[str, Any]:
    """``trainer.with_checkpoint_config(CheckpointConfig(…))``, on the object or right after it is made."""
    found: dict[str, Any] = {}
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        named = WITH.fullmatch(node.func.attr)
        owner: ast.expr = node.func.value
        while isinstance(owner, ast.Call) and owner is not made and isinstance(owner.func, ast.Attribute):
            owner = owner.func.value
        if named and (owner is made or (target and dotted(owner) == target)):
            call = call_of(node, scope)
            value = call.get(named[1], call.positional[0] if call.positional else Later(why=node.func.attr))
            found[named[1]] = _deep(plain(value))
    return found
