"""Builds the real ports, once per container.

Clients are built when first needed. ``install`` replaces the clock and the time limits; the AWS on this machine calls it first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from controller.aws.clients import CallLimits, Hurried, Lazy, boto3_client, client_of
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.aws.ec2_instances import Ec2Instances
from controller.aws.ec2_placement import PlacementScores
from controller.aws.event_publisher import EventPublisher
from controller.aws.packaged_policy import CompiledPolicies
from controller.aws.price_list import REGION as PRICING_REGION
from controller.aws.price_list import PriceList
from controller.aws.price_lookup import Prices
from controller.aws.read_at_init import prepare as prepare  # for init
from controller.aws.reloaded_policy import ReloadedPolicies, policies_of
from controller.aws.s3_checkpoints import S3Checkpoints
from controller.aws.s3_reports import S3ReportStore
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.aws.service_models import use_packaged_models
from controller.aws.service_quotas import ServiceQuotas
from controller.aws.stack_parameters import (
    Misconfigured,
    checkpoint_buckets,
    has_slack,
    identity_key,
    peer_accounts,
    retention,
    setting,
    training_roles,
)
from controller.aws.stack_parameters import region as region  # for handlers and commands
from controller.aws.system_clock import SystemClock
from controller.runtime.outbox.chat_by_channel import ChatByChannel
from controller.runtime.ports.all_ports import Home, Ports
from controller.runtime.ports.answers import Answer, Unreachable
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.outbox import Chat
from controller.runtime.ports.slack import SlackClickPorts
from controller.runtime.ports.slack_user import KnownUsers
from controller.runtime.tally import Tally

# The lease (60 s) outlives the function (45 s), which outlives its calls: two tries of at most 2 + 10 s each.
CLIENT_CONFIG = CallLimits(connect_timeout=2, read_timeout=10, total_max_attempts=2)
OPTIONAL_CONFIG = CallLimits(connect_timeout=1, read_timeout=4, total_max_attempts=2)  # several in one run may get no answer

if TYPE_CHECKING:
    from botocore.config import Config

    from controller.runtime.slack_requests.other_stack import OtherStack
    from controller.slack.secret import SlackSecret

_clock: Clock = SystemClock()
tally = Tally()  # what the functions of this container decided and did since it was last taken

# Slack gives a click three seconds: no call begins later than SLACK_TIME_LIMIT, the last of them takes at most 0.7 s, and the
# answer to Slack takes 1 s.
SLACK_CLIENT_CONFIG = CallLimits(connect_timeout=0.3, read_timeout=0.4, total_max_attempts=1)
SLACK_TIME_LIMIT = timedelta(seconds=0.9)
_client_config: CallLimits | Config = CLIENT_CONFIG
_slack_client_config: CallLimits | Config = SLACK_CLIENT_CONFIG


def install(
    *,
    clock: Clock,
    client_config: CallLimits | Config = CLIENT_CONFIG,
    slack_client_config: CallLimits | Config = SLACK_CLIENT_CONFIG,
) -> None:
    """Use another clock and other client settings, and forget whatever was built before.

    ``slack_client_config`` is for the calls of a click in Slack. The embedded AWS has longer timeouts: its clock is virtual, and
    its machine may be busy.
    """
    global _clock, _client_config, _slack_client_config  # one clock per container
    _clock, _client_config, _slack_client_config = clock, client_config, slack_client_config
    built: tuple[Any, ...] = (
        _deciding_ports, _reading_ports, _policies, client, _client_in,
        hurried_client, _slack_app, _slack_secret, _known_users,
    )  # fmt: skip
    for one in built:
        one.cache_clear()


def clock() -> Clock:
    """The clock of this container."""
    return _clock


def _now() -> datetime:
    return _clock.now()


@cache
def client(service: str, *, optional: bool = False) -> Any:
    """A client of a service. An ``optional`` one, for answers that a decision can do without, has shorter limits by default."""
    return client_of(service, OPTIONAL_CONFIG if optional and _client_config is CLIENT_CONFIG else _client_config)


@cache
def _client_in(region: str, service: str) -> Any:
    return boto3_client(service, _client_config, region)


def advice_on(problem: BaseException) -> str:
    """What an operator can do about an error; empty where that is not known."""
    from controller.aws.operator_advice import advice  # here: only a failure needs it

    table, secret = (os.environ.get(name, "") for name in ("SPOTWARDEN_TABLE", "SPOTWARDEN_SLACK_TOKEN_SECRET"))
    return advice(problem, table=table, secret=secret, region=region())


def home() -> Home:
    """The account and the region of this stack."""
    return Home(account=os.environ.get("SPOTWARDEN_ACCOUNT", ""), region=region())


def ports() -> Ports:
    """The ports of a function that decides about jobs, for one invocation. Raises Misconfigured."""
    _policies(True).begin((found := _deciding_ports()).ledger.revisions)
    return found


def reading_ports() -> Ports:
    """The ports of a function that decides nothing, for one invocation. Raises Misconfigured."""
    found = _reading_ports()
    _policies(False).begin(found.ledger.revisions)
    return found


@cache
def _deciding_ports() -> Ports:
    ledger = DynamoLedger(client("dynamodb"), setting("SPOTWARDEN_TABLE"), identity_key(), retention(_now))
    return _ports(ledger, _policies(True))


@cache
def _reading_ports() -> Ports:
    return _ports(DynamoLedger(client("dynamodb"), setting("SPOTWARDEN_TABLE"), retention=retention(_now)), _policies(False))


def _ports(ledger: DynamoLedger, policies: CompiledPolicies | ReloadedPolicies) -> Ports:
    use_packaged_models()
    sagemaker = Lazy(lambda: client("sagemaker"))
    return Ports(
        jobs=SageMakerJobs(sagemaker, roles=training_roles(), key=identity_key(), fields=policies.fields_read),
        checkpoints=S3Checkpoints(Lazy(lambda: client("s3", optional=True)), checkpoint_buckets()),
        ledger=ledger,
        outbox=DynamoOutbox(client("dynamodb"), setting("SPOTWARDEN_TABLE")),
        chat=ChatByChannel(Lazy(_slack), Lazy(_topics)),
        events=_events(),
        report_store=S3ReportStore(
            Lazy(lambda: client("s3")), os.environ.get("SPOTWARDEN_REPORTS_BUCKET", ""), os.environ.get("AWS_REGION", "")
        ),
        instances=Ec2Instances(Lazy(lambda: client("ec2"))),
        policies=policies,
        prices=Prices(ledger.prices.rates, policies.agreed_rates),
        quotas=ServiceQuotas(Lazy(lambda: client("service-quotas", optional=True))),
        placement=PlacementScores(Lazy(lambda: client("ec2", optional=True))),
        price_list=PriceList(Lazy(lambda: _client_in(PRICING_REGION, "pricing"))),
        clock=_clock,
        home=home(),
        tally=tally,
        click_address=_click_address,
    )


def _events() -> EventPublisher:
    return EventPublisher(Lazy(lambda: client("events")), os.environ.get("SPOTWARDEN_BUS") or "default")


@cache
def _policies(decides: bool) -> CompiledPolicies | ReloadedPolicies:
    return policies_of(decides, Lazy(lambda: client("s3", optional=True)), _now)


# ── the ports of Slack interactions and commands ─────────────────────────────────────────────────────────────────────────────


@cache
def _known_users() -> KnownUsers:
    return KnownUsers(_now)


def slack_ports(came_at: datetime) -> SlackClickPorts:
    """The ports of a click, which is answered within three seconds whatever AWS does. Raises Misconfigured."""
    hurry = partial(Hurried, until=came_at + SLACK_TIME_LIMIT, now=_now)
    ledger = DynamoLedger(hurry(hurried_client("dynamodb")), setting("SPOTWARDEN_TABLE"), identity_key())
    policies = _policies(False)
    policies.begin(ledger.revisions)
    sagemaker = hurry(hurried_client("sagemaker"))
    return SlackClickPorts(
        jobs=SageMakerJobs(sagemaker, roles=training_roles(), key=identity_key(), fields=policies.fields_read),
        ledger=ledger,
        chat=hurry(Lazy(_slack), always=("reply_ephemeral",)),
        policies=policies,
        clock=_clock,
        home=home(),
        known_users=_known_users(),
    )


def refuse_unsigned(body: bytes, headers: Mapping[str, str]) -> str:
    """Why a request is not accepted; empty where it is. Raises Misconfigured and Unreachable."""
    from controller.slack.signatures import SIGNATURE, SignatureCheck

    refused = SignatureCheck(_required_signing_secret, _clock.now, _secret_renewed).refuses(body, headers)
    if refused:
        return refused
    try:
        ledger = DynamoLedger(hurried_client("dynamodb"), setting("SPOTWARDEN_TABLE"))
        fresh = ledger.seen_requests.once(f"slack/{headers[SIGNATURE]}", _clock.now())
    except Unreachable:
        return ""  # without the ledger, a repeated request could not write anything either
    return "" if fresh else "answered before"


def _required_signing_secret() -> str:
    secret = _signing_secret()
    if not secret:
        raise Misconfigured("no Slack signing secret is set up: buttons and /spot need one (docs/slack.md)")
    return secret


@cache
def hurried_client(service: str) -> Any:
    """A client for the calls of a click in Slack: they end soon, whatever AWS does."""
    return client_of(service, _slack_client_config)


def _topics() -> Chat:
    from controller.aws.topic_chat import TopicChat

    return TopicChat(partial(_client_in, service="sns"), home())


def _slack() -> Chat:
    """The chat of this stack: Slack's app, a webhook, or notices without Slack. Imports here: only one function posts."""
    if not has_slack():
        from controller.aws.notices import NoticeChat

        return NoticeChat(_topics(), os.environ.get("SPOTWARDEN_NOTICE_TOPIC", ""), _events(), _clock)
    from controller.slack.webhook import WebhookChat

    webhook = os.environ.get("SPOTWARDEN_SLACK_WEBHOOK")
    if not webhook and "SPOTWARDEN_SLACK_TOKEN" not in os.environ:
        webhook = _slack_secret().current().get("webhook_url")
    return WebhookChat(webhook) if webhook else _slack_app()


@cache
def _slack_app() -> Chat:
    from controller.slack.web_api import SlackChat

    return SlackChat(_slack_token, os.environ.get("SPOTWARDEN_SLACK_URL") or SlackChat.BASE_URL, renewed=_secret_renewed)


def _slack_token() -> str:
    return os.environ.get("SPOTWARDEN_SLACK_TOKEN") or _slack_secret().current()["bot_token"]


def _signing_secret() -> str:
    return os.environ.get("SPOTWARDEN_SLACK_SIGNING_SECRET") or _slack_secret().current().get("signing_secret", "")


def _secret_renewed() -> bool:
    """Read Slack's secret again. Returns whether it changed; False without an answer."""
    try:
        return bool(os.environ.get("SPOTWARDEN_SLACK_TOKEN_SECRET")) and _slack_secret().renewed()
    except Unreachable:
        return False


@cache
def _slack_secret() -> SlackSecret:
    from controller.slack.secret import SlackSecret

    return SlackSecret(_read_slack_secret, _now)


def _read_slack_secret() -> Mapping[str, str]:
    """Read Slack's secret from Secrets Manager. Raises Misconfigured and Unreachable."""
    from controller.aws.secret_text import secret_text
    from controller.slack.secret import secret_in

    text = secret_text(hurried_client("secretsmanager"), setting("SPOTWARDEN_SLACK_TOKEN_SECRET"))
    try:
        return secret_in(text)
    except ValueError as problem:
        raise Misconfigured(str(problem)) from None


def _click_address() -> str:
    """The sealed address at which this stack accepts clicks; empty where it has no API, or the secret cannot be read."""
    from controller.slack.peers import sealed

    api = os.environ.get("SPOTWARDEN_API", "")
    try:
        return sealed(api, home().account, home().region, _signing_secret()) if api else ""
    except Unreachable:
        return ""


def pass_on(whose: OtherStack, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Pass a request of Slack on to the stack that posted the message. Raises Misconfigured and Unreachable."""
    from controller.slack.peers import Peers

    return Peers({home().account, *peer_accounts()}, _signing_secret, _secret_renewed).pass_on(whose, body, headers)
