"""``spotwarden test``: runs the cases beside the policies, and reports what no case reaches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.cases.junit import junit_report
from controller.cli.cases.run_cases import CaseResult, cases_of, parts_of, run_case
from controller.cli.input.options import LOCAL_FOLDER
from controller.cli.output.errors import BadInput
from controller.cli.output.output_file import refuse_unwritable, write_output
from controller.cli.output.printable import json_text, printable
from controller.cli.output.usage import BAD_INPUT
from controller.policy.load_policy import load_policy
from controller.policy.policy import Policy
from controller.policyfile import BadPolicy, Problem, compile_folder
from controller.policyfile.cases import Case
from controller.units.plural import count

PASSED, FAILED = 0, 1


class CaseFormat(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def run(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="The policy folder, with the case files (*.test.yaml) in it.")
    ] = LOCAL_FOLDER,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Name the rules, waivers and resubmit blocks that no case reaches; if any, exit code 1."),
    ] = False,
    format_: Annotated[
        CaseFormat, typer.Option("--format", help="Text for people, JSON for programs, JUnit XML for CI.")
    ] = CaseFormat.TEXT,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML to this file.")] = None,
) -> int:
    """Run every case, and print how its result differs from the expected one."""
    refuse_unwritable(junit)
    try:
        policy, cases = _read(Path(folder))
    except BadPolicy as error:
        print(error.text, file=sys.stderr)
        return BAD_INPUT
    results = [run_case(case, policy) for case in cases]
    missed = unreached(results, policy) if coverage else ()
    if junit is not None:
        write_output(junit, junit_report(results, missed))
    match format_:
        case CaseFormat.TEXT:
            print("\n".join(case_lines(results, missed, policy, coverage=coverage)))
        case CaseFormat.JSON:
            print("\n".join(_json_lines(results, missed, coverage=coverage)))
        case CaseFormat.JUNIT:
            print(junit_report(results, missed), end="")
    return FAILED if missed or any(result.differences for result in results) else PASSED


def unreached(results: Iterable[CaseResult], policy: Policy) -> tuple[tuple[str, str], ...]:
    """The kinds and names of the parts of a policy that no case tests."""
    reached = {part for result in results for part in result.reached}
    return tuple(part for part in parts_of(policy) if part not in reached)


def case_lines(
    results: Sequence[CaseResult], missed: Sequence[tuple[str, str]], policy: Policy, *, coverage: bool
) -> Iterable[str]:
    """The results as lines for a terminal."""
    for result in results:
        if result.differences:
            yield printable(f"failed  {result.case.entry.name}  ({result.case.file}:{result.case.line})")
            yield from (f"          {printable(difference)}" for difference in result.differences)
    failed = sum(1 for result in results if result.differences)
    yield f"{count(len(results), 'case')}: {len(results) - failed} passed, {failed} failed"
    if coverage:
        total = len(parts_of(policy))
        yield from (f"not reached by any case: {kind} {name}" for kind, name in missed)
        yield f"coverage: {total - len(missed)} of {total} rules, waivers and resubmit blocks"


def _read(folder: Path) -> tuple[Policy, list[Case]]:
    """The policy and the cases of a folder. Raises BadPolicy with every problem of both, and BadInput without a folder."""
    if not folder.is_dir():
        wanted = "wanted the folder of policy files and their cases; spotwarden init creates one"
        raise BadInput(f"found no folder {str(folder)!r}, {wanted}")
    problems: list[Problem] = []
    policy: Policy | None = None
    try:
        policy = load_policy(compile_folder(folder), in_force_at=datetime.min.replace(tzinfo=UTC))
    except BadPolicy as error:
        problems += error.problems
    try:
        cases = cases_of(folder, policy)
    except BadPolicy as error:
        problems += error.problems
    if policy is None or problems:
        raise BadPolicy(problems)
    return policy, cases


def _json_lines(results: Iterable[CaseResult], missed: Sequence[tuple[str, str]], *, coverage: bool) -> Iterable[str]:
    """One object per case, and with ``coverage`` another one with the parts that no case reaches."""
    for result in results:
        line = {
            "file": result.case.file,
            "line": result.case.line,
            "case": result.case.entry.name,
            "passed": not result.differences,
            "differences": list(result.differences),
        }
        yield json_text(line)
    if coverage:
        yield json_text({"not_reached": [{"kind": kind, "name": name} for kind, name in missed]})
