"""One DynamoDB table behind a low-level boto3 client: the few calls that the ledger and the outbox use.

Errors are classified here. A failed condition is an answer: False. A missing answer is Unreachable. Every other error, such as a
denied permission or a missing table, is raised with AWS's message. If a transaction's answer was lost and the transaction is
repeated, its conditions may fail because of itself. That gives False, and the next load finds what it wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.dynamodb.items import MARK, Item
from controller.aws.dynamodb.keys import HEAD, LINEAGE, key
from controller.aws.errors import AwsFault, fault_of
from controller.runtime.ports.answers import Unreachable

Write = dict[str, Any]  # a write of a transaction: {"Put": …}, {"Update": …} or {"Delete": …}

TRANSACTION_MAX = 100
CONFLICTS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
CONFLICT = "TransactionConflictException"  # a transaction is using the item of this single write


def of_lineages(rows: Iterable[Item]) -> Iterator[Item]:
    """The rows of an index that belong to a lineage: other functions can write rows with the attributes of an index, too."""
    return (row for row in rows if row["pk"]["S"].startswith(LINEAGE))


def version_of(head: Item | None) -> int:
    """The version in a head; 0 where there is no head yet."""
    return int(head["version"]["N"]) if head else 0


def unchanged(item: Item | None, *attributes: str) -> Write:
    """The condition that these attributes of an item are as they were read; of an item that is None, that there still is none."""
    if item is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    values = {f":{number}": item[name] for number, name in enumerate(attributes) if name in item}
    same = (f"{place} = :{place[1:]}" if name in item else f"attribute_not_exists({place})" for place, name in names.items())
    condition: Write = {"ConditionExpression": " AND ".join(same), "ExpressionAttributeNames": names}
    return condition | ({"ExpressionAttributeValues": values} if values else {})


def next_version(pk: str, version: int, expires: Item | None = None) -> Write:
    """The write that increases a head's version, if the head still has the ``version`` that was read."""
    item = {**key(pk, HEAD), **MARK, "version": {"N": str(version + 1)}, **(expires or {})}
    if version == 0:
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    values = {":version": {"N": str(version)}}
    return {"Put": {"Item": item, "ConditionExpression": "version = :version", "ExpressionAttributeValues": values}}


class Table:
    """The table. Each call raises Unreachable where it gets no answer, and AWS's error for an answer that no retry changes."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, pk: str, sk: str) -> Item | None:
        """Read one item, consistently."""
        answer = self._ask("get_item", Key=key(pk, sk), ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def query(self, *, index: str | None = None, limit: int | None = None, **asked: Any) -> Iterator[Item]:
        """Read the items of a partition in order, page by page; all, or ``limit``. Reads are consistent, except from an index."""
        where = {"IndexName": index} if index else {"ConsistentRead": True}
        start: Item = {}
        while True:
            left = {"Limit": limit} if limit else {}
            answer = self._ask("query", **where, **asked, **left, **start)
            yield from answer["Items"]
            if limit is not None:
                limit -= len(answer["Items"])
            if "LastEvaluatedKey" not in answer or limit == 0:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def put(self, item: Item, *, absent: bool = False, **condition: Any) -> bool:
        """Write an item; False when it had to be absent and was not, or when its condition does not hold."""
        if absent:
            condition = {"ConditionExpression": "attribute_not_exists(pk)"}
        return self._try("put_item", Item=item, **condition)

    def update(self, place: Item, **update: Any) -> bool:
        """Change an item; False when its condition does not hold."""
        return self._try("update_item", Key=place, **update)

    def remove(self, place: Item, **condition: Any) -> bool:
        """Delete an item; False when its condition does not hold."""
        return self._try("delete_item", Key=place, **condition)

    def transact(self, writes: Sequence[Write]) -> bool:
        """Make all writes or none; False when a condition does not hold or another function writes the same items.

        Raises ValueError for more than 100 writes. AWS refuses more than 4 MB.
        """
        if len(writes) > TRANSACTION_MAX:
            raise ValueError(f"a transaction of {len(writes)} writes, wanted at most {TRANSACTION_MAX}: call Decision.cut before")
        items = [{verb: {"TableName": self.name, **asked} for verb, asked in write.items()} for write in writes]
        try:
            self._client.transact_write_items(TransactItems=items)
        except (ClientError, BotoCoreError) as error:
            if _cancelled_by_others(error):
                return False
            self._raise("transact_write_items", error)
        return True

    def _try(self, verb: str, **asked: Any) -> bool:
        try:
            getattr(self._client, verb)(TableName=self.name, **asked)
        except (ClientError, BotoCoreError) as error:
            if _code(error) == "ConditionalCheckFailedException":
                return False
            self._raise(verb, error)
        return True

    def _ask(self, verb: str, **asked: Any) -> Any:
        try:
            return getattr(self._client, verb)(TableName=self.name, **asked)
        except (ClientError, BotoCoreError) as error:
            self._raise(verb, error)

    def _raise(self, verb: str, error: ClientError | BotoCoreError) -> NoReturn:
        """Raise Unreachable where the same call may work later; else raise the error itself, without a cause."""
        passing = _code(error) == CONFLICT or bool(_reasons(error) & THROTTLED)
        if passing or fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE):
            raise Unreachable(f"DynamoDB {verb} on {self.name}: {error}") from error
        raise error


def _answer(error: Exception) -> Mapping[str, Any]:
    """DynamoDB's answer; empty where the error is botocore's own (some of those have a ``response`` of None)."""
    return error.response if isinstance(error, ClientError) else {}


def _code(error: Exception) -> str:
    return str(_answer(error).get("Error", {}).get("Code", ""))


def _reasons(error: Exception) -> frozenset[str]:
    """Why a transaction was cancelled: the codes of its failed writes."""
    reasons = _answer(error).get("CancellationReasons", ())
    return frozenset(str(r["Code"]) for r in reasons if r.get("Code") not in (None, "None"))


def _cancelled_by_others(error: Exception) -> bool:
    """Whether a transaction failed only because of its conditions or a conflict with another write."""
    reasons = _reasons(error)
    return bool(reasons) and reasons <= CONFLICTS
