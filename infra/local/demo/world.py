"""Prepares the embedded AWS for the demo: its SageMaker, its buckets, and the actions of its users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from infra.local import aws
from infra.local.bus import envelope
from infra.local.checkpoint_store import CheckpointStore
from infra.local.demo.scenario import DELETED_BUCKET, MARKETPLACE, MONDAY, POOLS, Launch, capacities, settings
from infra.local.host import Host, UserAction
from infra.local.sagemaker.capacity import Capacity
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.world import World

POLICIES = Path(__file__).parent / "policies"
STORE = CheckpointStore()
RETRY_AFTER = timedelta(hours=1)


def demo_world(seed: int, trace: Capacity | None = None) -> World:
    """Build the demo's SageMaker. With a ``trace``, every pool has the spot capacity of the trace."""
    supply = dict.fromkeys(POOLS, trace) if trace else capacities(seed)
    world = World(
        MONDAY, seed=seed, settings=settings(), account=aws.ACCOUNT, region=aws.REGION, capacity_of=supply, on_checkpoint=STORE
    )
    world.add_algorithm(MARKETPLACE, product_id="prod-acme")
    return world


def create_bucket(launch: Launch) -> None:
    """Create the bucket of a job's checkpoints, unless it is the bucket that must not exist."""
    uri = (launch.request.get("CheckpointConfig") or {}).get("S3Uri", "")
    if uri and DELETED_BUCKET not in uri:
        STORE.create_bucket(uri.removeprefix("s3://").partition("/")[0])


def actions_of(launch: Launch, host: Host, until: datetime) -> list[UserAction]:
    """The actions of users on one job: they create it, and may stop or delete it later, before ``until``."""
    world, at = host.world, MONDAY + launch.after
    actions = [UserAction(at=at, do=partial(world.launch, dict(launch.request), owner=launch.owner or None))]
    later = ((launch.stopped_after, world.stop_training_job), (launch.deleted_after, world.delete_training_job))
    for after, act in later:
        if after:
            actions.append(UserAction(at=at + after, do=partial(_try, host, partial(act, launch.name), until)))
    return actions


def _try(host: Host, act: Callable[[], object], until: datetime) -> None:
    """Call the API as a user does: if SageMaker refuses the call, try again each hour until ``until``."""
    try:
        act()
    except ApiError:
        again = host.clock.now() + RETRY_AFTER
        if again < until:
            host.user_actions.append(UserAction(at=again, do=partial(_try, host, act, until)))
            host.user_actions.sort(key=lambda action: action.at)


def ec2_warnings(host: Host) -> list[UserAction]:
    """EC2's spot events in the account: two for an instance that exists, and one for an instance that does not."""
    ec2 = host.aws.client("ec2")
    started = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="g5.xlarge")["Instances"]
    running = started[0]["InstanceId"]
    warnings = (
        (timedelta(days=1, hours=9), "EC2 Spot Instance Interruption Warning", running),
        (timedelta(days=1, hours=8), "EC2 Instance Rebalance Recommendation", running),
        (timedelta(days=2, hours=3), "EC2 Spot Instance Interruption Warning", "i-0123456789abcdef0"),
    )
    return [UserAction(at=MONDAY + after, do=partial(_warn, host, kind, instance)) for after, kind, instance in warnings]


def _warn(host: Host, kind: str, instance: str) -> None:
    detail = {"instance-id": instance, "instance-action": "terminate"}
    at, event_id = host.clock.now(), f"{kind[:12]}-{instance}"
    host.put(envelope("aws.ec2", kind, detail, at=at, account=aws.ACCOUNT, region=aws.REGION, event_id=event_id))
