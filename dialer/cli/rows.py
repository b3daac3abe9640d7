"""Rows of an export as CSV or JSON Lines, a part at a time."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TextIO

TIMES: Final = ("reserved_at", "ringing_at", "answered_at", "connected_at", "ended_at")
FLAGS: Final = ("abandoned", "opted_out")
BOM: Final = "\ufeff"

# Spreadsheets run a cell that begins so as a formula; a plain number with a sign is only a number.
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?")


class Rows(Protocol):
    """Takes the parts of an export: first the columns, then rows."""

    def take(self, part: Any) -> None:  # noqa: ANN401 - JSON
        """Write one part."""
        ...


class JsonRows:
    """One JSON object a line: the row's values, and the lead's fields, if it has some, under ``lead``."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def take(self, part: Any) -> None:  # noqa: ANN401 - JSON
        """Write one part."""
        for row in part.get("rows", ()):
            line = {name: _value(name, value) for name, value in row["values"].items()}
            lead = {"lead": row["fields"]} if "fields" in row else {}
            self._file.write(json.dumps({**line, **lead}, ensure_ascii=False) + "\n")


class CsvRows:
    """A header, then the rows; ``excel``: with BOM and semicolons."""

    def __init__(self, file: TextIO, *, excel: bool = False) -> None:
        if excel:
            file.write(BOM)
        self._writer = csv.writer(file, delimiter=";" if excel else ",")
        self._columns: list[str] = []
        self._lead_columns: list[str] = []

    def take(self, part: Any) -> None:  # noqa: ANN401 - JSON
        """Write one part."""
        if "columns" in part:
            self._columns, self._lead_columns = part["columns"], part["lead_columns"]
            leads = (f"lead_{name}" if name in self._columns else name for name in self._lead_columns)
            self._writer.writerow(map(disarm, [*self._columns, *leads]))
        for row in part.get("rows", ()):
            self._writer.writerow(self._cells(row))

    def _cells(self, row: dict[str, Any]) -> Iterator[str]:
        for name in self._columns:
            yield disarm(_text(_value(name, row["values"][name])))
        for name in self._lead_columns:
            yield disarm(row["fields"].get(name, ""))


def rows_in(style: str, file: TextIO) -> Rows:
    """What writes rows into the file as csv, excel or jsonl."""
    return JsonRows(file) if style == "jsonl" else CsvRows(file, excel=style == "excel")


def disarm(cell: str) -> str:
    """The cell, with a leading apostrophe when a spreadsheet would take it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell.lstrip(" ")) and not _NUMBER.fullmatch(cell) else cell


def _value(name: str, value: object) -> object:
    if name in TIMES and isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC).astimezone().isoformat(timespec="milliseconds")
    return bool(value) if name in FLAGS else value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
