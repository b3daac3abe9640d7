"""The rows of a file of leads, whatever it is: CSV in any encoding, or the first sheet of a workbook."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dialer.leads.errors import FileRefused
from dialer.leads.sniffing import encoding_of, separator_of

if TYPE_CHECKING:
    import _csv

MAX_FIELD: Final = 32_768
# An archive of a few kilobytes can unpack to a machine's whole memory.
MAX_SHEET_BYTES: Final = 512 * 1024 * 1024
_WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
Record = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is open: its rows with their line numbers, and how many bytes of it are read."""

    records: Iterator[Record]
    encoding: str
    separator: str
    done: Callable[[], int]


@contextmanager
def opened(path: Path, encoding: str | None = None, separator: str | None = None) -> Iterator[Source]:
    """The rows of ``path``; what is not said is recognised. FileRefused, OSError or UnicodeError when it cannot be."""
    if path.suffix.lower() in _WORKBOOKS:
        size = path.stat().st_size
        yield Source(_sheet_records(path), "xlsx", separator or ";", lambda: size)
        return
    known = encoding or encoding_of(path)
    between = separator or separator_of(path, known)
    with path.open("rb") as file:
        text = TextIOWrapper(file, known, newline="")
        reader = csv.reader(text, delimiter=between, strict=True)
        yield Source(_csv_records(reader), known, between, file.tell)


def _csv_records(reader: "_csv.Reader") -> Iterator[Record]:
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        line = 1
        for cells in reader:
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(_csv_fault(error), hint="Is a quotation mark left open?", line=line) from error
    finally:
        csv.field_size_limit(limit)


def _csv_fault(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"A field is longer than {MAX_FIELD} characters."
    return f"The row cannot be read: {error}."


def _sheet_records(path: Path) -> Iterator[Record]:
    """The first sheet's values, as a person sees them. Formulas are not computed and links not followed."""
    import zipfile

    from python_calamine import CalamineError, CalamineWorkbook

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_SHEET_BYTES:
                raise FileRefused(f"{path} unpacks to more than 512 MB.", hint="Save it as CSV UTF-8.")
    try:
        with CalamineWorkbook.from_path(path) as book:
            sheet = book.get_sheet_by_index(0)
            for line, cells in enumerate(sheet.iter_rows(), 1):
                texts = [_text(cell) for cell in cells]
                if any(texts):
                    yield line, _bounded(texts, line)
    except CalamineError as error:
        raise FileRefused(f"{path} is no workbook that can be read: {error}.", hint="Save it as CSV UTF-8.") from error


def _bounded(texts: list[str], line: int) -> list[str]:
    if max(map(len, texts)) > MAX_FIELD:
        raise FileRefused(f"A field is longer than {MAX_FIELD} characters.", line=line)
    return texts


def _text(cell: float | str | bool | time | date | datetime | timedelta) -> str:
    # A sheet keeps whole numbers as decimals: 612345678.0 is a telephone.
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)
