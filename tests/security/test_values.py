"""Numbers and times out of bounds: no value from a job's creator prevents a decision, and no decider prevents another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from controller import decide
from controller.decide import DECIDERS, Decider
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.entry import Ended, Flagged, Measured, Started, Unmeasured
from infra.local.host import Host
from tests.security.lab import entries, lab, launch, log, messages, request, run, status, texts
from tests.simulation.replace_function import replaced

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
resubmit:
  - name: again
    mode: enforce
    causes: {internal: {limit: 2}}
"""
SOON = "2026-11-20T00:00:00Z"
POISON: dict[str, dict[str, str]] = {
    "runtime-too-long": {"spotwarden:deadline": SOON, "spotwarden:expected-runtime": "999999999d"},
    "runtime-alone": {"spotwarden:expected-runtime": "999999999d"},
    "runtime-of-digits": {"spotwarden:deadline": SOON, "spotwarden:expected-runtime": "9" * 250},
    "runtime-negative": {"spotwarden:deadline": SOON, "spotwarden:expected-runtime": "-1"},
    "year-9999-west": {"spotwarden:deadline": "9999-12-31T23:59:59-14:00", "spotwarden:expected-runtime": "1h"},
    "year-9999-alone": {"spotwarden:deadline": "9999-12-31T23:59:59-14:00"},
    "year-9999": {"spotwarden:deadline": "9999-12-31T23:59:59Z", "spotwarden:expected-runtime": "1h"},
    "year-0001-east": {"spotwarden:deadline": "0001-01-01T00:00:00+14:00", "spotwarden:expected-runtime": "1h"},
    "two-years": {"spotwarden:deadline": "2028-11-20T00:00:00Z", "spotwarden:expected-runtime": "1h"},
}


@contextmanager
def deployed(policy: str, **world: Any) -> Iterator[Host]:
    """A lab whose policy takes force before a test creates its first job."""
    with lab(policy, **world) as host:
        launch(host, request("warm-up", "ads", checkpoint=None, spot=False, runtime_h=1, work_s=300))
        run(host, minutes=5)
        yield host


OFFENDER: dict[str, Any] = {
    "checkpoint": None, "spot": False, "instance_type": "ml.p3.2xlarge", "runtime_h": 100, "work_s": 90_000,
}  # fmt: skip


def _on_demand(name: str, tags: dict[str, str]) -> dict[str, Any]:
    return request(name, "vision", tags=tags, **OFFENDER)


def test_poisoned_tags_neither_shield_a_job_from_a_rule_nor_keep_it_from_being_recorded() -> None:
    with deployed(POLICY) as host:
        for name, tags in POISON.items():
            launch(host, _on_demand(f"rich-{name}", tags))
            launch(host, request(f"spot-{name}", "vision", runtime_h=5, wait_h=20, work_s=9000, tags=tags))
        run(host, hours=8)
        for name in POISON:
            assert status(host, f"rich-{name}") == "Stopped", name
            for job in (f"rich-{name}", f"spot-{name}"):
                assert [len(entries(host, job, kind)) for kind in (Started, Ended)] == [1, 1], job
            assert len(entries(host, f"spot-{name}", Measured)) == 1
            [told] = [e for e in entries(host, f"spot-{name}", Flagged) if e.rule == "tag-invalid"]
            assert (told.mode, told.policy) == ("warn", "tag-invalid")
            assert f"*spot-{name}* has a tag that has no effect" in texts(host)
        assert host.bus.dead_letters == []
        assert not re.search("trigger failed|decider failed|OverflowError", log(host))


WIDE = "\U00020000"  # a letter of four bytes, which tags and prefixes can contain
UNREADABLE: dict[str, dict[str, Any]] = {
    "prefix-of-half-characters": {"checkpoint": "s3://acme-checkpoints/\ud83d/"},
    "prefix-too-long-for-a-key": {"checkpoint": "s3://acme-checkpoints/" + WIDE * 1000},
    "algorithm-that-is-deleted": {"algorithm_name": "short-lived"},
    "far-lineage-12345678-r02": {"tags": {"spotwarden:lineage": "123456789012/us-east-1//9999-12-31T23:59:59.999999Z"}},
}


def test_no_text_that_a_job_s_creator_chooses_keeps_the_job_from_being_judged_and_recorded() -> None:
    with deployed(POLICY) as host:
        host.world.add_algorithm("short-lived")
        for name, chosen in UNREADABLE.items():
            launch(host, request(name, "vision", **OFFENDER | chosen))
        launch(host, request("reason", "vision", work_s=300, fails_with="AlgorithmError: half \ud83d and \x00\x1b[2J"))
        host.world.algorithms.clear()
        run(host, minutes=20)
        for name in UNREADABLE:
            assert (name, status(host, name)) == (name, "Stopped")
        for name in (*UNREADABLE, "reason"):
            assert [len(entries(host, name, kind)) for kind in (Started, Ended)] == [1, 1], name
        assert host.bus.dead_letters == []


def test_an_unusable_deadline_leaves_the_deadline_of_the_policy_in_force() -> None:
    """A tag with a deadline in the year 9999 does not disable the deadline of the policy."""
    policy = POLICY + "    deadline: {finish_within: 6h}\n"
    tags = {"spotwarden:deadline": "9999-12-31T23:59:59-14:00", "spotwarden:expected-runtime": "1h"}
    with deployed(policy, capacity_of=_none_on_spot) as host:
        launch(host, request("late", "vision", runtime_h=5, wait_h=20, work_s=3000, tags=tags))
        run(host, hours=6)
        assert "*late* is moved to on-demand" in texts(host)


def _none_on_spot(pool: str) -> Any:
    from infra.local.sagemaker.capacity import Steps
    from tests.security.lab import MONDAY

    return Steps(MONDAY, [(0.0, 0)], period_s=90 * 86_400.0)


def raising(name: str) -> tuple[Decider, ...]:
    def boom(facts: Facts, said: Decision) -> Decision:
        raise OverflowError(f"a value of {facts.job.role}")

    return tuple(replace(decider, decide=boom) if decider.name == name else decider for decider in DECIDERS)


@pytest.fixture(params=[decider.name for decider in DECIDERS])
def broken(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a decider that raises for all jobs."""
    name: str = request.param
    with replaced((decide, "DECIDERS", lambda _: raising(name))):
        yield name


def test_a_decider_that_raises_does_not_stop_the_others(broken: str) -> None:
    """All deciders work but the one that fails. The failure is counted, logged, and reported once."""
    with deployed(POLICY) as host:
        launch(host, _on_demand("rich", {}))
        launch(host, request("fair", "vision", runtime_h=2, work_s=3000))
        run(host, hours=30 if broken == "enforce" else 6)
        assert status(host, "rich") == ("Completed" if broken == "enforce" else "Stopped")
        for job in ("rich", "fair"):
            assert bool(entries(host, job, Started)) is (broken != "observe")
            assert bool(entries(host, job, Ended)) is (broken != "observe")
            used = entries(host, job, Measured) + entries(host, job, Unmeasured)  # a job that was stopped at once has no usage
            assert bool(used) is (broken != "record_usage")
            told = sum(f"*{job}* is handled only in part" in message.text for message in messages(host))
            assert told == (2 if (broken, job) == ("refresh_card", "fair") else 1), (
                "a card that nothing refreshes keeps its first text"
            )
        assert ('breaks the rule "spot-only"' in texts(host)) is (broken != "enforce")
        assert f'"decider":"{broken}"' in log(host)
        assert re.search(r'"DecidersFailed":\s*\[?[1-9]', log(host))
        assert host.bus.dead_letters == []


def test_a_time_in_the_far_future_is_no_time_of_a_market_event() -> None:
    from controller.runtime.read_events import BadEvent, market_warning_of

    for stamp in ("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-20T00:00:00", "now", ""):
        event = {
            "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "time": stamp, "region": "eu-west-1",
            "detail": {"instance-id": "i-1"},
        }  # fmt: skip
        with pytest.raises(BadEvent, match="time is"):
            market_warning_of(event)
    assert market_warning_of(event | {"time": "2026-11-20T00:00:00Z"})[3] == datetime.fromisoformat("2026-11-20T00:00:00Z")
