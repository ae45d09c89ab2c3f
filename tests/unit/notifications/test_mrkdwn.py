"""A long text is split at a line end or a space, not within a link, an entity or code; other people's text is escaped."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.notifications.mrkdwn import code, escaped, pieces, shortened, size, unmarked, when

LINK = "<https://example.com/a|a long name>"


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("first line\nsecond line", 14, ["first line", "second line"]),
        ("one two three four", 10, ["one two", "three four"]),
        ("a\nbbbb cccc dddd", 12, ["a\nbbbb cccc", "dddd"]),  # not at the line end: the piece would be too short
        ("abcdefghijkl", 5, ["abcde", "fghij", "kl"]),
        (f"abc {LINK}", 20, ["abc", LINK[:20], LINK[20:]]),  # a link that is longer than a piece has to be split
        (f"-{LINK}", 35, ["-", LINK]),
        (f"abcdefgh-{LINK}", 40, ["abcdefgh-", LINK]),
        ("abcdefgh&amp;xyz", 10, ["abcdefgh", "&amp;xyz"]),
        ("abcdefgh&amp;xyz", 13, ["abcdefgh&amp;", "xyz"]),
        ("&amp;" * 3, 7, ["&amp;", "&amp;", "&amp;"]),
        ("abcd `ef gh ij` klm", 12, ["abcd", "`ef gh ij`", "klm"]),
        ("`a`-`bcdefgh`", 10, ["`a`-", "`bcdefgh`"]),
        ("`ab`cdefghijk", 10, ["`ab`cdefgh", "ijk"]),
        ("`abcdefghijk`", 10, ["`abcdefghi", "jk`"]),  # code that is longer than a piece has to be split
        ("&abc;defghijk", 4, ["&abc", ";def", "ghij", "k"]),
        ("abcdefg&amp;xyz", 11, ["abcdefg", "&amp;xyz"]),
    ],
)
def test_a_text_is_cut_at_the_last_good_place(text: str, most: int, cut: list[str]) -> None:
    assert list(pieces(text, most)) == cut


def test_a_text_that_fits_is_one_piece_and_an_empty_text_is_a_dash() -> None:
    assert list(pieces("abc", 3)) == ["abc"]
    assert list(pieces(" \n ", 3)) == ["–"]


def test_a_character_beyond_the_basic_plane_counts_twice() -> None:
    assert (size("a"), size("ä"), size("🚀")) == (1, 1, 2)
    assert list(pieces("🚀🚀", 3)) == ["🚀", "🚀"]
    assert shortened("🚀🚀🚀", 5) == "🚀🚀…"


def test_a_label_is_shortened_only_beyond_its_length() -> None:
    assert shortened("abcde", 5) == "abcde"
    assert shortened("abcdef", 5) == "abcd…"


def test_other_people_s_text_is_inert() -> None:
    assert escaped("<!here> *bold* `code` & more") == "&lt;!here&gt; ∗bold∗ 'code' &amp; more"
    assert escaped("a" * 9, 5) == "aaaa…"
    assert code("a`b<") == "`a'b&lt;`"
    assert code("") == "`–`"


def test_a_time_is_shown_in_the_reader_s_zone() -> None:
    assert when(datetime(2026, 3, 2, 9, 5, tzinfo=UTC)) == "<!date^1772442300^{date_short_pretty} {time}|2026-03-02 09:05 UTC>"


def test_a_long_label_is_shortened_in_time_that_grows_with_what_is_kept() -> None:
    assert shortened("🚀" * 1_000_000, 10) == "🚀🚀🚀🚀…"  # takes a second, not days
    assert [shortened(text, 3) for text in ("aaaa", "a🚀b", "🚀🚀", "🚀ab")] == ["aa…", "a…", "🚀…", "🚀…"]


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        (":repeat: *bert* goes on", "bert goes on"),
        (escaped("arn:aws:sagemaker:us-east-1:1:training-job/x"), "arn:aws:sagemaker:us-east-1:1:training-job/x"),
        (escaped("spotwarden:deadline:soon"), "spotwarden:deadline:soon"),
    ],
)
def test_text_for_a_terminal_has_no_markup_and_keeps_arns(mrkdwn: str, text: str) -> None:
    assert unmarked(mrkdwn) == text
