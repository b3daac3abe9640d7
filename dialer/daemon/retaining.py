"""Retention, once a day: after midnight, or at the first start of a day."""

import asyncio

import structlog

from dialer.clock import Clock
from dialer.control.today import start_of_day
from dialer.store import Store, retention
from dialer.store.compacting import clear_wal

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 600.0


async def keep(store: Store, clock: Clock) -> None:
    """For ever; ends only when cancelled."""
    while True:
        await run_if_due(store, clock())
        await asyncio.sleep(LOOK_EVERY_S)


async def run_if_due(store: Store, now: float) -> None:
    """Take out what is kept no longer, unless that was done today. What fails is tried again at the next look."""
    try:
        if await store.read(retention.last_run) >= start_of_day(now):
            return
        await retention.run(store, now)
        await clear_wal(store)
    except Exception as error:  # guard: whatever is wrong with old records, today's calls go on
        log.exception("retention_failed", why=str(error))
