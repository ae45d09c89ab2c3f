"""Dumps of the SageMaker Python SDK v3 (``model_dump``): a ModelTrainer, or sagemaker-core's TrainingJob."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.cli.documents.found import Found, Located, line_of, templated
from controller.cli.documents.member_names import renamed
from controller.cli.documents.sagemaker_api import described
from controller.cli.documents.sdk import trainer_request

TRAINER = {
    "compute",
    "stopping_condition",
    "training_image",
    "algorithm_name",
    "source_code",
    "checkpoint_config",
    "base_job_name",
}


def sdk_dump(file: str, document: Mapping[str, Any], path: str = "") -> Iterator[Found] | None:
    """The training job in a dump of SDK v3; None for any other document."""
    if "training_job_name" in document:
        given = Located({name: value for name, value in document.items() if value is not None})
        given.line = line_of(document)
        shape = "DescribeTrainingJobResponse" if "training_job_status" in given or "training_job_arn" in given else None
        return iter([described(file, renamed(given, shape or "CreateTrainingJobRequest"), path)])
    if "compute" in document and len(TRAINER & document.keys()) >= 2:
        name = document.get("base_job_name")
        found = Found(
            file=file, kind="ModelTrainer dump of the SageMaker Python SDK v3", path=path, line=line_of(document),
            body=templated(trainer_request(document)), name=name if isinstance(name, str) else "trainer", tool="sdk-v3",
        )  # fmt: skip
        return iter([found])
    return None
