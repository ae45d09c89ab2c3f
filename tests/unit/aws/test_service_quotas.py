"""The on-demand quota of an instance type, from Service Quotas over real HTTP."""

from __future__ import annotations

import json
from datetime import timedelta

from controller.aws.service_quotas import ServiceQuotas
from infra.local.http_server import Response, json_response
from tests.builders import BEGIN
from tests.unit.aws.answers_of_aws import UNREACHABLE, answering, client

PAGES = (
    {"Quotas": [{"QuotaName": "ml.g5.xlarge for spot training job usage", "Value": 9.0}], "NextToken": "1"},
    {"Quotas": [{"QuotaName": "ml.g5.xlarge for training job usage", "Value": 4.0}]},
)


def page(body: bytes) -> Response:
    return json_response(PAGES[1 if json.loads(body).get("NextToken") else 0])


def test_the_on_demand_quota_is_read_page_by_page_and_kept_for_hours() -> None:
    with answering(page) as aws:
        quotas = ServiceQuotas(client("service-quotas", aws.url))
        assert [quotas.on_demand("ml.g5.xlarge", BEGIN + timedelta(hours=n)) for n in range(4)] == [4] * 4
        assert quotas.on_demand("ml.g5.2xlarge", BEGIN) is None
        assert len(aws.requests) == 2


def test_the_limit_over_all_training_jobs_counts_beside_the_type_s_own() -> None:
    quotas = [*PAGES[1]["Quotas"], {"QuotaName": "Number of instances across all training jobs", "Value": 3.0}]
    quotas += [{"QuotaName": "Number of instances across all spot training jobs", "Value": 1.0}]
    with answering(lambda _: json_response({"Quotas": quotas})) as aws:
        read = ServiceQuotas(client("service-quotas", aws.url))
        assert [read.on_demand(of, BEGIN) for of in ("ml.g5.xlarge", "ml.g5.2xlarge")] == [3, 3]


def test_without_an_answer_the_quota_is_unknown() -> None:
    assert ServiceQuotas(client("service-quotas", UNREACHABLE)).on_demand("ml.g5.xlarge", BEGIN) is None


def test_a_quota_that_was_read_counts_through_an_outage_and_is_asked_for_again_after_minutes() -> None:
    answers = [json_response({"Quotas": PAGES[1]["Quotas"]}), Response(status=500), json_response({"Quotas": []})]
    with answering(lambda _: answers.pop(0)) as aws:
        quotas = ServiceQuotas(client("service-quotas", aws.url))
        moments = (
            BEGIN,
            BEGIN + timedelta(hours=7),
            BEGIN + timedelta(hours=7, minutes=1),
            BEGIN + timedelta(hours=7, minutes=6),
        )
        assert [quotas.on_demand("ml.g5.xlarge", at) for at in moments] == [4, 4, 4, None]
