"""The doctor reports which permissions its caller lacks, and makes all other checks."""

from __future__ import annotations

import re
from typing import Any

from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.cli.doctor.caller import ACTIONS, CheckResult
from controller.cli.doctor.command import Installation
from infra.local import aws
from tests.client_errors import client_error
from tests.unit.cli.installed_stack import STACK, now
from tests.unit.cli.installed_stack import local as local
from tests.unit.cli.installed_stack import slack as slack


class Refusing:
    """Clients that refuse some operations. ``asked``: the operations that were called."""

    def __init__(self, local: aws.Local, *refused: str) -> None:
        self.local, self.refused, self.asked = local, refused, set[str]()

    def __call__(self, service: str) -> Any:
        client = self.local.client(service)
        client.meta.events.register("before-call", self._before)
        return client

    def _before(self, model: Any, **_: Any) -> None:
        self.asked.add(model.name)
        if model.name in self.refused:
            told = "User: arn:aws:iam::1:user/ana is not authorized to perform: sqs:GetQueueAttributes on resource: x"
            message = told if model.name == "GetQueueAttributes" else "denied"
            raise client_error("AccessDeniedException", message, model.name)

    def examine(self) -> dict[str, CheckResult]:
        installation = Installation(self, lambda table: DynamoLedger(self("dynamodb"), table), now)
        return {one.check: one for one in installation.examine(STACK)}


def test_what_the_caller_may_not_read_is_not_checked_and_named_with_its_action(local: aws.Local) -> None:
    found = Refusing(local, "DescribeRule", "GetQueueAttributes", "GetRolePolicy", "HeadBucket", "GetItem").examine()
    assert found["rules"].says == "not checked: your credentials lack events:DescribeRule"
    assert found["dead letters"].says == "not checked: your credentials lack sqs:GetQueueAttributes"
    assert found["halt"].says == "not checked: your credentials lack dynamodb:GetItem"
    assert found["Drain role"].says == "not checked: your credentials lack iam:GetRolePolicy"
    assert {found[name].ok for name in ("rules", "dead letters", "halt", "buckets", "Drain role")} == {None}
    assert found["caller"].ok is False
    lacking = "dynamodb:GetItem, events:DescribeRule, iam:GetRolePolicy, s3:ListBucket, sqs:GetQueueAttributes"
    assert found["caller"].says == f"your credentials lack {lacking}: allow them, or use --profile with others"
    assert found["slack"].ok is True


def test_a_caller_who_may_not_see_the_stack_is_told_so(local: aws.Local) -> None:
    found = Refusing(local, "DescribeStacks").examine()
    assert [found[name].says for name in ("stack", "caller")] == [
        "not checked: your credentials lack cloudformation:DescribeStacks",
        "your credentials lack cloudformation:DescribeStacks: allow them, or use --profile with others",
    ]


def test_every_operation_that_the_doctor_uses_reads_and_has_a_known_action(local: aws.Local) -> None:
    asking = Refusing(local)
    assert all(one.ok for one in asking.examine().values())
    assert asking.asked <= set(ACTIONS)
    assert all(re.match("Get|List|Describe|Head|Query", name) for name in ACTIONS)
