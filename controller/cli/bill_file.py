"""Opens a Cost and Usage Report: CSV or gzip, a local file or an S3 address. Reads it row by row, within limits."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from controller.cli.errors import BadInput
from controller.savings.bill import Bill, column_name, read_bill

BYTES_MAX = 8 * 1024**3  # after unpacking: a month of a large organisation
S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)")
PARQUET = b"PAR1"
SEPARATORS = (",", ";", "\t")
GZIP = b"\x1f\x8b"
CONVERT = (
    "choose the format gzip - text/csv for the export, or convert it, for example with DuckDB:"
    " COPY (FROM 'bill.parquet') TO 'bill.csv'"
)


def bill_of(address: str, bytes_most: int = BYTES_MAX, *, account: str = "") -> Bill:
    """Read the bill of a file, of one account where it is given. Raises BadInput, with what was found and what is wanted."""
    try:
        with _opened(address, bytes_most) as raw:
            text = io.TextIOWrapper(cast(IO[bytes], raw), "utf-8", errors="replace", newline="")
            head = text.readline(1_000_000)
            separator = max(SEPARATORS, key=head.count)  # a spreadsheet may have written it again
            rows = csv.reader(_without_nul(chain([head], text)), delimiter=separator)
            columns = [column_name(name) for name in next(rows, [])]
            whole = (dict(zip(columns, row, strict=True)) if len(row) == len(columns) else {} for row in rows)
            return read_bill(columns, whole, account)
    except (OSError, EOFError) as error:
        raise BadInput(f"{address}: {error.strerror if isinstance(error, OSError) and error.strerror else error}") from error
    except (ValueError, csv.Error) as error:
        raise BadInput(f"{address}: {error}") from error


def refuse_bad_bill(address: str) -> None:
    """Raises BadInput for a file of this machine that is no bill: before AWS is asked for anything."""
    if address and not address.startswith("s3://"):
        try:
            with _opened(address, BYTES_MAX):
                pass
        except OSError as error:
            raise BadInput(f"{address}: found {error.strerror or error}, wanted a file that can be read") from error


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\0", "")


@contextmanager
def _opened(address: str, bytes_most: int) -> Iterator[Any]:
    found = S3.fullmatch(address)
    if address.startswith("s3://") and found is None:
        raise BadInput(f"{address}: wanted s3://BUCKET/KEY of one file of the export")
    if found is None and Path(address).is_dir():
        raise BadInput(f"{address}: found a folder, wanted one file of the export")
    with _stream(found, address) as raw:
        head = raw.peek(4)[:4]
        if head == PARQUET:
            raise BadInput(f"{address}: found a Parquet file, wanted CSV or gzip: {CONVERT}")
        plain = gzip.GzipFile(fileobj=raw) if head[:2] == GZIP else raw
        yield io.BufferedReader(_Limited(plain, address, bytes_most))


@contextmanager
def _stream(found: re.Match[str] | None, address: str) -> Iterator[io.BufferedReader]:
    if found is None:
        with open(address, "rb") as local:
            yield local
        return
    from controller import wiring

    body = wiring.client("s3").get_object(Bucket=found[1], Key=found[2])["Body"]
    yield io.BufferedReader(cast(io.RawIOBase, _Body(body)))


class _Body(io.RawIOBase):
    """The body of an S3 object as a stream."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Limited(io.RawIOBase):
    """A stream that ends with an error beyond the limit: a small file may unpack to anything."""

    def __init__(self, plain: Any, address: str, most: int) -> None:
        self._plain, self._address, self._most, self._read = plain, address, most, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._plain.read(len(buffer))
        self._read += len(data)
        if self._read > self._most:
            raise BadInput(f"{self._address}: more than {self._most:,} bytes, wanted the export of one month")
        buffer[: len(data)] = data
        return len(data)
