"""The doctor reports which functions Lambda cannot run, and which have other settings than in the stack."""

from __future__ import annotations

from typing import Any

import pytest

from controller.cli.doctor.functions import look_at_functions
from controller.cli.doctor.triggers import REDEPLOY
from tests.client_errors import client_error

GOOD = {
    "State": "Active",
    "LastUpdateStatus": "Successful",
    "Timeout": 45,
    "Environment": {"Variables": {"SPOTWARDEN_TABLE": "T"}},
}
NAMES = {"Drain": "stack-Drain-1", "Sweep": "stack-Sweep-2"}


class Functions:
    """Lambda with these functions."""

    def __init__(self, **known: dict[str, Any]) -> None:
        self.known = known

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
        found = self.known.get(FunctionName.split("-")[1])
        if found is None:
            raise client_error("ResourceNotFoundException", operation="GetFunctionConfiguration")
        return found


def looked(**known: dict[str, Any]) -> tuple[bool, str]:
    declared = {name: {"Properties": {"Timeout": 45, "MemorySize": 512, "Role": {"Fn::GetAtt": ["R", "Arn"]}}} for name in NAMES}
    return look_at_functions(lambda _: Functions(**known), NAMES, "T", declared)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"State": "Failed", "StateReasonCode": "InvalidSubnet", "StateReason": "The subnet is gone."}, "(InvalidSubnet: The"),
        (
            {"LastUpdateStatus": "Failed", "LastUpdateStatusReasonCode": "DisabledKMSKey", "LastUpdateStatusReason": "Disabled"},
            "Sweep cannot run (DisabledKMSKey: Disabled); ",
        ),
        (
            {"Environment": {"Variables": {"SPOTWARDEN_TABLE": "old"}}},
            "Sweep works with the table old, and the stack's Ledger is T; ",
        ),
        ({"Environment": {"Variables": {"SPOTWARDEN_TABLE": ""}}}, "Sweep works with the table (none), and the stack's Ledger"),
        ({"Timeout": 900}, "Sweep has Timeout 900, and the stack says 45; "),
        ({"Timeout": 900, "MemorySize": 128}, "45; MemorySize 128, and the stack says 512; "),
    ],
)  # fmt: skip
def test_a_function_that_cannot_work_or_has_other_settings_is_named(change: dict[str, Any], said: str) -> None:
    ok, says = looked(Drain=GOOD, Sweep=GOOD | change)
    assert ok is False
    assert said in says
    assert says.endswith(REDEPLOY)
    assert "Drain" not in says


def test_functions_are_ready_or_deleted() -> None:
    assert looked(Drain=GOOD, Sweep=GOOD) == (True, "2 functions ready")
    assert looked(Drain=GOOD) == (False, f"Sweep is deleted; {REDEPLOY}")
