"""An expression that is valid but probably not meant has a doubt at its place, with what may be meant."""

from __future__ import annotations

import pytest

from controller.policyfile.when import BadWhen, compile_when
from controller.policyfile.when.doubts import DOUBTFUL, NO_JOB, NOTHING, doubts

NAME, RUNTIME, COUNT = "TrainingJobName", "default(StoppingCondition.MaxRuntimeInSeconds, 86400)", "count(InputDataConfig)"
TYPE, VOLUME = "default(ResourceConfig.InstanceType, '')", "default(ResourceConfig.VolumeSizeInGB, 1)"
INSTANCES, SPOT = "default(ResourceConfig.InstanceCount, 1)", "default(EnableManagedSpotTraining, false)"
STATUS, IMAGE = "TrainingJobStatus", "default(AlgorithmSpecification.TrainingImage, '')"
MODEL, SUBNETS = "default(HyperParameters.model, '')", "VpcConfig.Subnets"
RETRIES = "default(RetryStrategy.MaximumRetryAttempts, 0)"
ROLE, OUTPUT = "default(RoleArn, '')", "default(OutputDataConfig.S3OutputPath, '')"


@pytest.mark.parametrize(
    ("text", "code", "marked", "meant"),
    [
        # a glob, a regular expression or an SQL pattern, compared as plain text
        (f"{NAME} == 'train-*'", DOUBTFUL, "'train-*'", f"{NAME} matches 'train-*'"),
        (f"'train-?' == {NAME}", DOUBTFUL, "'train-?'", f"{NAME} matches 'train-?'"),
        (f"{NAME} != 'train-[ab]'", DOUBTFUL, "'train-[ab]'", f"not ({NAME} matches 'train-[ab]')"),
        (f"{NAME} in ['a*']", DOUBTFUL, "'a*'", f"{NAME} matches 'a*'"),
        (f"{NAME} not in ['a*', 'b']", DOUBTFUL, "'a*'", f"not ({NAME} matches 'a*' or {NAME} in ['b'])"),
        (f"{NAME} == '^train.*$'", DOUBTFUL, "'^train.*$'", f"{NAME} matches 'train*'"),
        (f"{NAME} == 'train%'", DOUBTFUL, "'train%'", f"{NAME} matches 'train*'"),
        (f"{MODEL} == 'bert*'", DOUBTFUL, "'bert*'", f"{MODEL} matches 'bert*'"),
        (f"has(VpcConfig) and 'subnet-*' in {SUBNETS}", DOUBTFUL, "'subnet-*'", f"any({SUBNETS} matches 'subnet-*')"),
        ("any(InputDataConfig.ChannelName == 'tr*')", DOUBTFUL, "'tr*'", "InputDataConfig.ChannelName matches 'tr*'"),
        # plain text instead of a glob
        (f"{NAME} matches 'train'", DOUBTFUL, "'train'", f"{NAME} == 'train'"),
        (f"{NAME} matches 'train%'", DOUBTFUL, "'train%'", f"{NAME} matches 'train*'"),
        (f"{NAME} matches '^train-[0-9]+$'", NO_JOB, "'^train-[0-9]+$'", f"{NAME} matches 'train-[0-9]*'"),
        (f"{NAME} matches 'train-.*'", NO_JOB, "'train-.*'", f"{NAME} matches 'train-*'"),
        (f"{NAME} matches 'train-*|eval-*'", NO_JOB, "'train-*|eval-*'", None),
        (f"{NAME} matches '{{train,eval}}-*'", DOUBTFUL, "'{train,eval}-*'", None),
        # a value that the field never has
        (f"{NAME} == 'my_job'", NO_JOB, f"{NAME} == 'my_job'", f"{NAME} == 'my-job'"),
        (f"{NAME} == '{'x' * 64}'", NO_JOB, f"{NAME} == '{'x' * 64}'", None),
        (f"{NAME} matches 'train_*'", NO_JOB, "'train_*'", f"{NAME} matches 'train-*'"),
        (f"{ROLE} == 'trainer'", NO_JOB, f"{ROLE} == 'trainer'", f"{ROLE} matches '*/trainer'"),
        (f"{ROLE} matches 'train*'", NO_JOB, "'train*'", f"{ROLE} matches '*/train*'"),
        (f"{ROLE} == 'arn:aws:iam::1234:role/x'", NO_JOB, f"{ROLE} == 'arn:aws:iam::1234:role/x'", None),
        (f"{OUTPUT} matches 'acme/*'", NO_JOB, "'acme/*'", f"{OUTPUT} matches 's3://acme/*'"),
        (f"{OUTPUT} == 'S3://acme'", NO_JOB, f"{OUTPUT} == 'S3://acme'", f"{OUTPUT} == 's3://acme'"),
        ("has(VpcConfig) and 'vpc-1' in VpcConfig.Subnets", NO_JOB, "'vpc-1'", None),
        (f"{TYPE} matches 'p4d.*'", NO_JOB, "'p4d.*'", f"{TYPE} matches 'ml.p4d.*'"),
        (f"{TYPE} matches 'ML.P4D.*'", NO_JOB, "'ML.P4D.*'", f"{TYPE} matches 'ml.p4d.*'"),
        (f"{STATUS} matches 'FAILED'", NO_JOB, "'FAILED'", f"{STATUS} == 'Failed'"),
        (f"{IMAGE} matches 'pytorch*'", DOUBTFUL, "'pytorch*'", f"{IMAGE} matches '*/pytorch*'"),
        # units and bounds
        (f"{RUNTIME} > 24", DOUBTFUL, "24", "24h"),
        (f"72 <= {RUNTIME}", DOUBTFUL, "72", "72h"),
        ("default(StoppingCondition.MaxWaitTimeInSeconds, 0) > 172800000", DOUBTFUL, "172800000", "172800s"),
        (f"{RUNTIME} > 28d", NO_JOB, f"{RUNTIME} > 28d", None),
        (f"{VOLUME} > 500000000", NO_JOB, f"{VOLUME} > 500000000", None),
        (f"{INSTANCES} == 1.5", NO_JOB, f"{INSTANCES} == 1.5", None),
        (f"{INSTANCES} >= 0", NOTHING, f"{INSTANCES} >= 0", None),
        (f"{COUNT} > 20", NO_JOB, f"{COUNT} > 20", None),
        (f"{COUNT} >= 0", NOTHING, f"{COUNT} >= 0", None),
        (f"{RETRIES} > 30", NO_JOB, f"{RETRIES} > 30", None),
        (f"{RUNTIME} > {VOLUME}", DOUBTFUL, f"{RUNTIME} > {VOLUME}", None),
        # conditions that are always or never true
        (f"{NAME} == 'a' and {NAME} == 'b'", NO_JOB, f"{NAME} == 'a' and {NAME} == 'b'", None),
        (f"{NAME} == 'a' and {NAME} matches 'b*'", NO_JOB, f"{NAME} == 'a' and {NAME} matches 'b*'", None),
        (f"{NAME} != 'a' or {NAME} != 'b'", NOTHING, f"{NAME} != 'a' or {NAME} != 'b'", None),
        (f"{NAME} matches '*'", NOTHING, f"{NAME} matches '*'", None),
        (f"has(VpcConfig) and {NAME} == {NAME}", NOTHING, f"{NAME} == {NAME}", None),
        (f"{NAME} in ['a', 'b'] and {NAME} in ['c']", NO_JOB, f"{NAME} in ['a', 'b'] and {NAME} in ['c']", None),
        (f"{STATUS} != 'Failed' or {STATUS} != 'Stopped'", NOTHING, f"{STATUS} != 'Failed' or {STATUS} != 'Stopped'", None),
        ("not has(VpcConfig) and has(VpcConfig.Subnets)", NO_JOB, "not has(VpcConfig) and has(VpcConfig.Subnets)", None),
        ("has(VpcConfig) or not has(VpcConfig)", NOTHING, "has(VpcConfig) or not has(VpcConfig)", None),
        ("has(TrainingJobName)", NOTHING, "has(TrainingJobName)", None),
        ("default(TrainingJobName, 'x') matches 'a*'", NOTHING, "default(TrainingJobName, 'x')", "TrainingJobName"),
        (f"{INSTANCES} > 5 and {INSTANCES} > 3", NOTHING, f"{INSTANCES} > 3", None),
        (f"{INSTANCES} > 5 or {INSTANCES} > 3", NOTHING, f"{INSTANCES} > 5", None),
        (f"{NAME} == 'a' and {NAME} != 'b'", NOTHING, f"{NAME} != 'b'", None),
        ("has(Environment) and (has(VpcConfig) or has(VpcConfig) and count(Environment) > 100)", NO_JOB, None, None),
        # negations and flags
        ("not not has(VpcConfig)", NOTHING, "not not has(VpcConfig)", "has(VpcConfig)"),
        (f"not ({NAME} not in ['a'])", NOTHING, f"not ({NAME} not in ['a'])", f"{NAME} in ['a']"),
        (f"not ({NAME} != 'a')", DOUBTFUL, f"not ({NAME} != 'a')", f"{NAME} == 'a'"),
        (f"{SPOT} != false", DOUBTFUL, f"{SPOT} != false", SPOT),
        ("has(EnableManagedSpotTraining)", DOUBTFUL, "has(EnableManagedSpotTraining)", SPOT),
        ("default(EnableNetworkIsolation, true)", DOUBTFUL, "true", "default(EnableNetworkIsolation, false)"),
        # and before or
        ("has(VpcConfig) or has(RetryStrategy) and has(Environment)", DOUBTFUL, "has(RetryStrategy) and has(Environment)",
         "has(VpcConfig) or (has(RetryStrategy) and has(Environment))"),
        ("has(Environment) and has(RetryStrategy) or has(VpcConfig)", DOUBTFUL, "has(Environment) and has(RetryStrategy)",
         "(has(Environment) and has(RetryStrategy)) or has(VpcConfig)"),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_doubted(text: str, code: str, marked: str | None, meant: str | None) -> None:
    compile_when(text)
    [*found] = doubts(text)
    if marked is None:
        assert found
        return
    [one] = found
    assert (one.code, text[one.at : one.end], (*one.meant, None)[0]) == (code, marked, meant)


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME} matches 'train-*'", f"{NAME} == 'train'", f"{NAME} in ['a', 'b']", f"{ROLE} matches '*/trainer'",
        f"{ROLE} == 'arn:aws:iam::111122223333:role/x'", f"{ROLE} == ''",
        f"{OUTPUT} matches 's3://acme-*'", f"{TYPE} matches 'ml.p*'",
        f"{IMAGE} matches '*/pytorch-training:2.*'", f"{IMAGE} matches '7633*'", f"{IMAGE} matches 'registry.acme.com/*'",
        f"{RUNTIME} > 24h", f"{RUNTIME} > 24s", f"{RUNTIME} > 3600", f"{VOLUME} > 500", f"{COUNT} > 19", f"{COUNT} == 0",
        f"{RUNTIME} > default(StoppingCondition.MaxWaitTimeInSeconds, 0)",
        "default(ResourceConfig.KeepAlivePeriodInSeconds, 0) > 60",
        "any(FinalMetricDataList.Value < 0)", "default(HyperParameters.layers, '') == '[1,2]'",
        "has(EnableManagedSpotTraining) and EnableManagedSpotTraining", f"not {SPOT}", f"{SPOT} == false",
        "(has(VpcConfig) or has(RetryStrategy)) and has(Environment)",
        "has(VpcConfig) or (has(RetryStrategy) and has(Environment))",
        "not has(VpcConfig) or has(VpcConfig) and count(VpcConfig.Subnets) > 1",
        f"{INSTANCES} > 5 and {VOLUME} < 3", f"{INSTANCES} >= 5 and {INSTANCES} <= 5",
        "any(InputDataConfig.ChannelName == 'a') and any(InputDataConfig.ChannelName == 'b')",
        f"{NAME} matches 'a*' and {NAME} matches '*b'", "has(FailureReason) and FailureReason matches '*NCCL*'",
    ],
)  # fmt: skip
def test_what_is_usual_is_not_doubted(text: str) -> None:
    compile_when(text)
    assert doubts(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME} == 'a*'", f"{NAME} not in ['a*', 'b']", f"{TYPE} matches 'P4D.*'", f"{OUTPUT} matches 'a/*'",
        f"{NAME} matches 'x'",
        "has(VpcConfig) or has(RetryStrategy) and has(Environment)", f"not ({NAME} != 'a')", "has(EnableManagedSpotTraining)",
    ],
)  # fmt: skip
def test_what_is_suggested_compiles_and_is_not_doubted_again(text: str) -> None:
    for meant in doubts(text)[0].meant:
        try:
            compile_when(meant)
        except BadWhen as error:
            pytest.fail(f"{meant}: {error}")
        assert doubts(meant) == ()
