"""Runs the real handlers on this machine: their AWS, their events and their clock, driven by one virtual time.

The clock jumps from one happening to the next: a step of a training job, an event's arrival, Lambda's retry of a failed call,
an hour's discover, a digest. The minute's sweep and drain ring at the first whole minute at which something is due; the minutes
in which they would have found nothing are skipped, and counted.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from controller import wiring
from controller.aws.system_clock import SystemClock
from controller.jobs.instance import instance_types
from infra.local import aws
from infra.local.aws_json import JsonServer
from infra.local.bus import Bus, rules
from infra.local.gateway import Gateway
from infra.local.gateway import serve as serve_routes
from infra.local.pricing import PriceBook, QuotaBook, packaged_prices
from infra.local.sagemaker.server import Server, serve
from infra.local.sagemaker.world import World
from infra.local.schedule import next_fire
from infra.local.slack import Slack
from infra.local.slack_people import People, Wire

MINUTE = timedelta(minutes=1)
EVERY_MINUTE = ("sweep", "drain")
TABLE = "spotwarden"
REPORTS = "spotwarden-reports"
QUOTA = 40  # instances of each type that may train at once
APP = Path(__file__).resolve().parents[2] / "app.py"


@dataclass(slots=True)
class VirtualClock:
    """The controller's clock on this machine: it stands still until the host moves it."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass(slots=True, kw_only=True)
class Happening:
    """Something people do at a time of their own: create a job, stop one, delete one."""

    at: datetime
    do: Callable[[], object]


@dataclass(slots=True)
class Host:
    """The embedded AWS with the controller deployed on it. Build it with ``hosting``."""

    world: World
    server: Server
    aws: aws.Local
    slack: Slack
    bus: Bus
    clock: VirtualClock
    people: list[Happening]
    log: TextIO
    app: Any = None
    rings: int = 0
    minutes_skipped: int = 0
    minutes_rung: int = 0
    _next_fire: dict[str, datetime] = field(default_factory=dict)
    _invocations: int = -1
    _waiting: bool = False

    def run(self, until: datetime, on_step: Callable[[], object] = lambda: None) -> None:
        """Let the world live until then; ``on_step`` is called after each jump of the clock."""
        self.people.sort(key=lambda h: h.at)
        while (at := self._next_at()) is not None and at <= until:
            self._jump(max(at, self.clock.at))
            on_step()
        self._jump(until)

    def endpoints(self) -> dict[str, Any]:
        """Where everything is, and the environment in which any command or boto3 client reaches it."""
        names = ("AWS_", "SPOTWARDEN_", "POWERTOOLS_")
        return {
            "endpoints": {
                "aws": self.aws.url, "dynamodb": self.aws.dynamodb_url, "sagemaker": self.server.url,
                "slack_api": f"{self.slack.url}/api/", "slack_page": self.slack.url,
                "app": self.slack.people.wire.url if self.slack.people is not None else "",
            },
            "table": TABLE,
            "region": os.environ["AWS_REGION"],
            "environment": {name: value for name, value in os.environ.items() if name.startswith(names)},
        }  # fmt: skip

    def put(self, event: Mapping[str, Any]) -> None:
        """Let an event arrive now."""
        with redirect_stdout(self.log):
            self.rings += self.bus.put(event)

    def _jump(self, at: datetime) -> None:
        before = self.clock.at
        self.clock.at = at
        with self.server.lock:
            self.world.advance_to(at)
        while self.people and self.people[0].at <= at:
            self.people.pop(0).do()
        with self.server.lock:
            events = self.world.drain_events()
        for _, event in events:
            self.put(event)
        with redirect_stdout(self.log):
            self.bus.advance()
            for name, fires_at in list(self._next_fire.items()):
                if fires_at <= at:
                    self.bus.ring(name)
                    self._next_fire[name] = self._fires_after(name, at)
            self._ring_the_minute(before, at)

    def _ring_the_minute(self, before: datetime, at: datetime) -> None:
        """Ring the sweep and the drain on a whole minute; minutes between two jumps had nothing due, and are counted."""
        whole = at.replace(second=0, microsecond=0)
        passed = int((whole - before.replace(second=0, microsecond=0)) / MINUTE)
        rung = whole == at and (self._ring_if("sweep", self._is_overdue(at)) | self._ring_if("drain", self._waits_for_slack()))
        self.minutes_rung += rung
        self.minutes_skipped += passed - rung

    def _ring_if(self, name: str, due: bool) -> bool:
        if due:
            self.bus.ring(name)
        return due

    def _next_at(self) -> datetime | None:
        with self.server.lock:
            world_at = self.world.next_at()
        due = [at for at in (self._earliest(), self.clock.at if self._waits_for_slack() else None) if at]
        sweep_at = max(_minute_at(min(due)), _minute_at(self.clock.at + timedelta(microseconds=1))) if due else None
        people_at = self.people[0].at if self.people else None
        times = (world_at, people_at, self.bus.next_at(), sweep_at, *self._next_fire.values())
        return min((t for t in times if t is not None), default=None)

    def _is_overdue(self, at: datetime) -> bool:
        earliest = self._earliest()
        return earliest is not None and earliest <= at

    def _earliest(self) -> datetime | None:
        """When the next intent is due, as who owns the machine can see it."""
        found = self.aws.earliest(TABLE, "due", "ring_at")
        return datetime.fromisoformat(found) if found else None

    def _waits_for_slack(self) -> bool:
        """Whether a message waits; asked only after something ran, since nothing else can queue one."""
        if self._invocations != self.bus.invocations:
            self._invocations = self.bus.invocations
            self._waiting = bool(wiring.ports().outbox.channels())
        return self._waiting

    def _fires_after(self, name: str, at: datetime) -> datetime:
        schedule = self.bus.rules[name].schedule
        assert schedule is not None, f"{name} has no schedule"  # noqa: S101  (only schedules are in _next_fire)
        return next_fire(schedule, at)


@contextmanager
def hosting(
    world: World, policies: dict[str, Any], folder: Path, happenings: Iterable[Happening] = (), region: str = aws.REGION
) -> Iterator[Host]:
    """Deploy the controller on an embedded AWS around a SageMaker world, and take it down in the end.

    ``policies`` is a compiled policy document; ``folder`` receives it and what the functions log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    compiled = folder / "policies.json"
    compiled.write_text(json.dumps(policies), "utf-8")
    clock = VirtualClock(world.now)
    server = serve(world)
    local = aws.start()
    small = JsonServer(
        {
            "GetProducts": PriceBook(rates=packaged_prices(region), page=100).get_products,
            "ListServiceQuotas": QuotaBook(each=QUOTA, types=sorted(instance_types())).list_service_quotas,
        }
    )
    people = People(wire=Wire(clock=clock.now))
    slack = Slack(clock=clock.now, token="xoxb-local", people=people).serve()  # noqa: S106  (a token of this machine alone)
    with (
        (folder / "functions.log").open("w", encoding="utf-8") as log,
        _environment(
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106  (nobody checks it)
            AWS_DEFAULT_REGION=region,
            AWS_ENDPOINT_URL=local.url,
            AWS_ENDPOINT_URL_DYNAMODB=local.dynamodb_url,
            AWS_ENDPOINT_URL_PRICING=small.url,
            AWS_ENDPOINT_URL_SAGEMAKER=server.url,
            AWS_ENDPOINT_URL_SERVICE_QUOTAS=small.url,
            POWERTOOLS_SERVICE_NAME="spotwarden",
            SPOTWARDEN_POLICIES=str(compiled),
            SPOTWARDEN_SLACK_TOKEN="xoxb-local",  # noqa: S106  (a token of this machine alone)
            SPOTWARDEN_SLACK_SIGNING_SECRET=people.wire.signing_secret,
            SPOTWARDEN_SLACK_URL=f"{slack.url}/api/",
            SPOTWARDEN_REPORTS_BUCKET=REPORTS,
            AWS_REGION=region,
            SPOTWARDEN_TABLE=TABLE,
        ),
    ):
        gateway: Gateway | None = None
        try:
            aws.create_table(local.dynamodb_url, name=TABLE, region=region)
            with redirect_stdout(log):
                app = _deployed()
            _log_to(log)
            wiring.install(clock=clock, hurry=wiring.CLIENT_CONFIG)
            local.client("s3").create_bucket(Bucket=REPORTS)
            bus = Bus(rules(app), clock.now, world.account, region)
            host = Host(world, server, local, slack, bus, clock, list(happenings), log, app)
            gateway = serve_routes(app, around=lambda: redirect_stdout(log))
            people.wire.url = gateway.url
            host._next_fire = {
                r.name: next_fire(r.schedule, clock.at) for r in bus.rules.values() if r.schedule and r.name not in EVERY_MINUTE
            }
            yield host
        finally:
            _log_to(sys.stdout)
            for part in (gateway, slack, server, small, local):
                if part is not None:
                    part.close()
            wiring.install(clock=SystemClock())


def _deployed() -> Any:
    """The Chalice app, found beside this package: an installed command has no reason to stand in the checkout.

    Once per process, whoever imports it: registering a blueprint takes its routes' methods out of it.
    """
    module = sys.modules.get("app")
    if module is None:
        spec = importlib.util.spec_from_file_location("app", APP)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(f"{APP} is not there, wanted the checkout that this package was installed from")
        module = sys.modules["app"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module.app


def _log_to(log: TextIO) -> None:
    """Let the functions log there: Powertools keeps the stream that was standard output when it was imported."""
    for handler in logging.getLogger("spotwarden").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(log)


@contextmanager
def _environment(**settings: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _minute_at(at: datetime) -> datetime:
    """The first whole minute not before a time."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + MINUTE
