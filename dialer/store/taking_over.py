"""What an old store knows better than the backup that replaces it: what people have asked for since."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dialer.store.erasing import erase
from dialer.store.errors import Refused

# Registers that are only ever added to: what the backup does not know came since.
_REGISTERS: Final = ("suppressions", "consents", "erasures")
_MISSED: Final = """
SELECT count(*) FROM old.attempts
WHERE coalesce(dialed, 1) <> 0 AND reserved_at > (SELECT coalesce(max(reserved_at), 0) FROM main.attempts)
"""
_ERASED: Final = """
SELECT DISTINCT number FROM (SELECT e164 AS number FROM numbers UNION SELECT number FROM attempts)
WHERE seal(number) IN (SELECT sealed FROM erasures WHERE sealed IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What was asked since the backup: wishes not to be called, consents and withdrawals. ``attempts`` made since."""

    wishes: int
    consents: int
    attempts: int


def take_over(db: sqlite3.Connection, kept: Path) -> TakenOver | None:
    """Add what the store ``kept`` has registered since; None when it cannot be read. Outside a transaction."""
    try:
        db.execute("ATTACH ? AS old", (f"file:{quote(str(kept))}?mode=ro",))
    except sqlite3.Error:
        return None
    try:
        attempts = int(db.execute(_MISSED).fetchone()[0])
        db.execute("BEGIN IMMEDIATE")
        wishes, consents, _ = (_add(db, register) for register in _REGISTERS)
        db.execute("COMMIT")
        return TakenOver(wishes, consents, attempts)
    except sqlite3.Error:  # that it is damaged may be the reason for the restore
        with suppress(sqlite3.OperationalError):
            db.execute("ROLLBACK")
        return None
    finally:
        db.execute("DETACH old")


def erase_again(db: sqlite3.Connection, now: float) -> tuple[int, int]:
    """Erase whom the backup brought back although they were erased since: numbers erased, and left. In a unit of work.

    Left are those with a call that was open when the backup was made; the daemon's next start settles it.
    """
    erased = left = 0
    for (number,) in db.execute(_ERASED).fetchall():
        try:
            erase(db, number, now, "restored from a backup")
            erased += 1
        except Refused:
            left += 1
    return erased, left


def _add(db: sqlite3.Connection, register: str) -> int:
    # The names are the schema's own.
    columns = [row["name"] for row in db.execute(f"PRAGMA main.table_info({register})") if row["name"] != "id"]
    names, same = ", ".join(columns), " AND ".join(f"ours.{name} IS theirs.{name}" for name in columns)
    missing = f"NOT EXISTS (SELECT 1 FROM main.{register} AS ours WHERE {same})"  # noqa: S608
    return db.execute(
        f"INSERT INTO main.{register} ({names}) SELECT {names} FROM old.{register} AS theirs WHERE {missing}"  # noqa: S608
    ).rowcount
