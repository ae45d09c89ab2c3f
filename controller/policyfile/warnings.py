"""What a policy may contain but probably does not mean. The document compiles nevertheless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def warnings_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """One sentence for each part of a compiled document that people should check."""
    return tuple(
        f"warning: the rule {rule['name']} gives every repaired job the checkpoint prefix {template}, because the template has"
        " neither {job} nor {family}; a suffix is added where the prefix is not empty"
        for rule in document["rules"]
        if (template := rule["repair"].get("checkpoint")) and not any(place in template for place in ("{job}", "{family}"))
    )
