"""Reading a file of leads into a staging file: ``python -m dialer.leads.preparing``, one JSON request on its input.

A process of its own: a million rows keep an interpreter busy for seconds, and in the daemon somebody is answering.
"""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from dialer.errors import DialerError
from dialer.leads.columns import Layout, layout
from dialer.leads.errors import FileRefused
from dialer.leads.rows import RowReader
from dialer.leads.sniffing import encoding_of, separator_of
from dialer.store.staging import Staging

if TYPE_CHECKING:
    import _csv

MAX_FIELD = 32_768
BATCH = 2_000
SEGMENT = 50_000
_NICENESS = 5
_Record = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Request:
    """What to read and the folder to put it. Paths as text, so that it travels as JSON."""

    file: str
    folder: str
    region: str = "FR"
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A staging file that is ready, and the last line in it. ``done`` of ``total`` bytes are read."""

    staged: str
    last_line: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read. ``read`` = ``staged`` + ``refused``; ``bad_numbers`` are left out of the leads staged."""

    read: int
    staged: int
    refused: int
    bad_numbers: int
    encoding: str
    separator: str
    columns: Mapping[str, str]
    fields: tuple[str, ...]


def prepare(request: Request) -> Iterator[Segment | Prepared]:
    """Read the file whole, a segment at a time; the last word is what was read.

    FileRefused when the file cannot be imported, with the line. Rows that cannot be leads go to ``refused``.
    """
    path = Path(request.file)
    with _explaining(path):
        encoding = request.encoding or encoding_of(path)
        separator = request.separator or separator_of(path, encoding)
        with path.open("rb") as file, _Refusals(request.refused, separator) as refusals:
            text = TextIOWrapper(file, encoding, newline="")
            records = _records(csv.reader(text, delimiter=separator, strict=True))
            found = layout(_header(records), request.columns)
            refusals.header = found.header
            reading = _Reading(RowReader(found, request.region), refusals)
            for number, first in enumerate(records):
                staged = Path(request.folder) / f"{number}.db"
                reading.stage(chain([first], islice(records, SEGMENT - 1)), staged)
                yield Segment(str(staged), reading.last_line, file.tell(), path.stat().st_size)
    yield reading.prepared(found, encoding, separator)


class _Reading:
    """Counts while rows become leads."""

    def __init__(self, reader: RowReader, refusals: "_Refusals") -> None:
        self._reader = reader
        self._refusals = refusals
        self._read = 0
        self.last_line = 0

    def stage(self, records: Iterator[_Record], path: Path) -> None:
        with Staging(path) as staging:
            while batch := list(islice(records, BATCH)):
                self._read_batch(batch)
                staging.add(self._reader.rows, self._reader.more_numbers)
                self._reader.rows, self._reader.more_numbers = [], []

    def _read_batch(self, batch: Sequence[_Record]) -> None:
        for line, cells in batch:
            reason = self._reader.read(line, cells)
            if reason is not None:
                self._refusals.add(line, reason, cells)
        self._read += len(batch)
        self.last_line = batch[-1][0]

    def prepared(self, found: Layout, encoding: str, separator: str) -> Prepared:
        return Prepared(
            read=self._read,
            staged=self._read - self._refusals.count,
            refused=self._refusals.count,
            bad_numbers=self._reader.bad_numbers,
            encoding=encoding,
            separator=separator,
            columns=found.describe(),
            fields=tuple(name for name, _ in found.fields),
        )


class _Refusals:
    """The file of refused rows: line, reason, and the row as it was. Made with the first one, in UTF-8 with a mark."""

    def __init__(self, path: str | None, separator: str) -> None:
        self._path = path
        self._separator = separator
        self._files = ExitStack()
        self._write: Callable[[Sequence[object]], object] | None = None
        self.header: tuple[str, ...] = ()
        self.count = 0

    def add(self, line: int, reason: str, cells: Sequence[str]) -> None:
        self.count += 1
        if self._path is None:
            return
        if self._write is None:
            file = self._files.enter_context(_new_file(Path(self._path)))
            self._write = csv.writer(file, delimiter=self._separator).writerow
            self._write(("line", "reason", *self.header))
        self._write((line, reason, *cells))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()


def _new_file(path: Path) -> TextIO:
    # Names and numbers of people: for its owner alone.
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")


def _records(reader: "_csv.Reader") -> Iterator[_Record]:
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


def _header(records: Iterator[_Record]) -> list[str]:
    for _, cells in records:
        return cells
    raise FileRefused("The file is empty.", hint="It needs a header line and a row a lead.")


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileRefused(f"{error.filename or path} cannot be used: {error.strerror}.") from error
    except (UnicodeError, LookupError) as error:
        raise FileRefused(f"{path} cannot be decoded: {error}.", hint="Say another --encoding.") from error


def main() -> None:
    """Answer one request: a line of JSON for each segment, the last one with what was read or with the error."""
    os.nice(_NICENESS)
    request = Request(**json.load(sys.stdin))
    try:
        for step in prepare(request):
            _say({type(step).__name__: asdict(step)})
    except DialerError as error:
        _say({"error": {"message": str(error.args[0]), "hint": error.hint, "line": getattr(error, "line", None)}})


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
