"""A sentence for each key of a policy file. Editors show it, and docs/policy-reference.md is made from it."""

from __future__ import annotations

from collections.abc import Mapping

_LIMIT = "How often this cause is retried in one lineage; 0 means never."
_BACKOFF = "How long to wait before each try."
_PER = "lineage counts every retry, progress only those without a new checkpoint."
_CHANNEL = "Where its messages go, in quotes: a Slack channel, or the ARN of an SNS topic."
_MATCH = "The jobs that it applies to; without it, all jobs."
_NAME = "A name that no other rule or block of the folder has; messages and the ledger use it."

DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "File": {
        "version": "The version of the format; 1 is the only one.",
        "defaults": "Values for the rules of this file that do not set them.",
        "brakes": "How many jobs may be stopped and submitted in an hour, in the whole account.",
        "slack": "Where and what the controller posts, and who may answer.",
        "labels": "Which tags and roles name the team and the user of a job.",
        "checkpoints": "Which files below a checkpoint prefix are not checkpoints.",
        "trust_claims": "Whether a job's name or tag is enough proof that another service owns it, so that no rule stops it.",
        "rules": "What is required of training jobs.",
        "resubmit": "What may be submitted again; the first block that matches a job applies to it.",
        "longest_waiver": "The longest time until a waiver may end, of at least 1h.",
        "rates": "What an hour of an instance costs where that is not the list price.",
        "waivers": "Which jobs may break which rules, until when, and why.",
    },
    "CheckpointsEntry": {
        "ignore": "Globs for names of files that are not checkpoints, in addition to logs, temporary, hidden and empty files.",
    },
    "RateEntry": {
        "usage_type": "The usage type as in the bill; it contains the instance type, the region, and whether it is spot.",
        "instance_type": "The instance type, instead of a usage type.",
        "region": "The region; needed with instance_type, and with a usage type whose region is not known.",
        "market": "With instance_type: whether it is the price of on-demand or of spot training; on-demand without it.",
        "usd_per_hour": "What an hour of one instance costs.",
        "agreement": "The reason: savings-plan, which lowers only the prices of on-demand usage; or private-pricing.",
        "from": "The first day (UTC).",
        "until": "The last day (UTC); without it, the rate has no end.",
    },
    "Defaults": {
        "mode": "The mode of rules without one.",
        "severity": "The severity of rules without one.",
        "channel": "The channel for rules and blocks without one, in quotes. That of the first file is also for digests.",
    },
    "Match": {
        "tags": "Globs for the values of tags, by key.",
        "name": "Globs for TrainingJobName.",
        "role": "Globs for RoleArn; a text without a colon is the name of a role.",
        "instance_type": "Globs for the instance type.",
        "algorithm": "Whose algorithm the job runs.",
        "account": "Globs for the account's number, in quotes.",
        "region": "Globs for the region.",
    },
    "RuleEntry": {
        "name": _NAME,
        "rule": "The kind of rule; its options depend on it.",
        "match": _MATCH,
        "when": "An expression over the job's description that must also be true, for conditions that match cannot express.",
        "options": "The options of the rule's kind.",
        "mode": "audit records, warn also tells people, enforce also acts.",
        "severity": "How much it matters.",
        "action": "What enforcing does: stop the job, or stop it and submit it again with its fix.",
        "repair": "What a repair needs from the policy.",
        "applies_to": "Which jobs enforcing may act on: those created after this revision took force, or also running ones.",
        "docs": "The address of a page with more about the rule; messages link to it.",
        "channel": _CHANNEL,
        "share": "Enforcing begins with this part of the lineages, always the same ones; the others are warned about.",
        "enforce_from": "Enforcing begins with jobs created on this day (UTC); before it, the rule warns.",
        "surprise": "A new revision of the rule that would act on more than this within its first 24 hours only warns.",
    },
    "SurpriseEntry": {
        "jobs": "More jobs than this are a surprise.",
        "of_last_day": "More than this part of the last day's jobs, or of its teams, is a surprise.",
    },
    "RepairEntry": {
        "checkpoint": "The template of the checkpoint prefix to set, with {team}, {family}, {job} or {tag:KEY}.",
        "allowed": "The prefixes that may contain the checkpoints of a role, by globs of the role.",
        "tags": "The values of missing tags.",
    },
    "Block": {
        "name": _NAME,
        "match": _MATCH,
        "mode": "enforce submits and moves jobs, warn tells people what would be done, audit only records.",
        "within": "An outcome that is older than this when it is first seen is only recorded.",
        "causes": "Which causes are retried, and how often.",
        "interruptions": "How many interruptions in which time move a job to the next step of the ladder.",
        "ladder": "Where the next attempts run, in this order.",
        "on_demand": "Whether jobs may move to on-demand, by the ladder or for a deadline.",
        "deadline": "When jobs must be finished, and how the deadline is met.",
        "cap": "What further attempts may cost.",
        "channel": _CHANNEL,
    },
    "Causes": {
        "starved": "MaxWaitTimeExceeded after some training.",
        "never-launched": "MaxWaitTimeExceeded before any training; without a budget of its own it shares that of starved.",
        "capacity": "CapacityError.",
        "internal": "InternalServerError.",
        "quota": "ResourceLimitExceeded; without a budget of its own it shares that of capacity.",
        "throttled": "ThrottlingException.",
        "overran": "MaxRuntimeInSeconds was reached; retried only with a checkpoint.",
        "algorithm": "The training code failed, with one of the reasons.",
        "client": "The request cannot work as written, with one of the reasons.",
        "memory": "A ClientError that asks for more memory.",
        "disk": "A ClientError that says the volume is full.",
    },
    "BudgetEntry": {"limit": _LIMIT, "backoff": _BACKOFF, "per": _PER},
    "InternalBudget": {"limit": _LIMIT, "backoff": _BACKOFF, "per": _PER},
    "NamedBudget": {
        "limit": _LIMIT,
        "backoff": _BACKOFF,
        "per": _PER,
        "reasons": "The beginnings of the FailureReasons that are retried.",
    },
    "MemoryBudget": {
        "limit": _LIMIT,
        "backoff": _BACKOFF,
        "per": _PER,
        "instance_type": "The larger instance type of the next attempt.",
    },
    "DiskBudget": {
        "limit": _LIMIT,
        "backoff": _BACKOFF,
        "per": _PER,
        "volume_gb": "The larger volume of the next attempt, in GB.",
    },
    "Backoff": {
        "first": "The wait before the first try.",
        "factor": "By how much each wait is multiplied.",
        "most": "The longest wait.",
        "jitter": "A random part up to this share is added, so that jobs that failed together do not return together.",
    },
    "Interruptions": {
        "more_than": "With more interruptions than this, the job takes the next step.",
        "within": "The time in which they are counted.",
    },
    "OtherTypes": {"instance_types": "Instance types to try, one for each attempt."},
    "OtherSubnets": {"subnets": "Subnets to try, with the original instance type."},
    "DeadlineEntry": {
        "finish_within": "The time to finish, from the creation of the first attempt, of at least 1h.",
        "guarantee": "For a job without checkpoints: deadline moves it to on-demand in time, money leaves it on spot.",
        "quantile": "The quantile of the family's runs that is the estimate.",
        "margin": "How long before the latest moment a job is moved.",
        "start": "The least time that is assumed for the start of an on-demand job.",
        "restore": "The least time that is assumed for reading a checkpoint.",
        "upload": "The least time that is assumed for the upload of a stopped job.",
        "checkpoint_every": "The training that a job with checkpoints may lose when it is stopped.",
        "back_to_spot": "Whether a job that was moved to on-demand may return.",
        "probe": "With back_to_spot: whether a small job may test the pool for spot capacity each half hour.",
        "placement_score": "With back_to_spot: the lowest EC2 spot placement score that counts as capacity.",
        "min_stay": "How long a job stays on-demand before it may return to spot.",
        "move_without_checkpoint": "Whether a job that trains may be moved although no checkpoint of it was ever seen.",
        "moves": "After this number of moves, a job no longer leaves spot early and no longer returns.",
    },
    "Cap": {
        "lineage_usd": "In dollars: what all attempts of a lineage together may cost.",
        "team_month_usd": "In dollars: what further attempts of a team may cost in a calendar month (UTC).",
    },
    "WaiverEntry": {
        "name": "A name that no other waiver of the folder has.",
        "rule": "The names of the rules that are waived.",
        "match": "The jobs that may break them.",
        "reason": "Why, in one line.",
        "owner": "Who is responsible for it.",
        "ticket": "Where it was agreed.",
        "expires": "When it ends: a date (to its end, UTC), or a time with its zone.",
    },
    "RateLimitsEntry": {
        "stops_per_hour": "How many jobs rules may stop in a clock hour.",
        "submissions_per_hour": "How many jobs may be submitted in a clock hour.",
    },
    "SlackEntry": {
        "channels": "The channel of each team, or the ARN of its SNS topic.",
        "people": "Whom to mention when a person must act, by the value of the user's tag or by team.",
        "tell": "Which messages are sent at once; the others wait for the digest.",
        "digest": "When digests are posted.",
        "may": "Who may use each button, and who may read about jobs.",
        "waiver_at_most": "The longest waiver, of at least 1h.",
    },
    "DigestEntry": {
        "at": "The local time of the daily digest, in quotes.",
        "timezone": "The time zone of that time.",
        "weekly_on": "The weekday of the weekly digest.",
    },
    "LabelsEntry": {
        "accounts": "The name of each account in messages.",
        "team": "The tag that names a job's team.",
        "user": "The tag that names a job's user.",
        "team_of_role": "The team of each role, by globs of the role; it takes precedence over the tag.",
    },
    "checkpoint-required": {
        "runtime_over": "Jobs that may run longer than this.",
        "under": "The prefixes that must contain the checkpoints; without it, any prefix is allowed.",
        "only_capable": "Whether algorithms that cannot write checkpoints are left to uncheckpointed-cap.",
    },
    "uncheckpointed-cap": {
        "at_most": "How long such a job may wait or run.",
        "without_config": "Whether jobs that could write checkpoints, and have no CheckpointConfig, count too.",
    },
    "max-wait-limit": {
        "at_most": "The longest MaxWaitTimeInSeconds.",
        "times_runtime": "The longest MaxWaitTimeInSeconds, as a multiple of MaxRuntimeInSeconds.",
    },
    "max-runtime-limit": {"at_most": "The longest MaxRuntimeInSeconds."},
    "spot-required": {
        "runtime_over": "The rule applies to jobs that may run for this time or longer; shorter ones may be on-demand."
    },
    "checkpoint-exclusive": {},
    "checkpoint-alive": {
        "first_within": "How long a job may train before its first checkpoint.",
        "at_most": "How long a job may train after it last wrote a checkpoint.",
    },
    "tags-required": {"tags": "The tags that a job must have."},
    "instance-allowed": {"instance_types": "Globs for the types that jobs may use."},
    "spot-worth-it": {
        "chance_at_least": "The least chance to finish within MaxWaitTimeInSeconds.",
        "times_on_demand": "What spot may be expected to cost, as a multiple of on-demand.",
    },
}
