"""What rules with a guard against surprises did, in DynamoDB: a partition for each rule of a revision. Only commits write it.

acts#<revision>/<rule>     job#<lineage>    a lineage in which the rule acted, or would have without its guard
                           held             the rule only warns, until there is another revision
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from controller.aws.dynamodb.items import MARK, Item
from controller.aws.dynamodb.keys import acts_pk, key, partition_of
from controller.aws.dynamodb.table import Table, Write
from controller.ledger.entry import Flagged, RuleHeldBack
from controller.ledger.rule_acts import ACTS_MAX, RuleActs

HELD, JOB = "held", "job#"  # "held" sorts before the jobs, so that it is always read
KEPT = timedelta(days=400)  # longer than a revision is expected to stay in force


class DynamoRuleActs:
    """The RuleActsPort port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acts(self, revision: str, policy: str, since: datetime) -> RuleActs:
        rows = list(islice(self._since(revision, policy, int(since.timestamp())), ACTS_MAX + 1))
        teams = {row["sk"]["S"].removeprefix(JOB): row["team"]["S"] for row in rows if row["sk"]["S"].startswith(JOB)}
        return RuleActs(teams=teams, held_back=any(row["sk"]["S"] == HELD for row in rows))

    def _since(self, revision: str, policy: str, since_s: int) -> Iterator[Item]:
        """The rows of acts since ``since_s`` (seconds since 1970), and the row that holds the rule back, whatever its time."""
        for row in self._table.query(**partition_of(acts_pk(revision, policy))):
            acted_s = int(row["expires_at"]["N"]) - int(KEPT.total_seconds())
            if row["sk"]["S"] == HELD or acted_s >= since_s:
                yield row


def counting(lineage: str, entry: Flagged | RuleHeldBack) -> Write:
    """The write that counts an act of a rule, or holds it back; of two that hold it back at once, one commit fails."""
    held = isinstance(entry, RuleHeldBack)
    item = {
        **key(acts_pk(entry.revision, entry.policy), HELD if held else f"{JOB}{lineage}"),
        **MARK,
        "team": {"S": entry.team or ""},
        "expires_at": {"N": str(int((entry.at + KEPT).timestamp()))},
    }
    return {"Put": {"Item": item, **({"ConditionExpression": "attribute_not_exists(pk)"} if held else {})}}
