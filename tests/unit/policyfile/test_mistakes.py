"""All mistakes in policy files are reported at once, each with its file, line and path, what was found and what is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.policyfile import BadPolicy, compile_folder, validate_folder
from tests.unit.policyfile.writing import RULES, problems

RULE = "version: 1\nrules:\n  - {name: one, rule: spot-required, %s}\n"
OPTIONS = "version: 1\nrules:\n  - name: one\n    rule: %s\n    options: {%s}\n"
BLOCK = "version: 1\nresubmit:\n  - name: one\n    causes: {%s}\n"


def test_all_mistakes_of_all_files_are_listed_in_the_order_of_their_lines(tmp_path: Path) -> None:
    first = """\
version: 2
default: {mode: audit}
rules:
  - name: one
    rule: checkpoint-requird
    mode: warm
  - name: two words
    rule: max-runtime-limit
    options: {at_mots: 3h}
    sevrity: high
"""
    assert problems(tmp_path, first, "version: 1\nrules: []\n") == [
        "a.yaml:1: version: found 2, wanted 1, the only version",
        "a.yaml:2: default: found unknown key 'default', wanted one of brakes, checkpoints, defaults, labels,"
        " longest_waiver, rates, resubmit, rules, slack, trust_claims, version, waivers (did you mean 'defaults'?)",
        "a.yaml:5: rules[0].rule: found 'checkpoint-requird', wanted one of checkpoint-required, uncheckpointed-cap,"
        " max-wait-limit, max-runtime-limit, spot-required, checkpoint-exclusive, checkpoint-alive, tags-required,"
        " instance-allowed, spot-worth-it"
        " (did you mean 'checkpoint-required'?)",
        "a.yaml:6: rules[0].mode: found 'warm', wanted one of audit, warn, enforce (did you mean 'warn'?)",
        "a.yaml:7: rules[1].name: found 'two words', wanted letters, digits, '.', '_' and '-', at most 63,"
        " beginning with a letter or digit",
        "a.yaml:9: rules[1].options: found no key 'at_most', wanted at_most: and its value",
        "a.yaml:9: rules[1].options.at_mots: found unknown key 'at_mots', wanted one of at_most (did you mean 'at_most'?)",
        "a.yaml:10: rules[1].sevrity: found unknown key 'sevrity', wanted one of action, applies_to, channel, docs,"
        " enforce_from, match, mode, name, options, repair, rule, severity, share, surprise, when (did you mean 'severity'?)",
        "b.yaml:2: rules: found an empty list, wanted at least one entry",
    ]


def test_a_misplaced_option_of_a_rule_has_a_hint_where_it_belongs(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, RULE % "times_runtim: 2")
    assert problem.endswith("surprise, when (write options below options:, such as options: {times_runtime: …})")


def test_an_expression_with_a_comma_within_braces_has_a_hint_to_quote_it(tmp_path: Path) -> None:
    found = problems(tmp_path, f"{RULES}  - {{name: a, rule: spot-required, when: default(EnableNetworkIsolation, false)}}\n")
    assert any(problem.endswith("(put the expression in quotes: within braces, a comma ends it)") for problem in found)


@pytest.mark.parametrize(
    ("key", "hint"), [("kind", "write rule: and the kind"), ("type", "write rule: and the kind"), ("if", "write when:")]
)
def test_a_key_of_another_policy_language_has_a_hint_with_its_name_here(tmp_path: Path, key: str, hint: str) -> None:
    [problem] = problems(tmp_path, RULE % f"{key}: x")
    assert problem.endswith(f"({hint})")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", "a.yaml:1: found text that is not YAML (while parsing a flow node expected the node content"),
        ("version: 1\nrules:\n\t- x", "a.yaml:3: found text that is not YAML (while scanning for the next token found character"),
        ("a: &a [*a]", "a.yaml:1: found text that is not YAML (found an anchor that contains itself), wanted YAML"),
        ("version: 1\n---\nversion: 1", "a.yaml:2: found text that is not YAML (expected a single document"),
        ("version: !!python/object:os.system 1", "a.yaml:1: found text that is not YAML (found the tag"),
        ("version: 1\n\x07", "a.yaml:2: found text that is not YAML (unacceptable character"),
        ("", "a.yaml:1: found an empty file, wanted version, and at least one of rules, resubmit, brakes, slack, labels"),
        (
            "# nothing\n",
            "a.yaml:1: found an empty file, wanted version, and at least one of rules, resubmit, brakes, slack, labels",
        ),
        ("- a\n", "a.yaml:1: found a list, wanted a map with version, and at least one of rules"),
        (
            "version: 1\n",
            "a.yaml:1: found no section, wanted at least one of rules, resubmit, brakes, slack, labels",
        ),
    ],
)
def test_a_file_that_is_not_a_policy_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert problems(tmp_path, text)[0].startswith(message)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "mode: enforce",
            "rules[0].mode: found mode enforce without an action, wanted action: stop, action: repair or mode: warn",
        ),
        ("mode: warn, action: stop", "rules[0].action: found an action in mode warn, wanted mode: enforce or no action"),
        ("action: stop", "rules[0].action: found an action in mode audit, wanted mode: enforce or no action"),
        ("mode: enforce, action: repare", "rules[0].action: found 'repare', wanted one of stop, repair (did you mean 'repair'?)"),
        ("applies_to: runing", "rules[0].applies_to: found 'runing', wanted one of new, running (did you mean 'running'?)"),
        ("severity: [high]", "rules[0].severity: found ['high'], wanted one of low, medium, high (did you mean 'high'?)"),
        ("channel: 7", "rules[0].channel: found 7, wanted text (quote text that looks like a number)"),
        ("match: vision", "rules[0].match: found 'vision', wanted match: all, or at least one key"),
        (
            "match: {team: vision}",
            "rules[0].match.team: found unknown key 'team', wanted one of account, algorithm, instance_type",
        ),
        ("match: {tags: {}}", "rules[0].match.tags: found an empty map, wanted at least one entry"),
        ("match: {tags: {team: []}}", "rules[0].match.tags.team: found an empty list, wanted at least one entry"),
        ("match: {account: 111122223333}", "rules[0].match.account: found 111122223333, wanted text or a list (quote text"),
        ("match: {algorithm: [framwork]}", "rules[0].match.algorithm[0]: found 'framwork', wanted one of built-in, marketplace"),
        ("options: [1]", "rules[0].options: found [1], wanted a map"),
    ],
)
def test_a_wrong_entry_of_a_rule_is_named(tmp_path: Path, entry: str, message: str) -> None:
    found = problems(tmp_path, RULE % entry)
    assert len(found) == 1
    assert found[0].startswith(f"a.yaml:3: {message}")


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("match: {team: vision}", "(a tag is selected with tags: {team: …})"),
        ("<<: 1", "(merge keys are not read: write the keys of each entry out)"),
        ("filters: []", "(select jobs with match:)"),
        ("description: x", "(write a comment with #, or docs: and an address)"),
    ],
)
def test_a_key_of_another_language_says_what_to_write(tmp_path: Path, entry: str, hint: str) -> None:
    found = problems(tmp_path, RULE % entry)
    assert len(found) == 1
    assert found[0].endswith(hint)


@pytest.mark.parametrize(
    ("length", "hint"),
    [
        ("60", " (a number needs its unit)"), ("1.5", " (a number needs its unit)"), ("1.5h", " (write 90m)"),
        ("48 h", " (write 2d)"), ("2w", " (write 14d)"), ("24 hours", " (write 1d)"), ("PT1H30M", " (write 90m)"),
        ("-5m", ""), ("h", ""), ("[1h]", ""), ("true", ""), ("1h30m", " (write 90m)"), ("0.7s", ""), ("'٣h'", ""),
    ],
)  # fmt: skip
def test_a_duration_is_a_number_and_its_unit(tmp_path: Path, length: str, hint: str) -> None:
    (message,) = problems(tmp_path, OPTIONS % ("max-runtime-limit", f"at_most: {length}"))
    assert message.startswith("a.yaml:5: rules[0].options.at_most: found ")
    assert message.endswith(f", wanted a duration such as 90s, 15m, 48h or 7d{hint}")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("share: '10'", "above 0% and at most 100% (write 10%)"),
        ("share: 0.0001%", "above 0% and at most 100% (at most three digits after the point)"),
        ("mode: {share: 10%}", "wanted one of audit, warn, enforce (share: 10% is a key of the rule, beside mode)"),
        ("surprise: 20", "wanted a map of KEY: VALUE (such as surprise: {jobs: 20, of_last_day: 25%})"),
        ("mode: “warn”", "(write plain quotes, or none; did you mean 'warn'?)"),
        ("enforce_from: 2026-02-30", "wanted a day such as 2026-12-01 (no calendar has that day)"),
        ("enforce_from: 1.12.2026", "wanted a day such as 2026-12-01 (year-month-day, with all digits)"),
        ("match: {tags: team=vision}", "wanted a map of KEY: VALUE (such as tags: {team: vision})"),
        ("match: {tags: {'team,user': x}}", "(write a list with brackets, such as [team, owner])"),
    ],
)
def test_a_value_in_another_form_has_a_hint_how_to_write_it(tmp_path: Path, entry: str, message: str) -> None:
    assert any(found.endswith(message) for found in problems(tmp_path, RULE % entry))


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('version: 1\nrules:\n  - name: "a\n    rule: spot-required\n', (3, 11), "close the quote"),
        ("version: 1\nrules:\n  - {name: a, match: {name: {x}}\n", (3, 5), "close the map with '}'"),
        ("version: 1\ndefaults: {channel: #ml}\nrules: []\n", (3, 6), "# starts a comment unless it is quoted"),
    ],
)
def test_an_unclosed_bracket_or_quote_is_shown_where_it_begins(
    tmp_path: Path, text: str, place: tuple[int, int], hint: str
) -> None:
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    (error,) = validate_folder(tmp_path).errors
    assert (error.line, error.column) == place
    assert hint in error.hint


@pytest.mark.parametrize(
    ("length", "limit"), [("0s", "least 1s"), ("29d", "most 28d"), ("366d", "most 365d"), ("999999999d", "most 365d")]
)
def test_a_duration_has_limits(tmp_path: Path, length: str, limit: str) -> None:
    (message,) = problems(tmp_path, OPTIONS % ("max-runtime-limit", f"at_most: {length}"))
    assert message.endswith(f"found '{length}', wanted a duration of at {limit}")


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("spot-required", "at_most: 1h", "options.at_most: found unknown key 'at_most', wanted one of runtime_over"),
        ("checkpoint-exclusive", "under: [s3://a]", "options.under: found unknown key 'under', wanted no keys"),
        ("max-wait-limit", "", "options: found no limit, wanted at_most, times_runtime or both"),
        ("max-wait-limit", "times_runtime: 0.5", "options.times_runtime: found 0.5, wanted at least 1"),
        ("max-wait-limit", "times_runtime: many", "options.times_runtime: found 'many', wanted a number"),
        ("tags-required", "", "options: found no key 'tags', wanted tags: and its value"),
        (
            "tags-required",
            f"tags: [{', '.join(f't{n}' for n in range(501))}]",
            "options.tags: found 501 entries, wanted at most 500",
        ),
        ("tags-required", "tags: []", "options.tags: found an empty list, wanted at least one entry"),
        ("checkpoint-required", "under: acme/ckpt", "options.under[0]: found 'acme/ckpt', wanted an S3 prefix such as s3://"),
        ("checkpoint-required", "only_capable: 1", "options.only_capable: found 1, wanted true or false"),
        (
            "instance-allowed",
            "instance_types: [g5.xlarge]",
            "options.instance_types[0]: found 'g5.xlarge', wanted an instance type",
        ),
    ],
)
def test_options_are_those_of_the_rules_kind(tmp_path: Path, kind: str, options: str, message: str) -> None:
    found = problems(tmp_path, OPTIONS % (kind, options))
    assert len(found) == 1
    assert found[0].startswith(f"a.yaml:5: rules[0].{message}")


@pytest.mark.parametrize(
    ("causes", "message"),
    [
        ("", "causes: found an empty map, wanted at least one cause such as starved, capacity or internal"),
        ("starvd: {limit: 1}", "causes.starvd: found unknown key 'starvd', wanted one of algorithm, capacity, client, disk,"),
        ("algorithm: {limit: 1}", "causes.algorithm: found no key 'reasons', wanted reasons: and its value"),
        (
            "algorithm: {limit: 1, reasons: [oops]}",
            "causes.algorithm.reasons[0]: found 'oops', wanted how a FailureReason begins",
        ),
        ("client: {limit: 1, reasons: []}", "causes.client.reasons: found an empty list, wanted at least one entry"),
        (
            "algorithm: {limit: 1, reasons: ['AlgorithmError:']}",
            "causes.algorithm.reasons[0]: found 'AlgorithmError:', wanted how a FailureReason begins",
        ),
        (
            "algorithm: {limit: 1, reasons: 'ClientError: x'}",
            "causes.algorithm.reasons[0]: found 'ClientError: x', a reason of cause client, wanted a reason of cause algorithm",
        ),
        (
            "capacity: {limit: 1, reasons: [X]}",
            "causes.capacity.reasons: found unknown key 'reasons', wanted one of backoff, limit",
        ),
        ("memory: {limit: 1}", "causes.memory: found no key 'instance_type', wanted instance_type: and its value"),
        (
            "memory: {limit: 1, instance_type: ml.g5.4xlrge}",
            "causes.memory.instance_type: found 'ml.g5.4xlrge', wanted an instance",
        ),
        (
            "starved: {limit: 1, instance_type: ml.g5.xlarge}",
            "causes.starved.instance_type: found unknown key 'instance_type', wanted one of backoff, limit",
        ),
        ("disk: {limit: 1}", "causes.disk: found no key 'volume_gb', wanted volume_gb: and its value"),
        ("disk: {limit: 1, volume_gb: 0}", "causes.disk.volume_gb: found 0, wanted at least 1"),
        ("internal: {limit: 3}", "causes.internal.limit: found 3, wanted at most 2"),
        (
            "never_launched: {limit: 1}",
            "causes.never_launched: found unknown key 'never_launched', wanted one of algorithm, capacity, client, disk,"
            " internal, memory, never-launched, overran, quota, starved, throttled (did you mean 'never-launched'?)",
        ),
        ("starved: ", "causes.starved: found nothing, wanted a value, or no such key"),
        ("starved: {limit: 1, backoff: {jitter: 1.5}}", "causes.starved.backoff.jitter: found 1.5, wanted at most 1"),
        ("starved: {}", "causes.starved: found no key 'limit', wanted limit: and its value"),
        ("starved: {limit: -1}", "causes.starved.limit: found -1, wanted at least 0"),
        ("starved: {limit: 31}", "causes.starved.limit: found 31, wanted at most 30"),
        ("starved: {limit: '3'}", "causes.starved.limit: found '3', wanted a whole number"),
        ("starved: {limit: true}", "causes.starved.limit: found true, wanted a whole number"),
        ("starved: {limit: 1, backoff: {factor: .nan}}", "causes.starved.backoff.factor: found .nan, wanted a finite number"),
        (
            "starved: {limit: 1, backoff: {first: 3h}}",
            "causes.starved.backoff: found most (7200s) shorter than first (10800s), wanted most",
        ),
        ("starved: 3", "causes.starved: found 3, wanted a map"),
    ],
)
def test_a_wrong_budget_is_named(tmp_path: Path, causes: str, message: str) -> None:
    found = problems(tmp_path, BLOCK % causes)
    assert len(found) == 1
    assert found[0].startswith(f"a.yaml:4: resubmit[0].{message}")


def test_an_unquoted_channel_is_a_comment_and_the_hint_says_so(tmp_path: Path) -> None:
    (message,) = problems(
        tmp_path, "version: 1\ndefaults:\n  channel: #ml-spot\n" + RULE.removeprefix("version: 1\n") % "mode: warn"
    )
    assert (
        message == "a.yaml:3: defaults.channel: found nothing, wanted a value, or no such key"
        ' (# starts a comment unless it is quoted: write "#name")'
    )


def test_a_duplicate_key_is_named_with_both_lines(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, "version: 1\nrules:\n  - name: one\n    rule: spot-required\n    name: two\n")
    assert message == "a.yaml:5: rules[0].name: found the key 'name' a second time (first on line 3), wanted each key once"


def test_two_rules_with_one_name_are_found_across_files(tmp_path: Path) -> None:
    text = RULE % "mode: warn"
    (message,) = problems(tmp_path, text, text)
    assert message.startswith("b.yaml:3: rules[0].name: found the name 'one' a second time (first in ")
    assert message.endswith("a.yaml:3), wanted a unique name")


def test_a_default_mode_of_enforce_requires_an_action_of_each_rule(tmp_path: Path) -> None:
    text = "version: 1\ndefaults: {mode: enforce}\nrules:\n  - {name: one, rule: spot-required}\n"
    assert problems(tmp_path, text) == [
        "a.yaml:4: rules[0]: found mode enforce without an action, wanted action: stop, action: repair or mode: warn"
    ]


def test_a_file_that_is_not_utf8_is_named_with_the_position(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"version: \xff")
    with pytest.raises(
        BadPolicy, match=r"a\.yaml:1:1: found bytes that are not UTF-8 \(in line 1: save the file as UTF-8\), wanted YAML"
    ):
        compile_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "found nothing, wanted a folder of policy files"),
        ("file", "found a file, wanted a folder"),
        ("", "found no policy file"),
    ],
)
def test_a_folder_without_a_policy_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadPolicy, match=message):
        compile_folder(tmp_path / name)


LADDER = "version: 1\nresubmit:\n  - name: one\n    causes: {starved: {limit: 1}}\n    %s\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ladder: []", "ladder: found an empty list, wanted at least one entry"),
        ("ladder: ", "ladder: found nothing, wanted a value, or no such key"),
        ("ladder: same", "ladder: found 'same', wanted a list of steps such as [same, equivalents, on-demand]"),
        (
            "ladder: [{instance_type: [ml.g5.xlarge]}]",
            "ladder[0]: found {'instance_type': ['ml.g5.xlarge']}, wanted a step: same, equivalents, on-demand,"
            " {instance_types: […]} or {subnets: […]} (did you mean 'instance_types'?)",
        ),
        (
            "ladder: [{subnets: [subnet-0abc1234]}, {subnets: [subnet-0def5678, subnet-0abc1234]}]",
            "ladder[1].subnets[1]: found subnet-0abc1234 a second time, wanted each subnet once",
        ),
        ("ladder: [same, same]", "ladder[1]: found same a second time, wanted each step once"),
        ("ladder: [on-demand, on-demand]", "ladder[1]: found on-demand a second time, wanted each step once"),
        ("ladder: [on-demand, same]", "ladder[1]: found same after on-demand, wanted on-demand as the last step"),
        (
            "ladder: [same, ml.g5.xlarge]",
            "ladder[1]: found 'ml.g5.xlarge', wanted a step: same, equivalents, on-demand,"
            " {instance_types: […]} or {subnets: […]} (write {instance_types: [ml.g5.xlarge]})",
        ),
        (
            "ladder: [subnet-0abc1234]",
            "ladder[0]: found 'subnet-0abc1234', wanted a step: same, equivalents, on-demand,"
            " {instance_types: […]} or {subnets: […]} (write {subnets: [subnet-0abc1234]})",
        ),
        ("ladder: [sama]", "ladder[0]: found 'sama', wanted one of same, equivalents, on-demand (did you mean 'same'?)"),
        (
            "ladder: [{instance_types: [ml.g5.4xlrge]}]",
            "ladder[0].instance_types[0]: found 'ml.g5.4xlrge', wanted an instance type of",
        ),
        ("ladder: [{subnets: [vpc-1]}]", "ladder[0].subnets[0]: found 'vpc-1', wanted a subnet id such as subnet-0abc1234"),
        ("ladder: [{zones: [a]}]", "ladder[0]: found {'zones': ['a']}, wanted a step: same, equivalents, on-demand"),
        ("ladder: [equivalents, same]", "ladder[1]: found same after another step, wanted same as the first step"),
        ("ladder: [same, equivalents, equivalents]", "ladder[2]: found equivalents a second time, wanted each step once"),
        (
            "ladder: [{instance_types: [ml.g5.xlarge]}, {instance_types: [ml.g5.xlarge]}]",
            "ladder[1].instance_types[0]: found ml.g5.xlarge a second time, wanted each instance type once",
        ),
        ("ladder: [on-demand, equivalents]", "ladder[1]: found equivalents after on-demand, wanted on-demand as the last step"),
        (
            "{ladder: [same, on-demand], on_demand: false}",
            "ladder[1]: found the step on-demand with on_demand: false, wanted no such step or on_demand: true",
        ),
        ("deadline: {finish_within: 59m}", "deadline.finish_within: found '59m', wanted a duration of at least 3600s"),
        ("deadline: {quantile: 0.4}", "deadline.quantile: found 0.4, wanted at least 0.5"),
        ("deadline: {quantile: 1}", "deadline.quantile: found 1, wanted at most 0.99"),
        ("deadline: {finish_within: }", "deadline.finish_within: found nothing, wanted a value, or no such key"),
        ("deadline: {moves: -1}", "deadline.moves: found -1, wanted at least 0"),
        ("deadline: {min_stay: 60}", "deadline.min_stay: found 60, wanted a duration such as 90s, 15m, 48h or 7d (a number"),
        (
            "deadline: {finish_withn: 24h}",
            "deadline.finish_withn: found unknown key 'finish_withn', wanted one of back_to_spot, checkpoint_every,"
            " finish_within, guarantee, margin, min_stay, move_without_checkpoint, moves, placement_score, probe, quantile,"
            " restore, start, upload"
            " (did you mean 'finish_within'?)",
        ),
        ("deadline: {guarantee: both}", "deadline.guarantee: found 'both', wanted one of deadline, money"),
        ("cap: {lineage_usd: 0}", "cap.lineage_usd: found 0, wanted an amount in dollars above zero"),
        ("cap: {lineage_usd: -5}", "cap.lineage_usd: found -5, wanted an amount in dollars above zero"),
        ("cap: {team_month_usd: '-0.01'}", "cap.team_month_usd: found '-0.01', wanted an amount in dollars above zero"),
        ("cap: {team_month_usd: .nan}", "cap.team_month_usd: found .nan, wanted an amount in dollars above zero"),
        ("cap: {team_month_usd: 10000001}", "cap.team_month_usd: found 10000001, wanted at most 10000000 dollars"),
        ("cap: {lineage_usd: }", "cap.lineage_usd: found nothing, wanted a value, or no such key"),
        ("cap: {}", "cap: found an empty map, wanted at least one of lineage_usd, team_month_usd"),
        ("cap: {lineage_usd: true}", "cap.lineage_usd: found true, wanted an amount in dollars above zero"),
        ("interruptions: {more_than: 2}", "interruptions: found no key 'within', wanted within: and its value"),
    ],
)
def test_a_wrong_ladder_deadline_or_cap_is_named(tmp_path: Path, words: str, message: str) -> None:
    words = words.removeprefix("{").removesuffix("}").replace("], ", "]\n    ") if words.startswith("{") else words
    found = problems(tmp_path, LADDER % words)
    assert len(found) == 1, found
    assert found[0].split(": ", 1)[1].startswith(f"resubmit[0].{message}")


REPAIR = "version: 1\nrules:\n  - {name: one, rule: %s, mode: enforce, %s}\n"


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        ("spot-required", "action: stop, repair: {tags: {a: b}}", "repair: found repair without action: repair"),
        ("checkpoint-required", "action: repair", ": found action: repair for checkpoint-required without a checkpoint template"),
        ("spot-required", "action: stop, repair: ", "repair: found nothing, wanted a value, or no such key"),
        ("checkpoint-exclusive", "action: repair", ": found action: repair for checkpoint-exclusive without a checkpoint"),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: }",
            "repair.checkpoint: found nothing, wanted a value, or no such key",
        ),
        ("instance-allowed", "action: repair, options: {instance_types: ml.g5.*}", "action: found action: repair for"),
        ("checkpoint-alive", "action: repair", "action: found action: repair for checkpoint-alive, wanted action: stop"),
        ("spot-worth-it", "action: repair", "action: found action: repair for spot-worth-it, wanted action: stop"),
        ("tags-required", "action: repair, options: {tags: 5}", "options.tags: found 5, wanted text or a list"),
        ("tags-required", "action: repair, options: {tags: [{a: b}]}", "options.tags[0]: found {'a': 'b'}, wanted text"),
        (
            "tags-required", "action: repair, options: {tags: [team]}",
            "repair.tags: found no value for team, wanted a value for each required tag",
        ),
        (
            "tags-required", "action: repair, options: {tags: [team, who]}, repair: {tags: {team: x}}",
            "repair.tags: found no value for who, wanted a value for each required tag",
        ),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: 's3://{team}/x/'}",
            "repair.checkpoint: found 's3://{team}/x/', wanted a template such as s3://bucket/{team}/{family}/",
        ),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: 's3://b/{tem}/'}",
            "repair.checkpoint: found 's3://b/{tem}/', wanted one of the placeholders {team}, {family}, {job}, {tag:KEY}"
            " (did you mean 'team'?)",
        ),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: 's3://b/{tag:}/'}",
            "repair.checkpoint: found 's3://b/{tag:}/', wanted one of the placeholders {team}, {family}, {job}, {tag:KEY}",
        ),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: 's3://b/{team/'}",
            "repair.checkpoint: found 's3://b/{team/', wanted a closing brace for each opening brace",
        ),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: '/mnt/{team}/'}",
            "repair.checkpoint: found '/mnt/{team}/', wanted a template such as s3://bucket/{team}/{family}/",
        ),
        (
            "checkpoint-required", "action: repair, repair: {chekpoint: 's3://b/x/', checkpoint: 's3://b/{team}/'}",
            "repair.chekpoint: found unknown key 'chekpoint', wanted one of allowed, checkpoint, tags"
            " (did you mean 'checkpoint'?)",
        ),
        (
            "checkpoint-required", "action: repair, repair: {checkpoint: 's3://b/{team}/', allowed: {'*': [b]}}",
            "repair.allowed.*[0]: found 'b', wanted an S3 prefix",
        ),
    ],
)  # fmt: skip
def test_a_wrong_repair_is_named(tmp_path: Path, kind: str, words: str, message: str) -> None:
    found = problems(tmp_path, REPAIR % (kind, words))
    assert len(found) == 1, found
    assert f"rules[0]{message}" in found[0] or f"rules[0].{message}" in found[0], found


def test_mistakes_in_a_cause_a_ladder_and_a_cap_are_listed_together(tmp_path: Path) -> None:
    block = BLOCK % "internal: {limit: 3}" + "    ladder: [on-demand, same]\n    cap: {lineage_usd: 0}\n"
    assert [message.partition(": found")[0] for message in problems(tmp_path, block)] == [
        "a.yaml:4: resubmit[0].causes.internal.limit",
        "a.yaml:5: resubmit[0].ladder[1]",
        "a.yaml:6: resubmit[0].cap.lineage_usd",
    ]


def test_rate_limits_are_in_one_file_only_and_a_limit_of_zero_is_refused(tmp_path: Path) -> None:
    one = "version: 1\nbrakes: {stops_per_hour: %s}\nrules:\n  - {name: %s, rule: checkpoint-exclusive}\n"
    (message,) = problems(tmp_path, one % (1, "one"), one % (2, "two"))
    assert message.startswith("b.yaml:2: brakes: found brakes a second time (first in ")
    (message,) = problems(tmp_path, one % (0, "one"), "version: 1\nrules:\n  - {name: two, rule: checkpoint-exclusive}\n")
    assert message == "a.yaml:2: brakes.stops_per_hour: found 0, wanted at least 1 (to pause all actions, run: spotwarden halt)"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "brakes: found nothing, wanted a value, or no such key"),
        ("{}", "brakes: found an empty map, wanted at least one of stops_per_hour, submissions_per_hour"),
        ("{stops_per_hour: -1}", "brakes.stops_per_hour: found -1, wanted at least 1"),
        ("{submissions_per_hour: 0.5}", "brakes.submissions_per_hour: found 0.5, wanted a whole number"),
        ("{stop_per_hour: 5}", "brakes.stop_per_hour: found unknown key 'stop_per_hour', wanted one of stops_per_hour,"),
    ],
)
def test_a_wrong_rate_limit_is_named(tmp_path: Path, words: str, message: str) -> None:
    (found,) = problems(tmp_path, f"version: 1\nbrakes: {words}\n")
    assert found.startswith(f"a.yaml:2: {message}")
