"""S3 in memory: the checkpoints that a world's jobs saved, and other files that training scripts write beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from infra.local.sagemaker.world import World
from tests.s3_listing import listed

CHECKPOINT_BYTES: Final = 1_000_000
OTHER_FILES: Final = (
    ("", 0), (".lock", 9), ("lost+found/", 0), ("events.out.tfevents.1794787200.algo-1", CHECKPOINT_BYTES),
    ("runs/events.out.tfevents.1794787200.algo-1", 40_000), ("train.log", 2 * CHECKPOINT_BYTES),
    ("wandb/latest-run/run.wandb", 90_000),
    ("checkpoint-99999999.pt.sagemaker-uploading", CHECKPOINT_BYTES), ("checkpoint-99999999.pt.tmp", 5 * CHECKPOINT_BYTES),
    ("checkpoint-99999999.pt.part", CHECKPOINT_BYTES), ("step-99999999/model-00001-of-00004.safetensors", CHECKPOINT_BYTES),
    ("_SUCCESS", 0), ("tokenizer.json", 17 * CHECKPOINT_BYTES), ("model.pt.tmpk3x9", 3 * CHECKPOINT_BYTES),
    ("global_step99999999.tmp/mp_rank_00.pt", CHECKPOINT_BYTES),
)  # fmt: skip
"""Names and sizes of files below a checkpoint prefix that are not complete checkpoints."""


class MemoryS3:
    """ListObjectsV2 of a boto3 ``s3`` client, with S3's order, pages, delimiters and tokens.

    ``others`` is the probability that a prefix has other files. These are newer than all checkpoints.
    """

    def __init__(
        self, world: World, now: Callable[[], datetime], *,
        others: float = 0, seed: object = 0, fails: Callable[[str], None] = lambda bucket: None,
    ) -> None:  # fmt: skip
        self._world, self._now, self._others, self._seed, self._fails = world, now, others, seed, fails

    def list_objects_v2(self, **asked: Any) -> Any:
        """One page of the objects below a prefix. ``fails`` may raise an error of S3."""
        self._fails(asked["Bucket"])
        return listed(self._objects(asked["Bucket"]), asked)

    def _objects(self, bucket: str) -> Iterator[tuple[str, int, datetime]]:
        for prefix, (work_s, at) in self._world.checkpoints.items():
            where, _, path = prefix.removeprefix("s3://").partition("/")
            if where == bucket:
                yield f"{path}/checkpoint-{int(work_s):08d}.pt", CHECKPOINT_BYTES, at
        if not self._others:
            return
        for job in self._world.jobs.values():
            where, _, path = (job.prefix or "").removeprefix("s3://").partition("/")
            if where == bucket and job.started_at is not None:
                drawn = Random(f"{self._seed}/{job.prefix}")  # noqa: S311 - a simulation, not a secret
                files = [one for one in OTHER_FILES if drawn.random() < self._others]
                at = min(job.ended_at or self._now(), self._now()) - timedelta(seconds=1)
                yield from ((f"{path}/{name}", size, max(at, job.started_at)) for name, size in files)


def newest_saved_at(world: World, uri: str) -> datetime | None:
    """When the newest checkpoint below a prefix was saved, according to the world."""
    below = f"{uri.rstrip('/')}/"
    return max((at for prefix, (_, at) in world.checkpoints.items() if f"{prefix}/".startswith(below)), default=None)
