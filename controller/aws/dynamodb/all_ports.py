"""The ledger in DynamoDB: all its ports over one table. The module of each port says which rows it reads and writes."""

from __future__ import annotations

from typing import Any

from controller.aws.dynamodb.block_support import DynamoBlockSupport
from controller.aws.dynamodb.claims import DynamoClaims
from controller.aws.dynamodb.counters import DynamoLimits
from controller.aws.dynamodb.days import DynamoDays
from controller.aws.dynamodb.digests import DynamoDigests
from controller.aws.dynamodb.due import DynamoDueIntents
from controller.aws.dynamodb.halts import DynamoHalts
from controller.aws.dynamodb.histories import DynamoHistories
from controller.aws.dynamodb.journal import DynamoJournal
from controller.aws.dynamodb.lineages import DynamoLineages
from controller.aws.dynamodb.market_signals import DynamoMarketSignals
from controller.aws.dynamodb.passes import DynamoDiscoverPasses
from controller.aws.dynamodb.pools import DynamoPoolMemories
from controller.aws.dynamodb.quota_holds import DynamoQuotaHolds
from controller.aws.dynamodb.retention import FOR_EVER, Retention
from controller.aws.dynamodb.revisions import DynamoRevisions
from controller.aws.dynamodb.rule_acts import DynamoRuleActs
from controller.aws.dynamodb.seen_requests import DynamoSeenRequests
from controller.aws.dynamodb.spot_capacity import DynamoCapacity
from controller.aws.dynamodb.stored_prices import DynamoStoredPrices
from controller.aws.dynamodb.table import Table
from controller.aws.dynamodb.user_requests import DynamoUserRequests
from controller.aws.dynamodb.waivers import DynamoWaivers
from controller.aws.dynamodb.works import DynamoWorks


class DynamoLedger:
    """The ledger's ports over a low-level boto3 ``dynamodb`` client.

    ``key`` is the key of the proofs in users' requests. ``retention`` decides how long rows of lineages are kept.
    """

    def __init__(self, client: Any, table: str, key: str = "", retention: Retention = FOR_EVER) -> None:
        rows = Table(client, table)
        self.lineages = DynamoLineages(rows, retention)
        self.due = DynamoDueIntents(rows)
        self.claims = DynamoClaims(rows)
        self.quota_holds = DynamoQuotaHolds(rows)
        self.works = DynamoWorks(rows)
        self.capacity = DynamoCapacity(rows)
        self.journal = DynamoJournal(rows)
        self.histories = DynamoHistories(rows)
        self.waivers = DynamoWaivers(rows)
        self.days = DynamoDays(rows, retention)
        self.pools = DynamoPoolMemories(rows)
        self.prices = DynamoStoredPrices(rows)
        self.market_signals = DynamoMarketSignals(rows)
        self.halts = DynamoHalts(rows)
        self.limits = DynamoLimits(rows)
        self.passes = DynamoDiscoverPasses(rows)
        self.digests = DynamoDigests(rows)
        self.block_support = DynamoBlockSupport(rows)
        self.revisions = DynamoRevisions(rows)
        self.rule_acts = DynamoRuleActs(rows)
        self.seen_requests = DynamoSeenRequests(rows)
        self.user_requests = DynamoUserRequests(rows, key)
