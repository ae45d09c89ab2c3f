"""Pipeline executions: the training job of each step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.local.sagemaker.errors import ApiError, invalid


@dataclass(slots=True)
class Pipelines:
    """The pipeline executions of an account. A step shows its job ``lag_s`` seconds after the job was created."""

    lag_s: float = 0
    silent: bool = False  # every call is throttled
    executions: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)  # ARN -> (training job ARN, creation)

    ended: dict[str, datetime] = field(default_factory=dict)  # ARN of a step's job -> its end

    def add_step(self, execution: str, job_arn: str, now: datetime) -> None:
        """Add a step to an execution, which created a training job."""
        self.executions.setdefault(execution, []).append((job_arn, now))

    def job_ended(self, job_arn: str, now: datetime) -> None:
        """Record the end of a job's step. A later job with the same name does not change it."""
        self.ended.setdefault(job_arn, now)

    def list_steps(self, now: datetime, **asked: Any) -> dict[str, Any]:
        """Answer ListPipelineExecutionSteps, with MaxResults steps on a page (default 20)."""
        execution, token = asked.get("PipelineExecutionArn"), asked.get("NextToken") or "0"
        if self.silent:
            raise ApiError("ThrottlingException", "Rate exceeded")
        if execution not in self.executions:
            raise ApiError("ResourceNotFound", f"Pipeline execution {execution} does not exist.")
        if not token.isdigit():
            raise invalid("Invalid pagination token.")
        steps = [self._step(number, *made, now) for number, made in enumerate(self.executions[execution])]
        begin = int(token)
        end = begin + (asked.get("MaxResults") or 20)
        return {"PipelineExecutionSteps": steps[begin:end]} | ({"NextToken": str(end)} if len(steps) > end else {})

    def _step(self, number: int, job_arn: str, made_at: datetime, now: datetime) -> dict[str, Any]:
        shown = now >= made_at + timedelta(seconds=self.lag_s)
        metadata = {"Metadata": {"TrainingJob": {"Arn": job_arn}}} if shown else {}
        ended_at = self.ended.get(job_arn)
        state = {"StepStatus": "Executing"} if ended_at is None else {"StepStatus": "Succeeded", "EndTime": ended_at}
        return {"StepName": f"Step{number}", "StartTime": made_at, "AttemptCount": 1} | state | metadata
