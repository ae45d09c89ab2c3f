"""Reads the rows of a Parquet file as texts, as a CSV file would have them: batch by batch, within limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from controller.cli.output.errors import BadInput
from controller.units.free_text import one_line
from controller.units.plural import count

ROWS_AT_ONCE = 8192
NESTED_ROWS_AT_ONCE = 256  # a small file can repeat a large map, which is built for each row of a batch
INSTALL = (
    "found a Parquet file, wanted the extra spotwarden[parquet]: pip install '.[parquet]', or pipx inject spotwarden pyarrow"
)
TOO_LARGE = "more than {:,} bytes, wanted the export of one month"


def parquet_rows(
    file: Any, wanted: Collection[str], name_of: Callable[[str], str], bytes_most: int
) -> tuple[list[str], Iterator[dict[str, str]]]:
    """The names of all columns, and the rows with the columns in ``wanted`` that exist. A null is an empty text.

    ``name_of`` makes the standard name from the file's spelling. ``bytes_most``: the most bytes that all texts may have, as in a
    CSV file. Raises BadInput without pyarrow; BadInput, OSError, ValueError and MemoryError for a file that cannot be read.
    """
    reader = _opened(file)
    names = [name_of(str(name)) for name in reader.schema_arrow.names]
    places = [place for place, name in enumerate(names) if name in wanted]
    if _unpacked_bytes(reader, places) > bytes_most:
        raise BadInput(TOO_LARGE.format(bytes_most))
    return names, _rows(reader, file, {place: names[place] for place in places}, bytes_most)


def refuse_without_pyarrow() -> None:
    """Raises BadInput if the extra with pyarrow is not installed."""
    _pyarrow_parquet()


def _pyarrow_parquet() -> Any:
    """``pyarrow.parquet``, which is an optional extra and slow to load. Raises BadInput if it is not installed."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise BadInput(INSTALL) from error
    return parquet


def _opened(file: Any, read_dictionary: list[str] | None = None) -> Any:
    parquet = _pyarrow_parquet()
    file.seek(0)
    return parquet.ParquetFile(file, read_dictionary=read_dictionary, pre_buffer=False, arrow_extensions_enabled=False)


def _unpacked_bytes(reader: Any, places: Collection[int]) -> int:
    """The uncompressed bytes of the columns, as the file's metadata states them, before any column is unpacked."""
    top = {str(reader.schema_arrow.names[place]) for place in places}
    columns = [n for n in range(len(reader.schema)) if str(reader.schema.column(n).path).split(".")[0] in top]
    groups = (reader.metadata.row_group(n) for n in range(reader.metadata.num_row_groups))
    return sum(max(int(group.column(n).total_uncompressed_size), 0) for group in groups for n in columns)


def _rows(reader: Any, file: Any, wanted: dict[int, str], bytes_most: int) -> Iterator[dict[str, str]]:
    from pyarrow import types

    schema, leaves = reader.schema_arrow, [reader.schema.column(n) for n in range(len(reader.schema))]
    name_of = {str(schema.names[place]): name for place, name in wanted.items()}
    rows_at_once = NESTED_ROWS_AT_ONCE if any(types.is_nested(schema.field(place).type) for place in wanted) else ROWS_AT_ONCE
    # Read as dictionaries, texts that the file repeats are in memory only once.
    texts = [str(one.path) for one in leaves if one.physical_type == "BYTE_ARRAY" and str(one.path).split(".")[0] in name_of]
    again = _opened(file, texts)
    groups = range(again.metadata.num_row_groups)  # one at a time, because each row group has its own dictionary
    read_group = partial(again.iter_batches, batch_size=rows_at_once, columns=list(name_of), use_threads=False)
    number = size = 0
    for batch in chain.from_iterable(read_group(row_groups=[group]) for group in groups):
        found = {name_of[name]: column for name, column in zip(batch.schema.names, batch.columns, strict=True) if name in name_of}
        for row in zip(*map(_texts, found.values()), strict=True):
            number, size = number + 1, size + sum(map(len, row)) + len(row)
            if size > bytes_most:
                raise BadInput(TOO_LARGE.format(bytes_most))
            yield dict(zip(found, row, strict=True))
    if number != again.metadata.num_rows:
        raise ValueError(f"found {count(number, 'row')}, wanted the {again.metadata.num_rows:,} that the file says it has")


def _texts(column: Any) -> Iterator[str]:
    """One text for each row, made on demand."""
    import pyarrow
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        known: dict[int, str] = {}
        words = _as_bytes(column.dictionary)
        for index in column.indices:
            place = index.as_py()
            if place is not None and place not in known:
                known[place] = _text(words[place].as_py())
            yield "" if place is None else known[place]
        return
    if types.is_timestamp(kind):  # it may be finer than Python's, or in a zone that this machine does not know
        column = column.cast(pyarrow.timestamp("us"), safe=False).cast(pyarrow.string())
    for value in _as_bytes(column):
        yield _text(value.as_py())


def _as_bytes(column: Any) -> Any:
    """Texts as bytes, so that invalid UTF-8 raises no error and can be replaced, as in a CSV file."""
    import pyarrow
    from pyarrow import types

    return column.cast(pyarrow.large_binary()) if types.is_string(column.type) or types.is_large_string(column.type) else column


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.replace("\0", "")
        case bytes():
            return value.decode("utf-8", errors="replace").replace("\0", "")
        case float() | Decimal() | bool() | int():
            return str(value)
        case list() if all(isinstance(pair, tuple) and len(pair) == 2 for pair in value):  # an Arrow map, which may be empty
            return json.dumps({_text(key): _text(found) for key, found in value})
        case dict():
            return json.dumps({str(key): _text(found) for key, found in value.items()})
    return str(value)


def reason(error: BaseException) -> str:
    """Why a file cannot be read: the error's text in one line, or its type."""
    return one_line(str(error), 200) or type(error).__name__
