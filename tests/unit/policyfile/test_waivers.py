"""Waivers in policy files: every key is required, their rules must exist, and their end is limited."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.policy.load_policy import load_policy
from controller.policyfile import BadPolicy, compile_folder, validate_folder
from tests.builders import BEGIN
from tests.unit.policyfile.writing import problems

RULES = "version: 1\nrules: [{name: use-spot, rule: spot-required}]\n"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
KEYS = {
    "name": "old", "rule": "use-spot", "match": "{role: legacy}", "reason": "moves", "owner": "alice", "ticket": "ML-1",
    "expires": "2026-12-10",
}  # fmt: skip


def with_waiver(**changes: str | None) -> str:
    keys = {name: value for name, value in (KEYS | changes).items() if value is not None}
    return f"{RULES}waivers:\n  - {{{', '.join(f'{name}: {value}' for name, value in keys.items())}}}\n"


def compiled(folder: Path, text: str, now: datetime | None = NOW) -> dict[str, object]:
    (folder / "a.yaml").write_text(text, "utf-8")
    return compile_folder(folder, now=now)


def test_a_waiver_is_in_the_document_that_lambda_reads(tmp_path: Path) -> None:
    (waiver,) = load_policy(compiled(tmp_path, with_waiver()), BEGIN).waivers
    assert (waiver.name, waiver.rules, waiver.reason, waiver.owner, waiver.ticket) == (
        "old",
        ("use-spot",),
        "moves",
        "alice",
        "ML-1",
    )
    assert waiver.match.role == ("*/legacy",)
    assert waiver.expires == datetime(2026, 12, 11, tzinfo=UTC)  # the waiver is valid until the end of the day


def test_the_revision_of_a_policy_without_waivers_is_as_before(tmp_path: Path) -> None:
    document = compiled(tmp_path, RULES)
    assert "waivers" not in document
    assert compiled(tmp_path, with_waiver())["revision"] != document["revision"]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_required(tmp_path: Path, key: str) -> None:
    assert f"a.yaml:4: waivers[0]: found no key '{key}', wanted {key}: and its value" in problems(
        tmp_path, with_waiver(**{key: None})
    )


def test_a_rule_that_is_there_twice_is_suggested_once(tmp_path: Path) -> None:
    text = with_waiver(rule="use-sport").replace("rules: [", "rules: [{name: use-spot, rule: spot-required}, ")
    assert "found the unknown rule 'use-sport', wanted one of use-spot (did you mean 'use-spot'?)" in "\n".join(
        problems(tmp_path, text)
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rule": "use-sport"}, "waivers[0].rule: found the unknown rule 'use-sport', wanted one of use-spot"),
        ({"rule": "[use-spot, spot-required]"}, "waivers[0].rule: found the unknown rule 'spot-required', wanted"),
        ({"rule": "spot-required"}, "wanted one of use-spot (that is a kind of rule; its name here is use-spot)"),
        ({"match": "{}"}, "waivers[0].match: found an empty map, wanted match: all, or at least one key"),
        ({"expires": "never"}, "waivers[0].expires: found 'never', wanted a day such as 2026-12-31"),
        ({"expires": "2026-12-10T08:00:00"}, "waivers[0].expires: found 2026-12-10T08:00:00, wanted a day"),
        ({"expires": "9999-12-31"}, "waivers[0].expires: found 9999-12-31, wanted an earlier day: a waiver ends"),
        ({"reason": '" "'}, "waivers[0].reason: found ' ', wanted one line of at most 300 characters"),
        ({"ticket": '"a\\nb"'}, "waivers[0].ticket: found 'a\\nb', wanted one line of at most 100 characters"),
        ({"until": "2026-12-10"}, "waivers[0].until: found unknown key 'until', wanted one of expires"),
        ({"until": "2026-12-10"}, "(write expires:)"),
        ({"starts": "2026-12-10"}, "(a waiver counts from when its policy is in force until it expires)"),
    ],
)  # fmt: skip
def test_an_invalid_waiver_is_refused(tmp_path: Path, changes: dict[str, str], problem: str) -> None:
    assert any(problem in line for line in problems(tmp_path, with_waiver(**changes)))


def test_a_waiver_names_rules_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(RULES, "utf-8")
    text = with_waiver().replace("rules: [{name: use-spot, rule: spot-required}]\n", "")
    assert compiled(tmp_path, text)["waivers"]


def test_two_waivers_have_two_names(tmp_path: Path) -> None:
    line = with_waiver().splitlines()[-1]
    assert any("found the name 'old' a second time" in problem for problem in problems(tmp_path, f"{with_waiver()}{line}\n"))


@pytest.mark.parametrize(
    ("section", "allowed"),
    [
        ("", "2026-12-14"),
        ("longest_waiver: 90d\n", "2027-02-28"),
        ("slack: {waiver_at_most: 3d}\n", "2026-12-03"),
        ("longest_waiver: 90d\nslack: {waiver_at_most: 3d}\n", "2026-12-03"),
        ("longest_waiver: 2d\nslack: {waiver_at_most: 3d}\n", "2026-12-02"),
    ],
)
def test_one_limit_applies_to_waivers_in_files_and_in_slack(tmp_path: Path, section: str, allowed: str) -> None:
    assert compiled(tmp_path, section.join(("", with_waiver(expires=allowed))))
    after = datetime.fromisoformat(allowed).replace(tzinfo=UTC).date().toordinal() + 1
    with pytest.raises(BadPolicy, match=r"waivers\[0\]\.expires: found .*, wanted at the latest .*, since longest_waiver allows"):
        compiled(tmp_path, section.join(("", with_waiver(expires=datetime.fromordinal(after).date().isoformat()))))


def test_a_waiver_that_has_expired_compiles_with_a_warning_and_so_does_one_about_every_job(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(with_waiver(expires="2026-11-01", match="all"), "utf-8")
    validated = validate_folder(tmp_path, now=NOW)
    assert validated.document["waivers"]
    assert [(warning.code, warning.path, warning.found) for warning in validated.warnings] == [
        ("waiver-of-every-job", "waivers[0].match", "a waiver of every job: until it ends, use-spot has no effect"),
        ("waiver-expired", "waivers[0].expires", "a waiver that has expired (2026-11-02 00:00 UTC) and has no effect"),
    ]


def test_a_compiled_waiver_without_a_zone_is_refused(tmp_path: Path) -> None:
    document = compiled(tmp_path, with_waiver())
    document["waivers"] = [{**waiver, "expires": "2026-12-10T00:00:00"} for waiver in document["waivers"]]  # type: ignore[attr-defined]  # a list of maps
    with pytest.raises(ValueError, match="wanted a time with its zone"):
        load_policy(document, BEGIN)


def test_a_waiver_that_is_too_long_is_named_beside_other_mistakes(tmp_path: Path) -> None:
    other = "  - {name: other, rule: use-spot, match: {role: x}, reason: r, owner: o, ticket: t, expires: never}\n"
    (tmp_path / "a.yaml").write_text(with_waiver(expires="2099-12-31") + other, "utf-8")
    errors = validate_folder(tmp_path, now=BEGIN).errors
    assert [error.found for error in errors] == ["'2099-12-31'", "'never'"]
