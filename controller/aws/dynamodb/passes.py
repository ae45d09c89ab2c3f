"""How far each pass of discover has come, in DynamoDB.

discover   <pass>            the time until which it has read changes
discover   <pass>/position   its position in the list of all jobs: ``upto``, ``token``, ``created`` and ``names``

Older versions used the partition ``cursor``, which functions that never submit may write. Those rows are not read: after an
update, the first passes look back as far as those of a new installation.
"""

from __future__ import annotations

from datetime import datetime

from controller.aws.dynamodb.items import MARK, moment, stamp
from controller.aws.dynamodb.keys import DISCOVER, key
from controller.aws.dynamodb.moments import moment_of, move_forward
from controller.aws.dynamodb.table import Table
from controller.runtime.ports.schedule import DiscoverPass, PassPosition


class DynamoDiscoverPasses:
    """The DiscoverPasses port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def passed_until(self, which: DiscoverPass) -> datetime | None:
        return moment_of(self._table, which.value, DISCOVER)

    def note_passed(self, which: DiscoverPass, until: datetime) -> None:
        move_forward(self._table, which.value, until, DISCOVER)

    def position(self, which: DiscoverPass) -> PassPosition | None:
        found = self._table.get(DISCOVER, _place(which))
        if found is None:
            return None
        return PassPosition(
            upto=moment(found["upto"]["S"]),
            token=found["token"]["S"],
            created_at=moment(found["created"]["S"]) if "created" in found else None,
            names=tuple(name["S"] for name in found["names"]["L"]),
        )

    def note_position(self, which: DiscoverPass, position: PassPosition) -> None:
        created = {"created": {"S": stamp(position.created_at)}} if position.created_at else {}
        self._table.put({
            **key(DISCOVER, _place(which)), **MARK, **created,
            "upto": {"S": stamp(position.upto)},
            "token": {"S": position.token},
            "names": {"L": [{"S": name} for name in position.names]},
        })  # fmt: skip


def _place(which: DiscoverPass) -> str:
    return f"{which.value}/position"
