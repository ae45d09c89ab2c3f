"""Other people's text has no effect: no mentions, links or formatting in Slack, and nothing that reports would execute.

Each text is made twice, with a harmless word and with a hostile one. The markup of both must be the same.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Flagged, Measured, Started, Waived
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, Stop
from controller.ledger.messages.kind import MessageKind
from controller.ledger.messages.message import MESSAGES
from controller.notifications.block_kit import Page, pages
from controller.notifications.card import card
from controller.notifications.digest import DigestNotes, digest_parts
from controller.notifications.messages.catalogue import describe
from controller.notifications.messages.storm import storm_head
from controller.notifications.messages.text import bold, halted_text, mention_of, misdirected, person, reason
from controller.notifications.mrkdwn import code, escaped, plain
from controller.notifications.parts import Button, Buttons, Chart, Header, Part, Small, Table, Text
from controller.notifications.report_formats.as_csv import as_csv
from controller.notifications.report_formats.as_html import as_html
from controller.notifications.report_formats.as_text import as_text
from controller.notifications.waiver_form import waiver_form
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.savings.report import By, report_of
from controller.savings.rollup import roll_up
from infra.local.host import Host
from tests.builders import BEGIN, lineage, policy
from tests.security.lab import lab, launch, messages, request, run
from tests.security.test_halt import POLICY

HARMLESS = "word"
HOSTILE = (
    "<!channel>", "<!here|everybody>", "<@U0VICTIM>", "<!subteam^S0VICTIM>", "<https://evil.example|Full report>",
    "https://evil.example/login", "evil.example", "mailto:a@evil.example", "@here", "@channel", "#general", "&lt;!channel&gt;",
    "&amp;lt;!channel&amp;gt;", "*bold*", "_italic_", "~struck~", "`code`", "```block```", "> quoted", ">>> quoted", "a*b*c",
    "ml.g5.*", ":tada:", "::bell:", "x:rotating_light:", ":1234:", ":おはよう:", "a" + "\u0335\u0489" * 90,
    "line\nbreak\r\nbreak\u2028break", "*Next step*\nNone planned",
    "\u202eright to left", "\u2066isolated\u2069", "zero\u200bwidth\ufeff", "\x00\x07\x1b[2J", "\x9b31m", "half \ud83d",
    "_", "*", "`", "~", "<", ">", "&", "=HYPERLINK(1)", "  ", "\u3164", "x" * 2000, "<!channel>" * 100, "*" * 900, "&" * 900,
    "🎉" * 900, "<" + "@U0VICTIM" * 99,
)  # fmt: skip
MARKUP = re.compile(
    r"(?P<code>`[^`\n]*`)|(?P<tick>`)|(?P<bold>\*)|(?P<italic>(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
    r"|(?P<struck>(?<![A-Za-z0-9])~|~(?![A-Za-z0-9]))|:(?P<emoji>1234|[\w+'-]*[^\W\d_][\w+'-]*):|(?P<line>\n)|(?P<quote>^&gt;)"
)
WORDS = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=60), st.text(st.sampled_from("<>@!&*_~`:#|^/ \n\u202ea1;="), max_size=40)
)


def markup(text: str) -> Counter[str]:
    """Count the markup that Slack would recognise, by kind."""
    kinds = Counter(kind for found in MARKUP.finditer(text) for kind in found.groupdict() if found[kind] is not None)
    return kinds + Counter(entity=text.count("<"))  # also in code


def strings(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from strings(inner)
        case list() | tuple():
            for inner in value:
                yield from strings(inner)


def objects(value: Any) -> Iterable[dict[str, Any]]:
    """All text objects in some blocks."""
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text"):
            yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from objects(inner)


def is_inert(page: Page, harmless: Page) -> None:
    """Whether a page has the same markup as with a harmless word, and tells Slack to add none (verbatim)."""
    shown = [o for o in objects(page.blocks) if o["type"] == "mrkdwn"]
    assert all(o["verbatim"] is True for o in shown)
    assert all(o["emoji"] is False and "\n" not in o["text"] for o in objects(page.blocks) if o["type"] == "plain_text")
    for one in (page.text, *strings(page.blocks)):
        assert not any(category(c) in ("Cc", "Cf", "Cs") and c != "\n" for c in one)
        one.encode("utf-8")
    if "The message itself contains more" not in page.text:
        same_markup(page.text, harmless.text)
    same_markup(
        "\n".join(o["text"] for o in shown), "\n".join(o["text"] for o in objects(harmless.blocks) if o["type"] == "mrkdwn")
    )


def same_markup(found: str, wanted: str) -> None:
    """Whether there are no more lines than with a harmless word (empty lines are left out), and the same markup."""
    found_markup, wanted_markup = markup(found), markup(wanted)
    lines, wanted_lines = found_markup.pop("line", 0), wanted_markup.pop("line", 0)
    assert lines <= wanted_lines + 1 or len(found) > 2000  # a long label is repeated in full below; a long text is split
    assert found_markup == wanted_markup


def check(make: Any, word: str) -> None:
    """Compare all pages together, because a longer word may need one more page."""
    is_inert(whole(pages(make(word))), whole(pages(make(HARMLESS))))


def whole(made: Iterable[Page]) -> Page:
    several = tuple(made)
    return Page(text="\n".join(page.text for page in several), blocks=tuple(b for page in several for b in page.blocks))


# ── every place where a foreign word can stand ───────────────────────────────────────────────────────────────────────────────


def filled(hint: Any, word: str) -> Any:
    """A value of a type, with the word in all its texts."""
    if get_origin(hint) in (Union, type(int | None)) and type(None) in get_args(hint):
        return filled(next(h for h in get_args(hint) if h is not type(None)), word)
    if is_dataclass(hint):
        cls: Any = hint
        return cls(**{f.name: filled(get_type_hints(cls)[f.name], word) for f in fields(cls) if f.init})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint))
    return {str: word, int: 3, bool: True, datetime: BEGIN}[hint]


def message(kind: MessageKind, word: str) -> Any:
    made = filled(MESSAGES[kind], word)
    for name in ("fix", "changes", "was"):
        if hasattr(made, name):
            made = replace(made, **{name: json.dumps({"Environment": word})})
    if hasattr(made, "broken"):
        made = replace(made, broken=json.dumps([dict.fromkeys(("rule", "field", "found", "wanted"), word)]))
    return made


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_kind_of_message_is_inert(kind: MessageKind) -> None:
    for word in HOSTILE:
        check(lambda w: misdirected(describe(message(kind, w)), w, w).parts(mention="U0OWNER"), word)


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_storm_is_inert(kind: MessageKind) -> None:
    for word in HOSTILE:
        check(lambda w: storm_head(kind, [w] * 12, [w, "U0OWNER"]), word)


def parts_of_card(word: str) -> tuple[Part, ...]:
    started = Started(
        job=word, at=BEGIN, team=word, number=1, spot=True, instance_type=word, instance_count=1, region=word, service=None,
        checkpoint_uri=None, user=word,
    )  # fmt: skip
    waived = Waived(
        job=word, at=BEGIN, team=word, policy=word, who=word, reason=word, ticket=word, until=BEGIN + timedelta(days=9)
    )
    stop = Intent(action=Stop(about=word, because=word), due_at=BEGIN)
    return card(lineage(entries=(started, waived), intents=(stop,)), policy(), BEGIN + timedelta(hours=1))


def parts_of_digest(word: str) -> tuple[Part, ...]:
    measured = Measured(
        job="j", at=BEGIN, team=word, training_s=9000, billable_s=900, spot=True, instance_type="ml.g5.xlarge", instance_count=1,
        region="us-east-1", rate_micros_per_h=1_000_000, rate_as_of=BEGIN.date(), rate_source="s", user=word,
    )  # fmt: skip
    flagged = Flagged(
        job="j", at=BEGIN, team=word, rule="r", policy=word, severity=Severity.HIGH, mode=Mode.WARN, field=word, found=word,
        wanted=word, revision="r1",
    )  # fmt: skip
    ended = Ended(
        job="j", at=BEGIN, team=word, outcome=Outcome.COMPLETED, seen_at=BEGIN, failure=word, spot=True,
        instance_type="ml.g5.xlarge", region="us-east-1",
    )  # fmt: skip
    day = BEGIN.date()
    rollup = roll_up([measured, replace(measured, job="k", team="other", user="other"), flagged, ended])
    report = report_of({day: rollup}, day, day + timedelta(days=1), by=By.TEAM, teams=[word, "other"])
    waived = Waived(job=word, at=BEGIN, team=word, policy=word, who=word, reason=word, ticket=word, until=BEGIN)
    notes = DigestNotes(halt=Halt(why=word, who=word, since=BEGIN), waivers=(waived,), shelved=(bold(word),))
    return digest_parts(report, report, notes)


def parts_of_others(word: str) -> tuple[Part, ...]:
    return (
        Header(word),
        Text(f"{escaped(word)} {bold(word)} {code(word)} {plain(word)} {person(word)} {mention_of(word)} {reason(word)}"),
        Small(halted_text(Halt(why=word, who=word, since=BEGIN))),
        Table(caption=word, columns=(word, word), rows=((word, word),)),
        Chart(title=word, kind="bar", categories=(word, "b"), series=((word, (1.0, 2.0)),)),
        Buttons((Button(text=word, action_id="a", value="v", confirm=word),)),
    )


@pytest.mark.parametrize("make", [parts_of_card, parts_of_digest, parts_of_others])
@pytest.mark.parametrize("word", HOSTILE)
def test_cards_digests_and_every_part_of_a_message_are_inert(make: Any, word: str) -> None:
    check(make, word)
    for page in pages(make(word), native=False):
        assert all(o["verbatim"] is True for o in objects(page.blocks) if o["type"] == "mrkdwn")
        assert "<!" not in page.text.replace("<!date^", "")


@given(WORDS)
@example("x:rotating_light: y")
@example("a_b __init__ ~x~y")
def test_whatever_the_word_a_text_keeps_its_markup(word: str) -> None:
    for make in (escaped, plain, code, bold, person):
        one = lambda w, make=make: (Text(f"• {make(w)} (*b* {make(w)}) `c` {make(w)}"),)  # noqa: E731  # one line says it
        check(one, word)
    assert escaped(escaped(HARMLESS)) == HARMLESS


def test_text_that_people_copy_is_unchanged() -> None:
    for name in (
        "bert-2026-r02",
        "team_a",
        "my.team/one",
        "arn:aws:iam::123456789012:role/team_a",
        "s3://bucket/a_b/c~d",
        "12:30:45",
    ):
        assert escaped(name) == name


@pytest.mark.parametrize("word", HOSTILE)
def test_the_form_of_a_waiver_is_plain_text_without_emoji(word: str) -> None:
    view = waiver_form("a/b/c/d", word, [word, "other"], most=BEGIN.date())
    found = list(objects(view))
    assert len(found) > 8
    assert all(o["type"] == "plain_text" and o["emoji"] is False and "\n" not in o["text"] for o in found)


# ── reports ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\u200b=1", "\uff1d1", "x;=1+1", 'x",=1', "x\n=1", "x,@y", "x\t-1",
    "'=1", '"=1"',
)  # fmt: skip


@pytest.mark.parametrize("word", [*FORMULAS, *HOSTILE])
def test_no_cell_of_a_csv_begins_a_formula_whatever_separates_its_cells(word: str) -> None:
    report = report_named(word)
    for separator in ",;\t|":
        for row in csv.reader(io.StringIO(as_csv(report)), delimiter=separator):
            for cell in row:
                assert not re.match(r"\s*\"?\s*[=+@\uff1d\uff0b\uff20]", cell), cell
                assert not re.match(r"\s*-(?![0-9.]+$)", cell), cell


@pytest.mark.parametrize("word", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "]]>", *HOSTILE])
def test_no_name_in_a_report_is_markup_or_moves_a_cursor(word: str) -> None:
    report = report_named(word)
    page, text = as_html(report), as_text(report)
    assert len(re.findall("<(script|img|a|iframe)\\b", page)) == len(
        re.findall("<(script|img|a|iframe)\\b", as_html(report_named(HARMLESS)))
    )
    assert "onerror=alert(1)>" not in page.replace("&gt;", "")
    for found in (page, text):
        assert not any(category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" for c in found)
    assert text.count("\n") == as_text(report_named(HARMLESS)).count("\n")


def report_named(word: str) -> Any:
    measured = Measured(
        job="j", at=BEGIN, team=word, training_s=9000, billable_s=900, spot=True, instance_type="ml.g5.xlarge", instance_count=1,
        region="us-east-1", rate_micros_per_h=1_000_000, rate_as_of=BEGIN.date(), rate_source="s", user=word,
    )  # fmt: skip
    day = BEGIN.date()
    rollup = roll_up([measured, replace(measured, job="k", team="other")])
    return report_of({day: rollup}, day, day + timedelta(days=1), by=By.TEAM, teams=[word, "other"])


# ── through the handlers ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def host() -> Any:
    with lab(POLICY) as running:
        launch(running, request("warm-up", "ads", checkpoint=None, runtime_h=1, wait_h=2, work_s=300))
        run(running, minutes=1)
        hostile = request("hostile", "vision", runtime_h=100, wait_h=120, work_s=3000)
        tags = {"team": "@here :tada: _x_", "user": "@channel _y_ https://evil.example"}  # characters that tags allow
        hostile["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        launch(running, hostile)
        run(running, hours=30)
        yield running


def test_a_posted_message_mentions_and_links_nothing(host: Host) -> None:
    posted = messages(host)
    assert any("hostile" in message.text for message in posted)
    for message in posted:
        for found in objects(message.blocks):
            assert found.get("verbatim") is True or found.get("emoji") is False
        for text in (message.text, *(o["text"] for o in objects(message.blocks))):
            assert not re.search(r"<(?!!date\^)[@!#]|<https?:(?!//[a-z0-9.-]*console\.aws)", text)
            assert ":tada:" not in text


def test_slack_is_asked_to_make_no_links_and_no_mentions(host: Host) -> None:
    posts = [arguments for method, arguments in host.slack.asked if method in ("chat.postMessage", "chat.update")]
    assert posts
    for arguments in posts:
        assert (arguments["parse"], str(arguments["link_names"])) == ("none", "False")
    assert all(
        str(a["unfurl_links"]) == str(a["unfurl_media"]) == "False" for m, a in host.slack.asked if m == "chat.postMessage"
    )


def test_an_answer_to_a_click_is_inert(host: Host) -> None:
    people = host.slack.users
    assert people is not None
    message = next(m for m in messages(host) if m.thread_ts is None and "*warm-up*" in m.text)
    value = next(e["value"] for b in message.blocks if b["type"] == "actions" for e in b["elements"])
    hostile = json.dumps({**json.loads(value), "job": "<!channel> *x* `y`\n:tada:"})
    button = {"type": "button", "action_id": "spotwarden/stop", "value": hostile}
    host.slack.messages.append(replace(message, ts="9.9", blocks=({"type": "actions", "elements": [button]},)))
    people.press(host.slack, "9.9", "spotwarden/stop")
    assert people.ephemerals[-1].startswith("*&lt;!channel&gt; \u2217x\u2217 'y' \ua789tada:*")
    assert all(found["verbatim"] is True for found in objects(people.ephemeral_blocks[-1]))
    assert people.ephemeral_blocks[-1]
