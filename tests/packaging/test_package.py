"""The zip contains what Lambda needs and nothing else, with the same bytes wherever it is built."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.local import aws
from infra.local.lambda_context import TIMEOUT_S
from infra.service_models import operations, pinned
from tests.packaging.conftest import HERE, ROOT, Package, build

MB = 1_000_000
IMPORT_HANDLER = """
import importlib, json
module, _, name = {handler!r}.rpartition(".")
found = getattr(importlib.import_module(module), name)
ours = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] in ("controller", "handlers")]
print(json.dumps({{"callable": callable(found), "ours": ours, "loaded": sorted(sys.modules)}}))
"""


def test_each_handler_of_the_template_is_imported_from_the_zip_alone(package: Package) -> None:
    assert len(package.functions) == 8
    for properties in package.functions.values():
        told = json.loads(package.run(IMPORT_HANDLER.format(handler=properties["Handler"])))
        assert told["callable"], properties["Handler"]
        assert [file for file in told["ours"] if not file.startswith(str(package.task))] == []
        assert {"pydantic", "yaml", "rich", "typer", "jinja2", "pygal"} & set(told["loaded"]) == set()
        if properties["Handler"].startswith("handlers.jobs."):  # most events are for it: only what it needs is read at its start
            assert {"zoneinfo", "controller.notifications.block_kit"} & set(told["loaded"]) == set()


INIT = """
import json, sys
from handlers import jobs
from controller import wiring
loaded = set(sys.modules)
wiring.ports()
wiring.prepare()
print(json.dumps([sorted(loaded), sorted(set(sys.modules) - loaded)]))
"""


def test_the_ports_and_tables_of_an_event_of_a_job_load_few_modules_and_none_of_what_messages_are_made_of(
    package: Package,
) -> None:
    """Most events are of jobs of which nothing is new. Raise the ceiling for what they need; import all else where it is used."""
    on_lambda = {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
        "_HANDLER": "none",
        "AWS_REGION": "us-east-1",
        "SPOTWARDEN_TABLE": "none",
    }
    loaded, later = json.loads(package.run(INIT, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", **on_lambda))
    assert later == []
    assert len([name for name in loaded if name.split(".")[0] in ("controller", "handlers")]) <= 244
    assert {
        "boto3",
        "zoneinfo",
        "importlib.resources",
        "controller.notifications.block_kit",
        "controller.notifications.mrkdwn",
    } & set(loaded) == set()


REPORT = """
from datetime import date
from controller.notifications.report_formats.as_html import as_html
from controller.savings.report import report_of
print(as_html(report_of({}, date(2026, 3, 1), date(2026, 4, 1))))
"""


def test_the_weekly_report_is_written_from_the_zip_alone(package: Package) -> None:
    assert "No training job was billed." in package.run(REPORT)


def test_the_slack_adapters_are_imported_from_the_zip_alone(package: Package) -> None:
    assert package.run("import controller.slack.signatures, controller.slack.web_api, controller.slack.webhook") == ""


def test_the_zip_contains_policies_and_data(package: Package) -> None:
    code = "import json; from importlib.resources import files; data = files('controller') / 'data'\n"
    code += "print(json.dumps({f.name: sorted(json.loads(f.read_text())) for f in data.iterdir() if f.suffix == '.json'}))"
    told = json.loads(package.run(code))
    assert {"policies.json", "prices.json", "algorithms.json"} <= set(told)
    assert "revision" in told["policies.json"]


def test_the_zip_contains_nothing_that_never_runs_on_lambda(package: Package) -> None:
    shipped = {part for name in zipfile.ZipFile(package.zip).namelist() for part in (name.split("/")[0], name)}
    refused = {"boto3", "botocore", "pydantic", "yaml", "rich", "typer", "pip", "setuptools", "tests", "infra", "bin"}
    assert shipped & refused == set()
    assert [name for name in shipped if re.match(r"controller/(cli|policyfile)|chalice/(cli|deploy)", name)] == []


def test_the_zip_contains_the_pinned_models_of_the_services_that_the_code_calls(package: Package) -> None:
    code = "from controller import wiring; print(wiring.client('sagemaker').meta.service_model.metadata['pinnedBy'])"
    assert package.run(code, AWS_DEFAULT_REGION="us-east-1") == f"botocore {pinned()}\n"
    models = {file.parts[-3] for file in (package.task / "controller" / "data" / "models").rglob("service-2.json")}
    assert models == set(operations())


def test_the_zip_stays_within_its_size_limit(package: Package) -> None:
    unzipped = sum(entry.file_size for entry in zipfile.ZipFile(package.zip).infolist())
    assert package.zip.stat().st_size < 3 * MB
    assert unzipped < 9 * MB


def test_every_source_ships_with_bytecode_that_lambda_will_not_check(package: Package) -> None:
    for source in package.task.rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1, compiled  # PEP 552: by hash, unchecked


def test_no_code_of_ours_that_ships_relies_on_an_assertion(package: Package) -> None:
    """Bytecode is compiled without them."""
    ours = [f for name in ("controller", "handlers") for f in (package.task / name).rglob("*.py")]
    assert len(ours) > 100
    assert [str(f) for f in ours if any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(f.read_text())))] == []


def test_a_traceback_from_the_zip_names_the_line(package: Package) -> None:
    code = "import traceback\nfrom controller.policy.compiled_document import document_of\n"
    code += "try: document_of('[')\nexcept ValueError as found: print(traceback.extract_tb(found.__traceback__)[-1].lineno > 1)"
    assert package.run(code) == "True\n"


def test_no_path_of_the_building_machine_ships(package: Package, export: Path) -> None:
    places = [str(ROOT).encode(), str(export).encode()]
    ours = [f for name in ("controller", "handlers") for f in (package.task / name).rglob("*") if f.is_file()]
    assert [str(f) for f in ours if any(place in f.read_bytes() for place in places)] == []


def test_the_checkout_and_a_clean_export_of_it_give_the_same_bytes(package: Package, tmp_path: Path) -> None:
    done = build(ROOT, tmp_path, *HERE)
    assert done.returncode == 0, done.stderr
    assert sha256(tmp_path / "deployment.zip") == sha256(package.zip)
    assert json.loads((tmp_path / "sam.json").read_text()) == package.template


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_default_is_the_newest_python_on_arm64_and_without_its_interpreter_ships_no_bytecode_and_says_so(
    tmp_path: Path,
) -> None:
    done = build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(tmp_path / "deployment.zip").namelist()
    template = json.loads((tmp_path / "sam.json").read_text())
    sweep = template["Resources"]["Sweep"]["Properties"]
    assert (sweep["Runtime"], sweep["Architectures"]) == ("python3.14", ["arm64"])
    said = "no python3.14 on this machine: the package ships no .pyc files" in done.stdout
    assert said != any(name.endswith(".cpython-314.pyc") for name in names)


def test_a_missing_wheel_stops_the_build_and_is_named(export: Path, tmp_path: Path) -> None:
    pins = export / "infra" / "vendored.txt"
    pinned = pins.read_text()
    pins.write_text(pinned.replace("jmespath==1.1.0", "jmespath==0.0.0"))
    try:
        done = build(export, tmp_path, *HERE)
    finally:
        pins.write_text(pinned)
    assert done.returncode == 1
    assert re.search(r"nothing built: no wheels for python3\.\d+ on x86_64; pip said:.*jmespath==0\.0\.0", done.stderr, re.DOTALL)
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_a_policy_stops_the_build_and_is_named(tmp_path: Path) -> None:
    policies, out = tmp_path / "policies", tmp_path / "out"
    policies.mkdir()
    (policies / "team.yaml").write_text("version: 1\nrules: [{name: a, rule: no-such-rule}]\n")
    done = build(ROOT, out, "--policies", str(policies))
    assert done.returncode == 1
    assert re.search(r"nothing built: the policies in .* are not valid:.*team\.yaml.*no-such-rule", done.stderr, re.DOTALL)


def test_the_vendored_wheels_are_the_requirements_without_those_of_the_runtime() -> None:
    def pins(file: Path) -> set[str]:
        return {line.split(" --hash")[0] for line in file.read_text().splitlines() if re.match(r"\w", line)}

    required = {pin for pin in pins(ROOT / "requirements.txt") if not re.match("boto3|chalice", pin)}
    needed = "jmespath|typing_extensions|importlib_metadata|zipp|lazy_importer"
    needed_by_those = {pin for pin in pins(ROOT / "infra" / "vendored.txt") if re.match(needed, pin)}
    assert pins(ROOT / "infra" / "vendored.txt") == required | needed_by_those


SWEEP = """
import json, types
from handlers.clock import sweep
context = types.SimpleNamespace(function_name="sweep", memory_limit_in_mb=512, aws_request_id="1",
                                invoked_function_arn="arn:aws:lambda:us-east-1:1:function:sweep",
                                get_remaining_time_in_millis=lambda: 45_000)
event = {"id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "1", "region": "us-east-1", "detail": {},
         "time": "2026-11-22T12:00:00Z", "resources": [], "version": "0"}
sweep(event, context)
"""


@pytest.fixture(scope="module")
def swept(package: Package) -> list[dict[str, Any]]:
    """What the packaged sweep logs over an empty ledger."""
    with aws.start() as local:
        table = aws.create_table(local.dynamodb_url)
        told = package.run(
            SWEEP,
            AWS_ENDPOINT_URL=local.url,
            AWS_DEFAULT_REGION=aws.REGION,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",
            SPOTWARDEN_TABLE=table,
            SPOTWARDEN_SLACK_TOKEN="xoxb-local",
        )
    return [json.loads(line) for line in told.splitlines()]


def test_the_packaged_sweep_runs_over_an_empty_ledger(swept: list[dict[str, Any]]) -> None:
    assert [line["message"] for line in swept if "message" in line] == ["done"]


def test_functions_end_before_their_lease_and_the_local_host_gives_them_as_long(package: Package) -> None:
    alone = {"Digests": 300, "APIHandler": 10}  # these hold no lease
    timeouts = {name: properties["Timeout"] for name, properties in package.functions.items()}
    assert timeouts == dict.fromkeys(timeouts, TIMEOUT_S) | alone
    assert TIMEOUT_S < 60
