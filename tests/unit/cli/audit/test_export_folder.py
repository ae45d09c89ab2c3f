"""``audit --bill`` gives the same result for a folder, local or in S3, as for one file; a part is never counted twice."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from controller.cli.audit.bill_file import bill_of, bill_of_parts, refuse_bad_parts
from controller.cli.audit.export_folder import whole_export
from controller.cli.output.errors import BadInput
from tests.unit.cli.audit.test_bill import FIRST, HEAD, UNTIL, row
from tests.unit.cli.embedded_s3 import s3_with

BIG, SMALL = row("USE2-SpotTraining:ml.g5.xlarge", 70, 98), row("USE2-SpotTraining:ml.g5.xlarge", 2.6, 4.25)
MONTH = "BILLING_PERIOD=2026-03"


def packed(*rows: str) -> bytes:
    return gzip.compress("\n".join((HEAD, *rows, "")).encode(), mtime=0)


EXPORT = {
    f"data/{MONTH}/cur-00001.csv.gz": packed(BIG),
    f"data/{MONTH}/cur-00002.csv.gz": packed(SMALL),
    f"data/{MONTH}/cur-00003.csv.gz": packed(BIG),  # from an earlier execution, which had more parts
    "data/BILLING_PERIOD=2026-02/cur-00001.csv.gz": packed(BIG),
    f"metadata/{MONTH}/cur-Manifest.json": json.dumps(
        {"dataFiles": [f"s3://acme/cur/data/{MONTH}/cur-0000{n}.csv.gz" for n in (1, 2)]}
    ).encode(),
    "metadata/BILLING_PERIOD=2026-02/cur-Manifest.json": b"{}",  # another month: not read
}


def folder(path: Path, files: dict[str, bytes]) -> str:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return str(path)


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with s3_with("acme-bills") as client:
        yield client


@pytest.mark.parametrize("place", ["here", "s3://acme-bills/cur/", "s3://acme-bills/cur"])
def test_a_folder_gives_the_result_of_one_whole_file(s3: Any, tmp_path: Path, place: str) -> None:
    here = folder(tmp_path / "cur", EXPORT)
    for name, data in EXPORT.items():
        s3.put_object(Bucket="acme-bills", Key=f"cur/{name}", Body=data)
    s3.put_object(Bucket="acme-bills", Key="cur/data/", Body=b"")
    (tmp_path / "whole.csv").write_text("\n".join((HEAD, BIG, SMALL, "")), "utf-8")
    address = here if place == "here" else place
    files, notes = whole_export([address], FIRST, UNTIL)
    assert bill_of_parts(files) == bill_of(str(tmp_path / "whole.csv"))
    assert notes == [
        f"{address}: read 2 parts of the export, which the manifest names; 2 other files of other months or executions not read"
    ]


def test_a_name_in_s3_without_a_folder_is_a_file(s3: Any) -> None:
    s3.put_object(Bucket="acme-bills", Key="bill", Body=packed(BIG))
    assert whole_export(["s3://acme-bills/bill"], FIRST, UNTIL) == (["s3://acme-bills/bill"], [])
    with pytest.raises(BadInput, match="found no part of an export"):
        whole_export(["s3://acme-bills/none/"], FIRST, UNTIL)


@pytest.mark.parametrize("how", ["copy", "link", "hard link", "folder and file"])
def test_a_part_that_would_count_twice_is_refused(tmp_path: Path, how: str) -> None:
    here = folder(tmp_path / "cur", {"a-00001.csv.gz": packed(BIG)})
    first, second = tmp_path / "cur" / "a-00001.csv.gz", tmp_path / "cur" / "a-00002.csv.gz"
    if how == "copy":
        second.write_bytes(first.read_bytes())
    elif how == "link":
        second.symlink_to(first)
    elif how == "hard link":
        os.link(first, second)
    with pytest.raises(BadInput, match=r"the same content|a file twice"):
        whole_export([here, str(first)] if how == "folder and file" else [here], FIRST, UNTIL)


def test_two_files_with_the_same_content_are_refused_wherever_they_are(s3: Any, tmp_path: Path) -> None:
    here = folder(tmp_path, {"one.csv.gz": packed(BIG), "two.csv.gz": packed(BIG), "three.csv.gz": packed(SMALL)})
    one, two, three = (f"{here}/{name}.csv.gz" for name in ("one", "two", "three"))
    assert whole_export([one, three], FIRST, UNTIL) == ([one, three], [])
    with pytest.raises(BadInput, match=r"found the same content in .*one.csv.gz and .*two.csv.gz"):
        whole_export([one, three, two], FIRST, UNTIL)
    for key in ("x.csv.gz", "y.csv.gz"):
        s3.put_object(Bucket="acme-bills", Key=key, Body=packed(BIG))
    with pytest.raises(BadInput, match="found the same content"):
        whole_export(["s3://acme-bills/x.csv.gz", "s3://acme-bills/y.csv.gz"], FIRST, UNTIL)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (("one.csv.gz",), ("cur/one.csv.gz",)),  # a local file, and its copy in S3
        (("one.csv.gz",), ("cur/",)),  # a local file, and the folder of its copy in S3
        ((), ("cur/", "other.csv.gz")),  # a folder in S3, and a file there with another ETag because of its multipart upload
        (("",), ("cur/",)),  # the whole export twice, each with its manifest
    ],
)
def test_a_copy_is_found_here_and_in_s3_whatever_its_name_and_its_etag(
    s3: Any, tmp_path: Path, here: tuple[str, ...], there: tuple[str, ...]
) -> None:
    manifest = json.dumps({"dataFiles": [f"s3://acme/{MONTH}/one.csv.gz"]}).encode()
    local = folder(tmp_path, {"one.csv.gz": packed(BIG), "cur-Manifest.json": manifest})
    for name in ("one.csv.gz", "cur-Manifest.json"):
        s3.put_object(Bucket="acme-bills", Key=f"cur/{name}", Body=(tmp_path / name).read_bytes())
    begun = s3.create_multipart_upload(Bucket="acme-bills", Key="other.csv.gz")
    of = {"Bucket": "acme-bills", "Key": "other.csv.gz", "UploadId": begun["UploadId"]}
    part = s3.upload_part(**of, PartNumber=1, Body=packed(BIG))
    s3.complete_multipart_upload(**of, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})
    given = [*(f"{local}/{name}" for name in here), *(f"s3://acme-bills/{key}" for key in there)]
    with pytest.raises(BadInput, match=r"found the same content in .* and .*, wanted each part once"):
        whole_export(given, FIRST, UNTIL)


def test_a_compressed_or_uncompressed_copy_is_refused_and_parts_without_training_may_be_equal(tmp_path: Path) -> None:
    plain = "\n".join((HEAD, BIG, "")).encode()
    here = folder(tmp_path, {"one.csv": plain, "two.csv.gz": packed(BIG), "three.csv": f"{HEAD}\n".encode()})
    with pytest.raises(BadInput, match=r"found the same lines in .*one.csv and .*two.csv.gz, wanted each part once"):
        bill_of_parts([f"{here}/one.csv", f"{here}/three.csv", f"{here}/two.csv.gz"])
    assert bill_of_parts([f"{here}/three.csv", f"{here}/three.csv"]).rows == 0


def test_parts_that_the_manifest_names_may_be_equal(tmp_path: Path) -> None:
    files = {"a-00001.csv": f"{HEAD}\n".encode(), "a-00002.csv": f"{HEAD}\n".encode()}
    here = folder(tmp_path, {**files, "a-Manifest.json": json.dumps({"reportKeys": list(files)}).encode()})
    assert len(whole_export([here], FIRST, UNTIL)[0]) == 2


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b"NaN", b'"text"'])
def test_a_manifest_that_is_not_json_ends_with_one_sentence(tmp_path: Path, body: bytes) -> None:
    here = folder(tmp_path, {"a.csv": b"x", "Manifest.json": body})
    with pytest.raises(BadInput, match=r"Manifest.json: found no (JSON|dataFiles)") as raised:
        whole_export([here], FIRST, UNTIL)
    assert "\n" not in str(raised.value)


def test_a_named_pipe_a_broken_link_and_a_folder_without_a_part_are_refused_before_any_call(tmp_path: Path) -> None:
    here = folder(tmp_path / "pipe", {"a-00001.csv": b"x"})
    os.mkfifo(tmp_path / "pipe" / "a-00002.csv")
    (tmp_path / "empty").mkdir()
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "a.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").mkdir()
    (tmp_path / "loop" / "again").symlink_to(tmp_path / "loop")
    for address in (here, str(tmp_path / "empty"), str(tmp_path / "gone"), str(tmp_path / "loop")):
        with pytest.raises(BadInput, match=r"found no file that can be read|found a folder without a part"):
            refuse_bad_parts([address])


def test_rows_that_cannot_be_read_are_named_with_their_file(tmp_path: Path) -> None:
    bad = row("USE2-Train:ml.g5.xlarge", "many", 1)
    here = folder(tmp_path, {"a-00001.csv.gz": packed(BIG), "a-00002.csv.gz": packed(BIG, bad)})
    files, _ = whole_export([here], date(2026, 3, 1), date(2026, 4, 1))
    assert bill_of_parts(files).problems == ["a-00002.csv.gz row 3: found 'many', wanted a number of hours"]
