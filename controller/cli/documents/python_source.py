"""Python files and notebooks: finds calls that create training jobs. The code is parsed and never run.

It reads Estimators of the SageMaker Python SDK v1 and v2, ModelTrainer of v3, ``TrainingJob.create`` of sagemaker-core, boto3's
``create_training_job``, ``create_hyper_parameter_tuning_job`` and ``submit_service_job``, and Airflow's operators.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from controller.cli.documents.found import FilledInLater, Found, joined, templated
from controller.cli.documents.literals import call_of, dotted, plain
from controller.cli.documents.member_names import renamed
from controller.cli.documents.python_calls import (
    SetLater,
    calls,
    configured,
    expressions,
    fitted,
    imports,
    names_in,
    other_way,
    parsed,
    set_later,
    target_of,
)
from controller.cli.documents.python_classes import (
    ABSTRACT,
    BOTO3,
    ESTIMATORS,
    OPERATORS,
    POSITIONAL,
    RECIPE_POSITIONAL,
    TRAINERS,
    own_classes,
)
from controller.cli.documents.python_scope import arguments_of, class_scope, given_again, scope_of, step
from controller.cli.documents.python_values import Attributes, Call, without_calls
from controller.cli.documents.sdk import (
    NAMED,
    estimator_request,
    misspelt,
    of_a_recipe,
    of_first_version,
    trainer_request,
)
from controller.cli.documents.tuning import tuning_jobs
from controller.jobs.job import Service

READ = (
    "TrainingJobName", "RoleArn", "AlgorithmSpecification", "ResourceConfig", "StoppingCondition", "Tags", "OutputDataConfig",
    "EnableManagedSpotTraining", "CheckpointConfig", "ServerlessJobConfig",
)  # fmt: skip
PROGRAM_CHARS_MAX = 1_000_000  # of a script, or of all code cells of a notebook
ON_THIS_MACHINE = "trains on this machine"
LOCAL = re.compile(r"local(_gpu|_cpu)?")
OF_THE_CLIENT = frozenset({"session", "region"})  # arguments of sagemaker-core's create that are not members of the request
OF_THE_CONFIGURATION = frozenset({"RoleArn", "OutputDataConfig"})  # sagemaker-core fills them in from its defaults


def python_jobs(file: str, text: str) -> Iterator[Found]:
    """The training jobs that a Python program creates; ``text`` is its source."""
    yield from program_jobs(file, text, lambda line: ("", line))


def program_jobs(file: str, text: str, place: Any) -> Iterator[Found]:
    try:
        module = parsed(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        path, at = place(line) if text else ("", 1)
        told = f"line {at}: found text that is not Python 3 ({getattr(error, 'msg', error)})"
        yield Found(file=file, kind="Python", path=path, line=at, error=told, request=None)
        return
    found = list(_Reader(file, module).jobs())
    for one in [one for one in found if ON_THIS_MACHINE not in one.error] or found:  # a mistake only if alone
        path, line = place(one.line or 1)
        yield replace(one, path=joined(path, one.path) if path and one.path else path or one.path, line=line)
    if not found:
        error_text = "found no Estimator, ModelTrainer or create_training_job, wanted Python that makes a training job"
        if other := other_way(module):
            error_text += f"; {other} is not read: check the job that it makes by its name"
        yield Found(file=file, kind="Python", error=error_text, request=None)


class _Reader:
    """Finds the calls in one module, and reads them with the names and values that are known at their place."""

    def __init__(self, file: str, module: ast.Module) -> None:
        self._file, self._module = file, module
        self._configured = configured(module)
        self._imported = dict(imports(module))
        self._own = own_classes(module, self._inherits)
        self._tuned = {name for call in calls(module, "HyperparameterTuner") for name in names_in(call)}
        steps = [*calls(module, "TrainingStep"), *calls(module, "TuningStep")]
        self._stepped = {name for call in steps for name in names_in(call)}
        self._stepped |= set(fitted(module, self._stepped))

    def jobs(self) -> Iterator[Found]:
        yield from self._body(self._module.body, {})

    def _body(self, body: list[ast.stmt], outer: Mapping[str, Any]) -> Iterator[Found]:
        scope, attributes = scope_of(body, outer), set_later(body)
        names, now = given_again(body), dict(scope)
        for statement in body:
            later_called = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            yield from self._statement(statement, scope if later_called else now, attributes)
            step(statement, now, names)

    def _statement(self, statement: ast.stmt, scope: Mapping[str, Any], later: SetLater) -> Iterator[Found]:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = {**scope, **arguments_of(statement)}
            if isinstance(scope.get("self"), Attributes) and "self" in inner:
                inner["self"] = scope["self"]
            yield from self._body(statement.body, inner)
            return
        if isinstance(statement, ast.ClassDef):
            yield from self._body(statement.body, {**scope, "self": class_scope(statement, scope)})
            return
        target = target_of(statement)
        for node in expressions(statement):
            if isinstance(node, ast.Call):
                yield from self._call(node, scope, target, later)
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner_block = getattr(statement, block, None) or []
            for one in inner_block:
                if isinstance(one, ast.ExceptHandler | ast.match_case):
                    yield from self._body(one.body, scope)
            if inner_block and isinstance(inner_block[0], ast.stmt):
                yield from self._body(inner_block, scope)  # inside a branch, the values that it assigns are known

    def _call(self, node: ast.Call, scope: Mapping[str, Any], target: str, later: SetLater) -> Iterator[Found]:
        whole = dotted(node.func)
        name = whole.rpartition(".")[2]
        origin = self._origin(whole)
        if name in BOTO3 and isinstance(node.func, ast.Attribute):
            yield from self._boto3(node, scope, name, target)
        elif name == "create" and whole.rpartition(".")[0].rpartition(".")[2] == "TrainingJob" and "sagemaker" in origin:
            request = self._api(call_of(node, scope), BOTO3["create_training_job"])
            request = {name: value for name, value in request.items() if name not in OF_THE_CLIENT}
            one = self._found(node, target, "TrainingJob.create of sagemaker-core", request, "sdk-v3")
            yield replace(one, filled=OF_THE_CONFIGURATION)
        elif name in OPERATORS:
            yield from self._operator(node, scope, name, target)
        elif name == "submit_service_job" and isinstance(node.func, ast.Attribute):
            yield from self._service_job(node, scope, target)
        elif whole in self._own and self._own[whole].opaque:
            yield from self._not_of_the_sdk(node, scope, whole, target)
        elif self._is_one(whole, ESTIMATORS, node):
            yield from self._estimator(node, scope, self._class_of(whole), target, later)
        elif self._is_one(whole, TRAINERS, node):
            yield self._trainer(node, scope, target, later)
        elif name == "from_recipe" and self._is_one(whole.rpartition(".")[0], TRAINERS, node):
            yield self._trainer(node, scope, target, later, recipe=True)
        elif (
            name.endswith("Estimator")
            and name not in ESTIMATORS
            and not origin.startswith("sagemaker")
            and self._is_sdk("", node)
        ):
            yield from self._not_of_the_sdk(node, scope, whole, target)

    def _is_one(self, whole: str, classes: frozenset[str], node: ast.Call) -> bool:
        """Whether a name means one of these SDK classes, or the program's own subclass of one."""
        whole = self._own[whole].base if whole in self._own else whole
        return self._class_of(whole) in classes and self._is_sdk(self._origin(whole), node)

    def _class_of(self, whole: str) -> str:
        """The SDK class that a name means, through ``import PyTorch as P`` or the program's own subclass."""
        whole = self._own[whole].base if whole in self._own else whole
        return self._imported.get(whole, whole).rpartition(".")[2]

    def _inherits(self, base: str) -> bool:
        known = self._imported.get(base, base).rpartition(".")[2] in ESTIMATORS | TRAINERS | ABSTRACT
        return known and self._origin(base).startswith("sagemaker")

    def _origin(self, whole: str) -> str:
        first, _, rest = whole.partition(".")
        known = self._imported.get(first, "")
        return f"{known}.{rest}" if known and rest else known

    @staticmethod
    def _is_sdk(origin: str, node: ast.Call) -> bool:
        """Whether a class is from the SDK: by its import, or without an import, by arguments that only the SDK has."""
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
            rest = call_of(node, scope).rest
            if rest is not None and not {"TrainingJobDefinition", "TrainingJobDefinitions"} & body.keys():
                body["TrainingJobDefinition"] = rest
            for one in tuning_jobs(self._file, body, target, kind="boto3 create_hyper_parameter_tuning_job"):
                yield replace(one, line=node.lineno, outer=one.outer if rest is None else None)

    def _operator(self, node: ast.Call, scope: Mapping[str, Any], name: str, target: str) -> Iterator[Found]:
        """An Airflow operator; its argument ``config`` is the request."""
        config = templated(
            without_calls(plain(call_of(node, scope).get("config", FilledInLater(why="config"))))
        )  # Airflow fills in placeholders such as {{ ds }}
        if OPERATORS[name] == BOTO3["create_training_job"]:
            body = renamed(config, OPERATORS[name]) if isinstance(config, Mapping) else dict.fromkeys(READ, config)
            yield self._found(node, target, f"Airflow {name}", body, "boto3")
            return
        known = isinstance(config, Mapping) and "HyperParameterTuningJobName" in config
        body = renamed(config, OPERATORS[name]) if known else {"TrainingJobDefinition": FilledInLater(why="config")}
        for one in tuning_jobs(self._file, body, target, kind=f"Airflow {name}"):
            yield replace(one, line=node.lineno, outer=one.outer if known else None)

    def _service_job(self, node: ast.Call, scope: Mapping[str, Any], target: str) -> Iterator[Found]:
        """AWS Batch's ``submit_service_job(serviceRequestPayload=json.dumps(request))``."""
        call = call_of(node, scope)
        payload = call.get("serviceRequestPayload")
        dumped = isinstance(payload, Call) and payload.name.rpartition(".")[2] == "dumps" and payload.positional
        given = (
            without_calls(plain(payload.positional[0]))
            if isinstance(payload, Call) and dumped
            else FilledInLater(why="the payload")
        )
        shape, name = BOTO3["create_training_job"], call.get("jobName")
        body = renamed(given, shape) if isinstance(given, Mapping) else dict.fromkeys(READ, given)
        one = self._found(node, target, "boto3 submit_service_job of AWS Batch", body, "boto3", name)
        yield replace(one, service=Service.BATCH, filled=frozenset({"TrainingJobName"}))

    def _api(self, call: Call, shape: str) -> dict[str, Any]:
        """The members of a request. With unknown arguments (``**rest``), missing members of ``READ`` are ``FilledInLater``."""
        body: dict[str, Any] = dict(renamed({name: without_calls(plain(value)) for name, value in call.items()}, shape))
        if call.rest is not None:
            body = {**dict.fromkeys(READ, call.rest), **body}
        return body

    def _estimator(self, node: ast.Call, scope: Mapping[str, Any], kind: str, target: str, later: SetLater) -> Iterator[Found]:
        call = call_of(node, scope)
        given = {**dict(zip(POSITIONAL.get(kind, ()), call.positional, strict=False)), **call}
        given = {name: self._argument(value) for name, value in given.items()}
        given.update(later.get(target, {}))
        machine = given.get("instance_type", given.get("train_instance_type"))
        if isinstance(machine, str) and LOCAL.fullmatch(machine):
            yield self._local(node, target, f"Estimator ({kind})", f"instance_type {machine}")
            return
        request = estimator_request(kind, given, call.rest)
        version = "v1" if of_first_version(given) else "v2"
        what = f"Estimator of the SageMaker Python SDK {version} ({kind})"
        one = self._found(node, target, what, request, f"sdk-{version}", given.get("base_job_name"))
        yield replace(one, refused=misspelt(call))

    def _not_of_the_sdk(self, node: ast.Call, scope: Mapping[str, Any], whole: str, target: str) -> Iterator[Found]:
        """An estimator of a class that is not the SDK's: it is not known what the class does with its arguments."""
        call = call_of(node, scope)
        machine = call.get("instance_type", call.get("train_instance_type"))
        if isinstance(machine, str) and LOCAL.fullmatch(machine):
            yield self._local(node, target, f"Estimator ({whole})", f"instance_type {machine}")
            return
        request = estimator_request("Estimator", {}, FilledInLater(why=f"{whole}(…), a class that is not of the SDK"))
        yield self._found(node, target, f"Estimator ({whole})", request, "sdk-v2")

    def _trainer(self, node: ast.Call, scope: Mapping[str, Any], target: str, later: SetLater, *, recipe: bool = False) -> Found:
        call = call_of(node, scope)
        given = {name: self._argument(value) for name, value in call.items()}
        if recipe:
            given = of_a_recipe({**dict(zip(RECIPE_POSITIONAL, map(self._argument, call.positional), strict=False)), **given})
        given.update(self._configured_with(node, target, scope))
        given.update(later.get(target, {}))
        compute, mode = given.get("compute"), given.get("training_mode")
        machine = compute.get("instance_type") if isinstance(compute, Mapping) else None
        if isinstance(machine, str) and LOCAL.fullmatch(machine):
            return self._local(node, target, "ModelTrainer", f"instance_type {machine}")
        if "LOCAL_CONTAINER" in str(mode.why if isinstance(mode, FilledInLater) else mode):
            return self._local(node, target, "ModelTrainer", "training_mode LOCAL_CONTAINER")
        request = trainer_request(given, call.rest)
        base = given.get("base_job_name")
        one = self._found(node, target, "ModelTrainer of the SageMaker Python SDK v3", request, "sdk-v3", base)
        return replace(one, refused=misspelt(call, trainer=True))

    def _configured_with(self, made: ast.Call, target: str, scope: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments from ``with_…`` methods, called on the new object or later: ``trainer.with_checkpoint_config(…)``."""
        found: dict[str, Any] = {}
        for node in (*self._configured.get(made, ()), *(self._configured.get(target, ()) if target else ())):
            method = dotted(node.func).rpartition(".")[2]
            call, name = call_of(node, scope), method.removeprefix("with_")
            value = call.get(name, call.positional[0] if call.positional else FilledInLater(why=method))
            found[name] = without_calls(plain(value))
        return found

    def _local(self, node: ast.Call, target: str, kind: str, why: str) -> Found:
        error = f"{why} {ON_THIS_MACHINE}, so no training job is made"
        return Found(file=self._file, kind=kind, path=target, line=node.lineno, error=error, request=None)

    def _argument(self, value: Any) -> Any:
        """An argument as plain values, with ``FilledInLater`` in place of calls."""
        return without_calls(plain(value))

    def _found(self, node: ast.Call, target: str, kind: str, body: Mapping[str, Any], tool: str, base: Any = None) -> Found:
        name = base if isinstance(base, str) else target or "job"
        service = Service.TUNING if target in self._tuned else Service.PIPELINES if target in self._stepped else None
        if service is not None and tool.startswith("sdk"):
            body = {**body, "TrainingJobName": NAMED}  # the tuning job or the pipeline names the jobs, not the estimator
        filled = frozenset({"TrainingJobName"}) if tool.startswith("sdk") else frozenset[str]()
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
