"""Suggestions are the known words that are most similar to a wrong word."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from controller.policy.mode import Mode
from controller.policy.policy import RuleAction, Severity
from controller.policyfile.similar_words import question, similar_words

WORDS = ("checkpoint-required", "max-wait-limit", "max-runtime-limit", "never-launched", "name", "same", "mode")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("checkpoint-requird", ("checkpoint-required",)),
        ("Max_Wait_Limit", ("max-wait-limit",)),
        ("never_launched", ("never-launched",)),
        ("naem", ("name",)),
        ("ame", ("name", "same")),
        ("sname", ("name", "same")),
        (["mod"], ("mode",)),
        ("checkpoint", ("checkpoint-required",)),
        ("zebra", ()),
        ("", ()),
        ("x" * 65, ()),
        (None, ()),
    ],
)
def test_the_nearest_words_are_suggested(found: object, words: tuple[str, ...]) -> None:
    assert set(similar_words(found, WORDS)) == set(words)


def test_the_most_similar_of_two_words_at_the_same_distance_is_first() -> None:
    assert similar_words("sname", ("name", "same"))[0] == "name"


def test_two_suggestions_are_one_question() -> None:
    assert question(("name", "same")) == "did you mean 'name' or 'same'?"
    assert question(()) == ""


@pytest.mark.parametrize(
    ("found", "known", "words"),
    [
        ("dry-run", Mode, ("audit",)),
        ("Dry_Run", Mode, ("audit",)),
        ("block", Mode, ("enforce",)),
        ("block", RuleAction, ("stop",)),
        ("critical", Severity, ("high",)),
        ("warnn", Mode, ("warn",)),  # a similar word comes before other programs' words
        ("block", ("name",), ()),
    ],
)
def test_a_word_of_other_programs_suggests_ours(found: str, known: Iterable[str], words: tuple[str, ...]) -> None:
    assert similar_words(found, known) == words
