"""A release is made of one tag, and says what is wrong where tag, version, changelog and checkout do not agree."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from infra.release import CODE, ROOT, WAYS_IN, Unreleasable, checksums, components, plain_template, release, section, write_sbom
from infra.stack import merge_template

SAM = json.dumps(
    {"Transform": "AWS::Serverless-2016-10-31", "Parameters": {}, "Resources": {"Reports": {"Type": "AWS::S3::Bucket"}}}
)
CHANGELOG = "# Changelog\n\n## Unreleased\n\n* later\n\n## 0.2.0\n\n* a change\n\n## 0.1.0\n\n* first\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "infra").mkdir(parents=True)
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    (root / "pyproject.toml").write_text('[project]\nname = "spotwarden"\nversion = "0.2.0"\n')
    for name in WAYS_IN:
        shutil.copytree(ROOT / "infra" / name, root / "infra" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def git(*, status: str = "", head: str = "abc", tagged: str = "abc") -> Any:
    def answer(*words: str) -> str:
        return status if words[0] == "status" else (tagged if "--verify" in words else head)

    return answer


def make(checkout: Path, tag: str = "v0.2.0", **state: str) -> Path:
    return release(
        tag, checkout, checkout.parent / "out", git=git(**state),
        package=lambda folder: [(folder / name).write_text(SAM) for name in ("deployment.zip", "sam.json")],
        sbom=lambda path: path.write_text("{}") and None,
    )  # fmt: skip


def test_a_release_has_these_files_and_the_sum_of_each(checkout: Path) -> None:
    folder = make(checkout)
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert found == {
        "deployment.zip", "sam.json", "template.json", "sbom.cdx.json", "NOTES.md", "SHA256SUMS",
        "terraform/main.tf", "terraform/variables.tf", "terraform/outputs.tf", "cdk/spotwarden_stack.py",
    }  # fmt: skip
    assert (folder / "NOTES.md").read_text() == "* a change\n"
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == found - {"SHA256SUMS"}
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == found for name, found in sums.items())
    assert checksums(make(checkout)) == checksums(folder)


@pytest.mark.parametrize(
    ("tag", "state", "problem"),
    [
        ("0.2.0", {}, "wanted one such as v0.2.0"),
        ("v0.2", {}, "wanted one such as v0.2.0"),
        ("v0.2.0", {"status": " M app.py"}, "changes that are in no commit"),
        ("v0.2.0", {"tagged": "def"}, "v0.2.0 is not this commit"),
        ("v0.2.0", {"tagged": ""}, "v0.2.0 is not this commit"),
        ("v0.3.0", {}, "pyproject.toml has version 0.2.0, and the tag says 0.3.0"),
    ],
)
def test_a_release_of_something_else_is_refused(checkout: Path, tag: str, state: dict[str, str], problem: str) -> None:
    with pytest.raises(Unreleasable, match=re.escape(problem)):
        make(checkout, tag, **state)
    assert not (checkout.parent / "out").exists()


@pytest.mark.parametrize(("changelog", "told"), [(CHANGELOG, True), (CHANGELOG.replace("* later\n\n", ""), False)])
def test_changes_that_the_notes_do_not_name_are_told(
    checkout: Path, capsys: pytest.CaptureFixture[str], changelog: str, *, told: bool
) -> None:
    (checkout / "CHANGELOG.md").write_text(changelog)
    make(checkout)
    assert ("they are in this release, and not in its notes" in capsys.readouterr().err) is told


@pytest.mark.parametrize("version", ["0.3.0", "0.2", "0.2.01", "Unreleased.0"])
def test_a_version_without_a_section_is_refused(version: str) -> None:
    with pytest.raises(Unreleasable, match="has no section"):
        section(CHANGELOG, version)


def test_the_sbom_lists_every_wheel_of_the_zip_and_chalice() -> None:
    named = {line.split("==")[0] for line in components(ROOT).splitlines() if "==" in line}
    pinned = (ROOT / "infra" / "vendored.txt").read_text().splitlines()
    assert named == {line.split("==")[0] for line in pinned if "==" in line} | {"chalice"}


@pytest.mark.nightly
def test_the_sbom_is_valid_cyclonedx(tmp_path: Path) -> None:
    write_sbom(ROOT, tmp_path / "sbom.cdx.json", ROOT / "build" / "cyclonedx")
    document = json.loads((tmp_path / "sbom.cdx.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "spotwarden"
    assert {"slack_sdk", "chalice"} <= {one["name"] for one in document["components"]}


TERRAFORM = "\n".join((ROOT / "infra" / "terraform" / name).read_text() for name in ("main.tf", "variables.tf", "outputs.tf"))


def needed() -> set[str]:
    """The parameters of the stack that have no default."""
    return {name for name, one in merge_template("python3.14", "arm64")["Parameters"].items() if "Default" not in one}


def test_the_terraform_module_gives_every_needed_parameter_and_uses_every_variable() -> None:
    [(given, code)] = re.findall(r"parameters = merge\(\{ (.*?) \}, var.parameters, \{(.*?)\}\)", TERRAFORM, re.DOTALL)
    assert {part.split(" = ")[0] for part in given.split(", ")} == needed()
    assert set(re.findall(r"(\w+) +=", code)) == set(CODE)
    assert set(re.findall(r"\bvar\.(\w+)", TERRAFORM)) == set(re.findall(r'variable "(\w+)"', TERRAFORM))


TOOL = shutil.which("terraform")


@pytest.mark.skipif(TOOL is None, reason="no terraform on the PATH")
def test_terraform_reads_the_module_and_would_format_it_no_other_way() -> None:
    done = subprocess.run(  # noqa: S603  # our own arguments
        [str(TOOL), "fmt", "-check", "-diff", "-no-color", str(ROOT / "infra" / "terraform")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_the_cdk_stack_includes_the_template_with_lists_as_lists_and_the_asset_as_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    included: dict[str, Any] = {}

    class Stack:
        def __init__(self, *_: object, **__: object) -> None: ...

    class Asset:
        s3_bucket_name, s3_object_key = "assets", "code.zip"

        def __init__(self, *_: object, path: str) -> None:
            assert Path(path).name == "deployment.zip"

    for name, value in (
        ("aws_cdk", {"Stack": Stack}), ("aws_cdk.aws_s3_assets", {"Asset": Asset}), ("constructs", {"Construct": object}),
        ("aws_cdk.cloudformation_include", {"CfnInclude": lambda *_, **given: included.update(given)}),
    ):  # fmt: skip
        module = ModuleType(name)
        vars(module).update(value)
        monkeypatch.setitem(sys.modules, name, module)
    (tmp_path / "template.json").write_text(json.dumps({"Parameters": merge_template("python3.14", "arm64")["Parameters"]}))
    made = runpy.run_path(str(ROOT / "infra" / "cdk" / "spotwarden_stack.py"))["SpotwardenStack"]
    made(None, "Spotwarden", release=str(tmp_path), parameters={"TrainingRoles": "arn:a,arn:b", "EventBus": "ml"})
    assert included["parameters"] == {
        "TrainingRoles": ["arn:a", "arn:b"], "CheckpointBuckets": [""], "PolicyTopics": [""], "EventBus": "ml",
        "CodeBucket": "assets", "CodeKey": "code.zip",
    }  # fmt: skip
    assert set(included["parameters"]) - {"EventBus"} == needed() | set(CODE)
    with pytest.raises(ValueError, match="found the parameter 'Bus'"):
        made(None, "Spotwarden", release=str(tmp_path), parameters={"Bus": "ml"})


FUNCTION = {"Type": "AWS::Serverless::Function", "Properties": {
    "CodeUri": "./x.zip", "Handler": "app.x", "Runtime": "python3.14",
    "Environment": {"Variables": {"SPOTWARDEN_BUS": {"Ref": "EventBus"}}},
}}  # fmt: skip


def test_the_plain_template_has_no_transform_and_its_parameters_stay_open() -> None:
    bus = {"Type": "String", "Default": "default"}
    sam = {"Transform": "AWS::Serverless-2016-10-31", "Parameters": {"EventBus": bus}, "Resources": {"Sweep": FUNCTION}}
    plain = plain_template(sam)
    assert "Transform" not in plain
    assert plain["Parameters"] == {"EventBus": bus, **CODE}
    sweep = plain["Resources"]["Sweep"]
    assert (sweep["Type"], sweep["Properties"]["Code"]) == (
        "AWS::Lambda::Function", {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
    )  # fmt: skip
    assert sweep["Properties"]["Environment"]["Variables"]["SPOTWARDEN_BUS"] == {"Ref": "EventBus"}
