"""Opening a store: lock, schema, integrity; and closing it whatever happens."""

import glob
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from dialer.clock import Clock, steady_clock
from dialer.store import connection, health, schema
from dialer.store.checkpointing import checkpointing
from dialer.store.errors import StoreDamaged, StoreError, StoreMissing, StoreUnavailable
from dialer.store.lock import StoreLock
from dialer.store.owner import adopt
from dialer.store.seal import add_seal, key_of
from dialer.store.store import Reader, Store, passing_folders

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_store(path: Path, *, create: bool = False, clock: Clock | None = None) -> AsyncIterator[Store]:
    """The store at ``path`` for the one process that writes it, brought up to date and looked over.

    StoreMissing (unless ``create``), StoreLocked, StoreNewer, StoreDamaged or StoreUnavailable, each with what to do.
    """
    now = clock or steady_clock()
    lock = StoreLock(path)
    _expect_file(path, create=create)
    lock.take()
    try:
        for left_over in path.parent.glob(f"{glob.escape(passing_folders(path))}*"):
            shutil.rmtree(left_over)
        await _expect_ours(path)
        async with _opened(connection.writing(path), path) as writing:
            await writing.run(lambda db: _prepare(db, path, now()))
            adopt(path.parent.glob(f"{glob.escape(path.name)}*"), like=path.parent)
            async with (
                _opened(connection.reading(path), path) as reading,
                Store(path, writing, reading, now) as store,
                checkpointing(path, lambda: store.carried_out),
            ):
                yield store
    finally:
        lock.give_back()


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[Reader]:
    """The store at ``path`` for reading only, whether or not a daemon writes it. StoreOlder before the first start."""
    _expect_file(path, create=False)
    async with _opened(connection.reading(path), path) as reading:
        known = schema.migrations()
        reader = Reader(reading)
        await reader.read(lambda db: schema.expect_current(db, known))
        yield reader


def _expect_file(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        raise StoreMissing(f"There is no store at {path}.", hint="`dialer init` makes one.")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"The store {path} cannot be made: {error.strerror}.") from error


async def _expect_ours(path: Path) -> None:
    """Look before the writing connection sets the file up: what is not ours is left as it is."""
    known = schema.migrations()
    async with _opened(connection.reading(path), path) as looking:
        try:
            await looking.run(lambda db: schema.expect_ours(db, known))
        except sqlite3.Error as error:
            raise _explained(error, path) from error


@asynccontextmanager
async def _opened(opening: connection.Connection, path: Path) -> AsyncIterator[connection.Connection]:
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(opening)
        except sqlite3.Error as error:
            raise _explained(error, path) from error
        yield opening


def _prepare(db: sqlite3.Connection, path: Path, now: float) -> None:
    try:
        for name in schema.migrate(db, schema.migrations(), now):
            log.info("store_migrated", migration=name)
        # Only one process writes, and it begins here: an import that is still loading has lost its process.
        db.execute("UPDATE imports SET state = 'dropped' WHERE state = 'loading'")
        checked = health.check(db)
        sealed = db.execute("SELECT 1 FROM suppressions UNION ALL SELECT 1 FROM screened_numbers LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise _explained(error, path) from error
    # A new key would open nothing that the lost one sealed: everybody on the do-not-call list would be called again.
    add_seal(db, key_of(path, create=sealed is None))
    log.info("store_checked", tables=len(checked.tables), left_out=checked.left_out, seconds=round(checked.seconds, 3))


def _explained(error: sqlite3.Error, path: Path) -> StoreError:
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StoreDamaged(f"{path} is not a store of the dialer, or is damaged: {error}.", hint="Restore a backup.")
    return StoreUnavailable(f"The store {path} cannot be opened: {error}.", hint="Check disk, path and rights.")
