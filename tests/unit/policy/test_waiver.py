"""A waiver counts for the jobs and rules that it names, until it ends. If a field is unknown, it does not count."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.policy.findings import VerdictKind
from controller.policy.judge import Basis, judge
from controller.policy.mode import Mode
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policy.selector import Selector
from controller.policy.slack_settings import SlackSettings
from controller.policy.waiver import Waiver, WaiverState
from tests.builders import BEGIN, job, policy, rule

DAY = timedelta(days=1)
ON_DEMAND = job(spot=False, tags={"team": "vision"})


def waiver(**changes: Any) -> Waiver:
    whole = Waiver(
        name="old-bert", rules=("use-spot",), reason="moves in April", owner="alice", ticket="ML-1",
        match=Selector(tags={"team": ("vision",)}), expires=BEGIN + 10 * DAY,
    )  # fmt: skip
    return replace(whole, **changes)


def under(*waivers: Waiver) -> Policy:
    return policy(waivers=waivers)


def test_a_waived_finding_is_listed_and_does_not_change_the_verdict() -> None:
    verdict = judge(ON_DEMAND, Basis(under(waiver()), Evidence(), now=BEGIN))
    (finding,) = verdict.findings
    assert finding.waiver == waiver()
    assert (finding.mode, finding.action, finding.lapsed) == (Mode.AUDIT, None, "")
    assert verdict.word is VerdictKind.ALLOW
    assert verdict.fix.request == {}


def test_another_rule_that_the_job_breaks_still_holds_and_its_fix_leaves_the_waived_one_alone() -> None:
    two = policy(rules=(rule(), rule("tagged", kind="tags-required", options={"tags": ("owner",)})), waivers=(waiver(),))
    verdict = judge(ON_DEMAND, Basis(two, Evidence(), now=BEGIN))
    assert verdict.word is VerdictKind.STOP
    assert [(finding.policy, finding.waiver is not None) for finding in verdict.findings] == [
        ("use-spot", True),
        ("tagged", False),
    ]
    assert "EnableManagedSpotTraining" not in verdict.fix.request


@pytest.mark.parametrize(
    ("given", "about", "now"),
    [
        (waiver(expires=BEGIN), ON_DEMAND, BEGIN),
        (waiver(expires=BEGIN + 15 * DAY), ON_DEMAND, BEGIN),
        (waiver(rules=("other",)), ON_DEMAND, BEGIN),
        (waiver(match=Selector(tags={"team": ("speech",)})), ON_DEMAND, BEGIN),
        (waiver(match=Selector(tags={"cost": ("*",)})), ON_DEMAND, BEGIN),
        (waiver(), replace(ON_DEMAND, unknown=frozenset({"tags"})), BEGIN),
        (waiver(match=Selector(role=("*",))), replace(ON_DEMAND, unknown=frozenset({"role"})), BEGIN),
        (waiver(), replace(ON_DEMAND, claimed_team="vision"), BEGIN),
        (waiver(), ON_DEMAND, None),
    ],
    ids=[
        "expired", "too long", "another rule", "another team", "a tag that is missing", "tags unknown", "role unknown",
        "a team that the role contradicts", "no time",
    ],
)  # fmt: skip
def test_a_waiver_counts_for_no_other_rule_job_or_time_and_not_in_doubt(given: Waiver, about: Any, now: datetime | None) -> None:
    verdict = judge(about, Basis(under(given), Evidence(), now=now))
    assert verdict.word is VerdictKind.STOP
    assert all(
        finding.waiver is None and finding.mode is Mode.ENFORCE for finding in verdict.findings if finding.policy == "use-spot"
    )


def test_a_waiver_ends_at_its_moment() -> None:
    longest = SlackSettings().waiver_s_max
    assert waiver().state(BEGIN + 10 * DAY - timedelta(seconds=1), longest) is WaiverState.IN_FORCE
    assert waiver().state(BEGIN + 10 * DAY, longest) is WaiverState.EXPIRED
    assert waiver(expires=BEGIN + 14 * DAY).state(BEGIN, longest) is WaiverState.IN_FORCE


def test_a_finding_states_why_its_waiver_does_not_count() -> None:
    (expired,) = judge(ON_DEMAND, Basis(under(waiver(expires=BEGIN)), Evidence(), now=BEGIN)).findings
    assert expired.lapsed == "The waiver old-bert has expired (2026-03-02 09:00 UTC), so the rule applies."
    (too_long,) = judge(ON_DEMAND, Basis(under(waiver(expires=BEGIN + 30 * DAY)), Evidence(), now=BEGIN)).findings
    assert "later than the policy allows (14 d from now), so the rule applies." in too_long.lapsed


def test_one_waiver_in_force_is_enough_beside_one_that_has_expired() -> None:
    (finding,) = judge(ON_DEMAND, Basis(under(waiver(name="old", expires=BEGIN), waiver()), Evidence(), now=BEGIN)).findings
    assert finding.waiver == waiver()


def test_a_waiver_by_instance_type_counts_only_where_every_group_of_the_cluster_has_such_a_type() -> None:
    mixed = replace(
        ON_DEMAND, instance_type="heterogeneous", groups=("ml.p4d.24xlarge", "ml.c5.xlarge"), unknown=frozenset({"instance_type"})
    )
    assert not waiver(match=Selector(instance_type=("ml.c5.*",))).covers("use-spot", mixed)
    assert waiver(match=Selector(instance_type=("ml.c5.*", "ml.p4d.*"))).covers("use-spot", mixed)
