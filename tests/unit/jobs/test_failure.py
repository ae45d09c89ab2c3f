"""The class at the start of a FailureReason decides its cause; its text does not."""

from inspect import cleandoc

import pytest

from controller.jobs.failure import FAILURE_HANDLING, FailureCause, RetryChange, begins_with, classify
from controller.ledger.move_cause import MoveCause, attempt_cause
from tests.builders import FAILURES

INTERNAL_TEXT = "We encountered an internal error. Please try again."
LABELLED: list[tuple[str | None, FailureCause]] = [
    # as SageMaker writes them
    (
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.",
        FailureCause.CAPACITY,
    ),
    ("CapacityError: Unable to provision requested ML compute capacity.", FailureCause.CAPACITY),
    (f"InternalServerError: {INTERNAL_TEXT}", FailureCause.INTERNAL),
    ("InternalServerError: We encountered an internal error.  Please try again.", FailureCause.INTERNAL),
    ("AlgorithmError: Exit Code: 1", FailureCause.ALGORITHM),
    ("AlgorithmError: Exit Code: 139", FailureCause.ALGORITHM),
    ("AlgorithmError: ", FailureCause.ALGORITHM),
    (
        'AlgorithmError: ExecuteUserScriptError:\nCommand "/opt/conda/bin/python3.6 train.py --epochs 3"',
        FailureCause.ALGORITHM,
    ),
    ('ExecuteUserScriptError: Command "/opt/conda/bin/python3.6 train.py --epochs 3"', FailureCause.ALGORITHM),
    ("AlgorithmError: framework error: \nTraceback (most recent call last):\n  File ...", FailureCause.ALGORITHM),
    ("AlgorithmError: CUDA out of memory. Tried to allocate 2.00 GiB", FailureCause.ALGORITHM),
    (
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance.",
        FailureCause.MEMORY,
    ),
    ("ClientError: Artifact upload failed:ClientError: Out of Memory. Please use a larger instance", FailureCause.MEMORY),
    ("ClientError: Data download failed:Insufficient disk space", FailureCause.DISK),
    ("ClientError: Artifact upload failed:Insufficient disk space", FailureCause.DISK),
    ("ClientError:  Data  download failed:Insufficient  disk space.", FailureCause.DISK),
    ("ClientError: your script says: Data download failed:Insufficient disk space", FailureCause.CLIENT),
    ("AlgorithmError: Please use an instance type with more memory", FailureCause.ALGORITHM),
    ("ThrottlingException: Rate exceeded", FailureCause.THROTTLED),
    # the forms of 2026
    ("AlgorithmError: , exit code: 1", FailureCause.ALGORITHM),
    ("AlgorithmError: AlgorithmError: Exit Code: 1", FailureCause.ALGORITHM),
    (f"InternalServerError: InternalServerError: {INTERNAL_TEXT}", FailureCause.INTERNAL),
    ("ClientError: ClientError: Data download failed:Insufficient disk space", FailureCause.DISK),
    (
        "ClientError: Data download failed:Failed to download data. An error occurred (SlowDown) when calling the GetObject"
        " operation (reached max retries: 4): Please reduce your request rate.",
        FailureCause.THROTTLED,
    ),
    ("ClientError: your script says: SlowDown", FailureCause.CLIENT),
    *(
        (f"ClientError: Data download failed:Failed to download data. {text}", cause)
        for text, cause in (
            (
                "Please reduce your request rate. (Service: Amazon S3; Status Code: 503; Error Code: SlowDown)",
                FailureCause.THROTTLED,
            ),
            ("We encountered an internal error. (Service: Amazon S3; Status Code: 500; Error Code: X)", FailureCause.THROTTLED),
            ("Bad Gateway (502): Bad Gateway", FailureCause.THROTTLED),
            ("Too Many Requests (429)", FailureCause.THROTTLED),
            ("KMS ThrottlingException: You have exceeded the rate at which you may call KMS", FailureCause.THROTTLED),
            ("Unable to execute HTTP request: Connection reset by peer", FailureCause.THROTTLED),
            ("Could not download s3://bucket/key: Read timed out", FailureCause.THROTTLED),
            ("Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied)", FailureCause.CLIENT),
            ("ListObjectsV2 failed for s3://bucket/500 : Unable to execute request to S3", FailureCause.CLIENT),
            ("Connect to bucket.s3.amazonaws.com:443 failed: connect timed out", FailureCause.CLIENT),
            ("For FastFile mode, partial S3 prefix is not supported.", FailureCause.CLIENT),
            ("403 Forbidden (403): Forbidden", FailureCause.CLIENT),
            ("not enough disk space", FailureCause.DISK),
        )
    ),
    ("ClientError: Data download failed for channel 'train': Insufficient disk space", FailureCause.DISK),
    ("ClientError: Data download failed for channel 'train'. Please ensure that the role may read", FailureCause.CLIENT),
    ("ClientError: Model artifact upload failed:Insufficient disk space", FailureCause.DISK),
    ("ClientError: Insufficient disk space", FailureCause.DISK),
    ("ClientError: See job logs for more information", FailureCause.CLIENT),
    ("AlgorithmError: , exit code: 127", FailureCause.ALGORITHM),
    ("InstallRequirementsError:\nExitCode 1", FailureCause.ALGORITHM),
    (
        "ClientError: Artifact upload failed:RequestTimeout (400): Your socket connection was not read from",
        FailureCause.THROTTLED,
    ),
    ("ClientError: Data download failed:Could not download s3://b/k, insufficient disk space left", FailureCause.DISK),
    ("ClientError: Data download failed:Could not download s3://b/insufficient/disk/space", FailureCause.CLIENT),
    ("ClientError: Data download failed:AccessDenied (403): Access Denied", FailureCause.CLIENT),
    ("ClientError: Data download failed: ThrottlingException: Rate exceeded", FailureCause.THROTTLED),
    (
        "ClientError: Data download failed:An error occurred (InternalError) when calling the GetObject operation (reached max"
        " retries: 4): We encountered an internal error. Please try again.",
        FailureCause.THROTTLED,
    ),
    ("ClientError: Artifact upload failed:An error occurred (503) when calling the PutObject operation", FailureCause.THROTTLED),
    ("ClientError: Data download failed:Could not download s3://bucket/slowdown/x: Forbidden (403)", FailureCause.CLIENT),
    ("ClientError: Data download failed:NoSuchKey (404)", FailureCause.CLIENT),
    ("ClientError: Artifact upload failed: Insufficient disk space", FailureCause.DISK),
    ("ClientError: Data download failed: OSError: [Errno 28] No space left on device", FailureCause.DISK),
    ("ClientError: Out of Memory. Please use a larger instance", FailureCause.MEMORY),
    ("ClientError: Failed to pull the image: no space left on device", FailureCause.CLIENT),
    (
        "ClientError: Artifact upload failed:Please ensure that the subnet's route table has a route"
        " to an S3 VPC endpoint or a NAT device, ...",
        FailureCause.CLIENT,
    ),
    ("ClientError: SageMaker was unable to assume the role 'arn:aws:iam::111122223333:role/SMRole'", FailureCause.CLIENT),
    # blanks
    (f"  InternalServerError: {INTERNAL_TEXT}", FailureCause.INTERNAL),
    (f"\n\tInternalServerError:  {INTERNAL_TEXT}\n", FailureCause.INTERNAL),
    (f"InternalServerError : {INTERNAL_TEXT}", FailureCause.INTERNAL),
    ("\N{NO-BREAK SPACE}CapacityError:\N{NO-BREAK SPACE}Unable to provision", FailureCause.CAPACITY),
    ("CapacityError:Unable to provision", FailureCause.CAPACITY),
    ("CapacityError", FailureCause.CAPACITY),
    ("CapacityError:", FailureCause.CAPACITY),
    # a user's text that imitates another class
    ("AlgorithmError: CapacityError: Unable to provision requested ML compute capacity.", FailureCause.ALGORITHM),
    ("AlgorithmError: CapacityError", FailureCause.ALGORITHM),
    (f"AlgorithmError: InternalServerError: {INTERNAL_TEXT}", FailureCause.ALGORITHM),
    ("AlgorithmError:\nCapacityError: gives a retry?", FailureCause.ALGORITHM),
    ("ClientError: InternalServerError: nice try", FailureCause.CLIENT),
    ("AlgorithmError: MaxWaitTimeExceeded", FailureCause.ALGORITHM),
    ("my CapacityError: Unable to provision requested ML compute capacity.", FailureCause.UNKNOWN),
    (f"Error: InternalServerError: {INTERNAL_TEXT}", FailureCause.UNKNOWN),
    ("CapacityErrorFoo: Unable to provision", FailureCause.UNKNOWN),
    ("CapacityError2: Unable to provision", FailureCause.UNKNOWN),
    ("CapacityError_: Unable to provision", FailureCause.UNKNOWN),
    ("NoCapacityError: Unable to provision", FailureCause.UNKNOWN),
    ("CapacityError.Retry: Unable to provision", FailureCause.UNKNOWN),
    ("CapacityError Unable to provision", FailureCause.UNKNOWN),
    ("Capacity Error: Unable to provision", FailureCause.UNKNOWN),
    ("'CapacityError': Unable to provision", FailureCause.UNKNOWN),
    ("capacityerror: Unable to provision", FailureCause.UNKNOWN),
    ("CAPACITYERROR: Unable to provision", FailureCause.UNKNOWN),
    ("\N{ZERO WIDTH SPACE}CapacityError: Unable to provision", FailureCause.UNKNOWN),
    ("C\N{CYRILLIC SMALL LETTER A}pacityError: Unable to provision", FailureCause.UNKNOWN),
    ("CapacityError\N{FULLWIDTH COLON} Unable to provision", FailureCause.UNKNOWN),
    # no class of SageMaker's
    ("Starved: no spot capacity", FailureCause.UNKNOWN),
    ("starved", FailureCause.UNKNOWN),
    ("MaxWaitTimeExceeded: Training job exceeded MaxWaitTime", FailureCause.UNKNOWN),
    ("Training job exceeded MaxWaitTime", FailureCause.UNKNOWN),
    (
        "ResourceLimitExceeded: The account-level service limit 'ml.p3.2xlarge for spot training job usage' is 0",
        FailureCause.QUOTA,
    ),
    # other languages, other sizes
    ("Ошибка: нет свободных машин", FailureCause.UNKNOWN),
    ("容量エラー: リソースが不足しています", FailureCause.UNKNOWN),
    ("AlgorithmError: Не удалось открыть файл", FailureCause.ALGORITHM),
    ("AlgorithmError: " + "x" * 1008, FailureCause.ALGORITHM),
    ("InternalServerError: " + "ü" * 1003, FailureCause.INTERNAL),
    ("C" * 1024, FailureCause.UNKNOWN),
    (" " * 1024, FailureCause.UNKNOWN),
    (":", FailureCause.UNKNOWN),
    (": CapacityError", FailureCause.UNKNOWN),
    ("", FailureCause.UNKNOWN),
    (None, FailureCause.UNKNOWN),
]


@pytest.mark.parametrize(("text", "cause"), LABELLED)
def test_a_reason_is_classified_by_the_class_it_begins_with(text: str | None, cause: FailureCause) -> None:
    assert classify(text) is cause


def test_the_reasons_of_the_tests_have_the_cause_that_they_are_named_for() -> None:
    by_sagemaker = {
        cause: text for cause, text in FAILURES.items() if cause is not FailureCause.QUOTA
    }  # CreateTrainingJob's error
    assert {cause: classify(text) for cause, text in by_sagemaker.items()} == {cause: cause for cause in by_sagemaker}


@pytest.mark.parametrize("cause", FailureCause)
def test_every_cause_is_explained_in_whole_sentences_without_semicolons(cause: FailureCause) -> None:
    handling = FAILURE_HANDLING[cause]
    assert handling.label
    assert handling.why == cleandoc(handling.why)
    assert handling.why.endswith(".")
    assert ";" not in handling.why
    assert (cause.retryable, cause.label, cause.why) == (handling.retryable, handling.label, handling.why)


def test_exactly_the_causes_that_a_retry_can_help_are_retryable() -> None:
    assert {cause for cause in FailureCause if cause.retryable} == {
        FailureCause.NEVER_LAUNCHED, FailureCause.STARVED, FailureCause.CAPACITY, FailureCause.INTERNAL, FailureCause.QUOTA,
        FailureCause.THROTTLED,
    }  # fmt: skip


def test_tables_and_messages_name_each_cause_in_these_words() -> None:
    assert {cause.value: cause.label for cause in FailureCause} == {
        "never-launched": "never launched", "starved": "waited too long for spot", "capacity": "no capacity",
        "internal": "internal error", "quota": "quota", "throttled": "throttled", "overran": "reached its maximum runtime",
        "algorithm": "algorithm error", "client": "client error", "memory": "out of memory", "disk": "disk full",
        "stopped": "stopped by a person", "enforced": "stopped by a rule", "unknown": "unknown",
    }  # fmt: skip
    assert {cause.value: cause.label for cause in MoveCause} == {
        "deadline": "moved for its deadline", "interruptions": "interrupted too often", "return": "moved back to spot",
        "repair": "repaired", "asked": "requested by a person", "changed-back": "back on the instances that worked",
    }  # fmt: skip


def test_how_the_next_attempt_must_differ_depends_on_the_cause() -> None:
    by_change = {change: {cause for cause in FailureCause if cause.next is change} for change in RetryChange}
    assert by_change == {
        RetryChange.SAME: {FailureCause.INTERNAL, FailureCause.THROTTLED},
        RetryChange.RESUME: {FailureCause.STARVED, FailureCause.OVERRAN},
        RetryChange.ELSEWHERE: {FailureCause.NEVER_LAUNCHED, FailureCause.CAPACITY, FailureCause.QUOTA},
        RetryChange.LARGER: {FailureCause.MEMORY, FailureCause.DISK},
        RetryChange.NAMED: {FailureCause.ALGORITHM, FailureCause.CLIENT},
        RetryChange.NEVER: {FailureCause.STOPPED, FailureCause.ENFORCED, FailureCause.UNKNOWN},
    }


def test_no_two_causes_share_a_label() -> None:
    labels = [*(cause.label for cause in FailureCause), *(cause.label for cause in MoveCause)]
    assert len(set(labels)) == len(labels)


def test_no_stored_value_names_a_failure_and_a_move() -> None:
    assert not set(FailureCause) & set(MoveCause)
    assert all(attempt_cause(cause.value) is cause for cause in (*FailureCause, *MoveCause))


def test_an_internal_error_is_never_tried_more_than_twice() -> None:
    assert FailureCause.INTERNAL.tries_max == 2


def test_a_policy_names_the_beginning_of_a_reason_and_no_later_part() -> None:
    assert begins_with("AlgorithmError:  Exit Code: 137", ("AlgorithmError: Exit Code: 137",))
    assert not begins_with("AlgorithmError: see AlgorithmError: Exit Code: 137", ("AlgorithmError: Exit Code: 137",))
    assert not begins_with(None, ("AlgorithmError",))


OLDER_SCRIPT_ERROR = 'AlgorithmError: ExecuteUserScriptError:\nCommand "/opt/conda/bin/python3.9 train.py", exit code: 137'
SCRIPT_ERROR = (
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 137\nErrorMessage "Killed"\nCommand "python3.9 train.py", exit code: 137'
)


@pytest.mark.parametrize(
    ("text", "beginning", "matches"),
    [
        ("AlgorithmError: Exit Code: 137", "AlgorithmError: Exit Code: 1", False),
        ("AlgorithmError: Exit Code: 1", "AlgorithmError: Exit Code: 1", True),
        ("AlgorithmError: Exit Code: 1. See the log", "AlgorithmError: Exit Code: 1", True),
        ("AlgorithmError: , exit code: 137", "AlgorithmError: Exit Code: 137", True),
        ("AlgorithmError: , exit code: 137", "AlgorithmError: Exit Code: 13", False),
        ("AlgorithmError: Exit Code: 137", "AlgorithmError: , exit code: 137", True),
        ("AlgorithmError: AlgorithmError: Exit Code: 137", "AlgorithmError: Exit Code: 137", True),
        ("AlgorithmError: NCCL error 2", "AlgorithmError: NCCL", True),
        (SCRIPT_ERROR, "AlgorithmError: Exit Code: 137", True),
        (SCRIPT_ERROR, "AlgorithmError: , exit code: 137", True),
        (SCRIPT_ERROR, "AlgorithmError: Exit Code: 13", False),
        (SCRIPT_ERROR, "AlgorithmError: ExecuteUserScriptError", True),
        (OLDER_SCRIPT_ERROR, "AlgorithmError: Exit Code: 137", True),
        (OLDER_SCRIPT_ERROR + " happened", "AlgorithmError: Exit Code: 137", False),
        ("AlgorithmError: See job logs for more information, exit code: 137", "AlgorithmError: Exit Code: 137", True),
        ("AlgorithmError: Framework Error:\nTraceback: line 1, exit code: 137", "AlgorithmError: Exit Code: 13", False),
        ("AlgorithmError: says, exit code: 137 and goes on, exit code: 1", "AlgorithmError: Exit Code: 1", True),
        ("AlgorithmError: says, exit code: 137 and goes on, exit code: 1", "AlgorithmError: Exit Code: 137", False),
        ("AlgorithmError: Exit Code: -9", "AlgorithmError: , exit code: -9", True),
        ("ExecuteUserScriptError: ExitCode 1", "AlgorithmError: Exit Code: 1", True),
        ('AlgorithmError: InstallRequirementsError:\nExitCode 137\nErrorMessage ""', "AlgorithmError: Exit Code: 137", True),
        ("AlgorithmError: InstallModuleError: ExitCode 1", "AlgorithmError: Exit Code: 13", False),
        (
            "AlgorithmError: ExecuteUserScriptError: ExecuteUserScriptError: ExitCode 137",
            "AlgorithmError: , exit code: 137",
            True,
        ),
        ("ClientError: See job logs, exit code: 137", "AlgorithmError: Exit Code: 137", False),
    ],
)
def test_one_reason_is_known_in_each_form_that_sagemaker_writes_and_a_number_is_a_whole_number(
    text: str, beginning: str, matches: bool
) -> None:
    assert begins_with(text, (beginning,)) is matches
