"""Which machine an instance type is, from a dated table."""

from __future__ import annotations


def equivalents(instance_type: str) -> tuple[str, ...]:
    """Other types with the same accelerators and memory, or more; none for a type nobody knows."""
    return ()
