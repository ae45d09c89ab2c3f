"""Reads a compiled policy document into a ``Policy``. Only the standard library is needed.

A document with an unknown key is refused: to ignore the key could change what the policy means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from controller.jobs.failure import FailureCause
from controller.policy.agreed_rate import AgreedRate, Agreement
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy, RateLimits, Repair, Rule, RuleAction, Severity
from controller.policy.resubmission import (
    Budget,
    BudgetPer,
    DeadlineSettings,
    FallbackKind,
    FallbackStep,
    Guarantee,
    InterruptionLimit,
    Resubmission,
)
from controller.policy.rollout import Rollout, SurpriseGuard
from controller.policy.selector import Selector
from controller.policy.slack_settings import DigestTime, Importance, Labels, SlackSettings
from controller.policy.user_request import UserRequest
from controller.policy.waiver import Waiver
from controller.policy.when import When, when_of

KEYS = frozenset({
    "version", "revision", "channel", "brakes", "slack", "labels", "rules", "resubmit", "waivers", "trust_claims",
    "checkpoint_ignore", "rates",
})  # fmt: skip


def load_policy(document: Mapping[str, Any], in_force_at: datetime) -> Policy:
    """The policy in a compiled document (see ``controller.policyfile.compile``); ``in_force_at`` is when it took force.

    Raises KeyError, TypeError or ValueError for a document of another form.
    """
    _known(document, KEYS)
    return Policy(
        revision=document["revision"],
        in_force_at=in_force_at,
        channel=document["channel"],
        rules=tuple(_rule(r) for r in _list(document["rules"])),
        resubmissions=tuple(_resubmission(r) for r in _list(document["resubmit"])),
        rate_limits=RateLimits(**document.get("brakes", {})),
        slack=_slack_settings(document.get("slack", {})),
        labels=Labels(**document.get("labels", {})),
        waivers=tuple(_waiver(w) for w in _list(document.get("waivers", ()))),
        agreed_rates=agreed_rates(document),
        trust_claims=document.get("trust_claims", False),
        checkpoint_ignore=_list(document.get("checkpoint_ignore", ())),
    )


def fields_read(document: Mapping[str, Any]) -> Mapping[tuple[str, ...], bool]:
    """The members of a job's description that the ``when`` expressions read, and whether a request may contain each."""
    return {
        path: requested
        for rule in document["rules"]
        if "when" in rule
        for path, requested in when_of(rule["when"]).fields.items()
    }


def _known(found: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Raises TypeError for an unknown key."""
    if unknown := sorted(set(found) - set(keys)):
        raise TypeError(f"unknown key {unknown[0]!r}")


def _only_fields_of(found: Mapping[str, Any], cls: type[Any]) -> None:
    _known(found, (one.name for one in fields(cls)))


def _slack_settings(found: Mapping[str, Any]) -> SlackSettings:
    """The ``slack`` part of the document."""
    words: dict[str, Any] = {"digest": DigestTime(**found.get("digest", {}))}
    if "tell" in found:
        words["tell"] = tuple(Importance(importance) for importance in _list(found["tell"]))
    if "may" in found:
        words["may"] = {UserRequest(ask): _list(ids) for ask, ids in found["may"].items()}
    if "read" in found:
        words["read"] = _list(found["read"])
    return SlackSettings(**{**found, **words})


def _list(found: Any) -> tuple[Any, ...]:
    """A list as a tuple. Raises TypeError for any other value: ``tuple`` would split a text into letters."""
    if not isinstance(found, list | tuple):
        raise TypeError(f"{str(found)[:40]!r} is not a list")
    return tuple(found)


def agreed_rates(document: Mapping[str, Any]) -> tuple[AgreedRate, ...]:
    """The rates in a compiled document, which are used instead of list prices."""
    return tuple(_agreed_rate(one) for one in _list(document.get("rates", ())))


def _agreed_rate(one: Mapping[str, Any]) -> AgreedRate:
    _only_fields_of(one, AgreedRate)
    return AgreedRate(
        instance_type=one["instance_type"], region=one["region"], spot=one["spot"], micros_per_h=one["micros_per_h"],
        since=date.fromisoformat(one["since"]), until=date.fromisoformat(one["until"]) if one["until"] else None,
        agreement=Agreement(one["agreement"]), usage_type=one["usage_type"],
    )  # fmt: skip


def _selector(found: Mapping[str, Any]) -> Selector:
    tags = {key: _list(values) for key, values in found.get("tags", {}).items()}
    return Selector(tags=tags, **{key: _list(values) for key, values in found.items() if key != "tags"})


def _rule(found: Mapping[str, Any]) -> Rule:
    _only_fields_of(found, Rule)
    return Rule(
        name=found["name"],
        kind=found["kind"],
        options=found["options"],
        match=_selector(found["match"]),
        mode=Mode(found["mode"]),
        severity=Severity(found["severity"]),
        action=RuleAction(found["action"]) if found["action"] else None,
        applies_to=AppliesTo(found["applies_to"]),
        channel=found["channel"],
        repair=_repair(found.get("repair", {})),
        rollout=_rollout(found.get("rollout", {})),
        when=_when(found["when"]) if "when" in found else None,
        docs=found.get("docs", ""),
    )


def _when(found: Mapping[str, Any]) -> When:
    _only_fields_of(found, When)
    return when_of(found)


def _rollout(found: Mapping[str, Any]) -> Rollout:
    _only_fields_of(found, Rollout)
    day, guard = found.get("enforce_from"), found.get("surprise")
    return Rollout(
        share=found.get("share", 1.0),
        enforce_from=date.fromisoformat(day) if day else None,
        surprise=SurpriseGuard(**guard) if guard else None,
    )


def _waiver(found: Mapping[str, Any]) -> Waiver:
    """A waiver of the policy. Raises ValueError if its end has no UTC offset, because the moment would be ambiguous."""
    _only_fields_of(found, Waiver)
    expires = datetime.fromisoformat(found["expires"])
    if expires.tzinfo is None:
        raise ValueError(f"the waiver {found['name']} expires at {found['expires']}, wanted a time with its zone")
    texts = {name: found[name] for name in ("name", "reason", "owner", "ticket")}
    return Waiver(**texts, rules=_list(found["rules"]), match=_selector(found["match"]), expires=expires)


def _repair(found: Mapping[str, Any]) -> Repair:
    _only_fields_of(found, Repair)
    allowed = {role: _list(prefixes) for role, prefixes in found.get("allowed", {}).items()}
    return Repair(checkpoint=found.get("checkpoint"), allowed=allowed, tags=found.get("tags", {}))


def _resubmission(found: Mapping[str, Any]) -> Resubmission:
    _only_fields_of(found, Resubmission)
    return Resubmission(
        name=found["name"],
        match=_selector(found["match"]),
        mode=Mode(found["mode"]),
        within_s=found["within_s"],
        causes={FailureCause(cause): _budget(budget) for cause, budget in found["causes"].items()},
        channel=found["channel"],
        ladder=tuple(_fallback_step(step) for step in _list(found.get("ladder", ()))),
        on_demand=found.get("on_demand", True),
        interruption_limit=InterruptionLimit(**found["interruption_limit"]) if found.get("interruption_limit") else None,
        deadline=_deadline(found.get("deadline", {})),
        cap_micros=found.get("cap_micros"),
        team_month_cap_micros=found.get("team_month_cap_micros"),
    )


def _fallback_step(found: Mapping[str, Any]) -> FallbackStep:
    _only_fields_of(found, FallbackStep)
    return FallbackStep(kind=FallbackKind(found["kind"]), values=_list(found["values"]))


def _budget(found: Mapping[str, Any]) -> Budget:
    per = BudgetPer(found.get("per", BudgetPer.LINEAGE))
    return Budget(**{**found, "beginnings": _list(found.get("beginnings", ())), "per": per})


def _deadline(found: Mapping[str, Any]) -> DeadlineSettings:
    guarantee = Guarantee(found.get("guarantee", Guarantee.DEADLINE))
    return DeadlineSettings(**{**found, "guarantee": guarantee})
