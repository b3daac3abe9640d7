"""What every file that is read has in common: its header, its refused rows, and why it cannot be read at all."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self, TextIO

from dialer.leads.errors import FileRefused
from dialer.leads.sources import Record


class Refusals:
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


def header_of(records: Iterator[Record]) -> list[str]:
    """Take the header off; FileRefused when there is not even that."""
    for _, cells in records:
        return cells
    raise FileRefused("The file is empty.", hint="It needs a header line and rows.")


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """What cannot be read or decoded becomes FileRefused."""
    try:
        yield
    except OSError as error:
        raise FileRefused(f"{error.filename or path} cannot be used: {error.strerror}.") from error
    except (UnicodeError, LookupError) as error:
        raise FileRefused(f"{path} cannot be decoded: {error}.", hint="Say another --encoding.") from error
