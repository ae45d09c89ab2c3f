"""All ports of the runtime, in one value: those of AWS, of the ledger, of messages and of the policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from controller.runtime.ports.aws import (
    Checkpoints,
    Clock,
    Events,
    Instances,
    Jobs,
    Placement,
    PriceList,
    Prices,
    Quotas,
    ReportStore,
)
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Chat, Outbox
from controller.runtime.ports.policy import Policies
from controller.runtime.tally import Tally
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The account and the region of this stack; empty where its environment does not contain them."""

    account: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Every port of the runtime. ``tally`` counts for metrics what was decided and done."""

    jobs: Jobs
    checkpoints: Checkpoints
    ledger: Ledger
    outbox: Outbox
    chat: Chat
    events: Events
    report_store: ReportStore
    quotas: Quotas
    placement: Placement
    price_list: PriceList
    instances: Instances
    policies: Policies
    prices: Prices
    clock: Clock
    home: Home = Home()
    tally: Tally = field(default_factory=Tally)
    click_address: Callable[[], str] = str  # the sealed address at which this stack accepts clicks from others of the Slack app
