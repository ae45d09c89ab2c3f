"""A FailureReason's class is believed, its text is not."""

from inspect import cleandoc

import pytest

from controller.jobs.failure import HANDLING, Cause, RetryChange, begins_with, classify

INTERNAL_TEXT = "We encountered an internal error. Please try again."
LABELLED: list[tuple[str | None, Cause]] = [
    # as SageMaker writes them
    (
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type.",
        Cause.CAPACITY,
    ),
    ("CapacityError: Unable to provision requested ML compute capacity.", Cause.CAPACITY),
    (f"InternalServerError: {INTERNAL_TEXT}", Cause.INTERNAL),
    ("InternalServerError: We encountered an internal error.  Please try again.", Cause.INTERNAL),
    ("AlgorithmError: Exit Code: 1", Cause.ALGORITHM),
    ("AlgorithmError: Exit Code: 139", Cause.ALGORITHM),
    ("AlgorithmError: ", Cause.ALGORITHM),
    (
        'AlgorithmError: ExecuteUserScriptError:\nCommand "/opt/conda/bin/python3.6 train.py --epochs 3"',
        Cause.ALGORITHM,
    ),
    ('ExecuteUserScriptError: Command "/opt/conda/bin/python3.6 train.py --epochs 3"', Cause.ALGORITHM),
    ("AlgorithmError: framework error: \nTraceback (most recent call last):\n  File ...", Cause.ALGORITHM),
    ("AlgorithmError: CUDA out of memory. Tried to allocate 2.00 GiB", Cause.ALGORITHM),
    (
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance.",
        Cause.MEMORY,
    ),
    ("ClientError: Artifact upload failed:ClientError: Out of Memory. Please use a larger instance", Cause.MEMORY),
    ("ClientError: Data download failed:Insufficient disk space", Cause.DISK),
    ("ClientError: Artifact upload failed:Insufficient disk space", Cause.DISK),
    ("ClientError:  Data  download failed:Insufficient  disk space.", Cause.DISK),
    ("ClientError: your script says: Data download failed:Insufficient disk space", Cause.CLIENT),
    ("AlgorithmError: Please use an instance type with more memory", Cause.ALGORITHM),
    ("ThrottlingException: Rate exceeded", Cause.THROTTLED),
    (
        "ClientError: Artifact upload failed:Please ensure that the subnet's route table has a route"
        " to an S3 VPC endpoint or a NAT device, ...",
        Cause.CLIENT,
    ),
    ("ClientError: SageMaker was unable to assume the role 'arn:aws:iam::111122223333:role/SMRole'", Cause.CLIENT),
    # blanks
    (f"  InternalServerError: {INTERNAL_TEXT}", Cause.INTERNAL),
    (f"\n\tInternalServerError:  {INTERNAL_TEXT}\n", Cause.INTERNAL),
    (f"InternalServerError : {INTERNAL_TEXT}", Cause.INTERNAL),
    ("\N{NO-BREAK SPACE}CapacityError:\N{NO-BREAK SPACE}Unable to provision", Cause.CAPACITY),
    ("CapacityError:Unable to provision", Cause.CAPACITY),
    ("CapacityError", Cause.CAPACITY),
    ("CapacityError:", Cause.CAPACITY),
    # a user's text that would like to be something else
    ("AlgorithmError: CapacityError: Unable to provision requested ML compute capacity.", Cause.ALGORITHM),
    ("AlgorithmError: CapacityError", Cause.ALGORITHM),
    (f"AlgorithmError: InternalServerError: {INTERNAL_TEXT}", Cause.ALGORITHM),
    ("AlgorithmError:\nCapacityError: gives a retry?", Cause.ALGORITHM),
    ("ClientError: InternalServerError: nice try", Cause.CLIENT),
    ("AlgorithmError: MaxWaitTimeExceeded", Cause.ALGORITHM),
    ("my CapacityError: Unable to provision requested ML compute capacity.", Cause.UNKNOWN),
    (f"Error: InternalServerError: {INTERNAL_TEXT}", Cause.UNKNOWN),
    ("CapacityErrorFoo: Unable to provision", Cause.UNKNOWN),
    ("CapacityError2: Unable to provision", Cause.UNKNOWN),
    ("CapacityError_: Unable to provision", Cause.UNKNOWN),
    ("NoCapacityError: Unable to provision", Cause.UNKNOWN),
    ("CapacityError.Retry: Unable to provision", Cause.UNKNOWN),
    ("CapacityError Unable to provision", Cause.UNKNOWN),
    ("Capacity Error: Unable to provision", Cause.UNKNOWN),
    ("'CapacityError': Unable to provision", Cause.UNKNOWN),
    ("capacityerror: Unable to provision", Cause.UNKNOWN),
    ("CAPACITYERROR: Unable to provision", Cause.UNKNOWN),
    ("\N{ZERO WIDTH SPACE}CapacityError: Unable to provision", Cause.UNKNOWN),
    ("C\N{CYRILLIC SMALL LETTER A}pacityError: Unable to provision", Cause.UNKNOWN),
    ("CapacityError\N{FULLWIDTH COLON} Unable to provision", Cause.UNKNOWN),
    # never a cause of its own, whatever the text says
    ("Starved: no spot capacity", Cause.UNKNOWN),
    ("starved", Cause.UNKNOWN),
    ("MaxWaitTimeExceeded: Training job exceeded MaxWaitTime", Cause.UNKNOWN),
    ("Training job exceeded MaxWaitTime", Cause.UNKNOWN),
    (
        "ResourceLimitExceeded: The account-level service limit 'ml.p3.2xlarge for spot training job usage' is 0",
        Cause.QUOTA,
    ),
    # other languages, other sizes
    ("Ошибка: нет свободных машин", Cause.UNKNOWN),
    ("容量エラー: リソースが不足しています", Cause.UNKNOWN),
    ("AlgorithmError: Не удалось открыть файл", Cause.ALGORITHM),
    ("AlgorithmError: " + "x" * 1008, Cause.ALGORITHM),
    ("InternalServerError: " + "ü" * 1003, Cause.INTERNAL),
    ("C" * 1024, Cause.UNKNOWN),
    (" " * 1024, Cause.UNKNOWN),
    (":", Cause.UNKNOWN),
    (": CapacityError", Cause.UNKNOWN),
    ("", Cause.UNKNOWN),
    (None, Cause.UNKNOWN),
]


@pytest.mark.parametrize(("text", "cause"), LABELLED)
def test_a_reason_is_classified_by_the_class_it_begins_with(text: str | None, cause: Cause) -> None:
    assert classify(text) is cause


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_takes_a_stand_in_one_sentence(cause: Cause) -> None:
    stand = HANDLING[cause]
    assert stand.word
    assert stand.why == cleandoc(stand.why)
    assert stand.why.endswith(".")
    assert stand.why.count(". ") == 0
    assert (cause.retryable, cause.word, cause.why) == (stand.retryable, stand.word, stand.why)


def test_exactly_the_causes_that_another_try_can_help_are_retryable() -> None:
    failures = {cause for cause in Cause if cause.retryable and cause.next is not RetryChange.OURS}
    assert failures == {
        Cause.NEVER_LAUNCHED, Cause.STARVED, Cause.CAPACITY, Cause.INTERNAL, Cause.QUOTA, Cause.THROTTLED,
    }  # fmt: skip


def test_no_cause_shares_its_word_with_another() -> None:
    assert len({stand.word for stand in HANDLING.values()}) == len(Cause)


def test_an_internal_error_is_never_tried_more_than_twice() -> None:
    assert Cause.INTERNAL.tries_max == 2


def test_a_policy_names_how_a_reason_begins_and_nothing_further_on() -> None:
    assert begins_with("AlgorithmError:  Exit Code: 137", ("AlgorithmError: Exit Code: 137",))
    assert not begins_with("AlgorithmError: see AlgorithmError: Exit Code: 137", ("AlgorithmError: Exit Code: 137",))
    assert not begins_with(None, ("AlgorithmError",))
