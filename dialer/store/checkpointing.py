"""Bringing what was committed from the log into the file, beside the commits: nobody who reserves waits for it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from dialer.store import connection

log = structlog.get_logger(__name__)

# At sixty calls a second the log has then some thousand pages, that are written in a few hundredths of a second.
EVERY_S = 2.0


@asynccontextmanager
async def checkpointing(path: Path, carried_out: Callable[[], int]) -> AsyncIterator[None]:
    """Do so now and then while the ``with`` lasts and ``carried_out``, the units of work so far, grows.

    The writing connection does it by itself only where the log has become long all the same
    (``connection.LONGEST_LOG_PAGES``).
    """
    async with connection.checkpointing(path) as db:
        task = asyncio.create_task(_run(db, carried_out), name="store-checkpointing")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _run(db: connection.Connection, carried_out: Callable[[], int]) -> None:
    done = 0
    while True:
        await asyncio.sleep(EVERY_S)
        if (now := carried_out()) == done:
            continue
        try:
            await db.run(lambda one: one.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone())
            done = now
        except sqlite3.Error as error:
            # Nothing is lost: the log holds it. That the disk is sick is told by those who write.
            log.info("store_not_checkpointed", why=str(error))
