"""Writes the file with which ``spotwarden doctor`` compares deployed roles: the IAM actions of each role, by condition.

``python -m infra.doctor_actions`` writes the file again. A test compares it with infra/function_permissions.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra import function_permissions as permissions
from infra.alarms import FUNCTIONS as CADENCES
from infra.logical_ids import logical_id, role_of

FILE = Path(__file__).resolve().parents[1] / "controller" / "cli" / "doctor" / "function_actions.json"


def text() -> str:
    """Return the content of the file."""
    found: dict[str, Any] = {}
    for name in permissions.FUNCTIONS:
        actions: dict[str, set[str]] = {}
        for entry in permissions.policy(name)["Statement"]:
            when, statement, _ = entry.get("Fn::If", ("", entry, None))
            actions.setdefault(when, set()).update(statement["Action"])
        function = logical_id(name)
        by_condition = {when: sorted(some) for when, some in sorted(actions.items())}
        found[role_of(function)] = {"exists": CADENCES[function].condition, "actions": by_condition}
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
