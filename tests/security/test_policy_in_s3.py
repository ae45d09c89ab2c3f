"""The policy document in S3 is in force. A bad version of it changes nothing, and is reported."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.cli import main
from controller.policy.compiled_document import revision_of
from infra.local.host import CLIENT_CONFIG, Host
from tests.security.lab import lab, launch, log, request, run, status, texts

STRICT = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
"""
LAX = STRICT.replace("mode: enforce, action: stop", "mode: warn")
URI = "s3://acme-policies/spotwarden.json"


@pytest.fixture
def host() -> Iterator[Host]:
    with lab(LAX) as deployed:  # the packaged policy only observes
        wiring.client("s3").create_bucket(Bucket="acme-policies")
        os.environ["POLICY_URI"] = URI
        _new_containers(deployed)
        yield deployed


def _new_containers(host: Host) -> None:
    wiring.install(clock=host.clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)


def _published(text: str, folder: Path) -> int:
    (folder / "policy.yaml").write_text(text, encoding="utf-8")
    return main(["compile", str(folder), "--to", URI])


def _forged(good: Any) -> bytes:
    """The document with a duration that no policy file can have, and with the revision that matches its content."""
    document = json.loads(good["Body"].read())
    document["rules"][0]["options"]["runtime_over_s"] = -3600
    return json.dumps(document | {"revision": revision_of(document)}).encode()


def _sweep(host: Host, minutes: int = 1) -> None:
    for _ in range(minutes):
        run(host, minutes=1)
        host.bus.fire("sweep")
        host.bus.fire("drain")


def _offender(host: Host, name: str) -> str:
    launch(host, request(name, "vision", checkpoint=None, spot=False, runtime_h=100, work_s=300_000))
    run(host, minutes=10)
    return status(host, name)


def test_the_policy_in_s3_is_in_force_and_a_bad_version_is_told_once_and_changes_nothing(host: Host, tmp_path: Path) -> None:
    s3 = wiring.client("s3")
    assert _published(STRICT, tmp_path) == 0
    _sweep(host)
    revision = wiring.ports().policies.current().revision
    s3.put_object(
        Bucket="acme-policies", Key="spotwarden.json", Body=_forged(s3.get_object(Bucket="acme-policies", Key="spotwarden.json"))
    )
    _new_containers(host)
    _sweep(host, minutes=2)
    assert _offender(host, "one") == "Stopped"
    assert texts(host).count("is not in force: it cannot be used") == 1
    assert "runtime_over_s -3600, wanted from 0 to 2,419,200" in texts(host)
    assert f"Policy `{revision}` stays in force" in texts(host)
    assert log(host).count('"PoliciesRefused":1') >= 2
    assert wiring.reading_ports().policies.current().revision == revision
    s3.delete_object(Bucket="acme-policies", Key="spotwarden.json")
    _sweep(host, minutes=2)
    assert texts(host).count("There is no such object") == 1
    assert _published(LAX, tmp_path) == 0
    _sweep(host)
    assert _offender(host, "two") == "InProgress"
    assert wiring.ports().policies.refused() is None
