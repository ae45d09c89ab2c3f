"""The real handlers on the embedded AWS, with a policy of the test. Attackers act there, and the test checks the result.

with lab(POLICY) as host:
    launch(host, request("victim", "vision"))
    run(host, hours=4)
    assert status(host, "victim") == "Completed"
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from controller import wiring
from controller.ledger.attempt_name import attempt_name
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.policyfile import compile_folder
from infra.local import aws
from infra.local.checkpoint_store import CheckpointStore
from infra.local.demo.scenario import MONDAY, request
from infra.local.host import TRAINING_ROLES, Host, hosting
from infra.local.sagemaker.capacity import ALWAYS, Capacity
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.world import World
from infra.local.slack.message import Message

E = TypeVar("E")

__all__ = [
    "MONDAY", "CheckpointStore", "entries", "lab", "launch", "lineage_id", "lineage_of", "log", "messages", "next_name",
    "on_call", "request", "run", "status", "texts",
]  # fmt: skip


@contextmanager
def lab(
    policy: str,
    *,
    settings: WorldSettings | None = None,
    capacity_of: Callable[[str], Capacity] | None = None,
    seed: int = 1,
    roles: Iterable[str] = TRAINING_ROLES,
    start: datetime = MONDAY,
) -> Iterator[Host]:
    """Deploy the controller with one policy file (YAML text), and start a world on a Monday at midnight UTC."""
    with tempfile.TemporaryDirectory() as folder:
        policies = Path(folder, "policies")
        policies.mkdir()
        (policies / "policy.yaml").write_text(policy, encoding="utf-8")
        world = World(
            start,
            seed=seed,
            settings=settings or WorldSettings(usage_delay_s=60),
            account=aws.ACCOUNT,
            region=aws.REGION,
            capacity_of=capacity_of or (lambda _: ALWAYS),
            on_checkpoint=CheckpointStore(),
        )
        with hosting(world, compile_folder(policies), Path(folder), roles=roles) as host:
            CheckpointStore().create_bucket("acme-checkpoints")
            # The days before count as closed. Otherwise the first run would close 35 empty days, with 300 calls to DynamoDB.
            wiring.ports().ledger.days.note_closed(start - timedelta(days=1))
            yield host


def launch(host: Host, asked: Mapping[str, Any], *, owner: Mapping[str, str] | None = None) -> str:
    """Create a job as a user does, or with ``owner`` as another AWS service does. Returns its name."""
    return host.world.launch(dict(asked), owner=owner)


def run(host: Host, *, hours: float = 0, minutes: float = 0) -> None:
    """Run the world for some hours of virtual time."""
    host.run(host.clock.at + timedelta(hours=hours, minutes=minutes))


def status(host: Host, name: str) -> str:
    """The TrainingJobStatus of a job."""
    return host.world.jobs[name].status


def lineage_id(host: Host, root: str) -> LineageId:
    """The id of the lineage of which a job is the first."""
    created_at: datetime = host.world.jobs[root].created_at
    return LineageId(account=host.world.account, region=host.world.region, root=root, created_at=created_at)


def lineage_of(host: Host, root: str) -> Lineage:
    """The lineage of which a job is the first, as the ledger has it."""
    return wiring.ports().ledger.lineages.load(lineage_id(host, root))


def next_name(host: Host, root: str, number: int = 2) -> str:
    """The name of an attempt of a lineage, which anybody can compute."""
    return attempt_name(lineage_id(host, root), number)


def entries(host: Host, root: str, kind: type[E]) -> list[E]:
    """The entries of one kind in a lineage."""
    return [entry for entry in lineage_of(host, root).entries if isinstance(entry, kind)]


def messages(host: Host) -> list[Message]:
    """All messages that were posted to Slack."""
    return list(host.slack.messages)


def texts(host: Host) -> str:
    """The texts of all messages that were posted to Slack."""
    return "\n".join(message.text for message in host.slack.messages)


def log(host: Host) -> str:
    """The log of the functions."""
    host.log.flush()
    return Path(host.log.name).read_text(encoding="utf-8")


def on_call(client: Any, told: Callable[[str, str], object]) -> Callable[[], None]:
    """Call a function with the operation and the body of each later AWS call. Returns a function that ends this."""
    exchange = client._exchange

    def exchanging(operation: str, body: bytes) -> Any:
        told(operation, body.decode())
        return exchange(operation, body)

    client._exchange = exchanging
    return lambda: setattr(client, "_exchange", exchange)
