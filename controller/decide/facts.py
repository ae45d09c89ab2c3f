"""Everything that a decision about a job depends on, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from math import ceil

from controller.decide.decision import Need
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim, claim_of
from controller.jobs.directives import DIRECTIVE_TAGS, NEVER, RESUBMIT_TAG, Directives, directives_of
from controller.jobs.job import FAMILY_TAG, Interval, Job, family_of
from controller.jobs.quota_hold import QuotaHold
from controller.jobs.work import Work
from controller.ledger.directives_in_force import in_force, tags_of
from controller.ledger.entry import CheckpointScanned, OwnerChecked
from controller.ledger.lineage import Lineage
from controller.ledger.pool import PhaseTimes, PlacementAsked, PoolMemory
from controller.ledger.rule_acts import RuleActs
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policy.spot_worth import SpotWorth
from controller.savings.progress import progress_of
from controller.units.money import Rate
from controller.units.value import dataclass

READ_AFTER = timedelta(minutes=5)  # after a creation; how long ListTags may lag is not documented


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one job at one moment. ``number`` is the attempt's number in its lineage; 1 is the root.

    * ``rate`` is the on-demand price of the job's instances, ``first_rate`` that of the first attempt's; None where not known.
      ``spot_rate`` is the price of spot training, where the price list has one.
    * ``claims`` are the live claims on the checkpoint bucket, ``checkpoint_scan`` is what lies below the checkpoint prefix; None
      where that was not read.
    * ``history`` are the training seconds of the family's completed lineages, newest first; None where they were not read, as for
      a job at rest.
    * ``pools`` and ``rates`` are those of the instance types that the next attempts may have. ``spot_seen`` is whether another
      job lately showed spot capacity in the pool; None where that was not read.
    * ``phase_times`` are how long recent jobs on the job's instance type took to start, to restore and to upload.
    * ``first_permille`` is the speed of the first attempt's instances, as in ``Measured``; None where unknown or not needed.
    * ``spot_worth`` is what is expected on spot of a job that does not train now; None if too little is known, or no rule asks.
    * ``shown_tags`` are the tags that ListTags shows now. ``tagged_first`` is the job with the tags that were read first; None
      where they are the same, or not known.
    * ``part_unread``: the tags, or the owner of the algorithm, could not be read. The job then has the tags that were read first.
    * ``owner_undecided``: the owner that the job claims has not answered yet. ``owner_checked`` is an answer to record.

    ``looked_up`` are the needs (``Need``) that the runtime looked up. Only with its need does each of these fields mean anything:

    * ``room``: how many instances the on-demand quota still has room for; None where the quota is not known.
    * ``team_spent_micros``: what the team spent or reserved of this month's spend cap.
    * ``repair_prefix``: an unused checkpoint prefix for the job's repair; None where none was free.
    * ``rule_acts``: what rules with a guard against surprises did under this revision. ``last_day``: how many jobs each team had
      on the last closed day; None where no day is known.
    * ``done_elsewhere``: another job that does the work of the next attempt, or did it since this job ended; empty without one.
    * ``placement``: what EC2 answered in this look; None where it was not asked, as within an hour of the last time.
    """

    now: datetime
    job: Job
    number: int
    lineage: Lineage
    policy: Policy
    rate: Rate | None
    claims: tuple[Claim, ...] | None
    checkpoint_scan: CheckpointScan | None = None
    history: tuple[int, ...] | None = None
    pools: Mapping[str, PoolMemory] = field(default_factory=dict)
    rates: Mapping[str, Rate] = field(default_factory=dict)
    spot_seen: bool | None = None
    first_rate: Rate | None = None
    spot_rate: Rate | None = None
    room: int | None = None
    placement: PlacementAsked | None = None
    looked_up: frozenset[Need] = frozenset()
    repair_prefix: str | None = None
    team_spent_micros: int = 0
    rule_acts: Mapping[str, RuleActs] = field(default_factory=dict)
    last_day: Mapping[str, int] | None = None
    done_elsewhere: str = ""
    owner_undecided: bool = False
    owner_checked: OwnerChecked | None = None
    phase_times: tuple[PhaseTimes, ...] = ()
    first_permille: int | None = None
    spot_worth: SpotWorth | None = None
    shown_tags: Mapping[str, str] | None = None
    tagged_first: Job | None = None
    part_unread: bool = False

    @property
    def evidence(self) -> Evidence:
        """What the rules are given besides the job."""
        return Evidence(claims=self.claims, checkpoint_scan=self.checkpoint_scan, spot_worth=self.spot_worth)

    @property
    def owned(self) -> bool:
        """Whether another service waits for the job, or may do so: then the job is only observed and recorded."""
        return self.job.service is not None or self.owner_undecided

    @property
    def tags_now(self) -> Mapping[str, str] | None:
        """The tags that ask something of the controller, as the job has them now; None until they count (``READ_AFTER``)."""
        if self.now - self.lineage.id.created_at < READ_AFTER:
            return None
        return {key: self.job.tags[key] for key in DIRECTIVE_TAGS if key in self.job.tags}

    @property
    def directive_tags(self) -> Mapping[str, str]:
        """The tags that ask something of the controller, as they are in force; before they were read, ``tags_now``."""
        force = in_force(self.lineage)
        return tags_of(force) if force is not None else self.tags_now or {}

    @property
    def directives(self) -> Directives:
        """What the lineage's tags ask for; empty for a job of another service, which is neither moved nor submitted again."""
        return Directives() if self.owned else directives_of(self.directive_tags, created_at=self.lineage.id.created_at)

    @property
    def undirected(self) -> bool:
        """Whether the tags have not been read yet. Until then the job has no deadline."""
        return in_force(self.lineage) is None and self.tags_now is None

    @property
    def never_again(self) -> bool:
        """Whether the ``spotwarden:resubmit`` tag forbids further attempts: the tag in force; before that, the job's own."""
        return self.directives.never_again or (self.undirected and self.job.tags.get(RESUBMIT_TAG) == NEVER)

    @property
    def family(self) -> str:
        """The family whose history counts: by the tag in force, else by the job's name."""
        return self.directive_tags.get(FAMILY_TAG) or family_of(self.job.name)

    @property
    def quota_hold(self) -> QuotaHold | None:
        """What the job holds of the account's on-demand quota until it ends; None for a spot job."""
        job = self.job
        if job.spot:
            return None
        return QuotaHold(
            region=job.region, instance_type=job.instance_type, instances=job.instance_count, job=job.name,
            lineage=str(self.lineage.id), created_at=job.created_at,
        )  # fmt: skip

    @property
    def work(self) -> Work:
        """What the job works on."""
        return Work.of(self.job, root=self.lineage.id.root, lineage=str(self.lineage.id))

    @property
    def ran_s(self) -> int:
        """Seconds from TrainingStartTime to the end or to now, rounded up; 0 without one: SageMaker bills from that time on."""
        if self.job.started_at is None:
            return 0
        return max(ceil(((self.job.ended_at or self.now) - self.job.started_at).total_seconds()), 0)

    @property
    def newest(self) -> bool:
        """Whether the job is the newest attempt of its lineage. Only the newest attempt yields intents."""
        return self.number >= self.lineage.newest_number()

    @property
    def last_checkpoint_scan(self) -> CheckpointScanned | None:
        """The last recorded checkpoint scan of this job; None without one."""
        seen = [e for e in self.lineage.entries if isinstance(e, CheckpointScanned) and e.job == self.job.name]
        return max(seen, key=lambda e: e.at, default=None)

    @property
    def proven_training_s(self) -> int:
        """Training seconds of this job that checkpoints prove; the rest may have to be repeated.

        S3 has its own clock: a file with a time later than now proves no training after now.
        """
        job = self.job
        until_now = [Interval(start=i.start, end=i.end or max(self.now, i.start)) for i in job.intervals]
        kept = progress_of(
            until_now, self.scans, checkpoints=job.checkpoint_uri is not None, completed=False, ended_at=job.ended_at
        )
        return kept.kept_s

    @property
    def trained_so_far_s(self) -> int:
        """Training seconds of this job that count if nothing stops it.

        The last interval counts in full, unless it was interrupted; of the intervals before it, what checkpoints prove.
        """
        job = self.job
        if not (job.training or job.trained_to_the_end):
            return self.proven_training_s
        *before, last = job.intervals
        until = max(last.end or self.now, last.start)
        kept = progress_of(
            (*before, Interval(start=last.start, end=until)),
            self.scans,
            checkpoints=job.checkpoint_uri is not None,
            completed=True,
        )
        return kept.kept_s

    @property
    def scans(self) -> tuple[CheckpointScan | CheckpointScanned, ...]:
        """Every scan of this job's checkpoint prefix: the recorded ones and the current one."""
        seen = (e for e in self.lineage.entries if isinstance(e, CheckpointScanned) and e.job == self.job.name)
        return (*seen, *(() if self.checkpoint_scan is None else (self.checkpoint_scan,)))

    @property
    def resumable(self) -> bool:
        """Whether the next attempt can continue from a checkpoint: there is a prefix, and it is not known to be empty."""
        if self.job.checkpoint_uri is None:
            return False
        if self.checkpoint_scan is not None and self.checkpoint_scan.problem is None:
            return self.checkpoint_scan.newest_at is not None
        last = self.last_checkpoint_scan
        return last is None or last.problem is not None or last.newest_at is not None

    @property
    def checkpoint_seen(self) -> bool:
        """Whether a checkpoint lies below the job's prefix: by the current scan, or without one, by any recorded scan."""
        uri, scan = self.job.checkpoint_uri, self.checkpoint_scan
        if uri is None:
            return False
        if scan is not None and scan.problem is None:
            return scan.newest_at is not None
        return any(isinstance(e, CheckpointScanned) and e.uri == uri and e.newest_at is not None for e in self.lineage.entries)

    @property
    def lost_by_a_stop_s(self) -> int:
        """Training seconds that a stop would lose where no checkpoint was ever seen; 0 where one was, or nothing trains."""
        if not self.job.training or self.checkpoint_seen:
            return 0
        return max(int((self.now - self.job.intervals[-1].start).total_seconds()), 1)

    @property
    def claim(self) -> Claim | None:
        """The claim of this job on its checkpoint prefix until it ends; None for a job without one."""
        uri = self.job.checkpoint_uri
        if uri is None:
            return None
        return claim_of(uri, job=self.job.name, lineage=str(self.lineage.id), created_at=self.job.created_at, role=self.job.role)
