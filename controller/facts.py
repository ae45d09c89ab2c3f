"""Everything a decision may look at. Nothing else is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.checkpoint import Claim, claim_of
from controller.job import Job
from controller.lineage import Lineage
from controller.money import Rate
from controller.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one job at one moment.

    ``rate`` is None where no price is known. ``claims`` are the live claims on the checkpoint bucket, None where nobody looked
    (a job at rest is not worth the read): then nothing is said about them.
    """

    now: datetime
    job: Job
    number: int
    lineage: Lineage
    policy: Policy
    rate: Rate | None
    claims: tuple[Claim, ...] | None

    @property
    def newest(self) -> bool:
        """Whether the job is its lineage's newest attempt: only that one yields intents."""
        return self.number >= self.lineage.newest_number()

    @property
    def claim(self) -> Claim | None:
        """The claim that this job makes on its checkpoint prefix while it lives."""
        uri = self.job.checkpoint_uri
        if uri is None:
            return None
        return claim_of(uri, job=self.job.name, lineage=str(self.lineage.id), created_at=self.job.created_at)
