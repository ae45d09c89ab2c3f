"""``spotwarden forget``: removes a person from the ledger. Sums stay: the person's part is counted for the user "forgotten".

It replaces the value of the tag ``user``, also in a job's first tags, the ID of a Slack user who requested, waived or halted
something, and the name at the end of the ARN of a person whose CreateTrainingJob was refused.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from controller.aws.dynamodb.days import DynamoDays
from controller.aws.dynamodb.items import Item
from controller.aws.dynamodb.keys import REQUEST
from controller.aws.dynamodb.table import Table as LedgerTable
from controller.cli.input.options import Table
from controller.cli.ledger_data.whole_table import WholeTable
from controller.cli.ledger_data.with_table import with_table
from controller.ledger.messages.kind import ASKED_BY
from controller.savings.rollup import Rollup
from controller.units.plural import count

FORGOTTEN = "forgotten"
FIELDS = frozenset({"user", "who", "owner", "mention"})
CALLER = "caller"  # its text is the end of an ARN: user/NAME, or assumed-role/ROLE/NAME
TAGS = "tags"  # the tags of a job, as JSON
TRIES = 5
INDEX_S = 5  # wait for the index of days, which is eventually consistent, to have the rewritten rows; usually under 1 s
FIRST, LAST = date(2017, 1, 1), date(2999, 1, 1)


def run(
    person: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="The value of the person's tag user, and the person's Slack user id.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Change the rows. Without it, only count them.")] = False,
    table: Table = None,
) -> int:
    """Print how many rows name the person, and with ``--yes`` rewrite them."""
    return with_table(table, lambda client, name: forget(client, name, frozenset(person), write=yes))


def forget(client: Any, name: str, person: frozenset[str], *, write: bool, wait: Callable[[float], object] = time.sleep) -> int:
    """Rewrite the rows that name a person. Returns 1 if a row changed meanwhile: run it again. Raises boto3's errors.

    Days may be rolled up at the same time. A rollup of entries that were read before they were rewritten is refused, and the
    function that makes rollups reads them again. A rollup that was written earlier is rewritten.
    """
    table, days = WholeTable(client, name), DynamoDays(LedgerTable(client, name))
    counted: Counter[str] = Counter()
    summed = False  # whether there are entries, from which days are summed
    for row in table.rows():
        if row["pk"]["S"].startswith(REQUEST):
            continue  # signed, and becomes an entry within a minute, which can be rewritten
        summed = summed or "day_pk" in row
        after = without(row, person)
        if after is not None:
            changed = {part: value for part, value in after.items() if value != row.get(part)}
            counted["rows" if not write or table.change(row, **changed) else "left"] += 1
            row = after
        if _mentions(row, person):
            counted["mentions"] += 1
    if counted["rows"] and write:
        wait(INDEX_S)
    if write and summed:  # also if no row was rewritten: an earlier run may have been interrupted here
        days.note_forgotten()
    for day, rollup in list(days.rollups(FIRST, LAST)):
        if rollup_without(rollup, person) is not None:
            counted["days" if not write or _forget_in(days, day, person) else "days left"] += 1
    print("\n".join(_summary(counted, person, write=write)))
    return 1 if counted["left"] or counted["days left"] else 0


def _forget_in(days: DynamoDays, day: date, person: frozenset[str]) -> bool:
    """Rewrite the sums of a day; False if something else wrote them after each of TRIES reads."""
    for _ in range(TRIES):
        versions = days.versions(day)
        rest = next((rollup_without(rollup, person) for _, rollup in days.rollups(day, day + timedelta(days=1))), None)
        if rest is None or days.put_rollup(day, rest, if_still=versions):
            return True
    return False


def without(row: Item, person: frozenset[str]) -> Item | None:
    """The row without the person; None if it does not name the person. Other text is left as it is."""
    body = row.get("body", {}).get("M")
    if body is None:
        return None
    after = dict(row)
    after["body"] = {"M": {name: _attribute(name, value, person) for name, value in body.items()}}
    if "why" in row:
        after["why"] = _attribute("why", row["why"], person)
    return after if after != row else None


def _attribute(name: str, value: Mapping[str, Any], person: frozenset[str]) -> Mapping[str, Any]:
    text = value.get("S")
    if not isinstance(text, str):
        return value
    if name == "facts" and text.startswith("{"):
        return {"S": json.dumps(_document(json.loads(text), person), sort_keys=True)}
    if name == TAGS and text.startswith("{"):
        return {"S": json.dumps(_tags(json.loads(text), person), sort_keys=True)}
    return {"S": _text(name, text, person)}


def _document(value: Any, person: frozenset[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _text(name, part, person) if isinstance(part, str) else _document(part, person) for name, part in value.items()}


def _tags(tags: Mapping[str, Any], person: frozenset[str]) -> dict[str, Any]:
    """Tags of a job. The policy sets which tag names the user, so every value that is the name is replaced."""
    return {key: FORGOTTEN if isinstance(value, str) and value in person else value for key, value in tags.items()}


def _text(name: str, text: str, person: frozenset[str]) -> str:
    if name in FIELDS and text in person:
        return FORGOTTEN
    if name == CALLER and (text in person or text.rpartition("/")[2] in person):
        return f"{text.rpartition('/')[0]}/{FORGOTTEN}".lstrip("/")
    return f"{ASKED_BY}{FORGOTTEN}" if text.startswith(ASKED_BY) and text.removeprefix(ASKED_BY) in person else text


def rollup_without(rollup: Rollup, person: frozenset[str]) -> Rollup | None:
    """The same sums, with the person's part counted for FORGOTTEN; None if the person has no part."""
    theirs = {group: savings for group, savings in rollup.groups.items() if group.user in person}
    if not theirs:
        return None
    rest = replace(rollup, groups={group: savings for group, savings in rollup.groups.items() if group not in theirs})
    for group, savings in theirs.items():
        rest += Rollup(groups={group._replace(user=FORGOTTEN): savings})
    return rest


def _mentions(row: Item, person: frozenset[str]) -> bool:
    return any(name in text for text in _texts(row) for name in person)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)


def _summary(counted: Counter[str], person: frozenset[str], *, write: bool) -> Iterator[str]:
    names = ", ".join(sorted(person))
    verb = "rewritten" if write else "to rewrite; --yes does it"
    yield f"{names}: {count(counted['rows'], 'row')} and the sums of {count(counted['days'], 'day')} {verb}"
    if counted["left"]:
        yield f"{count(counted['left'], 'row')} changed meanwhile: run the command again"
    if counted["days left"]:
        yield f"the sums of {count(counted['days left'], 'day')} changed meanwhile: run the command again"
    if counted["mentions"]:
        yield f"the name stays in other text of {count(counted['mentions'], 'row')}, such as a job's name, a reason or a policy"
    if write:
        yield "the tag on jobs of SageMaker stays: a job that still runs records it again, so run this again once it has ended"
