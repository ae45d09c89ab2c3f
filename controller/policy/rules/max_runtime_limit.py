"""``max-runtime-limit``: no job may run longer than so long."""

from __future__ import annotations

from dataclasses import dataclass

from controller.jobs.job import Job
from controller.policy.rules.kind import Evidence, RuleKind, Violation, runtime_of, shown_s, waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    at_most_s: int


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    runtime_s = runtime_of(job)
    if runtime_s <= options.at_most_s:
        return None
    return Violation(
        field="StoppingCondition.MaxRuntimeInSeconds",
        found=shown_s(runtime_s) if job.runtime_s_max else f"not set, so {shown_s(runtime_s)}",
        wanted=f"at most {shown_s(options.at_most_s)}",
        fix=waiting(job, runtime_s=options.at_most_s, wait_s=max(options.at_most_s, job.wait_s_max or 0)),
    )


# The spot flag decides whether the fix needs a MaxWaitTimeInSeconds; a document without one can still be judged.
MAX_RUNTIME_LIMIT = RuleKind(id="max-runtime-limit", needs=frozenset({"runtime_s_max"}), options=Options, judge=judge)
