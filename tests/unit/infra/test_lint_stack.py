"""Each finding of a linter needs a reason, and each reason a finding. `make lint-stack` runs the linters."""

from __future__ import annotations

import yaml

from infra.lint_stack import ACCEPTED, unexplained

FOUND = {("CKV_1", "Sweep"), ("CKV_1", "Drain"), ("CKV_2", "Ledger")}


def test_each_finding_without_a_reason_is_a_line() -> None:
    assert unexplained(FOUND, {"CKV_1": {"Sweep": "because"}}) == ["CKV_1 on Drain", "CKV_2 on Ledger"]


def test_a_reason_for_every_resource_of_a_check_is_enough() -> None:
    assert unexplained(FOUND, {"CKV_1": {"*": "because"}, "CKV_2": {"Ledger": "because"}}) == []


def test_a_reason_whose_finding_is_gone_is_a_line() -> None:
    reasons = {"CKV_1": {"*": "because"}, "CKV_2": {"Ledger": "because"}, "CKV_3": {"*": "because"}}
    assert unexplained(FOUND, reasons) == ["CKV_3 on * is accepted, but is no longer found"]


def test_each_accepted_finding_has_a_reason() -> None:
    accepted = yaml.safe_load(ACCEPTED.read_text("utf-8"))
    reasons = [reason for checks in accepted.values() for check in checks.values() for reason in check.values()]
    assert all(len(reason) > 40 for reason in reasons)
