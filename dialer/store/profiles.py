"""How files of one source are read: which role is in which column."""

import json
import sqlite3
from collections.abc import Mapping

_SAVE = """
INSERT INTO import_profiles (name, columns, saved_at) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET columns = excluded.columns, saved_at = excluded.saved_at
"""


def save(db: sqlite3.Connection, name: str, columns: Mapping[str, str], now: float) -> None:
    """Keep, or replace, a profile."""
    db.execute(_SAVE, (name, json.dumps(columns, ensure_ascii=False), now))


def load(db: sqlite3.Connection, name: str) -> dict[str, str] | None:
    """Role to column name; None for a profile that was never saved."""
    row = db.execute("SELECT columns FROM import_profiles WHERE name = ?", (name,)).fetchone()
    return None if row is None else dict(json.loads(row["columns"]))
