"""Lists the folder of an export of the bill, local or in S3, and chooses the parts of one execution."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from controller.cli.audit.export_parts import PART, Listed, chosen_parts, is_part
from controller.cli.input.s3_object import ADDRESS, streamed
from controller.cli.output.errors import BadInput

FILES_MAX = 20_000  # many years of parts
MANIFEST_BYTES_MAX = 20_000_000


def whole_export(addresses: Sequence[str], since: date, until: date) -> tuple[list[str], list[str]]:
    """The files of each address, which may be a folder, for the months from ``since`` to ``until``; and notes to print.

    Raises BadInput if a file is there twice, or if it is not certain which parts of a folder belong together.
    """
    files: list[Listed] = []
    notes: list[str] = []
    origins: dict[str, int] = {}  # file → number of the address whose manifest names it
    for number, address in enumerate(addresses):
        try:
            found = _listed(address)
            if found is None:
                files.append(_alone(address))
                continue
            parts = chosen_parts(found, _read_json, since, until)
        except BadInput as error:
            raise BadInput(f"{address}: {error}") from error
        except OSError as error:
            raise BadInput(f"{address}: {error.strerror or error}") from error
        files += parts.files
        notes += [f"{address}: {note}" for note in parts.notes]
        origins |= {one.address: number for one in parts.files if parts.named}
    if len({_same_place(one.address) for one in files}) < len(files):
        raise BadInput("--bill: found a file twice, wanted each part once")
    _refuse_copies(files, origins)
    return [one.address for one in files], notes


def _alone(address: str) -> Listed:
    """A file that is given by name, not found in a folder."""
    return Listed(address=address, path=address, size=-1)


def _same_place(address: str) -> str:
    return address if address.startswith("s3://") else str(Path(address).resolve())


def refuse_bad_folder(address: str) -> None:
    """Raises BadInput for a local folder without a part of an export, before any call of AWS."""
    if not any(is_part(one) for one in _local(address)):
        raise BadInput(f"{address}: found a folder without a part of an export, wanted one with *.csv, *.csv.gz or *.parquet")


def is_folder(address: str) -> bool:
    """Whether an address is a local folder."""
    return not address.startswith("s3://") and bool(address) and Path(address).is_dir()


def _listed(address: str) -> list[Listed] | None:
    if is_folder(address):
        return _local(address)
    if (place := ADDRESS.fullmatch(address)) is None:
        return None
    bucket, key = place[1], place[2]
    if key.endswith("/"):
        return _in_s3(bucket, key)
    if PART.fullmatch(key.rpartition("/")[2]):
        return None
    try:
        return _in_s3(bucket, f"{key}/") or None  # people write S3 folders without the final slash
    except ClientError:
        return None  # the caller may be allowed to read an object but not to list the bucket


def _local(folder: str) -> list[Listed]:
    found: list[Listed] = []

    def refuse(error: OSError) -> None:
        raise BadInput(f"{error.filename}: found {error.strerror}, wanted a folder that can be read")

    for where, _, names in os.walk(folder, onerror=refuse):
        for name in names:
            file = Path(where, name)
            one = Listed(address=str(file), path=file.relative_to(folder).as_posix(), size=_size(file))
            if is_part(one) and not file.is_file():
                raise BadInput(f"{file}: found no file that can be read, wanted a part of the export")
            found.append(one)
        _refuse_too_many(folder, found)
    return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0  # a broken symbolic link


def _in_s3(bucket: str, prefix: str) -> list[Listed]:
    found: list[Listed] = []
    for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", ()):
            key = str(item["Key"])
            found.append(Listed(address=f"s3://{bucket}/{key}", path=key.removeprefix(prefix), size=int(item["Size"])))
        _refuse_too_many(f"s3://{bucket}/{prefix}", found)
    return [one for one in found if not one.path.endswith("/") and one.path]


def _refuse_too_many(folder: str, found: Sequence[Listed]) -> None:
    if len(found) > FILES_MAX:
        raise BadInput(f"{folder}: found more than {FILES_MAX:,} files, wanted the folder of one export or of one month")


def _read_json(address: str) -> Any:
    if place := ADDRESS.fullmatch(address):
        data = _s3().get_object(Bucket=place[1], Key=place[2])["Body"].read(MANIFEST_BYTES_MAX + 1)
    else:
        with open(address, "rb") as file:
            data = file.read(MANIFEST_BYTES_MAX + 1)
    try:
        if len(data) > MANIFEST_BYTES_MAX:
            raise ValueError
        return json.loads(data)
    except (ValueError, RecursionError):
        raise BadInput(f"{address}: found no JSON, wanted the manifest of an export") from None


def _refuse_copies(files: Sequence[Listed], origins: Mapping[str, int]) -> None:
    """Raise BadInput for two parts with the same content: a copy under another name would count each line twice.

    Files that one manifest names are the parts of one execution, whatever they contain.
    """
    if len(files) < 2 or (len(origins) == len(files) and len(set(origins.values())) == 1):
        return
    alike: dict[int, list[Listed]] = {}
    for one in files:
        alike.setdefault(one.size if one.size >= 0 else _size_of(one.address), []).append(one)
    for same in alike.values():
        seen: dict[str, Listed] = {}
        for one in same if len(same) > 1 else ():
            first = seen.setdefault(_content(one.address), one)
            if first is not one and not _of_one_manifest(first, one, origins):
                raise BadInput(f"--bill: found the same content in {first.address} and {one.address}, wanted each part once")


def _of_one_manifest(one: Listed, other: Listed, origins: Mapping[str, int]) -> bool:
    return one.address in origins and origins[one.address] == origins.get(other.address)


def _size_of(address: str) -> int:
    """The size in bytes of a file that is given by name."""
    place = ADDRESS.fullmatch(address)
    return _size(Path(address)) if place is None else int(_s3().head_object(Bucket=place[1], Key=place[2])["ContentLength"])


def _content(address: str) -> str:
    """A text that is the same for two files only if their content is, for local files and in S3.

    It is the SHA-256 of the bytes, because the ETag of an S3 object depends on how it was uploaded.
    """
    place = ADDRESS.fullmatch(address)
    try:
        with open(address, "rb") if place is None else streamed(_s3(), place[1], place[2]) as file:
            hashed = file.seekable() or place is not None  # a pipe can be read only once
            return hashlib.file_digest(cast(Any, file), "sha256").hexdigest() if hashed else address
    except OSError as error:
        raise BadInput(f"{address}: {error.strerror or error}") from error


def _s3() -> Any:
    from controller import wiring

    return wiring.client("s3")
