"""What a policy may contain but probably does not mean. The document compiles nevertheless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any


def warnings_of(document: Mapping[str, Any], now: datetime | None = None) -> tuple[str, ...]:
    """One sentence for each part of a compiled document that people should check; ``now`` is for waivers that have expired."""
    return (*_templates(document), *_waivers(document, now))


def _waivers(document: Mapping[str, Any], now: datetime | None) -> Iterator[str]:
    for waiver in document.get("waivers", ()):
        if now is not None and datetime.fromisoformat(waiver["expires"]) <= now:
            yield f"warning: the waiver {waiver['name']} has expired ({waiver['expires']}), and has no effect: remove it"
        if not waiver["match"]:
            rules = ", ".join(waiver["rules"])
            yield f"warning: the waiver {waiver['name']} is about every job: until it ends, {rules} has no effect"


def _templates(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"warning: the rule {rule['name']} gives every repaired job the checkpoint prefix {template}, because the template has"
        " neither {job} nor {family}; a suffix is added where the prefix is not empty"
        for rule in document["rules"]
        if (template := rule["repair"].get("checkpoint")) and not any(place in template for place in ("{job}", "{family}"))
    )
