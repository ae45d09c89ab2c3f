"""Opens a Cost and Usage Report: CSV, gzip or Parquet, a local file or an S3 address. Reads it row by row, within limits."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from controller.cli.audit.export_folder import is_folder, refuse_bad_folder
from controller.cli.audit.parquet_rows import TOO_LARGE, parquet_rows, reason, refuse_without_pyarrow
from controller.cli.input.s3_object import ADDRESS, S3Object, streamed
from controller.cli.output.errors import BadInput
from controller.savings.bill import READ, Bill, column_name, read_bill
from controller.units.free_text import one_line

BYTES_MAX = 8 * 1024**3  # after unpacking: a month of a large organisation
PARQUET, ENCRYPTED_PARQUET = b"PAR1", b"PARE"
SEPARATORS = (",", ";", "\t")
NO_KEY = "wanted s3://BUCKET/KEY of a file or a folder of the export"
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
UNREADABLE: tuple[type[Exception], ...] = (
    ValueError,  # read_bill: missing columns; pyarrow: a file that is not Parquet
    csv.Error,
    EOFError, zlib.error,  # gzip: a truncated or damaged file
    NotImplementedError,  # pyarrow: an encoding or a type that it does not support
    OverflowError,  # pyarrow: a time that Python cannot represent
    MemoryError,  # pyarrow: a damaged file with an enormous size in it
)  # fmt: skip
"""What the libraries raise for a file that they cannot read as a bill, besides OSError."""


def bill_of(address: str, bytes_most: int = BYTES_MAX, *, account: str = "") -> Bill:
    """Read the bill in a file, only the lines of ``account`` if it is given. Raises BadInput, with what was found and wanted."""
    try:
        with _opened(address) as raw:
            if raw.peek(4)[:4] == PARQUET:
                with _seekable(address, raw) as file:
                    return read_bill(*parquet_rows(file, READ, column_name, bytes_most), account, first=1)
            return _csv_bill(raw, bytes_most, account)
    except BadInput as error:
        raise BadInput(f"{address}: {error}") from error
    except OSError as error:
        raise BadInput(f"{address}: {error.strerror or reason(error)}") from error
    except UNREADABLE as error:
        raise BadInput(f"{address}: {reason(error)}") from error


def bill_of_parts(addresses: Sequence[str], *, account: str = "") -> Bill:
    """Read the bill of an export from its files. Raises BadInput, also if two files have the same lines."""
    whole = Bill(account=account)
    read: list[tuple[str, Bill]] = []
    for address in addresses:
        part = bill_of(address, account=account)
        read.append((address, part))
        twin = next((name for name, other in read[:-1] if other.same_lines(part)), None)
        if twin is not None:  # such as an uncompressed copy of a part
            raise BadInput(f"--bill: found the same lines in {twin} and {address}, wanted each part once")
        if len(addresses) > 1:
            name = one_line(address.rpartition("/")[2], 80)
            part.problems = [f"{name} {problem}" for problem in part.problems]
        whole.add(part)
    return whole


def refuse_bad_parts(addresses: Sequence[str]) -> None:
    """Raises BadInput for an address that is not a bill, and for an address that is given twice: its lines would count twice."""
    seen: set[str] = set()
    for address in addresses:
        refuse_bad_bill(address)
        place = address if address.startswith("s3://") else str(Path(address).resolve())
        if not address or place in seen:
            raise BadInput(f"--bill: found {address} twice, wanted each file once" if address else "--bill: found an empty name")
        seen.add(place)


def _csv_bill(raw: io.BufferedReader, bytes_most: int, account: str) -> Bill:
    plain = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw))) if raw.peek(2)[:2] == GZIP else raw
    if plain.peek(4)[:4] == PARQUET:
        raise BadInput("found a Parquet file compressed with gzip, wanted it uncompressed: its columns are compressed already")
    limited = io.BufferedReader(_Limited(plain, bytes_most))
    text = io.TextIOWrapper(cast(IO[bytes], limited), "utf-8", errors="replace", newline="")
    head = text.readline(1_000_000)
    separator = max(SEPARATORS, key=head.count)  # a spreadsheet program may have saved it with another separator
    rows = csv.reader(_without_nul(chain([head], text)), delimiter=separator)
    columns = [column_name(name) for name in next(rows, [])]
    whole = (dict(zip(columns, row, strict=True)) if len(row) == len(columns) else {} for row in rows)
    return read_bill(columns, whole, account)


def refuse_bad_bill(address: str) -> None:
    """Raises BadInput for a local file or folder that is not a bill, or for a bad S3 address, before any call of AWS."""
    if is_folder(address):
        refuse_bad_folder(address)
        return
    if address.startswith("s3://") and not ADDRESS.fullmatch(address):
        raise BadInput(f"{address}: {NO_KEY}")
    if address and not address.startswith("s3://"):
        try:
            with _opened(address) as raw:
                if raw.peek(4)[:4] == PARQUET:
                    refuse_without_pyarrow()
        except BadInput as error:
            raise BadInput(f"{address}: {error}") from error
        except OSError as error:
            raise BadInput(f"{address}: found {error.strerror or error}, wanted a file that can be read") from error


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\0", "")


@contextmanager
def _opened(address: str) -> Iterator[io.BufferedReader]:
    found = ADDRESS.fullmatch(address)
    if address.startswith("s3://") and found is None:
        raise BadInput(NO_KEY)
    if found is None and Path(address).is_dir():
        raise BadInput("found a folder, wanted a file of the export")
    with open(address, "rb") if found is None else streamed(_s3(), found[1], found[2]) as raw:
        head = raw.peek(4)[:4]
        if head == ZIP:
            raise BadInput("found a ZIP archive, wanted the file in it")
        if head == ENCRYPTED_PARQUET:
            raise BadInput("found an encrypted Parquet file, wanted one without encryption")
        yield raw


@contextmanager
def _seekable(address: str, raw: io.BufferedReader) -> Iterator[Any]:
    """The same file, opened for random access: Parquet has its metadata at the end of the file."""
    if (found := ADDRESS.fullmatch(address)) is not None:
        raw.close()
        with S3Object(_s3(), found[1], found[2]) as remote:
            yield remote
    elif raw.seekable():
        yield raw
    else:
        raise BadInput("found Parquet in a stream, wanted a file: it is read from its end")


def _s3() -> Any:
    from controller import wiring

    return wiring.client("s3")


class _Limited(io.RawIOBase):
    """A stream that raises BadInput beyond a number of bytes, because a small compressed file may unpack to any size."""

    def __init__(self, plain: Any, most: int) -> None:
        self._plain, self._most, self._read = plain, most, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._plain.read(len(buffer))
        self._read += len(data)
        if self._read > self._most:
            raise BadInput(TOO_LARGE.format(self._most))
        buffer[: len(data)] = data
        return len(data)
