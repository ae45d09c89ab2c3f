"""Rows of the ledger as lines of a file: ``{"Item": {...}}`` in DynamoDB JSON, as DynamoDB's export to S3 writes them."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controller.aws.dynamodb.items import SCHEMA, Item
from controller.cli.output.errors import BadInput

GZIP = b"\x1f\x8b"
SCALARS = {"S": str, "N": str, "BOOL": bool, "NULL": bool}
SETS = {"SS", "NS"}
NUMBER = re.compile(r"[+-]?[0-9]{1,38}(\.[0-9]{1,38})?([eE][+-]?[0-9]{1,3})?")  # DynamoDB's numbers have 38 digits


def line_of(item: Item) -> str:
    """One row as a line, without a line break. Keys are sorted, so equal rows are equal lines."""
    return json.dumps({"Item": item}, default=_binary, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def rows_of(path: Path) -> Iterator[Item]:
    """The rows in a file, or in all files of DynamoDB's export to S3, also gzipped. Raises BadInput with the file and line."""
    for file in _files(path):
        try:
            with file.open("rb") as opened:
                zipped = opened.read(2) == GZIP
            with gzip.open(file, "rb") if zipped else file.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    yield _row(line, f"{file}: line {number}")
        except (OSError, EOFError) as error:
            raise BadInput(f"{file}: found {getattr(error, 'strerror', None) or error}, wanted a whole export") from error


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.name.endswith((".json", ".json.gz", ".jsonl", ".jsonl.gz")))
    files = [file for file in found if not file.name.startswith("manifest-")]
    if not files:
        raise BadInput(f"{path}: found no *.json, *.json.gz or *.jsonl, wanted the data of an export")
    for file in files:
        if not file.is_file():  # opening a named pipe would wait for a writer
            raise BadInput(f"{file}: found something that is not a regular file, wanted the data of an export")
    return files


def _row(line: bytes, where: str) -> Item:
    try:
        document = json.loads(line)
        if not isinstance(document, dict) or set(document) != {"Item"} or not isinstance(document["Item"], dict):
            raise ValueError('found no {"Item": …}')
        row: Item = {name: _value(value) for name, value in document["Item"].items()}
        if any(not row.get(part, {}).get("S") for part in ("pk", "sk")):
            raise ValueError("found no pk and sk")
        line_of(row).encode()  # raises for a lone surrogate, which JSON can contain and DynamoDB refuses
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadInput(f"{where} is not a row of a ledger ({error}), wanted a line of spotwarden export ledger") from error
    schema = row.get("schema", {}).get("N", "")[:9]
    if not schema.isdecimal() or not 1 <= int(schema) <= SCHEMA:
        raise BadInput(f"{where}: schema is {schema or 'missing'}, and this version reads 1 to {SCHEMA}; use the newer version")
    return row


def _value(value: Any) -> Any:
    """An attribute value, with its bytes decoded. Raises ValueError for a type that DynamoDB does not have."""
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"found {str(value)[:40]}, wanted one type and its value")
    [(kind, held)] = value.items()
    match kind:
        case "B" if isinstance(held, str):
            return {"B": base64.b64decode(held, validate=True)}
        case "L" if isinstance(held, list):
            return {"L": [_value(one) for one in held]}
        case "M" if isinstance(held, Mapping):
            return {"M": {name: _value(one) for name, one in held.items()}}
        case "N" if isinstance(held, str) and NUMBER.fullmatch(held) is None:
            raise ValueError(f"found {held[:40]!r}, wanted a number")
        case _ if isinstance(held, SCALARS.get(kind, ())):
            return {kind: held}
        case _ if kind in SETS and isinstance(held, list) and held and all(isinstance(one, str) for one in held):
            return {kind: held}
    raise ValueError(f"found {str(value)[:40]}, wanted one of DynamoDB's types")


def _binary(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"found {type(value).__name__}, wanted a type of JSON, or bytes")
