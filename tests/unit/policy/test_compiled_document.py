"""A compiled document from outside the package is either valid or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.policy import bounds
from controller.policy.bounds import Between
from controller.policy.compiled_document import BYTES_MAX, BadPolicyDocument, document_of, document_text, policy_of, revision_of
from controller.policy.judge import Basis, judge
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policyfile import compile_folder
from tests.builders import BEGIN, job

POLICY = """
version: 1
labels: {team: cost-center, team_of_role: {"vision-*": vision}}
brakes: {stops_per_hour: 20}
checkpoints: {ignore: ["*.onnx"]}
slack:
  channels: {vision: "#ml-vision"}
  tell: [person]
  digest: {at: "08:00", timezone: Europe/Berlin}
  may: {stop: [U045EF6GH], read: [members]}
rules:
  - name: short
    rule: max-runtime-limit
    match: {tags: {team: [vision]}, name: "train-*"}
    when: default(ResourceConfig.InstanceCount, 1) > 4 and not (has(VpcConfig) or count(InputDataConfig) > 20)
    options: {at_most: 24h}
    mode: enforce
    action: stop
    share: 10%
    enforce_from: 2026-12-01
    surprise: {jobs: 20, of_last_day: 25%}
  - name: inputs
    rule: tags-required
    when: any(InputDataConfig.DataSource.S3DataSource.S3Uri matches 's3://raw/*') or TrainingJobName in ['a', 'b']
    options: {tags: [cost-center]}
    mode: enforce
    action: repair
    repair: {tags: {cost-center: unknown}}
waivers:
  - {name: old, rule: short, match: {role: legacy}, reason: old image, owner: alice, ticket: ML-1, expires: 2026-03-10}
resubmit:
  - name: again
    causes:
      starved: {limit: 3, backoff: {first: 5m, factor: 2, most: 2h}}
      algorithm: {limit: 1, reasons: ["AlgorithmError: x"]}
    interruptions: {more_than: 5, within: 2h}
    ladder: [same, {instance_types: [ml.g5.xlarge]}, on-demand]
    deadline: {finish_within: 24h}
    cap: {lineage_usd: 50}
rates:
  - {instance_type: ml.g5.xlarge, region: us-east-1, market: spot, usd_per_hour: 1, agreement: private-pricing,
     from: 2026-01-01}
"""
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("policies")
    (folder / "a.yaml").write_text(POLICY)
    return compile_folder(folder)


def forged(document: Mapping[str, Any]) -> str:
    """The text of a document, with the revision that matches its content."""
    return json.dumps({**document, "revision": revision_of(document)})


def read(text: str | bytes) -> Policy:
    return policy_of(document_of(text), BEGIN)


def test_the_output_of_compile_is_read_as_the_same_policy(compiled: dict[str, Any]) -> None:
    policy = read(document_text(compiled))
    assert (policy.revision, policy.in_force_at) == (compiled["revision"], BEGIN)
    assert [rule.name for rule in policy.rules] == ["short", "inputs"]
    assert policy.waivers[0].expires > BEGIN + timedelta(days=1)


TEXTS: dict[str, Callable[[str], str | bytes]] = {
    "an empty object": lambda _: b"",
    "no JSON": lambda _: "rules: []",
    "a file cut off": lambda text: text[: len(text) // 2],
    "too large": lambda text: text[:-1] + " " * BYTES_MAX + "}",
    "not UTF-8": lambda text: b"\xff" + text.encode(),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "a list": lambda _: "[]",
    "null": lambda _: "null",
    "nested deeper than Python follows": lambda _: "[" * 100_000,
    "a number of 10,000 digits": lambda text: text.replace('"version":1', f'"version":{"9" * 10_000}'),
    "not a number": lambda text: text.replace('"version":1', '"version":NaN'),
    "an older form without a version": lambda text: text.replace(',"version":1', ""),
    "the version of a later form": lambda text: text.replace('"version":1', '"version":2'),
    "a version that is true": lambda text: text.replace('"version":1', '"version":true'),
    "a change by hand": lambda text: text.replace('"enforce"', '"warn"'),
    "another revision": lambda text: text.replace('"revision":"', '"revision":"0'),
    "half a character": lambda text: text.replace('"channels":{"vision"', '"channels":{"\\ud800"'),
    "the text of a policy file": lambda _: POLICY,
}


@pytest.mark.parametrize("broken", TEXTS)
def test_a_text_that_compile_did_not_write_is_refused(broken: str, compiled: dict[str, Any]) -> None:
    text = TEXTS[broken](document_text(compiled))
    assert text != document_text(compiled)
    with pytest.raises(BadPolicyDocument, match=r"wanted|spotwarden compile"):
        document_of(text)


FORGED: dict[str, Change] = {
    "an unknown key": lambda d: d.update(rate_limits={}),
    "an unknown key of a rule": lambda d: d["rules"][0].update(acton="stop"),
    "an unknown key of a roll-out": lambda d: d["rules"][0]["rollout"].update(from_="x"),
    "an unknown key of a repair": lambda d: d["rules"][1]["repair"].update(tag={}),
    "an unknown key of a waiver": lambda d: d["waivers"][0].update(until="x"),
    "an unknown key of a block": lambda d: d["resubmit"][0].update(limit=1),
    "an unknown key of a selector": lambda d: d["rules"][0]["match"].update(tag={}),
    "an unknown cause": lambda d: d["resubmit"][0]["causes"].update(starve=d["resubmit"][0]["causes"]["starved"]),
    "no rules": lambda d: d.pop("rules"),
    "rules that are a map": lambda d: d.update(rules={"a": 1}),
    "a rule that is a text": lambda d: d["rules"].append("short"),
    "an unknown kind": lambda d: d["rules"][0].update(kind="max-runtime"),
    "an unknown mode": lambda d: d["rules"][0].update(mode="enforced"),
    "an unknown option": lambda d: d["rules"][0]["options"].update(at_most=1),
    "an option of another type": lambda d: d["rules"][0]["options"].update(at_most_s="24h"),
    "an option that is a text for a list": lambda d: d["rules"][1]["options"].update(tags="cost-center"),
    "patterns that are one text": lambda d: d["rules"][0]["match"].update(name="train-*"),
    "patterns of a tag that are one text": lambda d: d["rules"][0]["match"]["tags"].update(team="vision"),
    "a share that is text": lambda d: d["rules"][0]["rollout"].update(share="10%"),
    "a share of more digits than a number has": lambda d: d["rules"][0]["rollout"].update(share=10**400),
    "a share without an end": lambda d: d["rules"][0]["rollout"].update(share=1e999),
    "a day that is none": lambda d: d["rules"][0]["rollout"].update(enforce_from="2026-13-01"),
    "a waiver without a zone": lambda d: d["waivers"][0].update(expires="2026-03-10T00:00:00"),
    "an expression of another sign": lambda d: d["rules"][0]["when"].update(tree=["~", ["field", ["A"]], ["constant", 1]]),
    "an expression without a tree": lambda d: d["rules"][0]["when"].pop("tree"),
    "an expression that is empty": lambda d: d["rules"][0]["when"].update(tree=[]),
    "half an expression": lambda d: d["rules"][0]["when"].update(tree=["not"]),
    "a limit that is true": lambda d: d["resubmit"][0]["causes"]["starved"].update(limit=True),
    "a cap in text": lambda d: d["resubmit"][0].update(cap_micros="50"),
    "a channel that is a number": lambda d: d.update(channel=5),
    "people that are a list": lambda d: d["slack"].update(people=["U1"]),
    "a list of who may that is a text": lambda d: d["slack"]["may"].update(stop="U045EF6GH"),
    "an unknown request": lambda d: d["slack"]["may"].update(pause=["U045EF6GH"]),
    "claims that are text": lambda d: d.update(trust_claims="no"),
    "an expression compared with an endless number": lambda d: d["rules"][0]["when"].update(
        tree=["<", ["field", ["A"]], ["constant", 1e999]]
    ),
    "an expression of 1,000 characters": lambda d: d["rules"][0]["when"].update(text="x" * 1_000),
    "two rules of one name": lambda d: d["rules"][1].update(name="short"),
    "a rule without a name": lambda d: d["rules"][0].update(name=""),
    "more rules than a policy may have": lambda d: d["rules"].extend(
        {
            "name": f"r{n}",
            "kind": "spot-required",
            "options": {},
            "match": {},
            "mode": "warn",
            "severity": "low",
            "action": None,
            "applies_to": "new",
            "channel": "#ml",
        }
        for n in range(500)
    ),
    "more patterns than a list may have": lambda d: d["rules"][0]["match"].update(name=["x"] * 501),
    "more people than a map may have": lambda d: d["slack"].update(people={f"p{n}": "U045EF6GH" for n in range(5_001)}),
    "a channel of 100,000 characters": lambda d: d.update(channel="#" + "x" * 100_000),
    "a tag of 2,000 characters": lambda d: d["rules"][1]["repair"]["tags"].update({"cost-center": "x" * 2_000}),
    "an address that is a script": lambda d: d["rules"][0].update(docs="javascript:alert(1)"),
    "an address that ends a link": lambda d: d["rules"][0].update(docs="https://a.example/>|<!channel>"),
    "a checkpoint place in any bucket": lambda d: d["rules"][1]["repair"].update(checkpoint="s3://{team}/x/"),
    "a person who is none": lambda d: d["slack"].update(people={"ada": "<!channel>"}),
    "a retry of what a rule stopped": lambda d: d["resubmit"][0]["causes"].update(enforced=d["resubmit"][0]["causes"]["starved"]),
    "more retries of an internal error than help": lambda d: d["resubmit"][0]["causes"].update(
        internal={**d["resubmit"][0]["causes"]["starved"], "limit": 3}
    ),
    "a time zone that does not exist": lambda d: d["slack"]["digest"].update(timezone="Europe/Atlantis"),
    "a time zone that is a folder": lambda d: d["slack"]["digest"].update(timezone="America"),
    "a time zone that is a path": lambda d: d["slack"]["digest"].update(timezone="../../etc/passwd"),
}


@pytest.mark.parametrize("broken", FORGED)
def test_a_document_with_a_valid_name_and_broken_content_is_refused(broken: str, compiled: dict[str, Any]) -> None:
    document = deepcopy(compiled)
    FORGED[broken](document)
    assert document != compiled
    with pytest.raises(BadPolicyDocument, match="compile"):
        read(forged(document).replace("Infinity", "1e999"))


def at(*path: Any) -> Callable[[dict[str, Any], object], object]:
    """A function that sets the value at a path in a document."""

    def put(document: dict[str, Any], value: object) -> None:
        found: Any = document
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = value

    return put


STARVED = ("resubmit", 0, "causes", "starved")
PLACES = (
    (("rules", 0, "rollout", "share"), bounds.SHARE), (("rules", 0, "rollout", "surprise", "jobs"), bounds.SURPRISE_JOBS),
    (("rules", 0, "rollout", "surprise", "percent"), bounds.PERCENT), (("rules", 0, "options", "at_most_s"), bounds.SECONDS),
    (("resubmit", 0, "within_s"), bounds.SECONDS), (("resubmit", 0, "cap_micros"), bounds.MICROS),
    (("resubmit", 0, "team_month_cap_micros"), bounds.MICROS), ((*STARVED, "limit"), bounds.RETRIES),
    ((*STARVED, "first_s"), bounds.SECONDS), ((*STARVED, "most_s"), bounds.SECONDS), ((*STARVED, "factor"), bounds.FACTOR),
    ((*STARVED, "jitter"), bounds.JITTER), ((*STARVED, "volume_gb"), bounds.VOLUME_GB),
    (("resubmit", 0, "interruption_limit", "more_than"), bounds.INTERRUPTIONS),
    (("resubmit", 0, "interruption_limit", "within_s"), bounds.SECONDS),
    *(
        (("resubmit", 0, "deadline", name), bound)
        for name, bound in (
            ("finish_within_s", bounds.HOUR_TO_YEAR), ("quantile", bounds.QUANTILE), ("margin_s", bounds.SECONDS),
            ("start_s", bounds.SECONDS), ("restore_s", bounds.SECONDS_OR_ZERO), ("upload_s", bounds.SECONDS_OR_ZERO),
            ("checkpoint_every_s", bounds.SECONDS), ("placement_score", bounds.PLACEMENT_SCORE),
            ("stay_s", bounds.SECONDS_OR_ZERO), ("moves_max", bounds.MOVES),
        )
    ),
    (("brakes", "stops_per_h"), bounds.ACTS_PER_HOUR), (("brakes", "submissions_per_h"), bounds.ACTS_PER_HOUR),
    (("slack", "waiver_s_max"), bounds.HOUR_TO_YEAR), (("slack", "digest", "hour"), bounds.HOUR),
    (("slack", "digest", "minute"), bounds.MINUTE), (("slack", "digest", "weekday"), bounds.WEEKDAY),
    (("rates", 0, "micros_per_h"), bounds.MICROS),
)  # fmt: skip


@pytest.mark.parametrize(("path", "bound"), PLACES, ids=lambda one: ".".join(map(str, one)) if isinstance(one[0], str) else "")
def test_a_number_beyond_its_bound_is_refused_and_the_last_within_it_is_read(
    compiled: dict[str, Any], path: tuple[Any, ...], bound: Between
) -> None:
    whole = isinstance(bound.least, int) and bound not in (bounds.SHARE, bounds.PERCENT, bounds.FACTOR, bounds.JITTER)
    step = 1 if whole else 0.001
    beyond = (bound.least if bound.above else bound.least - step, bound.most + step, -(10**9), 10**30)
    for value, good in (
        *((bad, False) for bad in beyond),
        (bound.most, True),
        (bound.least + (step if bound.above else 0), True),
    ):
        document = deepcopy(compiled)
        at(*path)(document, value)
        if good:
            read(forged(document))
        else:
            with pytest.raises(BadPolicyDocument, match="wanted"):
                read(forged(document))


def test_every_bound_of_the_policy_s_classes_is_tried_here() -> None:
    """Add a row above for each new field with a bound. Bounds of texts are tested in ``FORGED``."""
    numbers = {bound for bound in vars(bounds).values() if isinstance(bound, Between)}
    assert numbers == {bound for _, bound in PLACES}


def test_a_value_of_two_possible_types_is_refused_with_both(compiled: dict[str, Any]) -> None:
    document = deepcopy(compiled)
    document["brakes"]["submissions_per_h"] = "many"
    with pytest.raises(BadPolicyDocument, match=r"'many', wanted .* or "):
        read(forged(document))


def test_a_lone_surrogate_is_refused_although_the_revision_matches(compiled: dict[str, Any]) -> None:
    with pytest.raises(BadPolicyDocument, match="UnicodeEncodeError"):
        document_of(forged({**compiled, "channel": "\ud800"}))


def test_a_refusal_quotes_the_error_as_python_words_it() -> None:
    with pytest.raises(BadPolicyDocument, match=r"not JSON \(JSONDecodeError: Expecting value"):
        document_of("rules: []")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, one in items for place in places(one, (*path, key))]


@pytest.fixture(scope="module")
def all_places(compiled: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [place for place in places(compiled) if place[0] not in ("version", "revision")]


VALUES = st.sampled_from([None, True, 0, -1, 2.5, "", "x", [], ["x"], {}, {"x": 1}, [[]]])


@given(data=st.data())
def test_a_document_with_any_other_value_is_refused_or_can_be_judged_by(
    compiled: dict[str, Any], all_places: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    document = deepcopy(compiled)
    *path, last = data.draw(st.sampled_from(all_places))
    inner: Any = document
    for key in path:
        inner = inner[key]
    inner[last] = data.draw(VALUES)
    try:
        policy = read(forged(document))
    except BadPolicyDocument:
        return
    judge(job(name="train-bert", tags={"team": "vision"}), Basis(policy, Evidence(), now=BEGIN))
    assert policy.resubmission_for(job()) is None or policy.resubmissions


def test_a_document_with_a_duplicate_name_is_refused(compiled: dict[str, Any]) -> None:
    text = document_text(compiled)
    assert document_of(text)
    with pytest.raises(BadPolicyDocument, match="the name 'rules' twice"):
        document_of(f'{{"rules":[],{text[1:]}')
