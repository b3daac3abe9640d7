"""The follower that writes what the floor did. The floor never waits for it."""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

import structlog

from dialer.floor.commands import Command, RecordOptOut, RecordOutcome
from dialer.store import dnc, recording
from dialer.store.errors import StoreUnavailable
from dialer.store.writer import Writer

log = structlog.get_logger(__name__)

# Policy when full: the newest record is dropped, counted and logged. An outcome has room of its own, for it is worth
# more than a step and there are never more of them to come than attempts open when dialing stopped.
BUFFER_BOUND = 100_000
OUTCOMES_BEYOND = 10_000
BATCH = 500
RETRY_S = 1.0
LOG_EVERY = 1_000
# The steps of one call come within moments of each other: written together they cost one commit, not one each, and
# reservations do not wait behind them. What a crash takes of this is settled at the next start, as any open attempt is.
GATHER_S = 0.05


class Recorder:
    """A bounded buffer in order. While the store cannot be written it is kept and tried again each RETRY_S."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._buffer: deque[Command] = deque()
        self._filled = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._hurried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """How many records are not yet on the disk."""
        return len(self._buffer)

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="store-recorder")

    def record(self, records: Iterable[Command]) -> None:
        """Take records without waiting; those that do not fit are dropped, counted and logged."""
        for record in records:
            room = BUFFER_BOUND + (OUTCOMES_BEYOND if isinstance(record, RecordOutcome) else 0)
            if len(self._buffer) < room:
                self._buffer.append(record)
            else:
                self._drop(record)
            if _is_withdrawal(record):
                self._hurried.set()  # "never again" holds from this moment on
        if self._buffer:
            self._empty.clear()
            self._filled.set()

    async def flush(self) -> None:
        """Wait until everything taken is on the disk; for ever when the disk never takes it, so set a time limit."""
        self._hurried.set()
        await self._empty.wait()

    async def close(self, within_s: float) -> None:
        """Write what is left, for at most ``within_s``; what could not be written is logged with its number."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(within_s):
                await self.flush()
        except TimeoutError:
            log.error("records_lost_at_close", records=len(self._buffer))  # noqa: TRY400 - a number, no trace
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            await self._gather()
            while self._buffer:
                await self._write_some()
            self._filled.clear()
            self._empty.set()

    async def _gather(self) -> None:
        """Let more come, unless somebody waits for the disk."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._hurried.wait()
        self._hurried.clear()

    async def _write_some(self) -> None:
        batch = tuple(islice(self._buffer, BATCH))
        try:
            await self._writer.do(lambda db: recording.write(db, batch))
        except StoreUnavailable:
            await asyncio.sleep(RETRY_S)
            return
        except Exception as error:  # noqa: BLE001 - guard: one record that cannot be written must not stop the others
            log.warning("batch_refused", why=str(error), records=len(batch))
            await self._write_one_by_one(batch)
            return
        self._forget(len(batch))

    async def _write_one_by_one(self, batch: tuple[Command, ...]) -> None:
        for record in batch:
            try:
                await self._writer.do(lambda db, one=record: recording.write(db, (one,)))  # type: ignore[misc]
            except StoreUnavailable:
                return
            except Exception as error:
                self.refused += 1
                log.exception(
                    "record_refused",
                    kind=type(record).__name__,
                    call_id=getattr(record, "attempt_id", None),
                    why=str(error),
                    refused=self.refused,
                )
            self._forget(1)

    def _forget(self, count: int) -> None:
        for _ in range(count):
            self._buffer.popleft()

    def _drop(self, record: Command) -> None:
        self.dropped += 1
        if self.dropped % LOG_EVERY == 1:
            log.error("record_dropped", kind=type(record).__name__, dropped=self.dropped, waiting=len(self._buffer))


def _is_withdrawal(record: Command) -> bool:
    if isinstance(record, RecordOutcome):
        return dnc.wants_no_more_calls(record.disposition)
    return isinstance(record, RecordOptOut)
