"""What is valid in a policy but probably not meant has a warning at its place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.cli import main
from tests.unit.policyfile.writing import NOW, RULES, told, warnings

RULE = """
version: 1
rules:
  - name: saved
    rule: checkpoint-required
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-checkpoints/%s"}
"""


@pytest.mark.parametrize("template", ["{team}/", "shared/", "", "{tag:project}/x"])
def test_a_template_that_names_neither_job_nor_family_is_warned_about(tmp_path: Path, template: str) -> None:
    [warning] = warnings(tmp_path, RULE % template)
    assert warning.code == "one-prefix-for-all"
    assert f"s3://acme-checkpoints/{template}" in warning.found
    assert "{job} or {family}" in warning.wanted
    assert (warning.line, warning.column) == (8, 26)


@pytest.mark.parametrize("template", ["{team}/{job}/", "{family}/", "{tag:project}/{family}/{job}"])
def test_a_template_that_names_one_of_them_is_no_mistake(tmp_path: Path, template: str) -> None:
    assert warnings(tmp_path, RULE % template) == ()


BLOCKS = "version: 1\nresubmit:\n"
A_BLOCK = BLOCKS + "  - {name: one, causes: {starved: {limit: 1}}, %s}\n"


TAGS = RULES + "  - {name: one, rule: spot-required, match: {tags: {team: %s}}}\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'*'", [("tag-missing", "'*'")]),
        ("[vision, '**']", [("tag-missing", "'**'")]),
        ("['*', '']", [("does-nothing", "team")]),
        ("'?*'", []),
        ("''", []),
        ("['', vision]", []),
    ],
)
def test_a_glob_that_the_empty_text_matches_is_warned_about_since_no_job_without_the_tag_matches_it(
    tmp_path: Path, value: str, expected: list[tuple[str, str]]
) -> None:
    assert told(tmp_path, TAGS % value) == expected


def test_a_type_that_no_instance_has_is_warned_about_where_it_is_allowed(tmp_path: Path) -> None:
    allowed = "  - {name: one, rule: instance-allowed, options: {instance_types: ['ml.g5.*', 'ml.g5.*, ml.p3.*']}}\n"
    assert told(tmp_path, RULES + allowed) == [("does-nothing", "'ml.g5.*, ml.p3.*'")]


@pytest.mark.parametrize(
    ("match", "marked"),
    [
        ("{instance_type: ml.g5.3xlarge}", "ml.g5.3xlarge"),
        ("{instance_type: [ml.g5.*, 'ml.q9.*']}", "'ml.q9.*'"),
        ("{account: '1234'}", "'1234'"),
        ("{region: frankfurt}", "frankfurt"),
        ("{name: two_words}", "two_words"),
        ("{name: 'two_*'}", "'two_*'"),
        ("{name: '^train.*$'}", "'^train.*$'"),
        ("{name: 'train-[a'}", "'train-[a'"),
        ("{account: 'x4444*'}", "'x4444*'"),
        ("{region: 'EU-*'}", "'EU-*'"),
        ("{role: 'arn:aws:iam::1:user/x'}", "'arn:aws:iam::1:user/x'"),
        ("{tags: {team: %s}}" % ("x" * 257), "x" * 257),
        ("{tags: {team: 'vision, speech'}}", "'vision, speech'"),
        ("{tags: {team: ['!vision', x]}}", "'!vision'"),
        ("{tags: {team: “vision”}}", "“vision”"),
        ("{role: 'a, b'}", "'a, b'"),
    ],
)
def test_a_rule_and_a_block_that_no_job_can_match_are_named(tmp_path: Path, match: str, marked: str) -> None:
    assert told(tmp_path, RULES + f"  - {{name: one, rule: spot-required, match: {match}}}\n") == [("matches-no-job", marked)]
    assert told(tmp_path, A_BLOCK % f"match: {match}") == [("matches-no-job", marked)]


@pytest.mark.parametrize(
    "match",
    [
        "{instance_type: ml.g5.*}", "{account: '4444*'}", "{account: '444455556666'}", "{region: us-gov-west-1}",
        "{region: eu-*}", "{name: 'two[_-]*'}", "{name: '[!]a]?'}",
        "{role: train}", "{role: '*:role/x'}", "{tags: {team: vision}}", "all",
    ],
)  # fmt: skip
def test_a_rule_that_jobs_can_match_is_not_named(tmp_path: Path, match: str) -> None:
    assert told(tmp_path, RULES + f"  - {{name: one, rule: spot-required, match: {match}}}\n") == []


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("max-runtime-limit, options: {at_most: 28d}", ["never-broken"]),
        ("max-runtime-limit, options: {at_most: 27d}", []),
        ("instance-allowed, options: {instance_types: ml.*}", ["never-broken"]),
        ("uncheckpointed-cap, match: {algorithm: [framework, custom]}", ["never-broken"]),
        ("uncheckpointed-cap, match: {algorithm: [framework, custom]}, options: {without_config: true}", []),
        ("uncheckpointed-cap, match: {algorithm: [framework, built-in]}", []),
        ("checkpoint-required, match: {algorithm: marketplace}", ["never-broken"]),
        ("checkpoint-required, match: {algorithm: marketplace}, options: {only_capable: false}", []),
    ],
)
def test_a_rule_that_no_job_can_break_is_named(tmp_path: Path, rule: str, codes: list[str]) -> None:
    assert [code for code, _ in told(tmp_path, RULES + f"  - {{name: one, rule: {rule}}}\n")] == codes


@pytest.mark.parametrize(("action", "codes"), [("repair", [("never-reached", "repair")]), ("stop", [])])
def test_a_repair_that_never_happens_is_named(tmp_path: Path, action: str, codes: list[tuple[str, str]]) -> None:
    rule = f"  - {{name: one, rule: max-runtime-limit, options: {{at_most: 24h}}, mode: enforce, action: {action}}}\n"
    assert told(tmp_path, RULES + rule) == codes


LIMIT = "  - {name: %s, rule: max-runtime-limit, options: {at_most: %s}, %s}\n"


@pytest.mark.parametrize(
    ("first", "second", "marked"),
    [
        (("24h", "mode: warn"), ("48h", "mode: warn, match: {tags: {team: vision}}"), ["two"]),
        (("48h", "mode: warn, match: {tags: {team: vision}}"), ("24h", "mode: warn"), ["one"]),
        (("24h", "mode: warn"), ("24h", "mode: warn"), ["two"]),
        (("24h", "mode: warn"), ("48h", "mode: audit"), ["two"]),
        (("24h", "mode: warn"), ("48h", "mode: enforce, action: stop"), []),
        (("48h", "mode: warn"), ("24h", "mode: warn, match: {tags: {team: vision}}"), []),
        (("24h", "mode: warn, match: {name: 'a*'}"), ("48h", "mode: warn, match: {name: [ab, 'ac*']}"), ["two"]),
        (("24h", "mode: warn, match: {name: 'a*'}"), ("48h", "mode: warn, match: {name: [ab, 'c*']}"), []),
        (("24h", "mode: warn"), ("48h", "mode: warn, severity: high"), []),
    ],
)
def test_a_rule_that_adds_nothing_to_another_one_is_named(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str], marked: list[str]
) -> None:
    text = RULES + LIMIT % ("one", *first) + LIMIT % ("two", *second)
    assert told(tmp_path, text) == [("shadowed", name) for name in marked]


@pytest.mark.parametrize(
    ("kind", "strict", "mild"),
    [
        ("spot-required", "{runtime_over: 1h}", "{runtime_over: 2h}"),
        ("max-wait-limit", "{at_most: 1h, times_runtime: 2.0}", "{at_most: 2h}"),
        ("uncheckpointed-cap", "{without_config: true}", "{without_config: false}"),
        ("checkpoint-required", "{under: s3://b/a/}", "{under: s3://b/}"),
        ("checkpoint-required", "{only_capable: false}", "{only_capable: true}"),
        ("checkpoint-alive", "{at_most: 30m}", "{at_most: 1h}"),
        ("spot-worth-it", "{chance_at_least: 80%}", "{chance_at_least: 50%, times_on_demand: 2.0}"),
        ("tags-required", "{tags: [a, b]}", "{tags: [b]}"),
        ("instance-allowed", "{instance_types: ml.g5.xlarge}", "{instance_types: ml.g5.*}"),
    ],
)
def test_each_kind_of_rule_knows_which_options_are_stricter(tmp_path: Path, kind: str, strict: str, mild: str) -> None:
    rule = "  - {name: %s, rule: %s, options: %s}\n"
    assert told(tmp_path, RULES + rule % ("one", kind, strict) + rule % ("two", kind, mild)) == [("shadowed", "two")]
    assert told(tmp_path, RULES + rule % ("one", kind, mild) + rule % ("two", kind, strict)) == [("shadowed", "one")]


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        ("all", "{tags: {team: vision}}", ["shadowed"]),
        ("{tags: {team: 'v*'}}", "{tags: {team: vision}, name: x}", ["shadowed"]),
        ("{tags: {team: vision}}", "all", []),
        ("{tags: {team: vision}}", "{tags: {team: [vision, speech]}}", []),
    ],
)
def test_a_block_after_one_for_the_same_jobs_is_named(tmp_path: Path, first: str, second: str, codes: list[str]) -> None:
    block = "  - {name: %s, causes: {starved: {limit: 1}}, match: %s}\n"
    assert [code for code, _ in told(tmp_path, BLOCKS + block % ("one", first) + block % ("two", second))] == codes


@pytest.mark.parametrize(
    ("first", "second", "because"),
    [
        ("spot-required, options: {runtime_over: 3h}", "max-wait-limit, options: {at_most: 2h}", "must be spot"),
        ("max-wait-limit, options: {at_most: 2h}", "spot-required, options: {runtime_over: 3h}", "must be spot"),
        ("spot-required, options: {runtime_over: 2h}", "max-wait-limit, options: {at_most: 2h}", ""),
        ("spot-required, options: {runtime_over: 3h}", "uncheckpointed-cap, options: {at_most: 2h}", "cannot checkpoint"),
        (
            "instance-allowed, options: {instance_types: ml.g5.*}",
            "instance-allowed, options: {instance_types: ml.p3.*}",
            "no instance",
        ),
        (
            "instance-allowed, match: {name: a}, options: {instance_types: ml.g5.*}",
            "instance-allowed, match: {name: b}, options: {instance_types: ml.p3.*}",
            "",
        ),
        (
            "checkpoint-required, options: {under: s3://a/}",
            "checkpoint-required, options: {under: s3://c/}",
            "no checkpoint prefix",
        ),
        (
            "tags-required, options: {tags: [a]}, mode: enforce, action: repair, repair: {tags: {a: x}}",
            "tags-required, options: {tags: [a, b]}, mode: enforce, action: repair, repair: {tags: {a: z, b: y}}",
            "the tag a different values",
        ),
    ],
)
def test_rules_that_no_job_can_keep_together_are_named(tmp_path: Path, first: str, second: str, because: str) -> None:
    found = warnings(tmp_path, RULES + f"  - {{name: one, rule: {first}}}\n  - {{name: two, rule: {second}}}\n")
    contradictions = [one for one in found if one.code == "contradicted"]
    assert len(contradictions) == (1 if because else 0)
    for one in contradictions:
        assert because in one.found
        assert f"{tmp_path}/a.yaml:3" in one.found


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        (RULES + "  - {name: one, rule: spot-required, channel: '#ml'}\n", "does-nothing", "channel"),
        (RULES + "  - {name: one, rule: spot-required, mode: warn, applies_to: running}\n", "never-reached", "running"),
        (A_BLOCK % "on_demand: false, deadline: {finish_within: 5h}", "does-nothing", "deadline"),
        (A_BLOCK % "deadline: {probe: true}", "does-nothing", "probe"),
        (A_BLOCK % "deadline: {min_stay: 2h}", "does-nothing", "min_stay"),
        (A_BLOCK % "deadline: {probe: true, back_to_spot: true}", "never-reached", "true"),
        (A_BLOCK % "interruptions: {more_than: 2, within: 1h}", "does-nothing", "interruptions"),
        (A_BLOCK % "interruptions: {more_than: 2, within: 1h}, ladder: [same]", "does-nothing", "interruptions"),
        (
            BLOCKS + "  - {name: one, causes: {starved: {limit: 1}, quota: {limit: 0, backoff: {first: 1m}}}}\n",
            "does-nothing",
            "backoff",
        ),
        ("version: 1\nbrakes: {stops_per_hour: 5}\n", "never-reached", "5"),
        ("version: 1\nslack: {waiver_at_most: 5d}\n", "does-nothing", "waiver_at_most"),
    ],
)
def test_a_key_without_effect_is_named(tmp_path: Path, text: str, code: str, marked: str) -> None:
    assert told(tmp_path, text) == [(code, marked)]


@pytest.mark.parametrize(
    "text",
    [
        RULES + "  - {name: one, rule: spot-required, mode: warn, channel: '#ml'}\n",
        A_BLOCK % "mode: enforce, deadline: {probe: true, back_to_spot: true, min_stay: 2h}",
        A_BLOCK % "interruptions: {more_than: 2, within: 1h}, ladder: [same, on-demand]",
        A_BLOCK % "mode: enforce" + "brakes: {submissions_per_hour: 5}\n",
        RULES
        + "  - {name: one, rule: spot-required, mode: enforce, action: stop, applies_to: running}\nbrakes: {stops_per_hour: 5}\n",
        "version: 1\nslack: {waiver_at_most: 5d, may: {waive: [U0A1B2C3D]}}\n",
    ],
)
def test_a_key_with_an_effect_is_not_named(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []


@pytest.mark.parametrize(("name", "word"), [("team.ymal", "yml"), ("team.yaml.txt", "yaml"), ("team.YML.bak", "yml")])
def test_a_file_that_ends_almost_like_a_policy_is_named_since_nobody_reads_it(tmp_path: Path, name: str, word: str) -> None:
    (tmp_path / name).write_text("version: 1\n")
    (tmp_path / "README.md").write_text("")
    (found,) = warnings(tmp_path, RULES + "  - {name: one, rule: spot-required}\n")
    assert (found.code, Path(found.file).name, found.suggestions) == ("not-read", name, (word,))


def test_compile_prints_its_warnings_in_addition_to_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(RULE % "{team}/", "utf-8")
    assert main(["compile", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("{")
    assert f"{tmp_path}/a.yaml:8:26: warning: rules[0].repair.checkpoint: found the same checkpoint prefix" in err


ROLLED_OUT = RULES + "  - {name: one, rule: spot-required, mode: enforce, action: stop, %s}\n"


@pytest.mark.parametrize(
    ("more", "marked"),
    [
        ("enforce_from: 2026-11-30", ["enforce_from"]),
        ("enforce_from: 2026-12-01", []),
        ("share: 100%", ["share"]),
        ("share: 99%", []),
    ],
)
def test_a_past_day_and_a_share_of_all_jobs_do_nothing(tmp_path: Path, more: str, marked: list[str]) -> None:
    assert [text for _, text in told(tmp_path, ROLLED_OUT % more, now=datetime(2026, 12, 1, 12, tzinfo=UTC))] == marked


G5 = "  - {name: a, rule: instance-allowed, match: {instance_type: %s}, options: {instance_types: ['ml.g5.*']}}"
TEMPLATE = "rule: checkpoint-required, mode: enforce, action: repair, repair: {checkpoint: 's3://acme/x/{job}/'%s}%s"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RULES + "  - {name: a, rule: spot-required, mode: enforce, action: stop, enforce_from: 2199-01-01}",
         ("never-reached", "2199-01-01")),
        (RULES + G5 % "ml.g5.xlarge",
         ("never-broken", "ml.g5.xlarge")),
        (RULES + G5 % "ml.g4dn.xlarge",
         None),
        (RULES + "  - {name: a, rule: tags-required, match: {tags: {team: '?*'}}, options: {tags: [team]}}",
         ("never-broken", "tags")),
        (RULES + "  - {name: a, rule: tags-required, match: {tags: {team: ''}}, options: {tags: [team]}}", None),
        (RULES + "  - {name: a, rule: tags-required, match: {tags: {team: '?*'}}, options: {tags: [team, user]}}", None),
        (BLOCKS + "  - {name: a, mode: enforce, causes: {starved: {limit: 0}, capacity: {limit: 0}}}",
         ("does-nothing", "causes")),
        ("version: 1\nlongest_waiver: 14d\nslack: {may: {waive: [U045EF6GH]}, waiver_at_most: 30d}\n",
         ("does-nothing", "waiver_at_most")),
        ("version: 1\nlongest_waiver: 30d\nslack: {may: {waive: [U045EF6GH]}, waiver_at_most: 14d}\n", None),
        (RULES + "  - {name: a, rule: spot-required, mode: enforce, action: repair}", ("never-reached", "repair")),
        (RULES + f"  - {{name: a, {TEMPLATE % ('', '')}}}", None),
        (RULES + f"  - {{name: a, {TEMPLATE % (', allowed: {r: [s3://other/]}', '')}}}",
         ("never-reached", "'s3://acme/x/{job}/'")),
        (RULES + f"  - {{name: a, {TEMPLATE % (', allowed: {r: [s3://acme/x/y/]}', '')}}}", None),
        (RULES + f"  - {{name: a, {TEMPLATE % ('', ', options: {under: [s3://other/]}')}}}",
         ("contradicted", "'s3://acme/x/{job}/'")),
    ],
)  # fmt: skip
def test_a_rule_block_or_key_without_effect_is_named(tmp_path: Path, text: str, expected: tuple[str, str] | None) -> None:
    assert told(tmp_path, f"{text}\n", now=NOW) == ([expected] if expected else [])
