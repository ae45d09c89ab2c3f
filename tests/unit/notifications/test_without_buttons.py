"""A message without buttons has a command in place of each button for a request that is possible now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.decide.user_requests import possible_requests
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Entry, Flagged, Started
from controller.ledger.intent import Intent, Submit
from controller.notifications.plain_text import plain_text
from controller.notifications.without_buttons import without_buttons
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, lineage

NOW = BEGIN + timedelta(hours=1)
STARTED = Started(
    job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.xlarge", instance_count=1, region="us-east-1",
    service=None, checkpoint_uri=None,
)  # fmt: skip
FLAGGED = Flagged(
    job="bert", at=BEGIN, team="vision", rule="r", policy="use-spot", severity=Severity.HIGH, mode=Mode.WARN, field="f",
    found="a", wanted="b", revision="r1",
)  # fmt: skip
ENDED = Ended(
    job="bert", at=NOW, team="vision", outcome=Outcome.STARVED, seen_at=NOW, failure="", spot=True,
    instance_type="ml.g5.xlarge", region="us-east-1",
)  # fmt: skip
SUBMIT = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause="starved"), due_at=NOW)
STOP = "aws sagemaker stop-training-job --training-job-name bert --region us-east-1"


@pytest.mark.parametrize(
    ("entries", "intents", "requests", "words"),
    [
        ((STARTED,), (), (UserRequest.ON_DEMAND, UserRequest.STOP), (STOP, "stop it, then create it again")),
        ((STARTED, FLAGGED), (), (UserRequest.ON_DEMAND, UserRequest.STOP, UserRequest.WAIVE), ("Waive a rule (use-spot)",)),
        (
            (STARTED, ENDED),
            (),
            (UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND),
            ("Submit bert again", "on-demand: create it again"),
        ),
        ((STARTED, ENDED), (SUBMIT,), (UserRequest.CANCEL,), ("spotwarden cancel bert --region us-east-1",)),
        ((), (), (), ()),
    ],
)
def test_each_request_that_makes_sense_has_a_line(
    entries: tuple[Entry, ...], intents: tuple[Intent, ...], requests: tuple[UserRequest, ...], words: tuple[str, ...]
) -> None:
    found = lineage(entries=entries, intents=intents)
    assert possible_requests(found, NOW) == requests
    lines = [plain_text(line) for line in without_buttons(found, NOW)]
    assert len(lines) == 1 + len(requests) + 2
    assert all(any(word in line for line in lines) for word in words)
    assert lines[-2:] == [
        "• See what was decided and why: spotwarden explain bert --region us-east-1",
        "• Halt Spotwarden: spotwarden halt --why TEXT",
    ]
