"""Attempts of other centres for a principal, as files tell them: the law counts them as if they were ours."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from dialer.store.pieces import Pace, Piece, attached, in_pieces
from dialer.store.store import Store

_ADD = """
INSERT OR IGNORE INTO other_attempts (principal, number, at, source)
SELECT principal, number, at, :source FROM brought.attempts WHERE id > :after AND id <= :last
"""
_NEW = """
SELECT count(*) FROM brought.attempts AS b WHERE id > :after AND id <= :last AND NOT EXISTS
    (SELECT 1 FROM other_attempts AS o WHERE o.number = b.number AND o.principal = b.principal AND o.at = b.at)
"""
_TAKE_BACK = """
DELETE FROM other_attempts WHERE source = :source AND (number, principal, at) IN
    (SELECT number, principal, at FROM brought.attempts WHERE id > :after AND id <= :last)
"""
_BY_SOURCE = """
SELECT principal, source, count(*) AS attempts, count(DISTINCT number) AS numbers, min(at) AS first, max(at) AS last
FROM other_attempts WHERE :principal IS NULL OR principal = :principal GROUP BY principal, source ORDER BY max(at)
"""


async def add_attempts(store: Store, staged: Path, rows: int, source: str) -> int:
    """Add the staged attempts, all or none; how many were not known. ``source``: of whom, and of this import alone.

    They are taken back when the asker goes away. After a crash in the middle the same import brings the rest.
    """
    values, span = {"source": source}, (0, rows)
    async with attached(store, staged):
        try:
            return await in_pieces(store, Pace(), _changing(_ADD), values, span)
        except BaseException:
            await asyncio.shield(in_pieces(store, Pace(), _changing(_TAKE_BACK), values, span))
            raise


async def count_new(store: Store, staged: Path, rows: int) -> int:
    """How many of the staged attempts are not known; nothing is added."""
    async with attached(store, staged):
        return await in_pieces(store, Pace(), _counting, {}, (0, rows))


def by_source(db: sqlite3.Connection, principal_key: str | None) -> list[dict[str, Any]]:
    """What is on record, by principal and import: attempts, numbers, first and last time."""
    return [dict(row) for row in db.execute(_BY_SOURCE, {"principal": principal_key})]


def _changing(sql: str) -> Piece:
    return lambda db, values: db.execute(sql, values).rowcount


def _counting(db: sqlite3.Connection, values: dict[str, Any]) -> int:
    return int(db.execute(_NEW, values).fetchone()[0])
