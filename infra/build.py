"""Builds what CloudFormation deploys: a reproducible zip and its template.

Chalice packages app.py, vendor/ and the wheels that it finds. It leaves out without an error what it does not find, and can build
only for the Python that runs it. So this script fills a staging folder itself, in these steps:

    vendor     our own packages without the parts that never run on Lambda, pinned wheels for the target, compiled
               policies, pinned service models
    template   the stack (infra/stack.py), with the target's runtime and architecture for each function
    chalice    `chalice package` for the staging folder: sam.json and a zip
    compile    .pyc files by the target's own interpreter, not checked against their source (Lambda's disk is read-only)
    seal       the zip again, with sorted names and fixed times, so that equal sources give equal bytes

Writes deployment.zip and sam.json into the folder --out. Needs the package index and the virtual environment, but no AWS account.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INFRA = ROOT / "infra"
NEVER_ON_LAMBDA = (  # files that only the command line needs
    "__pycache__", "*.pyc", "cli", "policyfile", "policyfile.py", "py.typed", "as_csv.py", "as_json.py", "as_text.py",
    "advice.py", "audit.py", "bill.py",
)  # fmt: skip
WITHOUT_A_USE = (
    # Console scripts, slack_sdk under its old name, tests, lists for people, and modules that no module in use imports
    "bin", "slack", "pygal/test", "*.dist-info/RECORD", "markupsafe/*.c", "markupsafe/*.pyi",
    *(f"slack_sdk/{part}" for part in (
        "audit_logs", "oauth", "rtm", "rtm_v2", "scim", "socket_mode", "models/dialogs", "*/async_*",
        "http_retry/*async*", "web/legacy_*",
    )),
    *(f"tzdata/{part}" for part in ("zones", "zoneinfo/*.zi", "zoneinfo/*.tab", "zoneinfo/leapseconds")),
    *(f"jinja2/{part}.py" for part in ("ext", "sandbox", "nativetypes", "meta", "constants")),
    "aws_lambda_powertools/event_handler", "aws_lambda_powertools/metrics/provider/datadog",
    *(f"aws_lambda_powertools/utilities/{part}" for part in (
        "auth_alpha", "batch", "circuit_breaker", "data_classes", "data_masking", "feature_flags", "idempotency", "kafka",
        "metadata", "parameters", "parser", "serialization.py", "streaming", "typing", "validation",
    )),
    *(f"aws_lambda_powertools/{part}" for part in (
        "logging/correlation_paths.py", "logging/formatters", "logging/types.py", "logging/utils.py", "metrics/metric.py",
        "metrics/provider/cloudwatch_emf/types.py", "metrics/types.py", "middleware_factory", "shared/cache_dict.py",
        "shared/cookies.py", "shared/dynamodb_deserializer.py", "shared/headers_serializer.py", "shared/json_encoder.py",
    )),
    "importlib_metadata/_context.py", "importlib_metadata/diagnose.py", "slack_sdk/models/dialoags.py",
)  # fmt: skip
STAGE_NAME = "prod"
EPOCH = (1980, 1, 1, 0, 0, 0)
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}  # Lambda's name → the name in wheels
GLIBC_OF = {"3.11": 26, "3.12": 34, "3.13": 34, "3.14": 34}  # Python → N of glibc 2.N in its Lambda runtime
WHEEL_GLIBCS = (17, 24, 26, 27, 28, 31, 34)


# Docstrings and column positions are a third of the bytecode, so they are left out: tracebacks still have line numbers.
# Assertions are left out as well: our own shipped code has none (a test checks it), and those of libraries are for their authors.
COMPILE = """
import py_compile, sys
from importlib.util import cache_from_source
from pathlib import Path
folder = Path(sys.argv[1])
for source in sorted(folder.rglob("*.py")):
    place = source.relative_to(folder)
    py_compile.compile(
        str(source), cache_from_source(str(source), optimization=""), "/var/task/" + place.as_posix(), doraise=True,
        optimize=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""


class Unbuildable(Exception):
    """The package cannot be built. The message says which step failed and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the package is built for: a Python version such as "3.14", and one of Lambda's architectures."""

    python: str
    architecture: str

    @property
    def runtime(self) -> str:
        return f"python{self.python}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of wheels that this runtime can load."""
        machine = ARCHITECTURES[self.architecture]
        return tuple(f"manylinux_2_{n}_{machine}" for n in WHEEL_GLIBCS if n <= GLIBC_OF[self.python])

    def interpreter(self) -> str | None:
        """Return the path of the target's Python on this machine; None if it is not installed."""
        for name in (sys.executable, self.runtime):
            found = shutil.which(name)
            asked = [found or "", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            if found and _run(asked, check=False).stdout.strip() == self.python:
                return found
        return None


def build(out: Path, target: Target, policies: Path) -> Path:
    """Build deployment.zip and sam.json into `out`, and return the zip's path; raises Unbuildable."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("deployment.zip", "sam.json"):
        (out / name).unlink(missing_ok=True)  # a build that fails must not leave an older package to be deployed
    with tempfile.TemporaryDirectory(prefix="spotwarden-") as folder:
        stage = Path(folder) / "stage"
        lay_out(stage)
        vendor_wheels(stage / "vendor", target)
        compile_policies(policies, stage / "vendor" / "controller" / "data" / "policies.json")
        add_models(stage / "vendor" / "controller" / "data" / "models")
        from infra.stack import merge_template  # here: as a script, this file can import its package only after sys.path is set

        template = Path(folder) / "merge.json"
        template.write_text(json.dumps(merge_template(target.runtime, target.architecture), indent=2))
        package(stage, template, Path(folder) / "package")
        unpacked = Path(folder) / "unpacked"
        with zipfile.ZipFile(Path(folder) / "package" / "deployment.zip") as packed:
            packed.extractall(unpacked)
        compile_bytecode(unpacked, target)
        seal(unpacked, out / "deployment.zip")
        shutil.copyfile(Path(folder) / "package" / "sam.json", out / "sam.json")
    return out / "deployment.zip"


def lay_out(stage: Path) -> None:
    """Copy our own files into the staging folder, where Chalice looks for them."""
    vendor = stage / "vendor"
    for package_name in ("controller", "handlers"):
        shutil.copytree(ROOT / package_name, vendor / package_name, ignore=shutil.ignore_patterns(*NEVER_ON_LAMBDA))
    shutil.copyfile(ROOT / "app.py", stage / "app.py")
    (stage / ".chalice").mkdir()
    for file in (ROOT / ".chalice").glob("*.json"):
        shutil.copyfile(file, stage / ".chalice" / file.name)
    (stage / "requirements.txt").touch()  # empty, because Chalice's resolver leaves out what it cannot find, and exits 0


def vendor_wheels(vendor: Path, target: Target) -> None:
    """Install the pinned wheels for the target; a missing wheel or a wrong hash raises Unbuildable."""
    done = _run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes"]
        + ["--target", str(vendor), "--only-binary=:all:", "--implementation", "cp", "--python-version", target.python]
        + [word for platform in target.platforms for word in ("--platform", platform)]
        + ["--requirement", str(INFRA / "vendored.txt")],
        check=False,
    )
    if done.returncode:
        raise Unbuildable(f"no wheels for {target.runtime} on {target.architecture}; pip said:\n{_last_lines(done.stderr)}")
    for pattern in WITHOUT_A_USE:
        for path in vendor.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def compile_policies(folder: Path, path: Path) -> None:
    """Compile a policy folder into the JSON document that Lambda loads, and print its warnings. Raises Unbuildable for errors."""
    from controller.aws.system_clock import SystemClock
    from controller.policyfile import validate_folder  # here for the same reason as in build()

    validated = validate_folder(folder, now=SystemClock().now())
    if validated.errors:
        mistakes = "\n".join(problem.text for problem in validated.errors)
        raise Unbuildable(f"the policies in {folder} are not valid:\n{mistakes}")
    for warning in validated.warnings:
        print(warning.text, file=sys.stderr)
    path.write_text(json.dumps(validated.document, sort_keys=True, separators=(",", ":")))


def add_models(folder: Path) -> None:
    """Add the pinned service models with only the operations that the code calls. Raises Unbuildable if another version of
    botocore than the pinned one is installed.
    """
    from infra.service_models import OtherVersion, write_models  # here: as in compile_policies

    try:
        write_models(folder)
    except OtherVersion as why:
        raise Unbuildable(str(why)) from None


def package(stage: Path, template: Path, out: Path) -> None:
    """Let Chalice write sam.json and deployment.zip."""
    environment = {
        **os.environ,
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),  # Chalice requires one, but does not use it
        "SPOTWARDEN_BUILD": "1",  # see app.py
        "PYTHONDONTWRITEBYTECODE": "1",  # otherwise the import of app.py adds __pycache__ to vendor/, and so to the zip
        "PYTHONPATH": str(stage / "vendor"),  # so that the staged packages are imported, and not an installed checkout
    }
    chalice = [sys.executable, "-c", "from chalice.cli import main; import sys; sys.exit(main())"]
    asked = ["--project-dir", str(stage), "package", "--stage", STAGE_NAME, "--merge-template", str(template), str(out)]
    done = _run(chalice + asked, check=False, cwd=stage, env=environment)
    if done.returncode or not (out / "sam.json").exists():
        raise Unbuildable(f"chalice package failed:\n{_last_lines(done.stdout + done.stderr)}")


def compile_bytecode(folder: Path, target: Target) -> None:
    """Compile .pyc files beside the sources with the target's interpreter. Without that interpreter, only print a message."""
    interpreter = target.interpreter()
    if interpreter is None:
        print(f"no python{target.python} on this machine: the package ships no .pyc files and starts a little slower")
        return
    _run([interpreter, "-X", "no_debug_ranges", "-c", COMPILE, str(folder)])


def seal(folder: Path, path: Path) -> None:
    """Zip a folder so that equal files give equal bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, file.read_bytes())


def report(path: Path) -> Iterable[str]:
    """Yield lines about the package: its size, its largest parts, its hash."""
    zipped, unzipped = Counter[str](), Counter[str]()
    with zipfile.ZipFile(path) as packed:
        for entry in packed.infolist():
            part = entry.filename.split("/")[0]
            zipped[part] += entry.compress_size
            unzipped[part] += entry.file_size
    yield f"{path}  {path.stat().st_size / 1e6:.2f} MB zipped, {unzipped.total() / 1e6:.2f} MB unzipped"
    for part, size in zipped.most_common(6):
        yield f"  {size / 1e6:6.2f} MB zipped  {unzipped[part] / 1e6:6.2f} MB unzipped  {part}"
    yield f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _run(
    command: list[str], *, check: bool = True, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=env)  # noqa: S603  # our own arguments
    if check and done.returncode:
        raise Unbuildable(f"{' '.join(command)} failed:\n{_last_lines(done.stdout + done.stderr)}")
    return done


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def main(arguments: list[str] | None = None) -> int:
    """Build from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build Spotwarden's Lambda package and its CloudFormation template.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "package", help="the folder of the package")
    parser.add_argument("--policies", type=Path, default=ROOT / "policies", help="the policy folder that ships")
    parser.add_argument("--architecture", choices=sorted(ARCHITECTURES), default="arm64", help="the processor of the functions")
    parser.add_argument("--python", choices=list(GLIBC_OF), default=list(GLIBC_OF)[-1], help="the Python of the functions")
    chosen = parser.parse_args(arguments)
    target = Target(python=chosen.python, architecture=chosen.architecture)
    try:
        path = build(chosen.out.resolve(), target, chosen.policies)
    except Unbuildable as why:
        print(f"nothing built: {why}", file=sys.stderr)
        return 1
    print(f"built for {target.runtime} on {target.architecture}")
    print("\n".join(report(path)))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the checkout of this file, not an installed one
    sys.exit(main())
