"""An expression is checked when it is loaded: each mistake is refused at its place, with what is wanted."""

from __future__ import annotations

import random
from string import ascii_lowercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.policyfile.similar_words import similar_words
from controller.policyfile.when import BadWhen, compile_when
from controller.policyfile.when.other_languages import CHAIN, DEFAULT, GLOBS, HYPHEN, LIST, NO_NULL, NOT
from tests.examples import examples

GOOD = [
    "default(ResourceConfig.InstanceCount, 1) > 4",
    "has(ResourceConfig.InstanceCount) and ResourceConfig.InstanceCount > 4",
    "not has(ResourceConfig.InstanceCount) or ResourceConfig.InstanceCount > 4",
    "has(StoppingCondition.MaxRuntimeInSeconds) and StoppingCondition.MaxRuntimeInSeconds >= 24h",
    "default(EnableNetworkIsolation, false) == false and TrainingJobName matches 'train-*'",
    "not default(EnableInterContainerTrafficEncryption, false)",
    "TrainingJobStatus in ['Stopped', 'Failed'] or SecondaryStatus not in ['Training']",
    "any(InputDataConfig.DataSource.S3DataSource.S3Uri matches 's3://raw/*')",
    "has(InputDataConfig) and all(InputDataConfig.ChannelName in ['train', \"test\"])",
    "has(VpcConfig) and 'subnet-0abc1234' in VpcConfig.Subnets",
    "any(VpcConfig.Subnets == 'subnet-0abc1234')",
    "count(InputDataConfig) > 20 or count(HyperParameters) == 0",
    "default(HyperParameters['learning-rate'], '') != '0.1'",
    "has(Environment.DEBUG) and (has(RetryStrategy) or has(RemoteDebugConfig.EnableRemoteDebug))",
    "has(ResourceConfig.InstanceGroups) and any(ResourceConfig.InstanceGroups.InstanceCount > 3)",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_good_expression_compiles(text: str) -> None:
    assert compile_when(text)["text"] == text


LACK = "which a training job may lack"


@pytest.mark.parametrize(
    ("text", "marked", "found", "wanted"),
    [
        ("default(ResourceConfig.InstanceCont, 1) > 4", "InstanceCont", "the field 'InstanceCont'", "a field of ResourceConfig"),
        ("has(ResourceConfg.InstanceCount)", "ResourceConfg", "the field 'ResourceConfg'", "a field of a training job"),
        ("InstanceCount > 4", "InstanceCount", "the field 'InstanceCount'", "a field of a training job"),
        ("TrainingJobName.Length > 4", "Length", "the field 'Length' of TrainingJobName", "no further field"),
        ("default(ResourceConfig.InstanceCount, 1) > 'four'", None, "a number compared with text", "two values of one type"),
        ("default(ResourceConfig.InstanceCount, '1') > 4", "'1'", "text as the default of a number", "a number"),
        ("default(HyperParameters.epochs, '') > 3", None, "text compared with a number", "two values of one type"),
        ("default(EnableNetworkIsolation, false) == 'true'", None, "true or false compared with text", "two values"),
        ("TrainingJobName > 'a'", None, "> between text", "== or !=, or numbers"),
        ("TrainingJobName matches TrainingJobArn", None, "matches without a pattern", "a glob in quotes"),
        (
            "ResourceConfig.InstanceCount > 4",
            "ResourceConfig.InstanceCount",
            "which a training job may lack",
            "has(ResourceConfig",
        ),
        (
            "EnableNetworkIsolation",
            "EnableNetworkIsolation",
            "which a training job may lack",
            "default(EnableNetworkIsolation, false)",
        ),
        (
            "has(VpcConfig) or 'a' in VpcConfig.Subnets",
            "VpcConfig.Subnets",
            "which a training job may lack",
            "has(VpcConfig.Subnets)",
        ),
        ("HyperParameters.epochs == '3'", "HyperParameters.epochs", "may lack", "default(HyperParameters.epochs, '')"),
        (
            "all(InputDataConfig.ChannelName == 'a')",
            "InputDataConfig.ChannelName",
            "may lack",
            "has(InputDataConfig.ChannelName)",
        ),
        ("has(InputDataConfig) and InputDataConfig.ChannelName == 'a'", "InputDataConfig.ChannelName", "many values", "any(…)"),
        ("any(TrainingJobName == 'a')", "TrainingJobName", "within no list", "only the comparison"),
        ("TrainingJobStatus == 'Complete'", "'Complete'", "which TrainingJobStatus never is", "one of InProgress"),
        ("TrainingJobStatus in ['Stopped', 'Faild']", "'Faild'", "which TrainingJobStatus never is", "one of InProgress"),
        ("default(ResourceConfig.InstanceCount, 1) > 4h", "4h", "a duration", "a plain number"),
        ("CreationTime > 5", "CreationTime", "a time", "times cannot be compared"),
        ("has(VpcConfig) and VpcConfig == 'a'", "VpcConfig", "a map", "a field of it"),
        ("has(VpcConfig) and VpcConfig.Subnets == 'a'", "VpcConfig.Subnets", "a list", "any(… == …)"),
        ("TrainingJobStatus", "TrainingJobStatus", "only text", "a comparison"),
        ("true", "true", "only true or false", "a comparison"),
        ("1 == 1", None, "two constants", "a field to compare"),
        ("count(TrainingJobName) > 3", "TrainingJobName", "text", "a list or a map to count"),
        ("TrainingJobName = 'a'", "=", "'='", "'=='"),
        ("has(VpcConfig) && has(Environment)", "&&", "'&&'", "'and'"),
        ("!has(VpcConfig)", "!", "'!'", "'not'"),
        ("hass(VpcConfig)", "hass", "the call 'hass'", "one of has, count"),
        ("TrainingJobName == 'a", "'", '"\'"', "a closing quote"),
        ("TrainingJobName ==", None, "the end of the expression", "a field, a number"),
        ("(has(VpcConfig)", None, "the end of the expression", "')'"),
        ("has(VpcConfig) has(Environment)", "has", "'has'", "and, or"),
        ("default(EnableNetworkIsolation, flase)", "flase", "'flase'", "true or false"),
        ("", None, "an empty expression", "a comparison such as"),
        ("   ", None, "an empty expression", "a comparison such as"),
        ("(" * 13 + "has(VpcConfig)" + ")" * 13, None, "'('", "at most 12 levels"),
        ("not " * 13 + "has(VpcConfig)", "has", "'has'", "at most 12 levels"),
        (
            "TrainingJobName in [" + "'a'," * 49 + "'a'] or count(Environment) > 3 or count(HyperParameters) > 3",
            None,
            "more than 60 parts",
            "a shorter expression",
        ),
        ("x" * 501, None, "an expression of 501 characters", "at most 500"),
        ("default(StoppingCondition.MaxRuntimeInSeconds, 0) > 24hours", "24hours", "'24hours'", "a duration such as 90s"),
        ("default(ResourceConfig.VolumeSizeInGB, 0) > 100GB", "100GB", "'100GB'", "a number, or"),
        ("TrainingJobName is 'a'", "is", "'is'", "and, or, a comparison"),
        ("__import__('os')", "__import__", "the call '__import__'", "one of has"),
        ("TrainingJobName.__class__ == 'a'", "__class__", "the field '__class__' of TrainingJobName", "no further field"),
    ],
)
def test_a_mistake_is_refused_at_its_place(text: str, marked: str | None, found: str, wanted: str) -> None:
    with pytest.raises(BadWhen) as refused:
        compile_when(text)
    error = refused.value
    assert found in error.found
    assert wanted in error.wanted
    assert 0 <= error.at < error.end <= max(len(text), 1) + 1
    if marked is not None:
        assert text[error.at : error.end] == marked


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Tags.team == 'vision'", "select jobs by their tags with match: {tags: {team: vision}}"),
        ("tags == 'vision'", "select jobs by their tags with match: {tags: {team: vision}}"),
        ("TrainingJobName == bert", "text, if it is meant, is in quotes"),
        ("TrainingJobName matches \u2018bert\u2019", "write plain quotes: ' or \""),
        ("TrainingJobName == `bert`", "write plain quotes: ' or \""),
        ("VpcConfig == null", NO_NULL),
        ("default(Environment['A'], None) == 'x'", NO_NULL),
        ("default(ResourceConfig.InstanceCount, 1) != nil", NO_NULL),
        ("TrainingJobName =~ '^train'", GLOBS),
        ("TrainingJobName ~ '^train'", GLOBS),
        ("TrainingJobName contains 'x'", GLOBS),
        ("TrainingJobName LIKE 'x%'", GLOBS),
        ("TrainingJobName.startswith('x')", GLOBS),
        ("startsWith(TrainingJobName, 'x')", GLOBS),
        ("TrainingJobName is 'a'", "write == between two values"),
        ("TrainingJobName <> 'a'", "write != for a difference"),
        ("TrainingJobName not matches 'x*'", NOT),
        ("default(ResourceConfig.InstanceCount, 1) > -1", "there are no calculations and no negative numbers"),
        ("default(StoppingCondition.MaxRuntimeInSeconds, 1h) > 24h + 1h", "there are no calculations and no negative numbers"),
        ("default(StoppingCondition.MaxRuntimeInSeconds, 1h) > 24 h", "write a duration without a space, such as 24h"),
        (f"count(InputDataConfig) > {'9' * 40}", "at most twelve digits, and six after the point"),
        ("1 < default(ResourceConfig.InstanceCount, 1) < 5", CHAIN),
        ("default(ResourceConfig.InstanceCount) > 1", DEFAULT),
        ("InputDataConfig[0].ChannelName == 'x'", LIST),
        ("len(InputDataConfig) > 3", "count(FIELD) is the length of a list"),
        ("exists(VpcConfig)", "has(FIELD) says whether a job has the field"),
        ("has(HyperParameters.learning-rate)", HYPHEN),
        ("TrainingJobNam == 'bert'", ""),
        ("job.TrainingJobName == 'bert'", ""),
    ],
)
def test_what_people_write_by_habit_has_a_hint(text: str, hint: str) -> None:
    with pytest.raises(BadWhen) as refused:
        compile_when(text)
    assert refused.value.hint == hint


def test_null_in_a_text_is_text() -> None:
    assert compile_when("TrainingJobName == 'null'")["tree"] == ["==", ["field", ["TrainingJobName"]], ["constant", "null"]]


def test_a_word_in_the_place_of_a_comparison_suggests_no_sign_and_each_word_once() -> None:
    with pytest.raises(BadWhen) as refused:
        compile_when("TrainingJobName im ['a']")
    assert similar_words(refused.value.word, refused.value.words) == ("in",)


def test_a_field_without_the_part_around_it_is_suggested_whole() -> None:
    with pytest.raises(BadWhen) as refused:
        compile_when("InstanceCount > 4")
    assert refused.value.hint == "did you mean 'ResourceConfig.InstanceCount'?"


def typos(word: str) -> set[str]:
    found = {word[:at] + word[at + 1 :] for at in range(len(word))} | {
        word[:at] + word[at] + word[at:] for at in range(len(word))
    }
    found |= {word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :] for at in range(len(word))}
    found |= {word[:at] + letter + word[at + 1 :] for at in range(len(word)) for letter in ascii_lowercase}
    return found - {word, ""}


def test_every_misspelt_field_is_refused_and_the_right_word_is_suggested() -> None:
    """The names of fields in the expressions above, without keys of hyperparameters and variables, which are free."""
    tried = []
    for text in GOOD:
        for path, _ in compile_when(text)["fields"]:
            known = path[:1] if path[0] in ("HyperParameters", "Environment") else path
            tried += [(text, name, typo) for name in known for typo in sorted(typos(name))]
    whole = settings.get_current_profile_name() == "nightly"
    for text, name, typo in tried if whole else random.Random(13).sample(tried, 400):  # noqa: S311 - repeatable, not secret
        with pytest.raises(BadWhen) as refused:
            compile_when(text.replace(name, typo))
        assert name in similar_words(refused.value.word, refused.value.words), (text, name, typo)


WORDS = [
    "has",
    "(",
    ")",
    "and",
    "or",
    "not",
    "in",
    "==",
    ">",
    "'a'",
    "4",
    "4h",
    "true",
    "[",
    "]",
    ",",
    ".",
    "default",
    "any",
    "count",
    "VpcConfig",
    "ResourceConfig.InstanceCount",
    "TrainingJobName",
    "InputDataConfig.ChannelName",
]


@pytest.mark.slow
@given(words=st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=25))
@settings(max_examples=examples(60))
def test_any_text_compiles_or_is_refused_with_a_place(words: list[str]) -> None:
    text = " ".join(words)
    try:
        compile_when(text)
    except BadWhen as refused:
        error = refused
    else:
        return
    assert 0 <= error.at < error.end
    assert error.found
    assert error.wanted
