"""The schema, brought up to date by numbered migrations that only go forward."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from dialer.store.errors import StoreDamaged, StoreNewer, StoreOlder

APPLICATION_ID = 0x44_49_41_4C  # "DIAL": tells our files from any other SQLite file
_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, the one after that of the next lower ``number``."""

    number: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """Every migration of this version, in order."""
    found = [
        Migration(int(match[1]), match[2], entry.read_text(encoding="utf-8"))
        for entry in files("dialer.store").joinpath("migrations").iterdir()
        if (match := _FILE_NAME.fullmatch(entry.name))
    ]
    return tuple(sorted(found, key=lambda migration: migration.number))


def migrate(db: sqlite3.Connection, known: tuple[Migration, ...], now: float) -> list[str]:
    """Apply what is missing, each in one transaction with its bookkeeping; return the names of what was applied.

    StoreNewer when the file knows more than this version, StoreDamaged when it is not ours.
    """
    version = _version(db, known)
    applied = []
    for migration in known:
        if migration.number <= version:
            continue
        _apply(db, migration, now)
        applied.append(f"{migration.number:04} {migration.name}")
    return applied


def expect_ours(db: sqlite3.Connection, known: tuple[Migration, ...]) -> None:
    """Raise unless the file is empty or a store of this version or an older one."""
    _version(db, known)


def expect_current(db: sqlite3.Connection, known: tuple[Migration, ...]) -> None:
    """Raise unless the schema is exactly this version's; for those who only read."""
    version = _version(db, known)
    if version < known[-1].number:
        raise StoreOlder(
            f"The store has schema {version} and this version reads {known[-1].number}.",
            hint="Start the daemon once; it brings the store up to date.",
        )


def touch(db: sqlite3.Connection) -> None:
    """Write something that changes nothing, to learn whether the store can be written."""
    db.execute("UPDATE migrations SET name = name WHERE number = 1")


def _version(db: sqlite3.Connection, known: tuple[Migration, ...]) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    owner = int(db.execute("PRAGMA application_id").fetchone()[0])
    empty = db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None
    if owner != APPLICATION_ID and not (empty and version == 0 and owner == 0):
        raise StoreDamaged("The file is an SQLite database, but not a store of the dialer.", hint="Check the path.")
    newest = known[-1].number if known else 0
    if version > newest:
        raise StoreNewer(
            f"The store has schema {version}, this version of the dialer knows {newest}.",
            hint="Install the newer version again, or restore a backup from before the update.",
        )
    return version


def _apply(db: sqlite3.Connection, migration: Migration, now: float) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at REAL NOT NULL) STRICT"
        )
        for statement in statements(migration.sql):
            db.execute(statement)
        db.execute("INSERT INTO migrations VALUES (?, ?, ?)", (migration.number, migration.name, now))
        # PRAGMA takes no parameters; both are numbers of our own.
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {migration.number}")
        db.execute("COMMIT")
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def statements(sql: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would commit in between."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"an unfinished statement ends the migration: {statement.strip()[:60]}")
