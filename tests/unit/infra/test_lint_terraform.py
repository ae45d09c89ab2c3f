"""A Terraform module is checked against a schema. `make lint-stack` checks ours against that of the AWS provider."""

from __future__ import annotations

import pytest

from infra.lint_terraform import MODULE, arguments, bindings, parsed, problems, resources, schema

BINDING = """
class Other(Base):
    def __init__(self, *, colour: str) -> None: ...

class S3ObjectConfig(_cdktf.TerraformMetaArguments):
    def __init__(self, *, count: int = None, bucket: str, key: str, source: str = None, import_: str = None) -> None: ...
"""
KNOWN = {"aws_s3_object": {"bucket": True, "key": True, "source": False}}


def module(body: dict[str, str]) -> list[dict[str, object]]:
    return [{
        "variable": [{'"bucket"': {"type": "string"}}], "locals": [{"code": '"x.zip"'}],
        "resource": [{'"aws_s3_object"': {'"code"': body}}],
    }]  # fmt: skip


def test_the_arguments_of_a_resource_come_from_its_binding() -> None:
    assert arguments(BINDING) == {"bucket": True, "key": True, "source": False, "import": False}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"bucket": "${var.bucket}", "key": "k", "source": "${local.code}", "count": "1"}, []),
        ({"bucket": "b"}, ["aws_s3_object.code: the argument key is missing"]),
        (
            {"bucket": "b", "key": "k", "sorce": "s"},
            ["aws_s3_object.code: found the argument sorce, which the provider does not know"],
        ),
        ({"bucket": "${var.buckt}", "key": "k"}, ["var.buckt is referred to, and is not there"]),
        ({"bucket": "b", "key": "${local.cod}"}, ["local.cod is referred to, and is not there"]),
        ({"bucket": "b", "key": "${aws_s3_object.other.key}"}, ["aws_s3_object.other is referred to, and is not there"]),
    ],
)
def test_what_a_module_has_and_the_provider_has_not_is_a_line(body: dict[str, str], told: list[str]) -> None:
    assert list(problems(module(body), KNOWN)) == told


def test_a_resource_that_the_provider_does_not_have() -> None:
    assert list(problems(module({}), {})) == ["aws_s3_object.code: the provider has no such resource"]


@pytest.mark.nightly  # it installs a parser and downloads the bindings
def test_the_module_agrees_with_the_provider() -> None:
    files = parsed(MODULE)
    kinds = {kind for kind, _ in resources(files)}
    assert kinds == {"aws_s3_object", "aws_cloudformation_stack"}
    assert list(problems(files, schema(bindings(), kinds))) == []
