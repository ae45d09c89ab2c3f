"""Decide, write it down, act: in a reconcile, only the commit, the lease of an intent and ``perform`` write anything."""

from __future__ import annotations

import ast
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints

from controller.runtime import reconcile
from controller.runtime.gather import gather
from controller.runtime.perform import perform
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.reading import ReadLedger, ReadPorts
from tests.simulation.history import History
from tests.simulation.replace_function import replaced

READS = {
    # The methods that only read. A method that is not listed counts as a write.
    "jobs": {"describe", "made_by_pipeline", "newest", "tuning"},
    "checkpoints": {"scan"},
    "quotas": {"on_demand"},
    "placement": {"score"},
    "policies": {"current", "refused"},  # since when a new revision is in force is recorded when it is read: ``Policies.current``
    "prices": {"rate"},
    "clock": {"now"},
    "lineages": {"load", "submitter"},
    "claims": {"claims_on"},
    "quota_holds": {"holds_on"},
    "works": {"begun_since"},
    "capacity": {"capacity_seen_at", "phase_times", "placement_asked_at"},
    "histories": {"history", "runs"},
    "pools": {"memory"},
    "halts": {"halt"},
    "outbox": {"channels", "waiting", "post_of", "shelved"},
    "instances": {"family_of"},
    "limits": {"taken"},
    "user_requests": {"waiting"},
    "rule_acts": {"acts"},
    "days": {"closed_until", "rollups"},
}
ANSWERED = ("user_requests", "remove")  # after the commit that took a request in, and before any look: a row of Slack's function
COMMIT = {("lineages", "commit"), ("lineages", "take")}  # made by reconcile itself; a lease is a conditional write
PERFORM, RECONCILE = perform.perform.__code__, reconcile.reconcile.__code__


@dataclass
class Watch:
    """Counts the writes of reconciles, by port and method and by whether ``perform`` made them."""

    writes: Counter[tuple[str, str, str]]
    others: list[str]

    def seen(self, port: str, method: str) -> None:
        if method in READS.get(port, ()) or (port, method) == ANSWERED or port == "tally":
            return  # the tally counts only in memory, for metrics
        callers = list(_callers())
        if RECONCILE not in [frame.f_code for frame in callers]:
            return  # the sweep, discover and drain store their own positions
        inner = next(frame.f_code for frame in callers if frame.f_code in (PERFORM, RECONCILE))
        if inner is PERFORM:
            self.writes["perform", port, method] += 1
        elif (port, method) in COMMIT:
            self.writes["reconcile", port, method] += 1
        else:
            self.others.append(f"{port}.{method} by {callers[0].f_code.co_qualname}")


def _callers() -> Iterator[Any]:
    frame = sys._getframe(3)
    while frame is not None:
        yield frame
        frame = frame.f_back


class Watched:
    """A port whose calls are counted."""

    def __init__(self, port: Any, name: str, watch: Watch) -> None:
        self._port, self._name, self._watch = port, name, watch

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._watch.seen(self._name, method)
            return found(*args, **named)

        return call


class WatchedLedger:
    """The ledger, whose ports are watched under their own names."""

    def __init__(self, ledger: Any, watch: Watch) -> None:
        self._ledger, self._watch = ledger, watch

    def __getattr__(self, port: str) -> Watched:
        return Watched(getattr(self._ledger, port), port, self._watch)


def watched(real: Ports, watch: Watch) -> Ports:
    every: dict[str, Any] = {f.name: Watched(getattr(real, f.name), f.name, watch) for f in fields(Ports)}
    return replace(real, **{**every, "ledger": WatchedLedger(real.ledger, watch)})


def live(seed: int) -> Watch:
    """A watched history of the simulation."""
    history, watch = History(seed), Watch(Counter(), [])
    history.ports = watched(history.ports, watch)
    history.run()
    return watch


def test_in_a_reconcile_only_the_commit_and_perform_write() -> None:
    watches = [live(seed) for seed in range(8)]
    assert [problem for watch in watches for problem in watch.others] == []
    made = sum((watch.writes for watch in watches), Counter[tuple[str, str, str]]())
    assert {("reconcile", *write) for write in COMMIT} <= made.keys()
    assert {("perform", "lineages", "close"), ("perform", "outbox", "put"), ("perform", "jobs", "submit")} <= made.keys()


def test_reconcile_itself_calls_no_method_that_writes_but_the_commit_and_the_lease() -> None:
    """Also in branches that no history reaches."""
    calls = [node.func for node in ast.walk(ast.parse(inspect.getsource(reconcile))) if isinstance(node, ast.Call)]
    dotted = [path for path in map(ast.unparse, calls) if path.startswith("ports.") and not path.startswith("ports.tally.")]
    called = {(port, method) for *_, port, method in (path.split(".") for path in dotted)}
    assert {(port, method) for port, method in called if method not in READS[port]} == COMMIT


def _writing(gather_: Callable[..., Any]) -> Callable[..., Any]:
    def gathering(job: Any, ports: Any, *more: Any, **named: Any) -> Any:
        ports.ledger.days.note_closed(ports.clock.now())
        return gather_(job, ports, *more, **named)

    return gathering


def test_a_gather_that_writes_is_noticed() -> None:
    with replaced((reconcile, "gather", _writing)):
        watch = live(0)
    assert "days.note_closed by" in watch.others[0]


def test_what_gathers_and_decides_is_given_ports_that_cannot_write() -> None:
    for function in (gather.gather, gather.look_up, reconcile.decided):
        assert get_type_hints(function)["ports"] is ReadPorts
    for where in (ReadPorts, ReadLedger):
        for name in (n for n, found in vars(where).items() if isinstance(found, property)):
            port = get_type_hints(vars(where)[name].fget)["return"]
            if port is ReadLedger:
                continue
            offered = {n for base in port.__mro__ for n, found in vars(base).items() if callable(found) and n[0] != "_"}
            assert offered
            assert offered <= READS[name], f"{where.__name__}.{name} offers {sorted(offered - READS[name])}"
