"""A new rule that would act on too many jobs is held back until a person decides. Later, nobody can hold a rule back."""

from __future__ import annotations

from controller.ledger.entry import Flagged, RuleHeldBack
from controller.policy.mode import Mode
from infra.local.host import Host
from tests.security import lab

RULE = "{name: spot, rule: spot-required, mode: enforce, action: stop, options: {runtime_over: 1h}%s}"


def policy(more: str) -> str:
    return f"version: 1\nrules: [{RULE % more}]\n"


def launch(host: Host, *names: str, team: str = "vision") -> None:
    for name in names:
        lab.launch(host, lab.request(name, team, spot=False, checkpoint=None, runtime_h=24, work_s=40_000))
        lab.run(host, minutes=10)


def stopped(host: Host, *names: str) -> list[str]:
    return [name for name in names if lab.status(host, name) == "Stopped"]


NAMES = [f"job-{number}" for number in range(6)]


def test_a_rule_that_acts_on_more_jobs_than_its_guard_allows_only_warns_from_then_on_and_says_so_once() -> None:
    with lab.lab(policy(", surprise: {jobs: 3}")) as host:
        launch(host, "first", *NAMES)  # the revision takes force at the first look at a job
        lab.run(host, minutes=30)
        assert stopped(host, *NAMES) == NAMES[:3]
        said = [message.text for message in lab.messages(host)]
        assert (
            sum(text.startswith(":octagonal_sign: The rule spot acts on more jobs than its guard allows") for text in said) == 1
        )
        (flagged,) = lab.entries(host, "job-4", Flagged)
        assert (flagged.mode, flagged.held_back) == (Mode.WARN, "surprise")
        (held,) = lab.entries(host, "job-3", RuleHeldBack)
        assert (held.jobs, held.teams, held.revision) == (4, 1, flagged.revision)
        assert f"mode warn (its guard holds it back), policy {flagged.revision}" in lab.texts(host)
        lab.run(host, hours=25)
        launch(host, "late")
        lab.run(host, minutes=30)
        assert lab.status(host, "late") == "InProgress"  # it waits for a person


def test_a_flood_after_the_first_day_of_a_revision_does_not_disarm_a_rule() -> None:
    with lab.lab(policy(", surprise: {jobs: 3}")) as host:
        launch(host, "first")
        lab.run(host, hours=25)
        launch(host, *NAMES, team="ads")
        lab.run(host, minutes=30)
        assert stopped(host, *NAMES) == NAMES
        assert "guard" not in lab.texts(host)


def test_a_job_before_the_day_of_a_rule_is_told_and_goes_on_also_after_it() -> None:
    day = (lab.MONDAY.date()).replace(day=lab.MONDAY.day + 1)
    with lab.lab(policy(f", enforce_from: {day}")) as host:
        launch(host, "first", "before")
        lab.run(host, hours=25)
        launch(host, "after")
        lab.run(host, minutes=30)
        assert stopped(host, "before", "after") == ["after"]
        assert "mode warn (it is enforced only for jobs created from its date on)" in lab.texts(host)
        assert "mode enforce, policy" in lab.texts(host)


def test_a_share_warns_about_the_jobs_that_are_not_in_it() -> None:
    with lab.lab(policy(", share: 0.001%")) as host:
        launch(host, "first", "one")
        lab.run(host, minutes=30)
        assert stopped(host, "one") == []
        (flagged,) = lab.entries(host, "one", Flagged)
        assert (flagged.mode, flagged.held_back) == (Mode.WARN, "share")
