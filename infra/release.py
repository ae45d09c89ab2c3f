"""Makes a release from one tag: ``make release TAG=v0.2.0`` writes its files into build/release/v0.2.0.

    deployment.zip, sam.json   what ``make deploy`` uploads, from infra/build.py: equal sources give equal bytes
    sbom.cdx.json              the content of the zip as an SBOM in CycloneDX, from the pinned wheels, by cyclonedx-py
    template.json              the same stack without a transform, for StackSets, Terraform and CDK; the parameters CodeBucket
                               and CodeKey are the place of deployment.zip
    terraform/, cdk/           a Terraform module and a CDK stack that use template.json
    NOTES.md                   the version's section of CHANGELOG.md
    SHA256SUMS                 checksums of all files above, for `sha256sum --check SHA256SUMS`

There is no release if the tag is not the checked-out commit, the checkout has changes, pyproject.toml has another version, or
CHANGELOG.md has no section for the version.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from infra.build import Target, Unbuildable, build
from infra.tool_environment import NotInstalled, programs_of

ROOT = Path(__file__).resolve().parents[1]
SBOM_TOOL = "cyclonedx-bom>=7,<8"
TAG = re.compile(r"v(\d+\.\d+\.\d+)")
CHALICE = re.compile(r"^chalice==\S+$", re.MULTILINE)  # in the SBOM, because Chalice adds two files of its own to the zip
WAYS_IN = ("terraform", "cdk")
CODE = {
    "CodeBucket": {"Type": "String", "Description": "The S3 bucket of this region that holds deployment.zip."},
    "CodeKey": {"Type": "String", "Description": "The key of deployment.zip in that bucket. Another key for each release."},
}


class Unreleasable(Exception):
    """A release of the tag cannot be made. The message states what was found and what was wanted."""


def section(changelog: str, version: str) -> str:
    """Return a version's section of the changelog, without its heading; raises Unreleasable."""
    found = re.search(rf"^## {re.escape(version)}(?![\w.])[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        raise Unreleasable(f"CHANGELOG.md has no section {version}, or an empty one: give Unreleased this heading first")
    return found[1].strip() + "\n"


def has_unreleased(changelog: str) -> bool:
    """Whether the section Unreleased of the changelog has content."""
    try:
        return bool(section(changelog, "Unreleased"))
    except Unreleasable:
        return False


def version_of(tag: str, root: Path, git: Callable[..., str]) -> str:
    """Return the version in a tag such as v0.2.0. Raises Unreleasable if the checkout, the tag and pyproject.toml disagree."""
    named = TAG.fullmatch(tag)
    if named is None:
        raise Unreleasable(f"found the tag {tag!r}, wanted one such as v0.2.0")
    if git("status", "--porcelain"):
        raise Unreleasable("the checkout has changes that are in no commit")
    if git("rev-parse", "HEAD") != git("rev-parse", "--verify", "--quiet", f"{tag}^{{commit}}"):
        raise Unreleasable(f"{tag} is not this commit: check it out, or tag this commit first")
    written = str(tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"])
    if written != named[1]:
        raise Unreleasable(f"pyproject.toml has version {written}, and the tag says {named[1]}")
    return named[1]


def components(root: Path) -> str:
    """Return the packages in the zip besides our own code, as lines of pinned requirements."""
    pinned = (root / "infra" / "vendored.txt").read_text("utf-8").rstrip()
    chalice = CHALICE.search((root / "requirements.txt").read_text("utf-8"))
    return "\n".join(filter(None, (pinned, chalice and chalice[0]))) + "\n"


def plain_template(sam: Mapping[str, Any]) -> dict[str, Any]:
    """Return a SAM template after the transform, with its parameters kept: StackSets and CDK accept no transform."""
    from infra.lint_stack import transformed  # here, because only releases need samtranslator

    document = json.loads(json.dumps(sam))
    for parameter in document["Parameters"].values():
        parameter.pop("Default", None)  # otherwise the transform replaces the parameter by its default
    plain = transformed(document, {})
    plain["Parameters"] = {**sam["Parameters"], **CODE}
    for resource in plain["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}
    return plain


def write_sbom(root: Path, path: Path, folder: Path) -> None:
    """Write the SBOM with cyclonedx-py, which validates it. ``folder`` is for the tool's environment. Raises Unreleasable."""
    try:
        tool = programs_of(folder, [SBOM_TOOL]) / "cyclonedx-py"
    except NotInstalled as why:
        raise Unreleasable(str(why)) from why
    wanted = path.with_suffix(".txt")
    wanted.write_text(components(root), "utf-8")
    asked = ("--pyproject", str(root / "pyproject.toml"), "--output-reproducible", "--validate", "-o", str(path))
    _run(str(tool), "requirements", *asked, str(wanted))
    wanted.unlink()


def checksums(folder: Path) -> str:
    """Return a line for each file below a folder, in the format of sha256sum."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "SHA256SUMS")
    lines = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}" for file in files)
    return "".join(f"{line}\n" for line in lines)


def release(
    tag: str, root: Path, out: Path, *, git: Callable[..., str], package: Callable[[Path], object], sbom: Callable[[Path], None]
) -> Path:
    """Write the files of a release into a new folder below ``out``, and return the folder. Raises Unreleasable, Unbuildable.

    ``git`` runs a git command and returns its output. ``package`` builds into a folder, ``sbom`` writes a file.
    """
    version = version_of(tag, root, git)
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    notes = section(changelog, version)
    if has_unreleased(changelog):
        print("CHANGELOG.md has changes under Unreleased: they are in this release, and not in its notes", file=sys.stderr)
    folder = out / tag
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    package(folder)
    sam = json.loads((folder / "sam.json").read_text("utf-8"))
    (folder / "template.json").write_text(json.dumps(plain_template(sam), indent=1, sort_keys=True) + "\n", "utf-8")
    for name in WAYS_IN:
        shutil.copytree(root / "infra" / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*"))
    sbom(folder / "sbom.cdx.json")
    (folder / "NOTES.md").write_text(notes, "utf-8")
    (folder / "SHA256SUMS").write_text(checksums(folder), "utf-8")
    return folder


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)  # noqa: S603  # our own arguments
    if done.returncode:
        raise Unreleasable(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout.strip()


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], check=False, capture_output=True, text=True, cwd=ROOT)  # noqa: S603, S607  # our own arguments; PATH says where git is
    return done.stdout.strip()


def main(arguments: Iterable[str] | None = None) -> int:
    """Make a release from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the files of a release from a tag.")
    parser.add_argument("tag", help="a tag of the checked-out commit, such as v0.2.0")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "release", help="the folder of the files")
    chosen = parser.parse_args(list(arguments) if arguments is not None else None)
    target = Target(python="3.14", architecture="arm64")
    try:
        folder = release(
            chosen.tag, ROOT, chosen.out.resolve(), git=_git,
            package=lambda into: build(into, target, ROOT / "policies"),
            sbom=lambda path: write_sbom(ROOT, path, ROOT / "build" / "cyclonedx"),
        )  # fmt: skip
    except (Unreleasable, Unbuildable) as why:
        print(f"no release: {why}", file=sys.stderr)
        return 1
    print((folder / "SHA256SUMS").read_text("utf-8"), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
