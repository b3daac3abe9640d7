"""The one writer: other tasks hand it units of work, it commits all that wait in one transaction."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from dialer.store.connection import Connection, Unit
from dialer.store.errors import StoreClosed, StoreUnavailable
from dialer.timings import Timings

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Policy when full: the caller waits. Every caller is a task of ours that can wait; the recorder has its own buffer.
QUEUE_BOUND = 1_000
GROUP_BOUND = 100

# The unit is not at fault, the file or the disk is: what the group wrote is gone and every caller must know.
_ENVIRONMENT = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
}


@dataclass(frozen=True, slots=True)
class _Job:
    unit: Unit[Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Exception


class Writer:
    """Owns the writing connection. A unit handed over is carried out, whether its caller still waits or not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue(QUEUE_BOUND)
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self.healthy = True
        self.carried_out = 0
        self.commits = Timings()

    def start(self) -> None:
        """Begin to take work, in a task of the writer's own that no caller can cancel."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def hand_over(self, unit: Unit[T]) -> asyncio.Future[T]:
        """Queue ``unit``; the future ends after the commit. Waits while the queue is full; StoreClosed when closing."""
        if self._closing or self._task is None:
            raise StoreClosed("The store is closed.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieve)
        await self._jobs.put(_Job(unit, future))
        return future

    async def do(self, unit: Unit[T]) -> T:
        """Carry out ``unit`` and return its result after the commit; StoreUnavailable when nothing could be written."""
        return await asyncio.shield(await self.hand_over(unit))

    async def between(self, unit: Unit[T]) -> T:
        """Run ``unit`` on the writing connection outside any transaction (ATTACH, checkpoint)."""
        return await self._connection.run(unit)

    async def close(self) -> None:
        """Carry out what was handed over, then stop. Idempotent."""
        if self._task is None:
            return
        if not self._closing:
            self._closing = True
            await self._jobs.put(None)
        await asyncio.shield(self._task)
        self._refuse_the_late()

    async def _run(self) -> None:
        while (first := await self._jobs.get()) is not None:
            group, last = self._gather(first)
            await self._settle(group)
            if last:
                return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        group = [first]
        while len(group) < GROUP_BOUND and not self._jobs.empty():
            job = self._jobs.get_nowait()
            if job is None:
                return group, True
            group.append(job)
        return group, False

    async def _settle(self, group: list[_Job]) -> None:
        units = [job.unit for job in group]
        results: Sequence[Any]
        started = time.monotonic()
        try:
            results = await self._connection.run(lambda db: _commit_group(db, units))
        except Exception as error:  # noqa: BLE001 - guard: whatever happens, no caller may wait for ever
            results = [_Failure(error)] * len(group)
        self.commits.add(time.monotonic() - started)
        self._note_health(results)
        self.carried_out += len(group)
        for job, result in zip(group, results, strict=True):
            if isinstance(result, _Failure):
                job.future.set_exception(result.error)
            else:
                job.future.set_result(result)

    def _note_health(self, results: Sequence[Any]) -> None:
        errors = [result.error for result in results if isinstance(result, _Failure)]
        failed = next((error for error in errors if isinstance(error, StoreUnavailable)), None)
        if failed is not None and self.healthy:
            log.error("store_unavailable", why=str(failed))
        if failed is None and not self.healthy:
            log.warning("store_available_again")
        self.healthy = failed is None

    def _refuse_the_late(self) -> None:
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if job is not None:
                job.future.set_exception(StoreClosed("The store was closed before this could be written."))


def _commit_group(db: sqlite3.Connection, units: list[Unit[Any]]) -> list[Any]:
    try:
        db.execute("BEGIN IMMEDIATE")
        results = [_carry_out(db, unit) for unit in units]
        db.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(db)
        unavailable = StoreUnavailable(f"The store cannot be written: {error}.", hint="Look at the disk of the store.")
        return [_Failure(unavailable)] * len(units)
    return results


def _carry_out(db: sqlite3.Connection, unit: Unit[T]) -> T | _Failure:
    db.execute("SAVEPOINT unit")
    result: T | _Failure
    try:
        result = unit(db)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and _is_environment(error):
            raise
        db.execute("ROLLBACK TO unit")
        result = _Failure(error)
    db.execute("RELEASE unit")
    return result


def _is_environment(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _ENVIRONMENT


def _roll_back(db: sqlite3.Connection) -> None:
    # SQLite has rolled back by itself after some errors; a second ROLLBACK would then be one more error.
    if db.in_transaction:
        db.execute("ROLLBACK")


def _retrieve(future: asyncio.Future[Any]) -> None:
    # The caller may be gone: its exception is then nobody's, and asyncio must not complain that none looked at it.
    if not future.cancelled():
        future.exception()
