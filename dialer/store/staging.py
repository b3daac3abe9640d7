"""A file of leads as rows, beside the store: read in another process, loaded from there, segment by segment.

Reading a million rows keeps an interpreter busy for seconds. Done in a process and a file of its own, it neither slows
a running daemon nor leaves half a list behind.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self
from urllib.parse import quote

# A lead's first number stands in its row: most leads have no other, and there are millions of rows.
_SCHEMA = """
CREATE TABLE rows (
    line INTEGER PRIMARY KEY, source_id TEXT NOT NULL, fields TEXT NOT NULL,
    e164 TEXT NOT NULL, kind TEXT NOT NULL, territory TEXT NOT NULL, raw TEXT NOT NULL
) STRICT;
CREATE TABLE more_numbers (
    line INTEGER NOT NULL, position INTEGER NOT NULL,
    e164 TEXT NOT NULL, kind TEXT NOT NULL, territory TEXT NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (line, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE repeats (line INTEGER PRIMARY KEY) STRICT;
CREATE TABLE consents (line INTEGER PRIMARY KEY, who TEXT NOT NULL, principal TEXT, consent TEXT NOT NULL) STRICT;
"""
_ATTEMPTS = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL, principal TEXT NOT NULL, at REAL NOT NULL,
    UNIQUE (number, principal, at)
) STRICT
"""
_SEALS = "CREATE TABLE numbers (sealed BLOB PRIMARY KEY) STRICT, WITHOUT ROWID"

# Plain tuples, for they are made and bound fastest.
# line, source id, fields as a JSON object of text, and the first number: E.164, kind, territory, as written.
StagedRow = tuple[int, str, str, str, str, str, str]
# line, position from 1, and the number: E.164, kind, territory, as written.
StagedNumber = tuple[int, int, str, str, str, str]
# line, number, the principal that the row names as the store spells it (None: the campaign's), consent as JSON.
StagedConsent = tuple[int, str, str | None, str]


class Staging:
    """A new staging file, one segment of a file of leads. What was added is kept when the ``with`` ends well."""

    def __init__(self, path: Path) -> None:
        self._db = _made(path, _SCHEMA)

    def add(self, rows: Sequence[StagedRow], more_numbers: Sequence[StagedNumber], repeats: Sequence[int] = ()) -> None:
        """Add rows in the order of the file, with the numbers beyond their first.

        ``repeats``: the lines whose source id an earlier line of the file has.
        """
        self._db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._db.executemany("INSERT INTO more_numbers VALUES (?, ?, ?, ?, ?, ?)", more_numbers)
        self._db.executemany("INSERT INTO repeats VALUES (?)", [(line,) for line in repeats])

    def add_consents(self, consents: Iterable[StagedConsent]) -> None:
        """Add what rows say that people agreed to."""
        self._db.executemany("INSERT INTO consents VALUES (?, ?, ?, ?)", consents)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            self._db.close()


class StagedAttempts:
    """A new staging file of attempts; one with the number, principal and time of an earlier one is left out."""

    def __init__(self, path: Path) -> None:
        self._db = _made(path, _ATTEMPTS)
        self.count = 0

    def add(self, attempts: Iterable[tuple[str, str, float]]) -> None:
        """Add attempts: number in E.164, principal in the spelling of the store, seconds since the epoch."""
        self.count += self._db.executemany(
            "INSERT OR IGNORE INTO attempts (number, principal, at) VALUES (?, ?, ?)", attempts
        ).rowcount

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            self._db.close()


def stage_seals(path: Path, seals: Iterable[bytes]) -> None:
    """A new staging file of sealed numbers, which must be distinct and in order."""
    with closing(_made(path, _SEALS)) as db:
        db.executemany("INSERT INTO numbers VALUES (?)", ((each,) for each in seals))
        db.execute("COMMIT")


def _made(path: Path, schema: str) -> sqlite3.Connection:
    """A new file with one transaction begun."""
    # Made by us and for us alone: it holds names and numbers.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(f"file:{quote(str(path))}", uri=True, isolation_level=None)
    # A crash in here loses nothing but the work: the file is thrown away.
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.executescript(schema)
    db.execute("BEGIN")
    return db
