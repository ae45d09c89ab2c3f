"""Messages as plain text, for subscribers of an SNS topic, such as mail and pagers, which do not know Slack's markup.

Limits of SNS (the Publish API): a subject has fewer than 100 ASCII characters, no control characters, and begins with a letter,
digit or punctuation mark; a message is UTF-8 of at most 262,144 bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from controller.notifications.block_kit import Block, Page
from controller.units.value import dataclass

SUBJECT_MAX = 99
BODY_BYTES_MAX = 256_000
TITLE = "Spotwarden"
CUT = "\n… The rest does not fit into an SNS message."

TOKENS = re.compile(r"<([^<>]*)>|`([^`\n]*)`|(?<!\S)(:[a-z0-9_+-]+:(?: |$))|(\*)")
DATE = re.compile(r"!date\^[0-9]+\^[^|]*\|(.*)", re.DOTALL)
PERSON, GROUP = re.compile(r"@([UW][A-Z0-9]+)"), re.compile(r"!subteam\^(S[A-Z0-9]+)")
LINK_BEGINS = re.compile(
    r"(?i)\b(?:(?:https?|ftps?|mailto|javascript|data|file|tel|sms|callto)(?=:)|(?!s3:)[a-z][a-z0-9+-]*(?=://))(?P<colon>:)"
    r"|\bwww(?P<dot>\.)|(?P<share>\\)(?=\\)"
)
"""Text that mail programs turn into a link: a URL, a name that begins with www, a Windows share."""
# Maps the similar characters that ``mrkdwn.escaped`` writes back to the original ones.
LOOKALIKES = str.maketrans({"\u2217": "*", "\u02cd": "_", "\u223c": "~", "\ua789": ":", "\u203a": ">"})
UNUSABLE = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # control characters and surrogates
ASCII = str.maketrans({
    "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u00d7": "x", "\u00b7": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"',
    "\u201d": '"', "\u2022": "-",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainMessage:
    """The subject and the message for the Publish API of SNS."""

    subject: str
    body: str


def plain_message(page: Page, where: str = "") -> PlainMessage:
    """A page as plain text; ``where`` (an account and a region) is at the end of the subject."""
    body = "\n\n".join(filter(None, map(str.strip, _texts(page.blocks)))) or plain_text(page.text)
    body = _cut_to_limit(UNUSABLE.sub("", body).strip() or "–")
    return PlainMessage(subject=_subject(body.partition("\n")[0], where), body=body)


def plain_text(mrkdwn: str) -> str:
    """Spotwarden's own mrkdwn as text: times in UTC, links as URLs. URLs in other people's text are made unclickable."""
    made, last = [], 0
    for token in TOKENS.finditer(mrkdwn):
        made.append(_of_others(mrkdwn[last : token.start()]))
        made.append(_token(*token.groups()))
        last = token.end()
    return "".join((*made, _of_others(mrkdwn[last:])))


def _token(link: str | None, code: str | None, emoji: str | None, bold: str | None) -> str:
    del bold
    if code is not None:
        return _of_others(code)
    return _link(link) if emoji is None and link is not None else ""


def _link(found: str) -> str:
    """The text for what is between < and >: a time, a mention or a link. In other people's text, these signs are escaped."""
    if (date := DATE.fullmatch(found)) is not None:
        return date[1]
    if (person := PERSON.fullmatch(found)) is not None:
        return f"the Slack user {person[1]}"
    if (group := GROUP.fullmatch(found)) is not None:
        return f"the Slack group {group[1]}"
    address, _, label = found.partition("|")
    return f"{_of_others(label)} <{_decoded(address)}>" if label else _decoded(address)


def _of_others(text: str) -> str:
    return without_links(_decoded(text).translate(LOOKALIKES))


def without_links(text: str) -> str:
    """The text with ``https[:]`` for ``https:`` and ``www[.]`` for ``www.``, so that mail programs make no links of it."""
    return LINK_BEGINS.sub(lambda found: f"{found[0][:-1]}[{found[0][-1]}]", text)


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _texts(blocks: Iterable[Block]) -> Iterable[str]:
    """The text of each block. Nothing if there is a data_table or data_visualization: then ``Page.text`` has to be used."""
    made: list[str] = []
    for block in blocks:
        match block["type"]:
            case "header":
                made.append(_text(block["text"]))
            case "section":
                made.append("\n".join(map(_text, [*([block["text"]] if "text" in block else []), *block.get("fields", ())])))
            case "context":
                made.append(" ".join(map(_text, block["elements"])))
            case "actions":
                continue
            case _:
                return ()
    return made


def _text(found: Any) -> str:
    return plain_text(found["text"]) if found["type"] == "mrkdwn" else without_links(found["text"])


def _cut_to_limit(body: str) -> str:
    whole = body.encode()
    if len(whole) <= BODY_BYTES_MAX:
        return body
    return whole[: BODY_BYTES_MAX - len(CUT.encode())].decode("utf-8", "ignore").rstrip() + CUT


def _subject(title: str, where: str) -> str:
    ends = _ascii(f" ({where})") if where else ""
    begins, room = f"{TITLE}: ", SUBJECT_MAX - len(TITLE) - 2 - len(ends)
    flat = _ascii(title)
    return f"{begins}{flat if len(flat) <= room else f'{flat[: room - 3].rstrip()}...'}{ends}"


def _ascii(text: str) -> str:
    """The text in ASCII: letters without accents, and question marks for all other characters."""
    parts = unicodedata.normalize("NFKD", text.translate(ASCII))
    bare = "".join(c for c in parts if not unicodedata.combining(c))
    return re.sub(r"[^\x20-\x7e]", "?", bare)
