"""The identity of a lineage: where its first job ran, that job's name, and when it was created."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.jobs.job import Job
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageId:
    """Where the root job ran, its name and its CreationTime. A name that is used again after DeleteTrainingJob begins another
    lineage, so the name alone does not identify one.
    """

    account: str
    region: str
    root: str
    created_at: datetime

    def __str__(self) -> str:
        """``account/region/root/created``. It is a valid tag value, and ``parse`` reads it back."""
        stamp = self.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return f"{self.account}/{self.region}/{self.root}/{stamp}"

    @classmethod
    def parse(cls, text: str) -> LineageId | None:
        """Read what ``str`` wrote; None for anything else, because other people can write the tag."""
        try:
            account, region, root, stamp = text.split("/")
            created_at = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(account=account, region=region, root=root, created_at=created_at)

    @classmethod
    def of(cls, job: Job) -> LineageId:
        """The id of the lineage whose root is this job."""
        return cls(account=job.account, region=job.region, root=job.name, created_at=job.created_at)
