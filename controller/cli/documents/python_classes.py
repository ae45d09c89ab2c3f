"""The classes whose objects create training jobs: those of the SDK, and a program's own subclasses of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from controller.cli.documents.literals import dotted
from controller.cli.documents.sdk import BUILT_IN_CLASSES, FRAMEWORK_IMAGES

ESTIMATORS = frozenset({"Estimator", "AlgorithmEstimator", "JumpStartEstimator", *FRAMEWORK_IMAGES, *BUILT_IN_CLASSES})
TRAINERS = frozenset({"ModelTrainer"})
ABSTRACT = frozenset({"EstimatorBase", "Framework"})  # programs have subclasses of these too
RECIPE_POSITIONAL = ("training_recipe", "compute", "recipe_overrides", "networking", "stopping_condition")
POSITIONAL: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(BUILT_IN_CLASSES, ("role", "instance_count", "instance_type")),
    "Estimator": ("image_uri", "role", "instance_count", "instance_type"),
    "AlgorithmEstimator": ("algorithm_arn", "role", "instance_count", "instance_type"),
    "PyTorch": ("entry_point",), "TensorFlow": ("py_version",), "HuggingFace": ("py_version", "entry_point"),
    "SKLearn": ("entry_point",),
    "XGBoost": ("entry_point",), "MXNet": ("entry_point",),
}  # fmt: skip
BOTO3 = {
    "create_training_job": "CreateTrainingJobRequest",
    "create_hyper_parameter_tuning_job": "CreateHyperParameterTuningJobRequest",
}
OPERATORS = {  # Airflow's
    "SageMakerTrainingOperator": "CreateTrainingJobRequest",
    "SageMakerTuningOperator": "CreateHyperParameterTuningJobRequest",
}
MAKES_JOBS = re.compile(rf"\b(?:{'|'.join((*sorted(ESTIMATORS - {'PCA', 'KMeans'}), *TRAINERS, *BOTO3))})\(")


class OwnClass(NamedTuple):
    """A program's subclass of an SDK class, ``base``. ``opaque``: its own ``__init__`` takes the arguments, in unknown ways."""

    base: str
    opaque: bool


def own_classes(module: ast.Module, is_base: Callable[[str], bool]) -> dict[str, OwnClass]:
    """The classes of a program that are direct or indirect subclasses of a class for which ``is_base`` is true, by name."""
    found: dict[str, OwnClass] = {}
    for node in ast.walk(module):
        if not isinstance(node, ast.ClassDef):
            continue
        for base in map(dotted, node.bases):
            known = found.get(base, OwnClass(base, opaque=False) if is_base(base) else None)
            if known is not None:
                own = any(isinstance(one, ast.FunctionDef) and one.name in ("__init__", "__new__") for one in node.body)
                found[node.name] = OwnClass(known.base, opaque=own or known.opaque)
    return found
