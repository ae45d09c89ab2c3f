"""The requests that the SageMaker Python SDK makes from its arguments: an Estimator of v1 and v2, a ModelTrainer of v3.

The defaults are the SDK's: in v2 a runtime of a day (sagemaker 2, estimator.py), in v3 an hour on one ml.m5.xlarge
(sagemaker-train, defaults.py). The SDK fills in a role, a bucket and the end of a name, so these members are
``FilledInLater`` if they are not given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from controller.cli.documents.found import FilledInLater
from controller.cli.documents.member_names import renamed
from controller.jobs.spot_possible import Refusal

DEFAULT = FilledInLater(why="the SDK's default")
NAMED = FilledInLater(why="the SDK appends the time to the name")

BASE_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
BASE_NAME_MAX = 39  # of 63 characters; the SDK appends the time

V2_RUNTIME_S = 86_400
V3_RUNTIME_S, V3_INSTANCE, V3_VOLUME_GB = 3600, "ml.m5.xlarge", 30

# Stands for an image of which only the framework is known: whether it can checkpoint does not depend on the region.
FRAMEWORK_IMAGES: Mapping[str, str] = {
    "PyTorch": "pytorch-training", "TensorFlow": "tensorflow-training", "HuggingFace": "huggingface-pytorch-training",
    "MXNet": "mxnet-training", "SKLearn": "sagemaker-scikit-learn", "Chainer": "sagemaker-chainer", "RLEstimator": "rl-training",
    "XGBoost": "sagemaker-xgboost",
}  # fmt: skip
_ONE, _TWO = "382416733822.dkr.ecr.us-east-1.amazonaws.com", "811284229777.dkr.ecr.us-east-1.amazonaws.com"
BUILT_IN_IMAGES: Mapping[str, str] = {
    **{name: f"{_ONE}/{name}:1" for name in (
        "factorization-machines", "ipinsights", "kmeans", "knn", "linear-learner", "ntm", "object2vec", "pca", "randomcutforest",
    )},
    **{name: f"{_TWO}/{name}:1" for name in (
        "image-classification", "object-detection", "semantic-segmentation", "blazingtext", "seq2seq",
    )},
    "forecasting-deepar": "522234722520.dkr.ecr.us-east-1.amazonaws.com/forecasting-deepar:1",
    "lda": "766337827248.dkr.ecr.us-east-1.amazonaws.com/lda:1",
    "xgboost": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
}  # fmt: skip
_REPOSITORIES = {image.rpartition("/")[2].partition(":")[0] for image in BUILT_IN_IMAGES.values()} | {"xgboost"}
BUILT_IN_CLASSES: Mapping[str, str] = {
    "FactorizationMachines": "factorization-machines", "IPInsights": "ipinsights", "KMeans": "kmeans", "KNN": "knn",
    "LinearLearner": "linear-learner", "NTM": "ntm", "Object2Vec": "object2vec", "PCA": "pca", "LDA": "lda",
    "RandomCutForest": "randomcutforest",
}  # fmt: skip


# SDK v1 has other names for some arguments.
OF_FIRST_VERSION = frozenset(
    {
        "image_name", "train_instance_type", "train_instance_count", "train_volume_size", "train_volume_kms_key", "train_max_run",
        "train_max_wait", "train_use_spot_instances",
    }
)  # fmt: skip


def of_first_version(given: Mapping[str, Any]) -> bool:
    """Whether the arguments of an Estimator are those of SDK v1."""
    return not OF_FIRST_VERSION.isdisjoint(given)


# An image URI: the registry, which is an account in a region, then the repository, and usually a tag.
IMAGE = re.compile(r"(?:\d{12}|\{\})(?:\.dkr\.ecr(?:-fips)?\.[a-z0-9{}-]+\.[a-z0-9{}.]+)?/([^:@{}]+)(?:[:@].*)?", re.DOTALL)
FRAMEWORKS = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
NOBODY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"  # an account without SageMaker's images
JUMP_START = FilledInLater(
    why="the JumpStart model's image", template=f"{FRAMEWORKS}/jumpstart-model"
)  # it runs a script, as framework images do


def image_like(image: Any) -> str | None:
    """For an image that is known in part: one that can checkpoint just as well; None if it may be a built-in algorithm."""
    found = IMAGE.fullmatch(image.template) if isinstance(image, FilledInLater) else None
    if found is None or found[1] in _REPOSITORIES:
        return None
    return f"{FRAMEWORKS if found[0].startswith(FRAMEWORKS[:12]) else NOBODY}/{found[1]}"


def image_of(framework: Any, version: Any = None, model: Any = None) -> Any:
    """The image from ``image_uris.retrieve``, or one that can checkpoint just as well; ``FilledInLater`` if it is not known."""
    if framework is None and model is not None:
        return JUMP_START
    if not isinstance(framework, str):
        return FilledInLater(why="image_uris.retrieve")
    if framework == "xgboost" and isinstance(version, str) and version in ("1", "latest"):
        return f"{_TWO}/xgboost:1"
    if framework in BUILT_IN_IMAGES:
        return BUILT_IN_IMAGES[framework]
    known = {name.lower(): image for name, image in FRAMEWORK_IMAGES.items()}
    other = FilledInLater(why=f"image_uris.retrieve({framework!r})", template=f"{FRAMEWORKS}/{framework}-training")
    return known.get(framework.split("-")[0], other)


# The arguments that rules depend on, and wrong names that people use for them. SDK v2 ignores unknown arguments.
V2_ARGUMENTS = (
    "use_spot_instances", "max_run", "max_wait", "checkpoint_s3_uri", "checkpoint_local_path", "instance_type", "instance_count",
    "keep_alive_period_in_seconds", "max_retry_attempts", "output_path",
)  # fmt: skip
V3_ARGUMENTS = ("compute", "stopping_condition", "checkpoint_config", "training_image", "retry_strategy", "output_data_config")
MEANT: Mapping[str, str] = {
    "spot": "use_spot_instances", "usespot": "use_spot_instances", "usemanagedspottraining": "use_spot_instances",
    "enablemanagedspottraining": "use_spot_instances", "maxruntime": "max_run", "maxruntimeinseconds": "max_run",
    "maxwaittime": "max_wait", "maxwaittimeinseconds": "max_wait", "checkpointuri": "checkpoint_s3_uri",
    "checkpoints3url": "checkpoint_s3_uri", "checkpointpath": "checkpoint_s3_uri",
}  # fmt: skip
IN_COMPUTE = {"use_spot_instances": "compute=Compute(enable_managed_spot_training=…)"}
IN_LIMITS = dict.fromkeys(("max_run", "max_wait"), "stopping_condition=StoppingCondition(…)")
OF_V2_IN_V3 = {**IN_COMPUTE, **IN_LIMITS, "checkpoint_s3_uri": "checkpoint_config=CheckpointConfig(s3_uri=…)"}


def misspelt(given: Iterable[str], *, trainer: bool = False) -> tuple[Refusal, ...]:
    """A refusal for each argument that is probably a wrong name of an argument of the SDK. ``trainer``: of a ModelTrainer."""
    known = V3_ARGUMENTS if trainer else (*V2_ARGUMENTS, *OF_FIRST_VERSION)
    plain = {name.replace("_", ""): name for name in known}
    found: list[Refusal] = []
    for name in given:
        short = name.replace("_", "").lower()
        of_v2 = MEANT.get(short, name if name in OF_V2_IN_V3 else "")
        if name in known or (of_v2 == "" and name in (V2_ARGUMENTS if trainer else V3_ARGUMENTS)):
            continue
        near = get_close_matches(short, plain, n=1, cutoff=0.88)
        meant = (OF_V2_IN_V3.get(of_v2, "") if trainer else of_v2) or (plain[near[0]] if near else "")
        if meant:
            wanted = f"an argument of {'ModelTrainer' if trainer else 'the Estimator'}; did you mean {meant}?"
            found.append(Refusal(field=name, found="an argument that the SDK does not have", wanted=wanted))
    return tuple(found)


def estimator_request(kind: str, given: Mapping[str, Any], rest: Any = None) -> dict[str, Any]:
    """The request of an Estimator of the class ``kind``. ``rest``: set if some arguments are unknown (``**settings``)."""

    def of(name: str, default: Any = None) -> Any:
        value = given.get(name, default if rest is None else rest)
        return default if value is None else value

    specification = {
        "TrainingImage": _estimator_image(kind, of("image_uri", of("image_name"))), "AlgorithmName": of("algorithm_arn"),
        "TrainingInputMode": of("input_mode", "File"),
    }  # fmt: skip
    groups = of("instance_groups")
    model_default = DEFAULT if kind == "JumpStartEstimator" else None
    resources = {
        "InstanceType": of("instance_type", of("train_instance_type", model_default)),
        "InstanceCount": of("instance_count", of("train_instance_count", model_default or (None if groups else 1))),
        "InstanceGroups": _renamed(groups, "InstanceGroups"),
        "VolumeSizeInGB": of("volume_size", of("train_volume_size", 30)),
        "KeepAlivePeriodInSeconds": of("keep_alive_period_in_seconds"),
        "TrainingPlanArn": of("training_plan"),
    }
    scripted = of("entry_point", of("source_dir"))
    hyperparameters = of("hyperparameters", {})
    if scripted is not None and isinstance(hyperparameters, Mapping):
        hyperparameters = {**hyperparameters, "sagemaker_program": scripted if isinstance(scripted, str) else "script"}
    retries = of("max_retry_attempts")
    request: dict[str, Any] = _clean(
        {
            "TrainingJobName": _named_after(of("base_job_name")),
            "RoleArn": _role(of("role", DEFAULT)),
            "AlgorithmSpecification": specification,
            "ResourceConfig": resources,
            "StoppingCondition": {
                "MaxRuntimeInSeconds": of("max_run", of("train_max_run", V2_RUNTIME_S)),
                "MaxWaitTimeInSeconds": of("max_wait", of("train_max_wait")),
            },
            "EnableManagedSpotTraining": of("use_spot_instances", of("train_use_spot_instances")),
            "CheckpointConfig": _checkpoints(of("checkpoint_s3_uri")),
            "OutputDataConfig": {"S3OutputPath": of("output_path", DEFAULT)},
            "HyperParameters": texts(hyperparameters),
            "Environment": of("environment"),
            "Tags": tag_list(of("tags")),
            "RetryStrategy": {"MaximumRetryAttempts": retries} if retries is not None else None,
        }
    )
    return request


def _estimator_image(kind: str, image: Any) -> Any:
    """The image of an Estimator: the image of its class if it has one, otherwise the given image."""
    if kind in FRAMEWORK_IMAGES and not isinstance(image, str):
        return FRAMEWORK_IMAGES[kind]
    if kind in BUILT_IN_CLASSES:
        return BUILT_IN_IMAGES[BUILT_IN_CLASSES[kind]]
    return JUMP_START if kind == "JumpStartEstimator" and image is None else image


def trainer_request(given: Mapping[str, Any], rest: Any = None) -> dict[str, Any]:
    """The request of a ModelTrainer. ``rest``: set if some arguments are unknown (``**settings``)."""

    def of(name: str, default: Any = None) -> Any:
        value = given.get(name, default if rest is None else rest)
        return default if value is None else value

    compute, limits, hyperparameters = of("compute", {}), of("stopping_condition", {}), of("hyperparameters", {})
    if isinstance(hyperparameters, str):
        hyperparameters = FilledInLater(why=f"the file {hyperparameters}")
    if of("source_code") is not None and isinstance(hyperparameters, Mapping):
        hyperparameters = {**hyperparameters, "sagemaker_program": "script"}
    request: dict[str, Any] = _clean(
        {
            "TrainingJobName": NAMED,
            "RoleArn": _role(of("role", DEFAULT)),
            "AlgorithmSpecification": {
                "TrainingImage": of("training_image"), "AlgorithmName": of("algorithm_name"),
                "TrainingInputMode": of("training_input_mode", "File"),
            },
            "ResourceConfig": _trainer_resources(compute),
            "StoppingCondition": _with_defaults(limits, "StoppingCondition", MaxRuntimeInSeconds=V3_RUNTIME_S),
            "EnableManagedSpotTraining": _trainer_spot(compute),
            "CheckpointConfig": _with_defaults(of("checkpoint_config"), "CheckpointConfig", S3Uri=DEFAULT),
            "OutputDataConfig": _with_defaults(of("output_data_config", {}), "OutputDataConfig", S3OutputPath=DEFAULT),
            "HyperParameters": texts(hyperparameters),
            "Environment": of("environment"),
            "Tags": tag_list(of("tags")),
            "RetryStrategy": _renamed(of("retry_strategy"), "RetryStrategy"),
        }
    )  # fmt: skip
    return request


def _trainer_spot(compute: Any) -> Any:
    if isinstance(compute, Mapping):
        return compute.get("enable_managed_spot_training")
    return compute if isinstance(compute, FilledInLater) else None


def _trainer_resources(compute: Any) -> Any:
    if not isinstance(compute, Mapping):
        return compute
    asked = {name: value for name, value in compute.items() if name != "enable_managed_spot_training"}
    resources = _with_defaults(asked, "ResourceConfig")
    others = any(name in resources for name in ("InstanceGroups", "InstancePreferences"))
    instances = {} if others else {"InstanceType": V3_INSTANCE, "InstanceCount": 1}
    return {"VolumeSizeInGB": V3_VOLUME_GB, **instances, **resources}


def _with_defaults(given: Any, shape_name: str, **defaults: Any) -> Any:
    """A structure with SageMaker's member names, and with the SDK's defaults for members that are not given."""
    if not isinstance(given, Mapping):
        return given
    return {**defaults, **_renamed({name: value for name, value in given.items() if value is not None}, shape_name)}


def of_a_recipe(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a ModelTrainer that is made from a recipe. The recipe contains the script, and the image and the number of
    instances if they are not given.
    """
    recipe, compute = FilledInLater(why="the recipe"), given.get("compute")
    if isinstance(compute, Mapping) and compute.get("instance_count") is None:
        compute = {**compute, "instance_count": recipe}
    image = given.get("training_image")
    kept = {name: value for name, value in given.items() if name not in ("training_recipe", "recipe_overrides", "requirements")}
    return {**kept, "compute": compute or recipe, "training_image": image or recipe, "hyperparameters": recipe}


def tag_list(tags: Any) -> Any:
    """Tags in the form of the API. The SDK also accepts a dict, and v3 has ``key`` and ``value`` in lower case."""
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return _renamed(tags, "TagList") if isinstance(tags, list) else tags


def texts(values: Any) -> Any:
    """Hyperparameters with their values as text, as the SDK converts them; ``FilledInLater`` stays."""
    if not isinstance(values, Mapping):
        return values
    return {name: value if isinstance(value, str | FilledInLater) else str(value) for name, value in values.items()}


def _named_after(base: Any) -> Any:
    """The job's name: SDK v2 appends the time to the base name. A base that SageMaker refuses, such as ``my_job``, is kept."""
    return base[:BASE_NAME_MAX] if isinstance(base, str) and not BASE_NAME.fullmatch(base) else NAMED


def _checkpoints(uri: Any) -> Any:
    """The CheckpointConfig for a prefix. If the prefix may be None, it is not known whether there is a CheckpointConfig."""
    return uri if uri is None or (isinstance(uri, FilledInLater) and not uri.template) else {"S3Uri": uri}


def _role(role: Any) -> Any:
    """The role's ARN; ``FilledInLater`` for a name, because the SDK looks up its ARN."""
    return role if not isinstance(role, str) or role.startswith("arn:") else FilledInLater(why=f"the ARN of the role {role}")


def _renamed(value: Any, shape_name: str) -> Any:
    return renamed(value, shape_name) if isinstance(value, Mapping | list) else value


def _clean(value: Any) -> Any:
    """The value without members that are None or empty, which the SDK does not send."""
    if isinstance(value, Mapping):
        cleaned = {name: _clean(item) for name, item in value.items()}
        return {name: item for name, item in cleaned.items() if item is not None and item not in ({}, [])}
    return value
