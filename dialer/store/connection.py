"""How the store's file is opened: one writing connection, any number of read-only ones."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote

import aiosqlite

from dialer.store.seal import add_seal, key_of, key_path

T = TypeVar("T")
Unit = Callable[[sqlite3.Connection], T]

SQLITE_VERSION = sqlite3.sqlite_version
BUSY_MS = 5_000
STOP_S = 5.0
CACHE_KIB = 32_768
# 64 MB: far more than gathers between two checkpoints of ``checkpointing``, unless they fail or are too slow.
LONGEST_LOG_PAGES = 16_384


class Connection(aiosqlite.Connection):
    """A connection whose unit of work is a plain function in the connection's thread: one hop for many statements."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, iter_chunk_size=64)
        # A connection that somebody forgets to close must not hang the end of the process.
        self._thread.daemon = True

    async def __aenter__(self) -> Self:
        try:
            await self
        except sqlite3.Error:
            # aiosqlite tells its thread to stop and does not wait; the thread then speaks to a loop that may be gone.
            await asyncio.to_thread(self._thread.join, STOP_S)
            raise
        return self

    async def run(self, unit: Unit[T]) -> T:
        """Run ``unit`` with nothing else between its statements. Cancelling the caller does not stop it."""
        result: T = await self._execute(unit, self._conn)  # type: ignore[no-untyped-call]
        return result


def writing(path: Path) -> Connection:
    """The connection that writes. Every commit is on the disk when it returns (synchronous=FULL)."""

    def connect() -> sqlite3.Connection:
        # As a URI, so that another file can be attached read-only.
        db = sqlite3.connect(f"file:{quote(str(path))}", uri=True, isolation_level=None, timeout=BUSY_MS / 1000)
        try:
            set_up_writer(db)
        except sqlite3.Error:
            db.close()
            raise
        return db

    return Connection(connect)


def set_up_writer(db: sqlite3.Connection) -> None:
    """Everything that SQLite keeps for the connection and not in the file."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # What is erased is overwritten in the file, not only forgotten.
        "secure_delete = ON",
        f"cache_size = -{CACHE_KIB}",
        f"wal_autocheckpoint = {LONGEST_LOG_PAGES}",
        "journal_size_limit = 67108864",
        "temp_store = MEMORY",
    ):
        db.execute(f"PRAGMA {pragma}")
    db.row_factory = sqlite3.Row


def checkpointing(path: Path) -> Connection:
    """A connection that only brings the log into the file, in a thread that nobody waits for."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, timeout=0)

    return Connection(connect)


def reading(path: Path) -> Connection:
    """A connection that cannot write: the file is opened read-only and statements that write are refused."""

    def connect() -> sqlite3.Connection:
        db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_MS / 1000)
        db.execute("PRAGMA query_only = ON")
        if key_path(path).exists():  # a store from before has none yet, and its reader is told so by the schema
            add_seal(db, key_of(path, create=False))
        db.row_factory = sqlite3.Row
        return db

    return Connection(connect)
