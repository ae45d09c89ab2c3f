"""The texts about rules that jobs break. One function per kind of message."""

from __future__ import annotations

import json

from controller.ledger.messages.kind import NextStep
from controller.ledger.messages.message import RuleBroken, SurpriseHeld, TuningFlagged
from controller.notifications.messages.text import MessageText, bold, explained, next_cost, sentence, small_print
from controller.notifications.mrkdwn import code, escaped
from controller.units.plural import count

SEVERITY_EMOJI = {"low": ":information_source:", "medium": ":warning:", "high": ":rotating_light:"}


TUNING_TO_DO = "Change the definition for the next tuning job, or ask the owner of the policy for an exception."
MEANING = {  # the consequence, for kinds of rules whose findings have no ``risk``
    "spot-required": "On-demand is billed at the full price.",
    "max-wait-limit": "With this value, a job that finds no spot capacity waits that long before anybody is told.",
    "max-runtime-limit": "A job that hangs is billed until then.",
    "uncheckpointed-cap": "Each interruption starts the job over.",
    "checkpoint-exclusive": "Jobs that share a prefix may restore or overwrite each other's checkpoints.",
    "tags-required": "Without them, nobody knows whose job and whose money it is.",
    "instance-allowed": "The policy does not allow the others.",
}
ALARM = "checkpoint-alive"  # found while a job trains; each day, only the first such job of a channel has its own message
HELD_BACK = {
    "share": "it is rolled out, and this job is not in its share yet",
    "date": "it is enforced only for jobs created from its date on",
    "surprise": "its guard holds it back",
}


def _in_force(m: RuleBroken) -> str:
    """The mode and the policy revision with which the rule was applied; empty in messages of older versions."""
    if not m.mode:
        return ""
    why = f" ({HELD_BACK[m.held_back]})" if m.held_back in HELD_BACK else ""
    return f"mode {m.mode}{why}, policy {m.revision}"


def rule_broken(m: RuleBroken) -> MessageText:
    what = f"{sentence(m.found)} {escaped(m.risk)}" if m.risk else broken_because(m.rule, m.field, m.found, m.wanted)
    return explained(
        _title(m),
        why=what,
        about=(_claimed(m.claimed), escaped(m.lapsed)),
        next_step=_next_step(m),
        to_do=_todo(m),
        small=small_print(m.job, _in_force(m)),
    )


def _title(m: RuleBroken) -> str:
    """The title. It differs for a stop, a repair and a warning, so that people see at once what happened."""
    rule = f'the rule "{escaped(m.policy)}"'
    if m.job.outcome is None and m.next_step is NextStep.STOP:
        return f":octagonal_sign: {bold(m.job.name)} is being stopped: it breaks {rule}"
    if m.job.outcome is None and m.next_step is NextStep.REPAIR:
        return f":wrench: {bold(m.job.name)} is being stopped and repaired: it breaks {rule}"
    return f"{SEVERITY_EMOJI.get(m.severity, ':warning:')} {bold(m.job.name)} breaks {rule}"


def broken_because(rule: str, field: str, found: str, wanted: str) -> str:
    """The value found, the value that the rule requires, and the consequence."""
    verb = ":" if field == "Tags" else " is"
    return f"{escaped(field)}{verb} {escaped(found)}. Required: {escaped(wanted)}. {MEANING.get(rule, '')}".rstrip()


def tuning_flagged(m: TuningFlagged) -> MessageText:
    which = f"Its definition {bold(m.definition)} starts training jobs like that." if m.definition else ""
    return explained(
        f'{SEVERITY_EMOJI.get(m.severity, ":warning:")} The tuning job {bold(m.job.name)} breaks the rule "{escaped(m.policy)}"',
        why=f"{escaped(m.field)}: {escaped(m.found)}. Required: {escaped(m.wanted)}.",
        about=(which,),
        next_step="The tuning job and its training jobs keep running. Rules never stop them.",
        to_do=f"Change the definition for the next tuning job: {_change(m.fix)}" if m.fix else TUNING_TO_DO,
        small=small_print(m.job, f"mode {m.mode}, policy {m.revision}"),
    )


def _change(text: str) -> str:
    """A fix as text. Tags are listed separately, because a merge of the JSON would replace all tags of the job."""
    change = json.loads(text)
    tags = [code(f"{tag['Key']}={tag['Value']}") for tag in change.pop("Tags", ())]
    added = f"keep its tags and add {', '.join(tags)}" if tags else ""
    return "; ".join(part for part in (code(json.dumps(change)) if change else "", added) if part)


def _claimed(service: str) -> str:
    if not service:
        return ""
    return f"Its name or tags say that it belongs to {escaped(service)}. Nothing proves that, so rules apply to it."


def _next_step(m: RuleBroken) -> str:
    if m.job.outcome is not None:  # the job ended before it was judged, so it cannot be stopped or repaired
        return "The job has ended. Nothing is done automatically."
    match m.next_step:
        case NextStep.STOP:
            return "The job is being stopped. It is not submitted again automatically."
        case NextStep.REPAIR:
            return f"The job is being stopped and submitted again with the change below. {next_cost(m.next_micros)}".rstrip()
        case NextStep.CANNOT_REPAIR:
            return f"The job keeps running: it cannot be repaired automatically. {sentence(m.why_not)}"
        case NextStep.STILL_BROKEN:
            return "The job keeps running. It was repaired once and still breaks the rule; there is no second repair."
        case NextStep.NOTHING:
            return "The job keeps running. Nothing is done automatically."


def _todo(m: RuleBroken) -> str:
    """What a person can do about a broken rule."""
    if m.next_step is NextStep.REPAIR and m.job.outcome is None:
        return f"Nothing for this job. For the next one, change the request: {_change(m.fix)}" if m.fix else "Nothing."
    if m.fix:
        if m.next_step is NextStep.STOP and m.job.outcome is None:
            return f"Change the request and submit the job again: {_change(m.fix)}"
        return f"For the next job, change the request: {_change(m.fix)}"
    if m.risk and m.rule not in ("", ALARM):  # messages of older versions have no rule kind
        return f"Change the next job. Required: {escaped(m.wanted)}."
    if m.risk:
        return (
            f"Check that the training script saves checkpoints below CheckpointConfig.LocalPath ({code('/opt/ml/checkpoints')}"
            " if it is not set). If it does not, stop the job, correct the script and submit the job again."
            " To accept the risk, do nothing."
            " The daily digest counts other jobs with this problem."
        )
    return "Change the request for the next job, or ask the owner of the policy for an exception."


def surprise_held(m: SurpriseHeld) -> MessageText:
    return explained(
        f":octagonal_sign: The rule {escaped(m.policy)} acts on more jobs than its guard allows, and only warns from now on",
        why=f"Since policy {code(m.revision)} took force, it would act on {count(m.jobs, 'job')}"
        f" of {count(m.teams, 'team')}. The last of them is {bold(m.job.name)}.",
        next_step="The job keeps running, and the rule waits for a person.",
        to_do="Correct the rule, or raise its guard. Either makes a new policy revision, whose count starts at zero.",
        small=small_print(m.job),
    )
