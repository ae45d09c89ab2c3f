"""Ports are built at init only on Lambda, and only in the function that needs them. A failure there stops no function."""

from __future__ import annotations

import pytest

from controller import wiring
from controller.aws.system_clock import SystemClock
from handlers.warm import warm_jobs, warm_slack


@pytest.mark.parametrize(
    ("environment", "built"),
    [
        ({}, False),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}, True),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "_HANDLER": "handlers.jobs.job_changed"}, True),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "_HANDLER": "handlers.clock.sweep"}, False),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1", "_HANDLER": "app.app"}, False),
    ],
)
def test_the_ports_are_built_on_lambda_in_the_function_of_the_handler(
    environment: dict[str, str], built: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_LAMBDA_RUNTIME_API", "_HANDLER"):
        monkeypatch.delenv(name, raising=False)
    settings = {"SPOTWARDEN_TABLE": "none", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    for name, value in {**settings, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", **environment}.items():
        monkeypatch.setenv(name, value)
    wiring.install(clock=SystemClock())
    before = wiring.client.cache_info().misses
    warm_jobs("handlers.jobs")
    assert (wiring.client.cache_info().misses > before) is built
    wiring.install(clock=SystemClock())


@pytest.mark.parametrize("missing", ["SPOTWARDEN_TABLE", "SPOTWARDEN_SLACK_TOKEN_SECRET"])
def test_what_fails_at_init_is_left_to_the_first_invocation(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
    monkeypatch.delenv("_HANDLER", raising=False)
    monkeypatch.delenv(missing, raising=False)
    wiring.install(clock=SystemClock())
    warm_jobs("handlers.jobs")
    warm_slack()
    wiring.install(clock=SystemClock())
