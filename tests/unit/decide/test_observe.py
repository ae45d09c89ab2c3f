"""What a live job uses is held for it, and returned at its end."""

from __future__ import annotations

from dataclasses import replace

from controller.decide.observe import observe
from controller.jobs.job import Outcome
from tests.builders import ended, facts, job


def test_a_live_on_demand_job_holds_its_part_of_the_quota_until_its_end() -> None:
    running = job(spot=False, instance_count=3)
    [hold] = observe(facts(running)).holds
    assert (hold.region, hold.instance_type, hold.instances) == ("us-east-1", "ml.g5.2xlarge", 3)
    assert observe(facts(ended(running, Outcome.COMPLETED))).freed == (hold,)
    assert observe(facts(replace(running, spot=True))).holds == ()
