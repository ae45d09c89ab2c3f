"""What other modules say becomes a sentence, and names in it stay as they are."""

from __future__ import annotations

import pytest

from controller.ledger.message import CapFacts
from controller.notifications.give_up_message import make_room
from controller.notifications.message_text import sentence


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("bert-r02 was created by somebody else", "bert-r02 was created by somebody else."),
        ("ml.p3dn.24xlarge is not supported", "ml.p3dn.24xlarge is not supported."),
        ("s3://acme/b/ cannot be read", "s3://acme/b/ cannot be read."),
        ("sagemaker:CreateTrainingJob is denied", "sagemaker:CreateTrainingJob is denied."),
        ("access denied: no reason", "Access denied: no reason."),
        ("it is serverless.", "It is serverless."),
        ("on-demand is not allowed", "On-demand is not allowed."),
        ("throttled", "Throttled."),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_name(said: str, shown: str) -> None:
    assert sentence(said) == shown


def test_a_higher_cap_is_advised_only_where_the_price_is_known() -> None:
    known = CapFacts(cap_micros=3_000_000, spent_micros=2_000_000, next_micros=1_500_000)
    unknown = CapFacts(cap_micros=3_000_000, spent_micros=2_000_000, next_micros=None)
    assert make_room(known) == make_room(None) == "Raise the cap in the policy"
    assert make_room(unknown) == "Add the price of the instance type to `rates` in the policy"
