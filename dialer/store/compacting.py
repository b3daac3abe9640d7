"""Nothing of what was erased stays in the files: the WAL is emptied, and the store rewritten where that is wanted.

What is deleted is overwritten at once (``secure_delete``), but a page that was split long ago may keep a copy of a row
that moved to another page. Only rewriting the whole file is sure to leave none.
"""

import sqlite3

from dialer.store.connection import BUSY_MS
from dialer.store.errors import Refused
from dialer.store.store import Store


async def clear_wal(store: Store) -> bool:
    """Move the WAL into the store and cut it to nothing; False while somebody reads an older moment of it."""
    return await store.between(_clear_wal)


async def compact(store: Store) -> bool:
    """Rewrite the store's file without gaps: needs as much disk again, and whoever writes waits. May be Refused."""
    await store.read(expect_quiet)
    await store.between(_vacuum)
    return True


def expect_quiet(db: sqlite3.Connection) -> None:
    """Refused while a campaign runs or a file is imported."""
    if db.execute("SELECT 1 FROM campaigns WHERE state = 'running' LIMIT 1").fetchone() is not None:
        raise Refused("A campaign is running, and the store is closed to it while it is rewritten.", hint="Pause it.")
    if db.execute("SELECT 1 FROM imports WHERE state = 'loading' LIMIT 1").fetchone() is not None:
        raise Refused("A file is being imported.", hint="Try again when it is done.")


def _clear_wal(db: sqlite3.Connection) -> bool:
    # Whoever dials must not wait for a reader of a long report.
    db.execute("PRAGMA busy_timeout = 0")
    try:
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return not busy


def _vacuum(db: sqlite3.Connection) -> None:
    # In a file: the whole store need not fit into memory.
    db.execute("PRAGMA temp_store = FILE")
    try:
        db.execute("VACUUM")
    finally:
        db.execute("PRAGMA temp_store = MEMORY")
