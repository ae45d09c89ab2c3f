"""Runs the real handlers on this machine, with an embedded AWS, on a virtual clock.

The clock jumps to the next time at which something happens: a step of a training job, an event, a retry by Lambda, a schedule.
The sweep and the drain have a schedule of one minute. They run only in minutes in which they have work; the others are skipped
and counted.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from controller import wiring
from controller.aws.system_clock import SystemClock
from controller.jobs.instance import instance_types
from infra.local import aws
from infra.local import gateway as routes
from infra.local.aws_json import json_server
from infra.local.bus import Bus, rules
from infra.local.environment import endpoints_of, environment_of, only
from infra.local.pricing import PriceBook, QuotaBook, packaged_prices
from infra.local.sagemaker.server import Server, serve
from infra.local.sagemaker.world import World
from infra.local.schedule import next_fire
from infra.local.slack.server import Slack
from infra.local.slack.users import AppRequests, Users

MINUTE = timedelta(minutes=1)
EVERY_MINUTE = ("sweep", "drain")
TABLE = "spotwarden"
REPORTS = "spotwarden-reports"
TRAINING_ROLES = (f"arn:aws:iam::{aws.ACCOUNT}:role/acme-training",)
QUOTA = 40  # instances of each type that may train at once
APP = Path(__file__).resolve().parents[2] / "app.py"
CLIENT_CONFIG = replace(wiring.CLIENT_CONFIG, connect_timeout=60, read_timeout=300)  # long, because this machine may be busy


@dataclass(slots=True)
class VirtualClock:
    """The controller's clock. Only the host moves it."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True, kw_only=True)
class UserAction:
    """An action of a user at a time, such as to create, stop or delete a job."""

    at: datetime
    do: Callable[[], object]


@dataclass(slots=True)
class Host:
    """The embedded AWS with the controller deployed on it. ``hosting`` builds one."""

    world: World
    server: Server
    aws: aws.Local
    slack: Slack
    bus: Bus
    clock: VirtualClock
    user_actions: list[UserAction]
    log: TextIO
    endpoints: Mapping[str, str]
    environment: Mapping[str, str]
    events_delivered: int = 0
    minutes_skipped: int = 0
    minutes_run: int = 0
    _next_fire: dict[str, datetime] = field(default_factory=dict)
    _invocations: int = -1
    _waiting: bool = False

    def run(self, until: datetime, on_step: Callable[[], object] = lambda: None) -> None:
        """Run everything until a time. ``on_step`` is called after each jump of the clock."""
        self.user_actions.sort(key=lambda action: action.at)
        while (at := self._next_at()) is not None and at <= until:
            self._jump(max(at, self.clock.at))
            on_step()
        self._jump(until)

    def put(self, event: Mapping[str, Any]) -> None:
        """Deliver an event now."""
        with redirect_stdout(self.log):
            self.events_delivered += self.bus.put(event)

    def _jump(self, at: datetime) -> None:
        before = self.clock.at
        self.clock.at = at
        with self.server.lock:
            self.world.advance_to(at)
        while self.user_actions and self.user_actions[0].at <= at:
            self.user_actions.pop(0).do()
        with self.server.lock:
            events = self.world.drain_events()
        for _, event in events:
            self.put(event)
        with redirect_stdout(self.log):
            self.bus.advance()
            for name, fires_at in list(self._next_fire.items()):
                if fires_at <= at:
                    self.bus.fire(name)
                    self._next_fire[name] = self._fires_after(name, at)
            self._run_minute(before, at)

    def _run_minute(self, before: datetime, at: datetime) -> None:
        """On a whole minute, fire the sweep and the drain if they have work. Count the minutes since ``before``."""
        whole = at.replace(second=0, microsecond=0)
        passed = int((whole - before.replace(second=0, microsecond=0)) / MINUTE)
        ran = whole == at and (self._fire_if("sweep", self._is_overdue(at)) | self._fire_if("drain", self._has_messages()))
        self.minutes_run += ran
        self.minutes_skipped += passed - ran

    def _fire_if(self, name: str, due: bool) -> bool:
        if due:
            self.bus.fire(name)
        return due

    def _next_at(self) -> datetime | None:
        with self.server.lock:
            world_at = self.world.next_at()
        due = [at for at in (self._earliest(), self.clock.at if self._has_messages() else None) if at]
        sweep_at = max(_minute_at(min(due)), _minute_at(self.clock.at + timedelta(microseconds=1))) if due else None
        user_at = self.user_actions[0].at if self.user_actions else None
        times = (world_at, user_at, self.bus.next_at(), sweep_at, *self._next_fire.values())
        return min((t for t in times if t is not None), default=None)

    def _is_overdue(self, at: datetime) -> bool:
        earliest = self._earliest()
        return earliest is not None and earliest <= at

    def _earliest(self) -> datetime | None:
        """Return when the next intent is due; None without one."""
        found = self.aws.earliest(TABLE, "due", "ring_at")
        return datetime.fromisoformat(found) if found else None

    def _has_messages(self) -> bool:
        """Return whether the outbox has messages. It is read only after an invocation, because nothing else adds messages."""
        if self._invocations != self.bus.invocations:
            self._invocations = self.bus.invocations
            found = self.aws.has_items(TABLE, "outbox#")
            self._waiting = bool(wiring.ports().outbox.channels()) if found is None else found
        return self._waiting

    def _fires_after(self, name: str, at: datetime) -> datetime:
        schedule = self.bus.rules[name].schedule
        assert schedule is not None, f"{name} has no schedule"  # noqa: S101  (only schedules are in _next_fire)
        return next_fire(schedule, at)


@contextmanager
def hosting(
    world: World, policies: dict[str, Any], folder: Path, user_actions: Iterable[UserAction] = (), region: str = aws.REGION,
    roles: Iterable[str] = TRAINING_ROLES,
) -> Iterator[Host]:  # fmt: skip
    """Deploy the controller on an embedded AWS with the SageMaker ``world``, and stop everything at the end.

    ``policies`` is a compiled policy document. It is written into ``folder``, and so is the log of the functions. ``roles`` are
    the values of the parameter TrainingRoles.
    """
    folder.mkdir(parents=True, exist_ok=True)
    compiled = folder.resolve() / "policies.json"
    compiled.write_text(json.dumps(policies), "utf-8")
    clock = VirtualClock(world.now)
    users = Users(app=AppRequests(clock=clock.now))
    with ExitStack() as stack:
        log = stack.enter_context((folder / "functions.log").open("w", encoding="utf-8"))
        server = stack.enter_context(serve(world))
        local = stack.enter_context(aws.start())
        small = stack.enter_context(
            json_server(
                {
                    "GetProducts": PriceBook(rates=packaged_prices(region), page=100).get_products,
                    "ListServiceQuotas": QuotaBook(each=QUOTA, types=sorted(instance_types())).list_service_quotas,
                }
            )
        )
        slack = stack.enter_context(closing(Slack(clock=clock.now, users=users).serve()))
        endpoints = endpoints_of(local, sagemaker=server.url, prices_and_quotas=small.url, slack=slack.url)
        environment = environment_of(
            endpoints, region=region, table=TABLE, reports=REPORTS, policies=compiled, token=slack.token,
            signing_secret=users.app.signing_secret, roles=roles,
        )  # fmt: skip
        stack.enter_context(only(environment))
        stack.callback(wiring.install, clock=SystemClock())
        aws.create_table(local.dynamodb_url, name=TABLE, region=region)
        with redirect_stdout(log):
            app = _deployed()
        # With this variable, the functions use the small client that they use on Lambda. It also needs less CPU.
        stack.enter_context(only({**environment, "AWS_LAMBDA_RUNTIME_API": "embedded"}))
        _log_to(log)
        stack.callback(_log_to, sys.__stdout__ or sys.stdout)  # today's sys.stdout may be closed by then
        wiring.install(clock=clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)
        local.client("s3").create_bucket(Bucket=REPORTS)
        gateway = stack.enter_context(routes.serve(app, around=lambda: redirect_stdout(log)))
        users.app.url = gateway.url
        bus = Bus(rules(app), clock.now, world.account, region)
        endpoints = {**endpoints, "app": gateway.url}
        host = Host(world, server, local, slack, bus, clock, list(user_actions), log, endpoints, environment)
        host._next_fire = {
            r.name: next_fire(r.schedule, clock.at) for r in bus.rules.values() if r.schedule and r.name not in EVERY_MINUTE
        }
        yield host


def _deployed() -> Any:
    """Import the Chalice app that is beside this package, from any current directory.

    It is imported once for each process: Chalice cannot register a blueprint twice, because it removes the methods of its routes.
    """
    module = sys.modules.get("app")
    if module is None:
        spec = importlib.util.spec_from_file_location("app", APP)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(f"found no {APP}, wanted the app.py that is installed beside this package")
        module = sys.modules["app"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.app


def _log_to(log: TextIO) -> None:
    """Write the functions' log lines to this file. Otherwise Powertools uses the standard output at the time of its import."""
    for handler in logging.getLogger("spotwarden").handlers:
        if type(handler) is logging.StreamHandler:  # not pytest's handler, which is of a subclass
            if handler.stream.closed:  # a stream of a test that has ended; setStream would flush it, and fail
                handler.stream = log
            handler.setStream(log)


def _minute_at(at: datetime) -> datetime:
    """Return the first whole minute at or after a time."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + MINUTE
