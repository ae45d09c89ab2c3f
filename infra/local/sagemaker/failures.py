"""FailureReasons with SageMaker's own texts, and the phase in which a job fails with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra.local.sagemaker.phase import Phase

CAPACITY: Final = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
INTERNAL: Final = "InternalServerError: We encountered an internal error. Please try again."


@dataclass(frozen=True, slots=True)
class Failure:
    """A FailureReason, and the phase in which the job fails."""

    reason: str
    phase: Phase = Phase.TRAINING


FAILURES: Final[Mapping[str, Failure]] = {
    "capacity": Failure(CAPACITY, Phase.LAUNCHING),
    "internal": Failure(INTERNAL, Phase.DOWNLOADING),
    "internal-two-blanks": Failure(
        "InternalServerError: We encountered an internal error.  Please try again.", Phase.DOWNLOADING
    ),
    "exit-code": Failure("AlgorithmError: Exit Code: 1"),
    "segfault": Failure("AlgorithmError: Exit Code: 139"),
    "script": Failure('AlgorithmError: ExecuteUserScriptError:\nCommand "/opt/conda/bin/python3.6 train.py --epochs 10"'),
    "traceback": Failure(
        "AlgorithmError: framework error: \nTraceback (most recent call last):\nRuntimeError: CUDA out of memory."
    ),
    "impostor": Failure("AlgorithmError: my own text says CapacityError: and InternalServerError: too"),
    "memory": Failure(
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance."
    ),
    "upload-memory": Failure(
        "ClientError: Artifact upload failed:ClientError: Out of Memory. Please use a larger instance", Phase.UPLOADING
    ),
    "disk": Failure("ClientError: Data download failed:Insufficient disk space", Phase.DOWNLOADING),
    "upload-disk": Failure("ClientError: Artifact upload failed:Insufficient disk space", Phase.UPLOADING),
    "network": Failure(
        "ClientError: Artifact upload failed:Please ensure that the subnet's route table has a route to an S3 VPC endpoint "
        "or a NAT device, and that the security groups and network ACLs allow the traffic.",
        Phase.UPLOADING,
    ),
    "role": Failure(
        "ClientError: SageMaker was unable to assume the role 'arn:aws:iam::111122223333:role/Train'", Phase.LAUNCHING
    ),
}
"""FailureReasons that public issues quote, by short names. A script may also use a text of its own."""
