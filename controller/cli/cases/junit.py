"""Writes the results of cases as JUnit XML, which CI systems read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from controller.cli.cases.run_cases import CaseResult
from controller.cli.output.printable import printable_lines


def junit_report(results: Sequence[CaseResult], missed: Sequence[tuple[str, str]]) -> str:
    """One suite per case file. Each part that no case reaches is a failed case of the suite ``coverage``."""
    root = Element("testsuites", name="spotwarden test")
    for file, group in groupby(results, key=lambda result: result.case.file):
        of_file = list(group)
        failed = sum(1 for result in of_file if result.differences)
        suite = _suite(root, file, len(of_file), failed)
        for result in of_file:
            one = SubElement(
                suite, "testcase", name=_text(result.case.entry.name), classname=_text(file), file=_text(file),
                line=str(result.case.line),
            )  # fmt: skip
            if result.differences:
                failure = SubElement(one, "failure", message=_text(result.differences[0]))
                failure.text = _text("\n".join(result.differences))
    if missed:
        suite = _suite(root, "coverage", len(missed), len(missed))
        for kind, name in missed:
            one = SubElement(suite, "testcase", name=_text(f"{kind} {name}"), classname="coverage")
            SubElement(one, "failure", message="no case reaches it")
    indent(root)
    said = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{said}\n'


def _suite(root: Element, name: str, tests: int, failures: int) -> Element:
    return SubElement(root, "testsuite", name=_text(name), tests=str(tests), failures=str(failures), errors="0", skipped="0")


def _text(text: str) -> str:
    """The text without characters that XML 1.0 cannot contain, and without terminal control characters."""
    return printable_lines(text)
