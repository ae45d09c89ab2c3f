"""Reads AWS's usage types for training (``USE1-Train:ml.g5.2xlarge``): the region, the instance type, and whether it is spot.

The letters before the hyphen are the code for the region in bills.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from controller.jobs.instance import instance
from controller.policyfile.number_patterns import any_case
from controller.savings.bill import ON_DEMAND_USAGE, SPOT_USAGE

REGIONS: Mapping[str, str] = {
    "USE1": "us-east-1", "USE2": "us-east-2", "USW1": "us-west-1", "USW2": "us-west-2", "CAN1": "ca-central-1",
    "SAE1": "sa-east-1", "EU": "eu-west-1", "EUW1": "eu-west-1", "EUW2": "eu-west-2", "EUW3": "eu-west-3",
    "EUC1": "eu-central-1", "EUN1": "eu-north-1", "EUS1": "eu-south-1", "APN1": "ap-northeast-1", "APN2": "ap-northeast-2",
    "APN3": "ap-northeast-3", "APS1": "ap-southeast-1", "APS2": "ap-southeast-2", "APS3": "ap-south-1", "APE1": "ap-east-1",
    "AFS1": "af-south-1", "MES1": "me-south-1",
}  # fmt: skip

_SPOT, _TRAIN, _TYPE = (
    any_case("spot"),
    f"{any_case('train')}({any_case('ing')})?",
    rf"{any_case('ml')}\.[A-Za-z0-9-]+\.[A-Za-z0-9]+",
)
_CODE = "^([A-Za-z0-9]+-)?"
SPOT_PATTERN = f"{_CODE}((({any_case('managed')})?{_SPOT}[-_ ]?{_TRAIN}|{_TRAIN}[-_ ]?{_SPOT})[: ]{_TYPE})$"
ON_DEMAND_PATTERN = f"{_CODE}({_TRAIN}:{_TYPE})$"
"""Patterns for the usage types that ``usage_type_of`` reads. They are for JSON Schema, which has no flag to ignore case."""


def code_pattern(*codes: str) -> str:
    """A pattern for usage types that begin with one of these region codes."""
    return f"^({'|'.join(map(any_case, codes))})-"


class UsageType(NamedTuple):
    """The parts of a usage type. ``region`` is empty if its code is unknown or missing."""

    region: str
    instance_type: str
    spot: bool


def usage_type_of(text: str) -> UsageType | None:
    """The parts of a usage type; None for any other text, and for an instance type that SageMaker does not have for training."""
    spot = SPOT_USAGE.fullmatch(text)
    found = spot or ON_DEMAND_USAGE.fullmatch(text)
    if found is None or instance(found["type"].lower()) is None:
        return None
    code, hyphen, _ = text.partition("-")
    region = REGIONS.get(code.upper(), "") if hyphen else ""
    return UsageType(region=region, instance_type=found["type"].lower(), spot=spot is not None)
