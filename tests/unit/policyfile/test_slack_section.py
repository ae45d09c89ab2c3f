"""Mistakes in the slack section of a policy file say what was found and what was wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.policyfile.writing import problems

ID = "the id of a Slack user (U…) or user group (S…)"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "{channels: {vision: vision-alerts}}",
            "slack.channels.vision: found 'vision-alerts', wanted a channel such as #ml-vision",
        ),
        ("{people: {ada: ada@acme.com}}", f"slack.people.ada: found 'ada@acme.com', wanted {ID} (in Slack, open the profile"),
        ("{may: {stop: [everyone]}}", f"slack.may.stop[0]: found 'everyone', wanted {ID}"),
        ("{may: {stop: []}}", "slack.may.stop: found an empty list, wanted"),
        ("{may: {stopp: [U012ABC]}}", "slack.may.stopp"),
        ("{may: {stop: [members]}}", "wanted users and user groups for stop"),
        ("{tell: [loud]}", "slack.tell[0]: found 'loud', wanted one of person, action, news"),
        ("{digest: {at: 8am}}", "slack.digest.at: found '8am', wanted a time of day such as \"08:00\""),
        ("{digest: {timezone: Europe/Berlinn}}", "slack.digest.timezone: found 'Europe/Berlinn', wanted a time zone"),
        ("{digest: {weekly_on: mon}}", "slack.digest.weekly_on: found 'mon', wanted one of monday"),
        ("{waiver_at_most: 14}", "slack.waiver_at_most: found 14, wanted a duration such as"),
        ("{chanels: {}}", "slack.chanels: found unknown key 'chanels', wanted one of channels"),
        ("", "slack: found nothing, wanted a value, or no such key"),
    ],
)
def test_a_mistake_about_slack_says_what_was_found_and_what_was_wanted(tmp_path: Path, words: str, message: str) -> None:
    (found, *_) = problems(tmp_path, f"version: 1\nslack: {words}\n")
    assert message in found


def test_the_slack_section_is_in_one_file_only(tmp_path: Path) -> None:
    one = "version: 1\nslack: {tell: all}\n"
    (message,) = problems(tmp_path, one, one)
    assert "slack a second time (first in " in message
