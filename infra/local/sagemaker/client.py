"""An in-memory replacement for boto3's SageMaker client: the same arguments, responses and exceptions, without a socket."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.exceptions import ClientError, ParamValidationError
from botocore.paginate import Paginator
from botocore.validate import ParamValidator

from infra.local.sagemaker import shapes
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.world import World


class Client:
    """Calls a world as boto3 calls AWS.

    Errors are botocore's ClientError. With `validate` (the default), a request that botocore itself refuses, such as one with an
    unknown key, raises ParamValidationError. Without it, the world refuses the request.
    """

    def __init__(self, world: World, *, validate: bool = True) -> None:
        self.world = world
        self._validator = ParamValidator() if validate else None

    def create_training_job(self, **request: Any) -> dict[str, Any]:
        """Call CreateTrainingJob."""
        return self._call("CreateTrainingJob", request)

    def describe_training_job(self, **request: Any) -> dict[str, Any]:
        """Call DescribeTrainingJob."""
        return self._call("DescribeTrainingJob", request)

    def stop_training_job(self, **request: Any) -> dict[str, Any]:
        """Call StopTrainingJob."""
        return self._call("StopTrainingJob", request)

    def delete_training_job(self, **request: Any) -> dict[str, Any]:
        """Call DeleteTrainingJob."""
        return self._call("DeleteTrainingJob", request)

    def list_training_jobs(self, **request: Any) -> dict[str, Any]:
        """Call ListTrainingJobs."""
        return self._call("ListTrainingJobs", request)

    def list_tags(self, **request: Any) -> dict[str, Any]:
        """Call ListTags."""
        return self._call("ListTags", request)

    def add_tags(self, **request: Any) -> dict[str, Any]:
        """Call AddTags."""
        return self._call("AddTags", request)

    def delete_tags(self, **request: Any) -> dict[str, Any]:
        """Call DeleteTags."""
        return self._call("DeleteTags", request)

    def list_pipeline_execution_steps(self, **request: Any) -> dict[str, Any]:
        """Call ListPipelineExecutionSteps."""
        return self._call("ListPipelineExecutionSteps", request)

    def describe_algorithm(self, **request: Any) -> dict[str, Any]:
        """Call DescribeAlgorithm."""
        return self._call("DescribeAlgorithm", request)

    def create_hyper_parameter_tuning_job(self, **request: Any) -> dict[str, Any]:
        """Call CreateHyperParameterTuningJob."""
        return self._call("CreateHyperParameterTuningJob", request)

    def describe_hyper_parameter_tuning_job(self, **request: Any) -> dict[str, Any]:
        """Call DescribeHyperParameterTuningJob."""
        return self._call("DescribeHyperParameterTuningJob", request)

    def get_paginator(self, operation_name: str) -> Paginator:
        """Return botocore's own paginator for this client, such as for "list_training_jobs" and "list_tags"."""
        name = "".join(word.capitalize() for word in operation_name.split("_"))
        config = botocore.session.get_session().get_paginator_model("sagemaker").get_paginator(name)
        return Paginator(getattr(self, operation_name), config, shapes.operation(name))

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if self._validator:
            report = self._validator.validate(request, shapes.operation(operation).input_shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
        try:
            answer = self.world.call(operation, request)
        except ApiError as error:
            raise ClientError(
                {
                    "Error": {"Code": error.code, "Message": error.message},
                    "ResponseMetadata": {"HTTPStatusCode": error.status, "RetryAttempts": 0},
                },
                operation,
            ) from error
        return answer | {"ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}
