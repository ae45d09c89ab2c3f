"""A stand-in for the runtime's ports that is some of them itself."""

from __future__ import annotations

from typing import Any

from controller.runtime.tally import Tally


class OwnPorts:
    """One object that is the ports, their clock and their policies: it has ``now`` and ``current`` of its own."""

    @property
    def ports(self) -> Any:
        return self

    @property
    def clock(self) -> Any:
        return self

    @property
    def policies(self) -> Any:
        return self

    @property
    def tally(self) -> Tally:
        return Tally()
