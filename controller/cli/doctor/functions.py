"""What ``spotwarden doctor`` checks about the functions: whether Lambda can run them, and with the settings of the stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.cli.doctor.triggers import REDEPLOY
from controller.units.plural import count


def look_at_functions(
    client: Callable[[str], Any], names: Mapping[str, str], table: str, declared: Mapping[str, Any] | None = None
) -> tuple[bool, str]:
    """Check each function. ``names``: the functions' names by logical ID. ``table``: the stack's ledger.

    ``declared``: the resources in the stack's template.
    """
    functions, wrong = client("lambda"), list[str]()
    for function, name in sorted(names.items()):
        try:
            found = functions.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if fault_of(error) is not AwsFault.MISSING:
                raise
            wrong.append(f"{function} is deleted")
        else:
            properties = (declared or {}).get(function, {}).get("Properties", {})
            wrong += [f"{function} {said}" for said in (_state(found), _table(found, table), _limits(found, properties)) if said]
    if wrong:
        return False, f"{'; '.join(wrong)}; {REDEPLOY}"
    return True, f"{count(len(names), 'function')} ready" if names else "the stack has none"


def _state(found: Mapping[str, Any]) -> str:
    for state, why in (("State", "StateReason"), ("LastUpdateStatus", "LastUpdateStatusReason")):
        if found.get(state) == "Failed":
            return f"cannot run ({found.get(f'{why}Code', 'Failed')}: {str(found.get(why, '')).rstrip('.')})"
    return ""


def _table(found: Mapping[str, Any], table: str) -> str:
    used = found.get("Environment", {}).get("Variables", {}).get("SPOTWARDEN_TABLE")
    return "" if used in (None, table) else f"works with the table {used or '(none)'}, and the stack's Ledger is {table}"


def _limits(found: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    """Settings that were changed by hand. A function with a timeout beyond its lease may act at the same time as another one."""
    changed = [
        f"{name} {found[name]}, and the stack says {properties[name]}"
        for name in ("Timeout", "MemorySize")
        if isinstance(properties.get(name), int) and found.get(name, properties[name]) != properties[name]
    ]
    return f"has {'; '.join(changed)}" if changed else ""
