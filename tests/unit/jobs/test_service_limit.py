"""What a ResourceLimitExceeded says about the account's limit, and whether the request can ever run."""

from __future__ import annotations

import pytest

from controller.jobs.service_limit import ServiceLimit, never_fits, service_limit_in

TEXT = (
    "An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The account-level service limit"
    " '{name}' is {limit} Instances, with current utilization of {used} Instances and a request delta of {delta} Instances."
    " Please use AWS Service Quotas to request an increase for this quota."
)
SPOT = "ml.p3.2xlarge for spot training job usage"


@pytest.mark.parametrize(
    ("limit", "used", "delta", "never"),
    [
        (0, 0, 1, True),
        (1, 0, 2, True),
        (1, 1, 1, False),
        (4, 3, 4, False),
        ("1,000", 0, "1,001", True),
        ("0.0", "0.0", "1.0", True),
    ],
)
def test_what_is_above_the_limit_never_fits_and_what_is_only_in_use_does_later(
    limit: object, used: int, delta: object, never: bool
) -> None:
    assert never_fits(TEXT.format(name=SPOT, limit=limit, used=used, delta=delta)) is never


def test_a_limit_is_read_whatever_its_quotation_marks_and_blanks() -> None:
    text = TEXT.format(name=SPOT, limit=0, used=0, delta=1)
    assert never_fits(text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}"))
    assert never_fits(text.replace("'", '"').replace(" is ", "  is\n"))
    assert not never_fits(TEXT.format(name=SPOT, limit=".,.0", used=0, delta=1))


@pytest.mark.parametrize(
    "text",
    [
        "account-level service quota 'Longest run time for a training job' is 432000 Seconds, with current utilization of 0"
        " Seconds and a request delta of 600000 Seconds.",
        "service limit 'V' is 50 Model Volumes, with current utilization of 0 Model Volumes and a request delta of 51 Model Vol.",
        "service limit 'Instances per training job' is 20, with current utilization of 0 and a request delta of 30.",
        "service limit 'Size of EBS volume' is 1024 GB, with a current utilization of 0 GB and a request delta of 2048",
        "The requested resource spot-training-job/ml.p5.48xlarge is\nnot available in this region",
    ],
)
def test_a_limit_is_read_whatever_its_unit_and_its_line_breaks(text: str) -> None:
    assert never_fits(f"(ResourceLimitExceeded): The {text}")


def test_the_limit_is_read_with_its_name() -> None:
    found = service_limit_in(TEXT.format(name="Number of instances across all training jobs", limit=4, used=3, delta=2))
    assert found == ServiceLimit(name="Number of instances across all training jobs", limit=4, used=3, delta=2)


def test_a_type_that_the_region_does_not_have_never_fits_and_another_text_says_nothing() -> None:
    assert never_fits("(ResourceLimitExceeded): The requested resource training-job/ml.p2.xlarge is not available in this region")
    assert not never_fits("(ResourceLimitExceeded): You have reached the limit of concurrent training jobs")
    assert service_limit_in("the job's own words") is None
