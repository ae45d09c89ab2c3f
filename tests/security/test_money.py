"""Attack 7: somebody makes the controller spend more than a cap, or another team's money."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import wiring
from controller.decide.settle_caps import NO_TEAM
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.entry import Measured
from controller.ledger.intent import IntentResult, Submit
from controller.ledger.move_cause import MoveCause
from controller.policy.policy import Repair, RuleAction
from controller.policy.selector import Selector
from controller.runtime.ports.answers import Done
from controller.savings.attempt_savings import spent_micros
from infra.local.host import Host, UserAction
from infra.local.sagemaker.capacity import EPOCH, Steps
from infra.local.sagemaker.settings import WorldSettings
from tests import builders
from tests.account import Account
from tests.builders import BEGIN
from tests.security.lab import MONDAY, entries, lab, launch, lineage_of, request, run, status, texts

HEAD = """
version: 1
defaults: {mode: audit, channel: "#ml"}
"""
AGAIN = """
resubmit:
  - name: again
    mode: enforce
    causes:
      internal: {limit: 2, backoff: {first: 1m}}
      capacity: {limit: 5, backoff: {first: 1m}}
      never-launched: {limit: 30, backoff: {first: 1m, factor: 1, most: 1m}}
      memory: {limit: 1, instance_type: ml.p3.2xlarge, backoff: {first: 1m}}
      algorithm:
        limit: 30
        reasons: ["AlgorithmError: Exit Code: 1"]
        backoff: {first: 1m, factor: 1, most: 1m}
    ladder: %s
    cap: {%s}
"""
SAME = "[same]"
CAP = 5_000_000


def spent(host: Host, *roots: str, ours: bool = True) -> int:
    """The cost of these lineages: of the controller's attempts only, or of all."""
    measured = [e for root in roots for e in entries(host, root, Measured)]
    return spent_micros([e for e in measured if e.number > 1 or not ours])


@pytest.mark.parametrize(
    "tag", [("spotwarden:expected-runtime", "1"), pytest.param(("spotwarden:family", "tiny"), marks=pytest.mark.nightly)]
)
def test_no_tag_lets_a_team_spend_more_than_its_cap(tag: tuple[str, str]) -> None:
    with lab(HEAD + AGAIN % (SAME, "team_month_usd: 5")) as host:
        names = ["ant", "bee", "cat", "dog"]
        for name in names:
            asked = request(
                name, "vision", "ml.g4dn.xlarge", checkpoint=None, runtime_h=3, work_s=30_000, fails_with="exit-code",
                fails_after_s=9000, tags=dict([tag]),
            )  # fmt: skip
            launch(host, asked)
        run(host, hours=14)
        assert 0 < spent(host, *names) <= CAP


def test_a_cap_is_checked_with_the_price_of_the_request_that_is_sent() -> None:
    for plan in ({"fails_with": "capacity"}, {"fails_with": "memory", "fails_after_s": 60}):
        with lab(HEAD + AGAIN % ("[{instance_types: [ml.p3.2xlarge]}]", "lineage_usd: 10, team_month_usd: 10")) as host:
            launch(host, request("job", "vision", "ml.g4dn.xlarge", runtime_h=12, work_s=40_000, fails_times=1, **plan))
            run(host, hours=8)
            assert spent(host, "job", ours=False) <= 10_000_000
            assert [name for name in host.world.jobs if name.startswith("job-")] == []
            assert "The next attempt may cost $45.90" in texts(host)


def test_a_type_without_a_price_is_refused_with_a_message() -> None:
    with lab(HEAD + AGAIN % ("[{instance_types: [ml.trn2.48xlarge]}]", "lineage_usd: 10")) as host:
        launch(host, request("job", "vision", "ml.g4dn.xlarge", runtime_h=1, work_s=2000, fails_with="capacity", fails_times=1))
        run(host, hours=10)
        assert [name for name in host.world.jobs if name.startswith("job-")] == []
        assert "No price is known" in texts(host)


def test_a_rule_that_runs_on_an_instance_beside_the_job_is_no_way_around_a_cap() -> None:
    with lab(HEAD + AGAIN % (SAME, "lineage_usd: 10")) as host:
        for name, beside in (("plain", {}), ("ruled", {"InstanceType": "ml.p3.16xlarge"})):
            asked = request(
                name, "vision", "ml.g4dn.xlarge", runtime_h=1, work_s=2000, fails_with="capacity", fails_times=1, seed=name
            )
            rule = {"RuleConfigurationName": "mine", "RuleEvaluatorImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/mine:1"}
            launch(host, asked | {"DebugRuleConfigurations": [rule | beside]})
        run(host, hours=3)
        assert [name.rpartition("-r")[0][:5] for name in host.world.jobs if "-r0" in name] == ["plain"]
        assert "No price is known" in texts(host)


def test_attempts_that_never_started_cost_nothing() -> None:
    nothing = Steps(EPOCH, ((0, 0),), period_s=86_400)
    with lab(HEAD + AGAIN % (SAME, "lineage_usd: 5, team_month_usd: 5"), capacity_of=lambda _: nothing) as host:
        launch(host, request("job", "vision", "ml.g4dn.xlarge", runtime_h=4, wait_h=4, work_s=2000))
        run(host, hours=24)
        assert len([name for name in host.world.jobs if name.startswith("job-")]) > 3
        assert "spend cap" not in texts(host).lower()


def test_what_an_attempt_did_not_use_is_given_back_to_its_team() -> None:
    with lab(HEAD + AGAIN % (SAME, "team_month_usd: 5")) as host:
        for n in range(6):
            asked = request(
                f"job-{n}",
                "vision",
                "ml.g4dn.xlarge",
                runtime_h=4,
                work_s=1200,
                fails_with="capacity",
                fails_times=1,
                seed=n,
            )
            launch(host, asked)
            run(host, hours=3)
        completed = [job for name, job in host.world.jobs.items() if "-r0" in name and job.status == "Completed"]
        assert len(completed) == 6, "each may cost $2.94 and costs a few cents"


def test_a_stranger_spends_his_own_team_s_money_whatever_his_tag_says() -> None:
    roles = """
labels:
  team_of_role: {"arn:aws:iam::123456789012:role/acme-training": vision}
"""
    with lab(HEAD + roles + AGAIN % (SAME, "team_month_usd: 5")) as host:
        failing = {"checkpoint": None, "runtime_h": 3, "work_s": 30_000, "fails_with": "exit-code", "fails_after_s": 9000}
        for n in range(4):
            asked = request(f"theirs-{n}", "vision", "ml.g4dn.xlarge", **failing)
            launch(host, {**asked, "RoleArn": "arn:aws:iam::123456789012:role/stranger"})
        run(host, hours=20)
        launch(host, request("ours", "vision", "ml.g4dn.xlarge", runtime_h=4, work_s=1200, fails_with="capacity", fails_times=1))
        run(host, hours=10)
        [again] = [name for name in host.world.jobs if name.startswith("ours-")]
        assert host.world.jobs[again].status == "Completed"
        assert entries(host, "theirs-0", Measured)[0].team is None
        assert 'breaks the rule "team-contradicted"' in texts(host)


@pytest.mark.nightly
def test_late_and_removed_tags_do_not_move_the_attempts_to_another_cap() -> None:
    """ListTags returns no tags for three minutes, and a stranger removes the team's tag from each attempt."""

    def remove() -> None:
        for job in host.world.jobs.values():
            if "-r0" in job.name:
                host.world.delete_tags(job.arn, ["team"])

    settings = WorldSettings(usage_delay_s=60, tags_lag_s=180)
    with lab(HEAD + AGAIN % (SAME, "team_month_usd: 3"), settings=settings) as host:
        failing = {"checkpoint": None, "runtime_h": 3, "work_s": 30_000, "fails_with": "exit-code", "fails_after_s": 9000}
        for name in ("ant", "bee"):
            launch(host, request(name, "vision", "ml.g4dn.xlarge", **failing))
        host.user_actions += [UserAction(at=MONDAY + timedelta(minutes=m), do=remove) for m in range(150, 480, 5)]
        run(host, hours=9)
        assert 0 < spent(host, "ant", "bee") <= 3_000_000
        assert wiring.ports().ledger.limits.taken("money/no team/2026-11") == 0


CAP_OF_TEAM = builders.block(causes={FailureCause.INTERNAL: builders.budget(2, first_s=10)}, team_month_cap_micros=10**12)


def first_look(account: Account) -> None:
    """Create a training job whose tags ListTags does not return yet, and trigger the first look at it."""
    account.jobs["bert"] = builders.job(checkpoint_uri=None, tags={})
    account.trigger("bert")


def taken(account: Account) -> list[bool]:
    """Whether an amount is reserved for the team vision, and for no team."""
    limits = account.ledger.limits
    return [limits.taken(f"money/{team}/{account.now:%Y-%m}") > 0 for team in ("vision", NO_TEAM)]


def test_a_repair_whose_team_is_not_known_yet_reserves_nothing_before_it_is() -> None:
    saved = builders.rule("saved", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR)
    saved = replace(saved, repair=Repair(checkpoint="s3://acme/{job}/"))
    policy = builders.policy(rules=(saved,), resubmissions=(CAP_OF_TEAM,))
    account = Account(policy, now=BEGIN + timedelta(minutes=3, seconds=30), on_stop=lambda _: Done("stopping"))
    first_look(account)
    assert taken(account) == [False, False]
    account.jobs["bert"] = replace(account.jobs["bert"], tags={"team": "vision"})
    account.trigger("bert")
    assert taken(account) == [False, False]
    account.pass_time(timedelta(minutes=10))
    assert taken(account) == [True, False]


def test_an_attempt_of_a_job_that_failed_before_its_tags_were_read_counts_against_its_own_team() -> None:
    block = replace(CAP_OF_TEAM, match=Selector(tags={"team": ("vision",)}))
    account = Account(builders.policy(rules=(), resubmissions=(block,)), now=BEGIN + timedelta(minutes=3, seconds=30))
    first_look(account)
    account.end("bert", Outcome.INTERNAL)
    account.trigger("bert")
    account.jobs["bert"] = replace(account.jobs["bert"], tags={"team": "vision"})
    account.now += timedelta(seconds=15)
    account.trigger("bert")
    account.pass_time(timedelta(minutes=1), step=timedelta(seconds=10))
    assert (account.asked, taken(account)) == ([], [False, False])
    account.pass_time(timedelta(minutes=10))
    assert len(account.asked) == 1
    assert taken(account) == [True, False]


def test_a_submission_that_found_no_room_says_so_and_holds_nothing() -> None:
    with lab(HEAD + AGAIN % (SAME, "team_month_usd: 3")) as host:
        for n in range(3):
            asked = request(
                f"job-{n}",
                "vision",
                "ml.g4dn.xlarge",
                runtime_h=3,
                work_s=1200,
                fails_with="capacity",
                fails_times=1,
                seed=n,
            )
            launch(host, asked)
        run(host, hours=6)
        made = [name for name in host.world.jobs if "-r02" in name]
        refused = [
            intent for n in range(3) for intent in lineage_of(host, f"job-{n}").intents
            if isinstance(intent.action, Submit) and intent.closed is IntentResult.REFUSED
        ]  # fmt: skip
        assert (len(made), len(refused)) == (1, 2)
        assert "which is more than is left of the spend cap of vision" in texts(host)
        assert host.clock.at.month == MONDAY.month


REPAIRED = (
    HEAD
    + """
rules:
  - name: saved
    rule: checkpoint-required
    options: {runtime_over: 15m}
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-checkpoints/{team}/{job}/"}
"""
    + AGAIN % (SAME, "team_month_usd: 5")
)


def test_a_spend_cap_that_others_used_up_lets_no_job_be_stopped_for_a_repair_that_cannot_follow() -> None:
    with lab(REPAIRED) as host:
        launch(host, request("warm-up", "ads", work_s=300))
        run(host, minutes=1)
        limits = wiring.ports().ledger.limits
        assert limits.spend("money/vision/2026-11", "others", 4_900_000, None, host.clock.at)
        launch(host, request("job", "vision", "ml.g4dn.xlarge", checkpoint=None, runtime_h=4, work_s=6000))
        run(host, minutes=30)
        assert status(host, "job") == "InProgress"
        assert "it cannot be repaired automatically. Its next attempt may cost $2.94, which is more than is left of" in texts(
            host
        )
        limits.settle("money/vision/2026-11", "others", 1_000_000, host.clock.at)
        run(host, minutes=40)
        assert status(host, "job") == "Stopped"
        assert limits.taken("money/vision/2026-11") == 1_000_000 + 2_944_000, "the attempt holds what its stop reserved, once"
        run(host, hours=3)
        [again] = [name for name in host.world.jobs if name.startswith("job-")]
        assert status(host, again) == "Completed"
        assert limits.taken("money/vision/2026-11") == 1_000_000 + spent(host, "job")


MOVED = (
    HEAD
    + """
resubmit:
  - name: again
    mode: enforce
    causes: {capacity: {limit: 5, backoff: {first: 1m}}}
    ladder: [same]
    cap: {team_month_usd: 10}
"""
)
NO_SPOT = Steps(EPOCH, ((0, 0),), period_s=86_400)


@pytest.mark.parametrize(
    "others", [pytest.param(0, id="room", marks=pytest.mark.nightly), pytest.param(5_000_000, id="others took the room")]
)
def test_the_way_back_of_a_job_that_on_demand_refused_is_held_to_the_team_s_cap(others: int) -> None:
    """A job waits for spot and is moved for its deadline, but on-demand has no capacity. Others of the team spend meanwhile.

    The amount that the failed attempt reserved does not count, because it never started.
    """
    settings = WorldSettings(usage_delay_s=600, on_demand_shortage=1.0)
    with lab(MOVED, settings=settings, capacity_of=lambda _: NO_SPOT) as host:
        tags = {"spotwarden:deadline": "2026-11-16T16:00:00Z", "spotwarden:expected-runtime": "8h"}
        launch(host, request("job", "vision", "ml.g4dn.xlarge", runtime_h=10, wait_h=30, work_s=28_000, tags=tags))
        for _ in range(16 * 60):
            if submits(host):
                break
            run(host, minutes=1)
        assert wiring.ports().ledger.limits.spend("money/vision/2026-11", "others", others, None, host.clock.at)
        run(host, hours=3)
        first, back = submits(host)[:2]
        assert (first.action.cause, back.action.cause) == (MoveCause.DEADLINE, MoveCause.RETURN)
        assert first.closed is IntentResult.DONE
        assert back.closed is (IntentResult.REFUSED if others else IntentResult.DONE)
        assert ("which is more than is left of the spend cap of vision" in texts(host)) is bool(others)
        assert wiring.ports().ledger.limits.taken("money/vision/2026-11") == (others or 7_360_000), "nothing is held twice"


def submits(host: Host) -> list[Any]:
    """The Submit intents of the job's next attempts, in order."""
    found: list[Any] = [intent for intent in lineage_of(host, "job").intents if isinstance(intent.action, Submit)]
    return sorted(found, key=lambda intent: intent.action.number)
