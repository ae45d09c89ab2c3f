"""A refused CreateTrainingJob in an event of CloudTrail, with the real function: it is reported, and nothing is created."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local import aws
from infra.local.bus import envelope
from infra.local.host import Host
from tests.security import lab as attacks
from tests.unit.runtime.test_refused_creates import event as refused

POLICY = "version: 1\nrules: [{name: spot, rule: spot-required, mode: warn}]\n"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with attacks.lab(POLICY) as deployed:
        yield deployed


def test_a_hostile_refused_create_is_told_once_and_creates_nothing(host: Host) -> None:
    asked = refused()["detail"]["requestParameters"] | {"tags": [{"key": "team", "value": "<!channel> *boo*"}]}
    detail = refused(asked=asked)["detail"]
    told = envelope(
        "aws.sagemaker", "AWS API Call via CloudTrail", detail, at=host.clock.at, account=aws.ACCOUNT,
        region=aws.REGION, event_id="e1",
    )  # fmt: skip
    for _ in range(2):
        host.bus.invoke("market_signalled", told)
    attacks.run(host, minutes=5)
    assert attacks.texts(host).count("did not create") == 1
    assert "<!channel>" not in attacks.texts(host)
    assert not host.world.jobs


def test_a_refused_create_of_another_account_is_refused(host: Host) -> None:
    told = envelope(
        "aws.sagemaker", "AWS API Call via CloudTrail", refused()["detail"], at=host.clock.at, account="999999999999",
        region=aws.REGION, event_id="e2",
    )  # fmt: skip
    before = len(attacks.messages(host))
    host.bus.invoke("market_signalled", told)
    attacks.run(host, minutes=2)
    assert len(attacks.messages(host)) == before
