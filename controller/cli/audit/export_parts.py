"""Which files of a folder are one execution of an export of the bill. Pure: it gets the listing and the manifests.

AWS writes an export as numbered parts, again each day: it overwrites the last ones, or creates a new folder. A manifest
names the parts of one execution, and is written after them (AWS, "Understanding export delivery"). A bill with lines that
are read twice or not at all would be false, so a folder whose parts are not certain is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from controller.cli.output.errors import BadInput
from controller.units.calendar import month_start, next_month_start
from controller.units.plural import count
from controller.units.value import dataclass

PART = re.compile(
    r"(?P<stem>.*?)[-_ ]?(?P<number>\d+)?(?P<format>\.csv|\.csv\.gz|\.gz|\.(?:csv\.)?zip|(?:\.[a-z0-9]+)?\.parquet)",
    re.IGNORECASE,
)
MANIFEST = re.compile(r"(?:.*-)?manifest\.json", re.IGNORECASE)  # not the manifest for Redshift
NOT_OF_THE_BILL = frozenset({"cost_and_usage_data_status"})  # AWS's status table for Athena, not lines of the bill
PERIOD = re.compile(
    r"BILLING_PERIOD=(?P<year>\d{4})-(?P<month>\d\d)|(?P<year2>\d{4})(?P<month2>\d\d)\d\d-\d{8}|year=(?P<year3>\d{4})/month=(?P<month3>\d\d?)",
    re.IGNORECASE,
)
TIME = re.compile(r"\d{4}-?\d\d-?\d\dT")  # an execution's folder name begins with it, so names sort by time
EXECUTION = re.compile(rf"{TIME.pattern}|[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}", re.IGNORECASE)
NUMBER_OF_AWS = re.compile(r"\d{5}")
SHOWN = 3
Read = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file below the folder of an export. ``path`` is relative to that folder; ``size`` is in bytes, -1 if unknown."""

    address: str
    path: str
    size: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        return self.address.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The files of one execution for each month. ``named``: a manifest names them; ``notes``: lines to print."""

    files: tuple[Listed, ...]
    named: bool
    notes: tuple[str, ...] = ()


def is_part(one: Listed) -> bool:
    """Whether a file may be a part of an export."""
    words = one.path.split("/")
    return PART.fullmatch(one.name) is not None and not any(w.startswith((".", "_")) or w in NOT_OF_THE_BILL for w in words)


def chosen_parts(found: Sequence[Listed], read_json: Read, since: date, until: date) -> Parts:
    """The parts of the months from ``since`` to ``until``. ``read_json`` reads a manifest. Raises BadInput."""
    parts = [one for one in found if is_part(one)]
    if not parts:
        raise BadInput("found no part of an export (*.csv, *.csv.gz, *.parquet), wanted the folder of one")
    manifests = [one for one in found if MANIFEST.fullmatch(one.name) and not one.name.startswith((".", "_"))]
    wanted = set(_months(since, until))
    files, named = (_by_manifest(manifests, parts, read_json, wanted), True) if manifests else (_by_folder(parts, wanted), False)
    if not files:
        has = sorted({f"{month:%Y-%m}" for one in (*parts, *manifests) if (month := _month(one.address))})
        raise BadInput(
            f"found {', '.join(has[-SHOWN:]) or 'no month'}, wanted {' or '.join(f'{month:%Y-%m}' for month in sorted(wanted))}"
        )
    return Parts(files=tuple(files), named=named, notes=tuple(_notes(files, parts, named, wanted)))


def _notes(files: Sequence[Listed], parts: Sequence[Listed], named: bool, wanted: set[date]) -> Iterable[str]:
    how = "which the manifest names" if named else "which has no manifest here"
    others = len(parts) - len(files)
    left = f"; {count(others, 'other file')} of other months or executions not read" if others else ""
    yield f"read {count(len(files), 'part')} of the export, {how}{left}"
    months = {_month(one.address) for one in files}
    if None not in months and (absent := sorted(wanted - {month for month in months if month})):
        yield f"the export has no part of {', '.join(f'{month:%Y-%m}' for month in absent)}"


def _months(since: date, until: date) -> Iterable[date]:
    month = month_start(since)
    while month < until:
        yield month
        month = next_month_start(month)


def _month(address: str) -> date | None:
    """The first day of the month in an address, from the folder names that AWS uses; None if there is none."""
    for match in reversed(list(PERIOD.finditer(address))):
        year, month = (
            [v for v in match.group(*names) if v] for names in (("year", "year2", "year3"), ("month", "month2", "month3"))
        )
        if 1 <= int(month[0]) <= 12 and int(year[0]):
            return date(int(year[0]), int(month[0]), 1)
    return None


def _by_manifest(manifests: Sequence[Listed], parts: Sequence[Listed], read_json: Read, wanted: set[date]) -> list[Listed]:
    months: dict[date | None, list[tuple[Listed, list[str]]]] = {}
    for one in manifests:
        month = _month(one.address)
        if month is not None and month not in wanted:
            continue
        names = _names(one, read_json(one.address))
        month = month or _month(names[0])
        if month is None or month in wanted:
            months.setdefault(month, []).append((one, names))
    if None in months and len(months) > 1:
        raise BadInput(f"{months[None][0][0].path}: found no month in its files, wanted one export, or a month for each")
    late = sorted(
        {month for part in parts if (month := _month(part.address)) in wanted and month not in months and None not in months}
    )
    if late:
        raise BadInput(f"found parts of {late[0]:%Y-%m} and no manifest of them, wanted it: AWS writes it after the last part")
    files = [
        _found(name, manifest, parts)
        for of_month in months.values()
        for manifest, names in [_current(of_month)]
        for name in names
    ]
    return list(dict.fromkeys(files))


def _names(manifest: Listed, body: Any) -> list[str]:
    """The files that a manifest names: ``dataFiles`` in CUR 2.0, ``reportKeys`` in the legacy report. Raises BadInput."""
    found = body.get("dataFiles", body.get("reportKeys")) if isinstance(body, Mapping) else None
    if not isinstance(found, list) or not found or not all(isinstance(name, str) and name for name in found):
        raise BadInput(f"{manifest.path}: found no dataFiles or reportKeys, wanted the manifest of an export")
    return found


def _current(manifests: Sequence[tuple[Listed, list[str]]]) -> tuple[Listed, list[str]]:
    """The manifest of an export's last execution; AWS keeps a copy of it above the executions' folders. Raises BadInput."""
    exports = {(_root(one), one.name) for one, _ in manifests}
    if len(exports) > 1:
        raise BadInput(_several([f"{root}/{name}" for root, name in exports], "exports"))
    depth = min(one.address.count("/") for one, _ in manifests)
    highest = [(one, names) for one, names in manifests if one.address.count("/") == depth]
    if len(highest) > 1 and not all(TIME.match(_execution(one)) for one, _ in highest):
        raise BadInput(_several([one.path for one, _ in highest], "executions"))
    return max(highest, key=lambda item: item[0].address)


def _root(one: Listed) -> str:
    """The folder of an export, which contains ``data`` and ``metadata``, or the folders of months."""
    match = PERIOD.search(one.address)
    above = one.address[: match.start()].rstrip("/") if match else one.folder
    return re.sub(r"/(?:meta)?data$", "", above)


def _execution(one: Listed) -> str:
    return one.folder.rpartition("/")[2]


def _found(name: str, manifest: Listed, parts: Sequence[Listed]) -> Listed:
    """The listed file that a manifest names: people copy exports, with or without their folders. Raises BadInput."""
    words = name.split("/")
    same = [one for one in parts if one.name == words[-1]]
    alike = [(_common(words, one.address.split("/")), one) for one in same if _fits(name, one)]
    most = max((number for number, _ in alike), default=0)
    best = [one for number, one in alike if number == most]
    if len(best) > 1:
        raise BadInput(_several([one.path for one in best], "copies of one part"))
    if not best:
        raise BadInput(f"found no {name}, which {manifest.path} names, wanted every part of the execution")
    return best[0]


def _fits(name: str, one: Listed) -> bool:
    """Whether a file can be the named one: it is not in the folder of another month or of another execution."""
    month, parent = _month(one.address), _execution(one)
    named_parent = name.split("/")[-2] if "/" in name else ""
    return (month is None or month == (_month(name) or month)) and (not EXECUTION.match(parent) or parent == named_parent)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = list(zip(reversed(one), reversed(other), strict=False))
    return next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))


def _by_folder(parts: Sequence[Listed], wanted: set[date]) -> list[Listed]:
    """The parts of a folder without a manifest. Raises BadInput unless a month has one execution, one format and all numbers."""
    executions: dict[tuple[str, str], list[Listed]] = {}
    months: dict[tuple[str, str], date | None] = {}
    for one in parts:
        month = _month(one.address)
        if month is None or month in wanted:
            key = one.folder, _word(one, "stem")
            executions.setdefault(key, []).append(one)
            months[key] = month
    for key, month in months.items():
        same = [other for other, its in months.items() if its == month or None in (its, month)]
        if len(same) > 1:
            raise BadInput(_several([_place(executions[one][0]) for one in same], "executions"))
        _refuse_odd_numbers(executions[key])
    return [one for files in executions.values() for one in files]


def _place(one: Listed) -> str:
    return "/".join([*one.path.split("/")[:-1], _word(one, "stem") + "*"])


def _word(one: Listed, which: str) -> str:
    match = PART.fullmatch(one.name)
    return (match[which] or "") if match else ""


def _refuse_odd_numbers(files: Sequence[Listed]) -> None:
    formats = sorted({_word(one, "format").lower() for one in files})
    if len(formats) > 1:
        raise BadInput(f"found parts in the formats {' and '.join(formats)}, wanted one format: the same lines may be in both")
    numbers = {_word(one, "number"): one for one in files}
    if len({int(number or 0) for number in numbers}) < len(files) or ("" in numbers and len(files) > 1):
        raise BadInput(_several([one.path for one in files], "parts with one number"))
    if "" not in numbers and all(NUMBER_OF_AWS.fullmatch(number) for number in numbers):
        missing = set(range(1, max(map(int, numbers)) + 1)) - set(map(int, numbers))
        if missing:
            raise BadInput(f"found no part {min(missing):05} of {_place(files[0])}, wanted every part of the execution")


def _several(places: Iterable[str], what: str) -> str:
    told = sorted(places)
    shown = ", ".join(told[-SHOWN:]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")
    return f"found {len(told)} {what}, wanted one, or the manifest that names its parts: each line counts once ({shown})"
