"""A file of leads as rows, beside the store: read in another process, loaded from there.

Reading a million rows keeps an interpreter busy for seconds. Done in a process and a file of its own, it neither slows
a running daemon nor leaves half a list behind.
"""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

_SCHEMA = """
CREATE TABLE rows (line INTEGER PRIMARY KEY, source_id TEXT NOT NULL, fields TEXT NOT NULL) STRICT;
CREATE TABLE numbers (
    line INTEGER NOT NULL, position INTEGER NOT NULL, e164 TEXT NOT NULL, kind TEXT NOT NULL, territory TEXT NOT NULL,
    raw TEXT NOT NULL, PRIMARY KEY (line, position)
) STRICT, WITHOUT ROWID;
"""


class StagedNumber(NamedTuple):
    """A number of a row: E.164, its kind and territory, and how it was written."""

    e164: str
    kind: str
    territory: str
    raw: str


class StagedRow(NamedTuple):
    """A row that can become a lead. ``fields`` is a JSON object of text. A tuple: there are millions of them."""

    line: int
    source_id: str
    fields: str
    numbers: tuple[StagedNumber, ...]


class Staging:
    """A new staging file. A context manager; what was added is kept when it ends well."""

    def __init__(self, path: Path) -> None:
        # Made by us and for us alone: it holds names and numbers.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(f"file:{quote(str(path))}", uri=True, isolation_level=None)
        # A crash in here loses nothing but the work: the file is thrown away.
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def add(self, rows: Sequence[StagedRow]) -> None:
        """Add rows in the order of the file."""
        self._db.executemany("INSERT INTO rows VALUES (?, ?, ?)", [row[:3] for row in rows])
        self._db.executemany(
            "INSERT INTO numbers VALUES (?, ?, ?, ?, ?, ?)",
            [(row.line, position, *number) for row in rows for position, number in enumerate(row.numbers)],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            self._db.close()
