"""Each one-letter typo of a known word in a policy file is refused, and the word is suggested.

Typos are deletions, swaps of neighbours, doublings and substitutions, at every letter of every key, rule id, mode and enum of the
shipped policies, of the complete example in docs/policies.md and of a file with the other sections. The suite tries a sample that
is the same in each run; the profile ``nightly`` tries all of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import settings

from controller.jobs.algorithm import AlgorithmClass
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, RuleAction, Severity
from controller.policy.resubmission import FallbackKind, Guarantee
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.slack_settings import MEMBERS, Importance
from controller.policyfile import validate_folder
from controller.policyfile.folder import folder_files
from controller.policyfile.slack_section import WEEKDAYS
from controller.policyfile.yaml_nodes import Tree, read_yaml

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 150
OTHER_SECTIONS = """\
version: 1
brakes: {stops_per_hour: 20, submissions_per_hour: 50}
slack:
  channels: {vision: "#ml-vision"}
  people: {alice: U0123ABCD}
  tell: [person, action, news]
  digest: {at: "08:00", timezone: Europe/Berlin, weekly_on: monday}
  may: {try-again: [U0123ABCD], on-demand: [U0123ABCD], stop: [U0123ABCD], waive: [U0123ABCD], halt: [U0123ABCD],
        accept-tags: [U0123ABCD], read: [members]}
  waiver_at_most: 14d
labels: {team: team, user: user, team_of_role: {"*vision*": vision}}
rates:
  - {instance_type: ml.g5.xlarge, region: us-east-1, market: spot, usd_per_hour: 1, agreement: private-pricing,
     from: 2026-07-01, until: 2026-12-31}
  - {usage_type: USE1-Train:ml.g5.xlarge, usd_per_hour: 1, agreement: savings-plan, from: 2026-07-01}
trust_claims: false
longest_waiver: 90d
waivers:
  - {name: w, rule: [a, b], match: {tags: {team: vision}}, reason: x, owner: alice, ticket: ML-1, expires: 2099-01-01}
rules:
  - {name: a, rule: checkpoint-required, match: all, options: {runtime_over: 1h, under: s3://b/, only_capable: true}}
  - {name: b, rule: uncheckpointed-cap, match: {algorithm: [built-in, framework, custom]}, options: {without_config: true}}
  - {name: c, rule: max-wait-limit, severity: low, options: {times_runtime: 4.0}}
  - {name: d, rule: max-runtime-limit, when: has(VpcConfig), match: {account: "1", region: us-east-1}, options: {at_most: 48h}}
  - {name: e, rule: spot-required, match: {name: x, role: r, instance_type: ml.g5.xlarge}, mode: audit}
  - {name: f, rule: checkpoint-exclusive, mode: enforce, action: stop, applies_to: running}
  - {name: g, rule: checkpoint-alive, applies_to: new, options: {first_within: 30m, at_most: 60m}}
  - {name: h, rule: instance-allowed, severity: high, options: {instance_types: ml.g5.*}}
  - {name: j, rule: spot-worth-it, options: {chance_at_least: 50%, times_on_demand: 2.0}}
resubmit:
  - name: i
    mode: warn
    channel: "#x"
    causes: {starved: {limit: 1}}
    ladder: [same, equivalents, on-demand]
    deadline: {guarantee: money, placement_score: 3, probe: true, back_to_spot: true}
"""
WORDS = {
    *RULE_KINDS, *Mode, *Severity, *RuleAction, *AppliesTo, *AlgorithmClass, *Guarantee, *Importance, *FallbackKind, *WEEKDAYS,
    MEMBERS, "all", "true", "false",
}  # fmt: skip
OPEN = ("tags", "channels", "people", "allowed", "team_of_role")  # maps whose keys the author of a policy chooses
FREE = ("name", "channel", "team", "user", "tags", "checkpoint", "reasons", "account", "region", "waivers")  # and values


@dataclass(frozen=True, slots=True)
class Typo:
    file: str
    start: int
    word: str
    typo: str


def files() -> dict[str, str]:
    page = (ROOT / "docs" / "policies.md").read_text("utf-8")
    complete = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[-1]
    shipped = {path.name: path.read_text("utf-8") for path in folder_files(ROOT / "policies").policies}
    return shipped | {"complete example": complete, "other sections": OTHER_SECTIONS}


def words_of(tree: Tree) -> Iterator[tuple[int, int, str]]:
    """The line, the column and the text of each key and value that the compiler must know."""
    for path, place in tree.keys.items():
        if path and isinstance(path[-1], str) and not (len(path) > 1 and path[-2] in OPEN):
            yield place.line, place.column, path[-1]
    for path, place in tree.values.items():
        text = tree.source(place.line)[place.column - 1 :][: place.length]
        if text in WORDS and not any(part in FREE for part in path):
            yield place.line, place.column, text


def typos_of(word: str) -> set[str]:
    found: set[str] = set()
    for at in range(len(word)):
        found.add(word[:at] + word[at + 1 :])
        found.add(word[:at] + word[at] + word[at:])
        found.add(word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :])
        found |= {word[:at] + letter + word[at + 1 :] for letter in ascii_lowercase}
    return found - {word, ""}


def all_typos() -> list[Typo]:
    found = []
    for file, text in files().items():
        lines = text.splitlines(keepends=True)
        words = {
            found[2] if file in ("complete example", "other sections") else found: found
            for found in words_of(read_yaml(file, text))
        }
        for line, column, word in words.values():  # all places of the shipped files, and one place of each word in the others
            start = sum(map(len, lines[: line - 1])) + column - 1
            assert text[start:].startswith(word), (file, line, column, word)
            found += [Typo(file, start, word, typo) for typo in sorted(typos_of(word))]
    return found


def passes(typo: Typo, text: str, folder: Path) -> str:
    """Why a typo fails the test; empty if it is refused with its word among the first two suggestions."""
    end = typo.start + len(typo.word)
    (folder / "a.yaml").write_text(text[: typo.start] + typo.typo + text[end:], "utf-8")
    errors = validate_folder(folder).errors
    if not errors:
        return "accepted"
    return "" if any(typo.word in error.suggestions[:2] for error in errors) else f"not suggested: {errors[0]}"


@pytest.mark.slow
def test_each_one_letter_typo_is_refused_and_the_right_word_is_suggested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = files()
    typos = [typo for typo in all_typos() if typo.typo not in WORDS]
    whole = settings.get_current_profile_name() == "nightly"
    tried = typos if whole else random.Random(13).sample(typos, SAMPLE)  # noqa: S311 - repeatable, not secret
    wrong = {typo: why for typo in tried if (why := passes(typo, texts[typo.file], tmp_path))}
    with capsys.disabled():
        print(
            f"\n{len(tried) - len(wrong)} of {len(tried)} typos of {len({t.word for t in typos})} words are refused and corrected"
        )
    assert wrong == {}
