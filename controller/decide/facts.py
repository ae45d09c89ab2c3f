"""Everything that a decision depends on."""

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

READ_AFTER = timedelta(minutes=5)  # of a creation: ListTags may lag by three


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one job at one moment.

    ``rate`` is None where no price is known, ``first_rate`` that of the first attempt's instance type,
    ``spot_rate`` that of spot training where the price list has one of its own. ``claims`` are the live
    claims on the checkpoint bucket, ``checkpoint_scan`` is what lies below the checkpoint prefix, ``history`` are the training
    seconds that completed lineages of the job's family took, newest first: None where nobody looked (a job at rest is not worth
    the read), and then nothing is said about them. ``pools`` and ``rates`` are of the instance types that a ladder may come to;
    ``spot_seen`` says whether another job showed spot capacity there lately, None where nobody looked.

    ``room`` is how many instances the on-demand quota still has room for, None where nobody knows. ``placement`` is what EC2 was
    asked in this look, None where it was not, such as within an hour of the last time. ``looked_up`` are the needs that these two
    answer: without it, None there means that nobody looked.

    ``team_spent_micros`` is what the team spent or reserved of this month's spend cap. ``repair_prefix`` is a checkpoint prefix
    that nobody wrote to, for the job's repair; None where nobody looked for one.

    ``rule_acts`` says what rules with a guard against surprises did under this revision, ``last_day`` how many jobs each team had
    on the last closed day, None where none is known.

    ``phase_times`` are how long recent jobs on the job's instance type took to start, to restore and to upload.
    ``first_permille`` is the speed of the first attempt's instances (``Measured``); None where it is unknown or not needed.

    ``done_elsewhere`` is another job that does the work of the job's next attempt, or did it since the end; empty without one.

    ``spot_worth`` is what is expected of a job that has not begun to train; None where nobody asked, or too little is known.

    ``shown_tags`` are the job's tags as ListTags shows them now; ``tagged_first`` is the job with those that were read first,
    None where they are the same, or not known.

    ``part_unread`` says that SageMaker did not say the job's tags, or whose its algorithm is: then the job carries the tags
    that were read first.

    ``owner_undecided`` says that the owner which the job claims has not answered yet, ``owner_checked`` an answer to write down.
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
        """What the rules may know beside the job."""
        return Evidence(claims=self.claims, checkpoint_scan=self.checkpoint_scan, spot_worth=self.spot_worth)

    @property
    def owned(self) -> bool:
        """Whether another service waits for the job, or may: it is observed and recorded, and nothing else."""
        return self.job.service is not None or self.owner_undecided

    @property
    def tags_now(self) -> Mapping[str, str] | None:
        """The tags that ask something of the controller as the job carries them now; None before they count."""
        if self.now - self.lineage.id.created_at < READ_AFTER:
            return None
        return {key: self.job.tags[key] for key in DIRECTIVE_TAGS if key in self.job.tags}

    @property
    def directive_tags(self) -> Mapping[str, str]:
        """The same tags as they are in force, whatever the job carries now."""
        force = in_force(self.lineage)
        return tags_of(force) if force is not None else self.tags_now or {}

    @property
    def directives(self) -> Directives:
        """What the lineage's tags ask for; nothing of a job of another service, which is neither moved nor submitted again."""
        return Directives() if self.owned else directives_of(self.directive_tags, created_at=self.lineage.id.created_at)

    @property
    def undirected(self) -> bool:
        """Whether the tags have not been read yet: no deadline is kept before."""
        return in_force(self.lineage) is None and self.tags_now is None

    @property
    def never_again(self) -> bool:
        """Whether the owner's tag forbids further attempts: the tag in force, or before the tags are read the job's own."""
        return self.directives.never_again or (self.undirected and self.job.tags.get(RESUBMIT_TAG) == NEVER)

    @property
    def family(self) -> str:
        """The family whose history and checkpoints count: by the tag in force, else by the name."""
        return self.directive_tags.get(FAMILY_TAG) or family_of(self.job.name)

    @property
    def quota_hold(self) -> QuotaHold | None:
        """The hold that the job has on the account's on-demand quota while it lives."""
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
        """Seconds since the job's TrainingStartTime, to its end or to now; a job without one is billed nothing."""
        if self.job.started_at is None:
            return 0
        return max(ceil(((self.job.ended_at or self.now) - self.job.started_at).total_seconds()), 0)

    @property
    def newest(self) -> bool:
        """Whether the job is the newest attempt of its lineage. Only the newest attempt yields intents."""
        return self.number >= self.lineage.newest_number()

    @property
    def last_checkpoint_scan(self) -> CheckpointScanned | None:
        """The last recorded checkpoint scan of this job."""
        seen = [e for e in self.lineage.entries if isinstance(e, CheckpointScanned) and e.job == self.job.name]
        return max(seen, key=lambda e: e.at, default=None)

    @property
    def proven_training_s(self) -> int:
        """Training seconds of this job that checkpoints prove; the rest may have to be repeated.

        S3 has a clock of its own: a file that is newer than now proves no training to come.
        """
        job = self.job
        until_now = [Interval(start=i.start, end=i.end or max(self.now, i.start)) for i in job.intervals]
        kept = progress_of(
            until_now, self.scans, checkpoints=job.checkpoint_uri is not None, completed=False, ended_at=job.ended_at
        )
        return kept.kept_s

    @property
    def trained_so_far_s(self) -> int:
        """Training seconds of this job that count if nothing stops it: its last interval in full, where that is not interrupted.

        Of the intervals before an interruption, what checkpoints prove counts.
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
        """Everything that was seen of this job's checkpoint prefix, now and before."""
        seen = (e for e in self.lineage.entries if isinstance(e, CheckpointScanned) and e.job == self.job.name)
        return (*seen, *(() if self.checkpoint_scan is None else (self.checkpoint_scan,)))

    @property
    def resumable(self) -> bool:
        """Whether a next attempt can continue: a checkpoint prefix is configured, and is not known to be empty."""
        if self.job.checkpoint_uri is None:
            return False
        if self.checkpoint_scan is not None and self.checkpoint_scan.problem is None:
            return self.checkpoint_scan.newest_at is not None
        last = self.last_checkpoint_scan
        return last is None or last.problem is not None or last.newest_at is not None

    @property
    def checkpoint_seen(self) -> bool:
        """Whether a checkpoint was ever seen below the job's prefix, by this look or by an earlier one of the lineage."""
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
        """The claim of this job on its checkpoint prefix while it lives."""
        uri = self.job.checkpoint_uri
        if uri is None:
            return None
        return claim_of(uri, job=self.job.name, lineage=str(self.lineage.id), created_at=self.job.created_at, role=self.job.role)
