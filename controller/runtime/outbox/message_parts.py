"""Makes the parts of what a drain posts: the card of a lineage, and a message with its account and region."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from controller.ledger.lineage import Lineage, newest_attempt
from controller.ledger.lineage_id import LineageId
from controller.notifications.card import card
from controller.notifications.console_links import job_links
from controller.notifications.messages.text import bold, where_text
from controller.notifications.parts import Part, Text
from controller.notifications.without_buttons import without_buttons
from controller.runtime.outbox.batches import UNMADE
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.outbox import Message
from controller.units.money import Rate


def parts_of(message: Message, ports: Ports, *, threads: bool) -> tuple[Part, ...]:
    """A message with its account and region. Without ``threads`` it has no card beside it, so it also has the job's links."""
    text, lineage = message.text(), LineageId.parse(message.thread)
    if lineage is not None:
        job = [] if threads else job_links(lineage.region, lineage.root)
        where = " · ".join((where_of(message, ports), *job))
        text = replace(text, small="\n".join(filter(None, (text.small, where))))
    return text.parts(mention=message.mention)


def parts_for_topic(message: Message, ports: Ports) -> tuple[Part, ...]:
    """A message for an SNS topic: without mentions, and with commands instead of the card's buttons."""
    parts, lineage = parts_of(replace(message, mention=""), ports, threads=False), LineageId.parse(message.thread)
    if lineage is None:
        return parts
    try:
        found = ports.ledger.lineages.load(lineage)
        return (*parts, Text("\n".join(without_buttons(found, ports.clock.now()))))
    except UNMADE:  # the lineage has a row that this version cannot read: the message itself can be sent
        return parts


def where_of(message: Message, ports: Ports) -> str:
    """The account and the region of a message's lineage; empty where it has none."""
    lineage = LineageId.parse(message.thread)
    accounts = ports.policies.current().labels.accounts
    return where_text(lineage.account, lineage.region, accounts) if lineage is not None else ""


def card_of(thread: str, ports: Ports) -> tuple[Part, ...]:
    """The card of a lineage as it is now."""
    lineage = LineageId.parse(thread)
    if lineage is None:
        return (Text(bold(thread)),)
    found, now = ports.ledger.lineages.load(lineage), ports.clock.now()
    return card(found, ports.policies.current(), now, _rate(found, now, ports), address=ports.click_address())


def _rate(lineage: Lineage, now: datetime, ports: Ports) -> Rate | None:
    """The price of the newest attempt's instance; None where it is unknown or cannot be read: the card is sent without it."""
    last = newest_attempt(lineage)
    try:
        return ports.prices.rate(last.instance_type, last.region, now) if last else None
    except Unreachable:
        return None
