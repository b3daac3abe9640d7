"""Large changes of the store in pieces small enough for a running daemon not to notice."""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dialer.store.errors import Invalid
from dialer.store.store import Store

# A piece holds up the units behind it. While others write it takes about PIECE_S; while nobody does, pieces are long,
# for a short one rewrites as many pages of the indexes as it has rows.
PIECE_S = 0.004
QUIET_PIECE_S = 0.4
QUIET_AFTER_S = 5.0
_SMALLEST = 200
_LARGEST = 100_000

Piece = Callable[[sqlite3.Connection, dict[str, Any]], int]


class Pace:
    """How many rows the next piece has: few while others write, many while nobody does."""

    def __init__(self) -> None:
        self._busy_until = 0.0
        self.rows = _SMALLEST

    def learn(self, rows: int, seconds: float, others: int) -> None:
        """Take note of a piece: its rows, its time, and how many units of others were carried out meanwhile."""
        now = time.monotonic()
        if others:
            self._busy_until = now + QUIET_AFTER_S
        aim_s = PIECE_S if now < self._busy_until else QUIET_PIECE_S
        self.rows = max(_SMALLEST, min(_LARGEST, 4 * rows, int(rows * aim_s / seconds)))


async def in_pieces(store: Store, pace: Pace, piece: Piece, values: dict[str, Any], span: tuple[int, int]) -> int:
    """Carry out ``piece`` over a span of rows (after, last) in units of work; the sum of what they return.

    ``piece`` gets ``values`` with its own ``after`` and ``last``.
    """
    after, end = span
    total = 0
    while after < end:
        last = min(after + pace.rows, end)
        bounds = {**values, "after": after, "last": last}
        before = store.carried_out
        count, seconds = await store.write(lambda db, b=bounds: _timed(db, piece, b))  # type: ignore[misc]
        pace.learn(last - after, seconds, store.carried_out - before - 1)
        total += count
        after = last
    return total


def _timed(db: sqlite3.Connection, piece: Piece, values: dict[str, Any]) -> tuple[int, float]:
    started = time.perf_counter()
    count = piece(db, values)
    return count, time.perf_counter() - started


@asynccontextmanager
async def attached(store: Store, staged: Path) -> AsyncIterator[None]:
    """A staging file beside the store, as ``brought``. Invalid while there is another."""
    try:
        await store.between(lambda db: db.execute("ATTACH ? AS brought", (str(staged),)))
    except sqlite3.OperationalError as error:
        raise Invalid("Another file is being imported.", hint="Wait until it is done.") from error
    try:
        yield
    finally:
        await store.between(lambda db: db.execute("DETACH brought"))
