"""Reading a file of leads into a staging file: ``python -m dialer.leads.preparing``, one JSON request on its input.

A process of its own: a million rows keep an interpreter busy for seconds, and in the daemon somebody is answering.
"""

import gc
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from dialer.errors import DialerError
from dialer.leads.columns import Layout, layout
from dialer.leads.quality import Counting
from dialer.leads.reading import fault_of
from dialer.leads.refusals import Refusals, explaining, header_of
from dialer.leads.rows import RowReader
from dialer.leads.sources import Record, Source, opened
from dialer.leads.standing import Standing
from dialer.rules import load_preset
from dialer.store.comparing import known_numbers
from dialer.store.law import principal_key
from dialer.store.staging import StagedConsent, StagedRow, Staging
from dialer.store.stated import SAID, Stated

BATCH = 2_000
SEGMENT = 50_000
_NICENESS = 5


@dataclass(frozen=True, slots=True)
class Request:
    """What to read and the folder to put it. Paths as text, so that it travels as JSON.

    ``staging``: whether leads are staged, or only counted.
    """

    file: str
    folder: str
    region: str = "FR"
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    refused: str | None = None
    store: str | None = None
    campaign_id: str = ""
    list_name: str = ""
    preset: str = "generic"
    now: float = 0.0
    staging: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A staging file that is ready, and the last line in it. ``done`` of ``total`` bytes are read.

    There is no such file where nothing is staged.
    """

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
    quality: Mapping[str, Any]


def prepare(request: Request) -> Iterator[Segment | Prepared]:
    """Read the file whole, a segment at a time; the last word is what was read.

    FileRefused when the file cannot be imported, with the line. Rows that cannot be leads go to ``refused``.
    """
    path = Path(request.file)
    with explaining(path), ExitStack() as files:
        source = files.enter_context(opened(path, request.encoding, request.separator))
        refusals = files.enter_context(Refusals(request.refused, source.separator))
        found = layout(header_of(source.records), request.columns)
        refusals.header = found.header
        reading = _Reading(RowReader(found, request.region), refusals, _counting(request, files))
        for number, first in enumerate(source.records):
            staged = Path(request.folder) / f"{number}.db"
            segment = chain([first], islice(source.records, SEGMENT - 1))
            if request.staging:
                reading.stage(segment, staged)
            else:
                reading.count(segment)
            yield Segment(str(staged), reading.last_line, source.done(), path.stat().st_size)
    yield reading.prepared(found, source)


def _counting(request: Request, files: ExitStack) -> Counting:
    preset = load_preset(request.preset)
    if request.store is None:
        return Counting(preset, request.now, None)
    known = files.enter_context(known_numbers(Path(request.store), request.campaign_id, request.list_name))
    return Counting(preset, request.now, Standing(preset, known, request.now))


class _Reading:
    """Counts while rows become leads."""

    def __init__(self, reader: RowReader, refusals: Refusals, counting: Counting) -> None:
        self._reader = reader
        self._refusals = refusals
        self._counting = counting
        self._says = reader.has_field(*SAID)
        self._read = 0
        self.last_line = 0

    def stage(self, records: Iterator[Record], path: Path) -> None:
        with Staging(path) as staging:
            for repeats, stated in self._batches(records):
                staging.add(self._reader.rows, self._reader.more_numbers, repeats)
                staging.add_consents(_consents(self._reader.rows, stated))

    def count(self, records: Iterator[Record]) -> None:
        for _ in self._batches(records):
            pass

    def _batches(self, records: Iterator[Record]) -> Iterator[tuple[list[int], list[Stated]]]:
        """Read and count batch by batch; of each the lines whose source id an earlier line has, and what rows state."""
        while batch := list(islice(records, BATCH)):
            self._reader.rows, self._reader.more_numbers = [], []
            self._read_batch(batch)
            rows = self._reader.rows
            stated = [Stated(json.loads(row[2]), row[3]) for row in rows] if self._says else []
            yield self._counting.add(rows, self._reader.more_numbers, stated), stated

    def _read_batch(self, batch: Sequence[Record]) -> None:
        for line, cells in batch:
            reason = self._reader.read(line, cells)
            if reason is not None:
                self._refusals.add(line, reason, cells)
                self._counting.refused(reason)
        self._read += len(batch)
        self.last_line = batch[-1][0]

    def prepared(self, found: Layout, source: Source) -> Prepared:
        return Prepared(
            read=self._read,
            staged=self._read - self._refusals.count,
            refused=self._refusals.count,
            bad_numbers=self._reader.bad_numbers,
            encoding=source.encoding,
            separator=source.separator,
            columns=found.describe(),
            fields=tuple(name for name, _ in found.fields),
            quality=self._counting.quality().as_json(),
        )


def _consents(rows: Sequence[StagedRow], stated: Sequence[Stated]) -> Iterator[StagedConsent]:
    """What the rows say that people agreed to, for the register."""
    for row, own in zip(rows, stated, strict=False):  # nothing is stated where no column says anything
        if (entry := own.entry()) is not None:
            principal, consent = entry
            yield row[0], row[3], principal and principal_key(principal), consent


def main() -> None:
    """Answer one request: a line of JSON for each segment, the last one with what was read or with the error."""
    os.nice(_NICENESS)
    gc.disable()  # a tenth of the time: rows make no cycles, and the process ends with its file
    request = Request(**json.load(sys.stdin))
    try:
        for step in prepare(request):
            _say({type(step).__name__: asdict(step)})
    except DialerError as error:
        _say(fault_of(error))


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
