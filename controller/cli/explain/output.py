"""What ``spotwarden explain`` prints: text for people, or one JSON object per job for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.cli.check.finding_text import found_text
from controller.cli.check.judging import Checked
from controller.cli.explain.reasons import BlockReason, Looked, RuleReason, WaiverReason
from controller.cli.explain.timeline import Event
from controller.cli.explain.values import options_text, wanted_text
from controller.cli.output.printable import json_text, printable
from controller.policyfile.cases import NONE
from controller.units.free_text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The explanation of one job. ``action``: what would be done to it. ``coming``: what happens next, and when.

    ``older``: the job was created before the policy took force, so rules for new jobs do not act on it. ``story``: what the
    ledger contains, None for a job in a file. ``short``: sentences on what happened to the job. ``priced_in``: the region whose
    prices are used if the document contains none.
    """

    checked: Checked
    at: datetime
    folder: str
    files: tuple[str, ...]
    revision: str
    rules: tuple[RuleReason, ...] = ()
    blocks: tuple[BlockReason, ...] = ()
    action: str = NONE
    older: bool = False
    priced_in: str = ""
    coming: tuple[Event, ...] = ()
    lineage: str = ""
    story: tuple[Event, ...] | None = None
    short: tuple[str, ...] = ()


def as_text(found: Explained) -> str:
    """The explanation for a terminal."""
    return "".join(f"{printable(line)}\n" for line in _lines(found))


def _lines(found: Explained) -> Iterable[str]:
    checked = found.checked
    name = checked.job.name if checked.job else checked.found.name
    yield f"{name}  ({checked.found.where}), at {found.at:%Y-%m-%d %H:%M} UTC"
    files = f" of {', '.join(found.files)}" if found.files else ""
    yield f"policy {found.revision}, {found.folder}{files}"
    if found.older:
        yield "  the job was created before this policy was in force: only rules with applies_to: running act on it"
    yield f"verdict: {checked.word}; action: {found.action}"
    if found.priced_in:
        yield f"  the document does not contain the region: prices are those of {found.priced_in}"
    for refusal in checked.refused:
        yield f"  SageMaker would refuse it: {refusal.field} is {refusal.found}; wanted: {refusal.wanted}"
    if found.short:
        yield "in short"
        yield from (f"  {one_line(line, 400)}" for line in found.short)
    yield "rules"
    for rule in found.rules:
        yield from _rule(rule)
    if found.blocks:
        yield "submitting again"
        for block in found.blocks:
            yield f"  {block.name} ({block.mode}){_at(block)}: {'applies' if block.chosen else 'does not apply'}{_why(block.why)}"
            yield from _selector(block)
    fix = checked.fix
    if fix.request:
        yield f"the fix: {one_line(json.dumps(fix.request, ensure_ascii=False), 2000)}"
    if fix.tags:
        yield f"  its tags are {fix.tags}"
    if fix.why_not:
        yield f"no fix: {fix.why_not}"
    yield "what comes next"
    yield from (f"  {_event(event)}" for event in found.coming)
    if not found.coming:
        yield "  nothing"
    if found.story is not None:
        yield f"history of the lineage {found.lineage}"
        yield from (f"  {_event(event)}" for event in found.story)
        if not found.story:
            yield "  the ledger has no entry about it yet"


def _rule(rule: RuleReason) -> Iterable[str]:
    action = f", {rule.action}" if rule.action else ""
    yield f"  {rule.name} ({rule.kind}, {rule.mode}{action}){_at(rule)}: {rule.outcome}"
    yield from _selector(rule)
    if rule.options:
        yield f"      options: {options_text(rule.options)}"
    if rule.rollout:
        yield f"      roll-out: {rule.rollout}"
    for name, value in rule.read.items():
        yield f"      {name} is {value}"
    if rule.missing:
        yield f"      the document does not contain {', '.join(rule.missing)}"
    if rule.unseen:
        yield f"      not known here: {'; '.join(rule.unseen)}"
    if rule.finding is not None:
        yield f"      {found_text(rule.kind, rule.finding.field, rule.finding.found)}; wanted: {rule.finding.wanted}"
        if rule.finding.risk:
            yield f"      {rule.finding.risk}"
    if rule.left_alone:
        yield f"      {rule.left_alone}"
    if rule.held_back:
        yield f"      it only warns: {rule.held_back}"
    for waiver in rule.waivers:
        yield f"      waiver {waiver.name}{_at(waiver)}, to {waiver.expires:%Y-%m-%d %H:%M} UTC: {_counts(waiver)}"
        yield from (f"    {line}" for line in _selector(waiver))


def _selector(looked: Looked) -> Iterable[str]:
    for part in looked.selector:
        lacking = "which the document does not contain" if part.matches is None else "which the job lacks"
        found = lacking if part.found is None else f"found {part.found}"
        word = {True: "matches", False: "does not match", None: "unknown"}[part.matches]
        yield f"      {part.key}: wanted {wanted_text(part.wanted)}, {one_line(found, 200)}: {word}"


def _counts(waiver: WaiverReason) -> str:
    return waiver.why_not or one_line(f"it applies: {waiver.says}", 400)


def _at(looked: Looked) -> str:
    return f" {looked.place}" if looked.place else ""


def _why(text: str) -> str:
    return f", {text}" if text else ""


def _event(event: Event) -> str:
    return f"{event.at:%Y-%m-%d %H:%M:%S}  {event.kind:<7}  {event.text}"


def as_json(found: Explained) -> str:
    """The explanation as one JSON object on a line."""
    checked, job = found.checked, found.checked.job
    document = {
        "job": job.name if job else checked.found.name,
        "file": checked.found.file,
        "path": checked.found.path,
        "line": checked.found.line,
        "at": found.at.isoformat(),
        "policy": {"folder": found.folder, "files": list(found.files), "revision": found.revision},
        "created_before_policy": found.older,
        "verdict": checked.word.value if checked.word else None,
        "action": found.action,
        "refused": [{"field": r.field, "found": r.found, "wanted": r.wanted} for r in checked.refused],
        "in_short": list(found.short),
        "rules": [_rule_json(rule) for rule in found.rules],
        "resubmit": [
            {**_looked(block), "mode": block.mode, "counts": block.chosen, "why": block.why or None} for block in found.blocks
        ],
        "fix": {"request": checked.fix.request, "why_not": checked.fix.why_not or None, "tags": checked.fix.tags or None},
        "next": [_event_json(event) for event in found.coming],
        "lineage": found.lineage or None,
        "timeline": None if found.story is None else [_event_json(event) for event in found.story],
    }
    return json_text(document) + "\n"


def _rule_json(rule: RuleReason) -> Mapping[str, Any]:
    finding = rule.finding
    broken = None if finding is None else {"field": finding.field, "found": finding.found, "wanted": finding.wanted}
    return {
        **_looked(rule),
        "kind": rule.kind,
        "mode": rule.mode,
        "rule_action": rule.action or None,
        "options": dict(rule.options),
        "outcome": rule.outcome,
        "values": dict(rule.read),
        "missing": [*rule.missing, *rule.unseen],
        "rollout": rule.rollout or None,
        "held_back": rule.held_back or None,
        "left_alone": rule.left_alone or None,
        "finding": broken,
        "waivers": [_waiver_json(waiver) for waiver in rule.waivers],
    }


def _waiver_json(waiver: WaiverReason) -> Mapping[str, Any]:
    return {
        **_looked(waiver),
        "expires": waiver.expires.isoformat(),
        "says": waiver.says,
        "counts": not waiver.why_not,
        "why_not": waiver.why_not or None,
    }


def _looked(looked: Looked) -> dict[str, Any]:
    parts: Sequence[Mapping[str, Any]] = [
        {"key": p.key, "wanted": list(p.wanted), "found": p.found, "matches": p.matches} for p in looked.selector
    ]
    return {"name": looked.name, "place": looked.place or None, "about": looked.about, "selector": parts}


def _event_json(event: Event) -> Mapping[str, Any]:
    return {"at": event.at.isoformat(), "kind": event.kind, "text": event.text, "open": event.open}
