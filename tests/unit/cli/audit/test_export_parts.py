"""From the folder of an export, the parts of one execution are read; uncertain parts are refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from controller.cli.audit.export_parts import Listed, chosen_parts
from controller.cli.output.errors import BadInput

OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (10, 11, 12))
FIRST, SECOND = "2026-10-02T04:00:00.000Z-4d5e6f70-0000-4000-8000-000000000001", "2026-10-03T04:00:00.000Z-00000000-1"
ONE_ID, OTHER_ID = "11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"
DATA, META = "acme/cur/data/BILLING_PERIOD=2026-10", "acme/cur/metadata/BILLING_PERIOD=2026-10"
OLDER = "acme/cur/20261001-20261101"
ATHENA = "p/cur/cur/year=2026/month="
STATUS = "cur/cost_and_usage_data_status/cost_and_usage_data_status.parquet"
NEXT = "acme/cur/data/BILLING_PERIOD=2026-11/cur-00001.csv.gz"

Layout = Mapping[str, Any]


def chosen(layout: Layout, since: date = OCTOBER, until: date = NOVEMBER, root: str = "s3://b/") -> list[str]:
    """The paths that are chosen from a folder. The layout maps each path to its manifest, and other files to None."""
    found = [Listed(address=root + path, path=path, size=1) for path in layout]
    return [one.path for one in chosen_parts(found, lambda address: layout[address.removeprefix(root)], since, until).files]


def files(*paths: str) -> dict[str, Any]:
    return dict.fromkeys(paths)


def manifest(*paths: str, key: str = "dataFiles") -> dict[str, Any]:
    return {"executionId": "x", key: [f"s3://elsewhere/{path}" if key == "dataFiles" else path for path in paths]}


TWO = (f"{DATA}/cur-00001.csv.gz", f"{DATA}/cur-00002.csv.gz")
RIGHT: dict[str, tuple[Layout, list[str]]] = {
    "parts that are written over": (files(*TWO), list(TWO)),
    "a manifest leaves out what an earlier execution left": (
        {**files(*TWO, f"{DATA}/cur-00003.csv.gz"), f"{META}/cur-Manifest.json": manifest(*TWO)}, list(TWO),
    ),
    "the manifest of the last of two executions": (
        {**files(f"{DATA}/{FIRST}/cur-00001.csv.gz", f"{DATA}/{SECOND}/cur-00001.csv.gz"),
         f"{META}/{FIRST}/cur-Manifest.json": manifest(f"{DATA}/{FIRST}/cur-00001.csv.gz"),
         f"{META}/{SECOND}/cur-Manifest.json": manifest(f"{DATA}/{SECOND}/cur-00001.csv.gz")},
        [f"{DATA}/{SECOND}/cur-00001.csv.gz"],
    ),
    "the manifest above those of the executions": (
        {**files(f"{OLDER}/{ONE_ID}/cur-1.csv.gz", f"{OLDER}/{OTHER_ID}/cur-1.csv.gz"),
         f"{OLDER}/cur-Manifest.json": manifest(f"{OLDER}/{ONE_ID}/cur-1.csv.gz", key="reportKeys"),
         f"{OLDER}/{ONE_ID}/cur-Manifest.json": manifest(f"{OLDER}/{ONE_ID}/cur-1.csv.gz", key="reportKeys"),
         f"{OLDER}/{OTHER_ID}/cur-Manifest.json": manifest(f"{OLDER}/{OTHER_ID}/cur-1.csv.gz", key="reportKeys")},
        [f"{OLDER}/{ONE_ID}/cur-1.csv.gz"],
    ),
    "the older report for Athena": (
        {**files(f"{ATHENA}10/cur-00001.snappy.parquet", f"{ATHENA}9/cur-00001.snappy.parquet", STATUS, "p/cur/cur.sql"),
         "p/cur/20261001-20261101/cur-Manifest.json": manifest(f"{ATHENA}10/cur-00001.snappy.parquet", key="reportKeys"),
         "p/cur/20260901-20261001/cur-Manifest.json": manifest(f"{ATHENA}9/cur-00001.snappy.parquet", key="reportKeys")},
        [f"{ATHENA}10/cur-00001.snappy.parquet"],
    ),
    "the table for Athena without manifests": (
        files(f"{ATHENA}10/a-00001.snappy.parquet", STATUS), [f"{ATHENA}10/a-00001.snappy.parquet"],
    ),
    "the manifest of Redshift is none": (
        files("cur-00001.csv.gz", "cur-RedshiftManifest.json"), ["cur-00001.csv.gz"],
    ),
    "other months": (
        files(*TWO, "acme/cur/data/BILLING_PERIOD=2026-09/cur-00001.csv.gz", NEXT), list(TWO),
    ),
    "all files in one folder, with their manifest": (
        {**files("cur-00001.csv.gz", "cur-00002.csv.gz", "notes.txt"), "cur-Manifest.json": manifest(*TWO)},
        ["cur-00001.csv.gz", "cur-00002.csv.gz"],
    ),
    "hidden files of a Mac": (
        files("cur-00001.csv.gz", "._cur-00001.csv.gz", ".DS_Store", "__MACOSX/cur-00001.csv.gz", "_SUCCESS"),
        ["cur-00001.csv.gz"],
    ),
    "a file that is named twice by its manifest": (
        {**files(TWO[0]), "cur-Manifest.json": manifest(TWO[0], TWO[0])}, [TWO[0]],
    ),
    "one file without a number": (files("bill.csv"), ["bill.csv"]),
    "parts that people named": (files("part1.csv", "part2.csv"), ["part1.csv", "part2.csv"]),
    "parts of weeks": (files("2026-10-05.csv", "2026-10-12.csv"), ["2026-10-05.csv", "2026-10-12.csv"]),
    "a bucket into which the export was copied": (
        {**files("copy/cur-00001.csv.gz"), "copy/cur-Manifest.json": manifest(TWO[0])}, ["copy/cur-00001.csv.gz"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("layout", "wanted"), RIGHT.values(), ids=list(RIGHT))
def test_the_parts_of_one_execution_are_taken(layout: Layout, wanted: list[str]) -> None:
    assert chosen(layout) == wanted
    assert set(chosen(dict(reversed(layout.items())))) == set(wanted)


WRONG: dict[str, tuple[Layout, str]] = {
    "no part": (files("readme.md", "cur-Manifest.json"), "found no part of an export"),
    "nothing": ({}, "found no part of an export"),
    "two executions without a manifest": (
        files(f"{DATA}/{FIRST}/cur-00001.csv.gz", f"{DATA}/{SECOND}/cur-00001.csv.gz"), "found 2 executions, wanted one",
    ),
    "two exports without a manifest": (files("a-00001.csv.gz", "b-00001.csv.gz"), "found 2 executions, wanted one"),
    "a copy that a browser made": (files("a-00001.csv.gz", "a-00001 (1).csv.gz"), "found 2 executions, wanted one"),
    "a folder in the folder with the same parts": (files("a-00001.csv.gz", "old/a-00001.csv.gz"), "found 2 executions"),
    "a month beside files without one": (files(*TWO, "bill.csv"), "found 2 executions"),
    "two formats of one export": (files("a-00001.csv.gz", "a-00002.snappy.parquet"), "found parts in the formats"),
    "one part packed and unpacked": (files("a-00001.csv.gz", "a-00001.csv"), "found parts in the formats"),
    "one part without a number": (files("a.csv", "a-1.csv"), "found 2 parts with one number"),
    "one number twice": (files("a-1.csv", "a-01.csv"), "found 2 parts with one number"),
    "a missing part": (files("a-00001.csv.gz", "a-00003.csv.gz"), r"found no part 00002 of a\*"),
    "a missing first part": (files("a-00002.csv.gz"), "found no part 00001"),
    "a part that only the manifest names": (
        {**files(TWO[0]), f"{META}/cur-Manifest.json": manifest(*TWO)},
        "found no s3://elsewhere/.*cur-00002.csv.gz, which .*names",
    ),
    "a part of another execution": (
        {**files(f"{DATA}/{FIRST}/cur-00001.csv.gz"), f"{META}/cur-Manifest.json": manifest(f"{DATA}/{SECOND}/cur-00001.csv.gz")},
        "found no s3://elsewhere/",
    ),
    "a part of another execution of the older report": (
        {**files(f"{OLDER}/{ONE_ID}/c-1.csv.gz"),
         f"{OLDER}/c-Manifest.json": manifest(f"{OLDER}/{OTHER_ID}/c-1.csv.gz", key="reportKeys")},
        f"found no {OLDER}",
    ),
    "a part of another month": (
        {**files("x/BILLING_PERIOD=2026-09/cur-00001.csv.gz"), "x/cur-Manifest.json": manifest(TWO[0])}, "found no s3://elsewhere/",
    ),
    "parts outside of the folder": (
        {**files("a-00001.csv"), "a-Manifest.json": manifest("../../etc/passwd")}, "found no s3://elsewhere/../../etc/passwd",
    ),
    "manifests of two executions that nothing orders": (
        {**files(f"{OLDER}/{ONE_ID}/c-1.csv.gz", f"{OLDER}/{OTHER_ID}/c-1.csv.gz"),
         f"{OLDER}/{ONE_ID}/c-Manifest.json": manifest(f"{OLDER}/{ONE_ID}/c-1.csv.gz"),
         f"{OLDER}/{OTHER_ID}/c-Manifest.json": manifest(f"{OLDER}/{OTHER_ID}/c-1.csv.gz")},
        "found 2 executions, wanted one",
    ),
    "manifests of two exports": (
        {**files(*TWO), f"{META}/cur-Manifest.json": manifest(*TWO), f"{META}/all-Manifest.json": manifest(*TWO)},
        "found 2 exports, wanted one",
    ),
    "a month that is being written": (
        {**files(*TWO, NEXT), f"{META}/cur-Manifest.json": manifest(*TWO)},
        "found parts of 2026-11 and no manifest of them",
    ),
    "two copies of a named part": (
        {**files("a/cur-00001.csv.gz", "b/cur-00001.csv.gz"), "cur-Manifest.json": manifest(TWO[0])},
        "found 2 copies of one part",
    ),
    "a manifest of something else": ({**files("a.csv"), "manifest.json": {"files": []}}, "manifest.json: found no dataFiles"),
    "a manifest that is a list": ({**files("a.csv"), "manifest.json": [1]}, "found no dataFiles or reportKeys"),
    "a manifest of nothing": ({**files("a.csv"), "a-Manifest.json": manifest()}, "found no dataFiles or reportKeys"),
    "a manifest of numbers": ({**files("a.csv"), "a-Manifest.json": {"dataFiles": [1]}}, "found no dataFiles or reportKeys"),
    "another month": (files("x/BILLING_PERIOD=2026-08/a-00001.csv"), "found 2026-08, wanted 2026-10 or 2026-11"),
}  # fmt: skip


@pytest.mark.parametrize(("layout", "wanted"), WRONG.values(), ids=list(WRONG))
def test_a_folder_with_uncertain_parts_is_refused_in_one_sentence(layout: Layout, wanted: str) -> None:
    for one in (layout, dict(reversed(layout.items()))):
        with pytest.raises(BadInput, match=wanted) as raised:
            chosen(one, until=DECEMBER)
        assert "\n" not in str(raised.value)


def test_each_month_of_a_period_is_read_and_a_missing_month_is_named() -> None:
    assert chosen(files(*TWO, NEXT), until=DECEMBER) == [*TWO, NEXT]
    assert chosen(files(*TWO, NEXT), since=date(2026, 10, 31), until=date(2026, 11, 2)) == [*TWO, NEXT]
    found = [Listed(address=f"s3://b/{path}", path=path, size=1) for path in TWO]
    notes = chosen_parts(found, lambda address: None, OCTOBER, date(2026, 12, 2)).notes
    assert notes == ("read 2 parts of the export, which has no manifest here", "the export has no part of 2026-11, 2026-12")
