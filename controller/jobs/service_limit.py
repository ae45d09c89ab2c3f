"""Reads a limit of the account from SageMaker's error message: the quota's name, its value, its use, and what was asked for."""

from __future__ import annotations

import re

from controller.units.value import dataclass

# Patterns as text: ``re`` compiles and caches them at their first use, and most Lambda containers never use them.
_LIMIT = (
    r"(?i)service (?:limit|quota) (?:['\"](?P<name>[^'\"]{1,200})['\"]|for training-job/(?P<type>ml\.[a-z0-9.-]{1,40}))"
    r" is (?P<limit>[\d,.]*\d)(?: \w+){0,4}, with (?:a )?current utilization of"
    r" (?P<used>[\d,.]*\d)(?: \w+){0,4} and a request delta of (?P<delta>[\d,.]*\d)"
)
_QUOTES = str.maketrans("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "''")
_NOT_OFFERED = r"(?i)\bthe requested resource .{1,120} is not available in this region\b"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLimit:
    """A limit of the account: its name in Service Quotas, its value, what is in use, and what the request adds (``delta``)."""

    name: str
    limit: int
    used: int
    delta: int

    @property
    def never_fits(self) -> bool:
        """Whether the request exceeds the limit even if nothing else runs."""
        return self.limit < self.delta


def service_limit_in(text: str) -> ServiceLimit | None:
    """The limit in the message of a ResourceLimitExceeded; None if it names none."""
    found = re.search(_LIMIT, " ".join(text.translate(_QUOTES).split()))
    if found is None:
        return None
    try:
        limit, used, delta = (int(float(found[name].replace(",", ""))) for name in ("limit", "used", "delta"))
    except (ValueError, OverflowError):
        return None
    name = found["name"] or f"{found['type']} for training job usage"  # texts of 2018 name the type alone
    return ServiceLimit(name=name, limit=limit, used=used, delta=delta)


def never_fits(text: str) -> bool:
    """Whether, by the message of a ResourceLimitExceeded, the request can never run: above the limit, or type not offered."""
    limit = service_limit_in(text)
    return limit.never_fits if limit is not None else re.search(_NOT_OFFERED, " ".join(text.split())) is not None
