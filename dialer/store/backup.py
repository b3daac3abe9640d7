"""Backups of a store that is in use: copied as one moment, proven, and only then given their name."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dialer.store import schema
from dialer.store.errors import BackupRefused, StoreDamaged, StoreMissing
from dialer.store.owner import adopt
from dialer.store.seal import key_path

PAGES_A_STEP: Final = 2048  # 8 MB between two looks at who else wants the disk
DAY_S: Final = 86_400.0
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_SPARE: Final = 1.05  # of the store's size must be free


@dataclass(frozen=True, slots=True)
class Proof:
    """A store that was read whole and found sound: version of its schema, rows of each table."""

    schema: int
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup: its file (the key lies beside it) and when it was made, seconds since the epoch."""

    path: Path
    made_at: float


def back_up(store: Path, folder: Path, now: float) -> tuple[Backup, Proof]:
    """Copy the store, which may be in use, into ``folder``; the backup has its name only when it is proven.

    StoreMissing, StoreDamaged, StoreNewer or BackupRefused; nothing is left behind then.
    """
    if not store.exists():
        raise StoreMissing(f"There is no store at {store}.", hint="`dialer init` makes one.")
    backup = Backup(folder / f"{store.stem}-{_stamp(now)}.db", now)
    partial = backup.path.with_name(f".{backup.path.name}.partial")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _expect_room(store, folder)
        with _explained(store):
            proof = _copied(store, partial)
        _keep_key(store, key_path(backup.path))
        _sync(partial)
        partial.replace(backup.path)
        _sync(folder)
        adopt((folder, backup.path, key_path(backup.path)), like=store)
    except OSError as error:
        hint = "Look at the folder of the backups: [backup] folder."
        raise BackupRefused(f"No backup was made in {folder}: {error.strerror}.", hint=hint) from error
    finally:
        partial.unlink(missing_ok=True)
    return backup, proof


def prove(path: Path) -> Proof:
    """Read a whole store that nobody writes. StoreMissing, StoreDamaged or StoreNewer when it could not be used."""
    if not path.is_file():
        raise StoreMissing(f"There is no backup {path}.", hint="`dialer backup --list` shows those that there are.")
    with _explained(path), closing(_reading(path)) as db:
        schema.expect_ours(db, schema.migrations())
        faults = [row[0] for row in db.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
        faults += [f"row {row[1]} of {row[0]} has no {row[2]}" for row in db.execute("PRAGMA foreign_key_check")]
        if faults:
            raise StoreDamaged(f"{path} is damaged: {'; '.join(faults[:3])}.", hint="Take another backup.")
        return _proof(db)


def count_rows(path: Path) -> Proof:
    """What a store holds, which may be in use; it is not proven to be sound."""
    with _explained(path), closing(_reading(path)) as db:
        return _proof(db)


def backups(folder: Path) -> tuple[Backup, ...]:
    """The backups in a folder, newest first; none when there is no folder."""
    found = [Backup(path, made) for path in folder.glob("*.db") if (made := _made_at(path)) is not None]
    return tuple(sorted(found, key=lambda backup: backup.made_at, reverse=True))


def remove_old(folder: Path, keep_days: float, keep_at_least: int, now: float) -> tuple[Path, ...]:
    """Remove the backups older than ``keep_days``, but never the newest ``keep_at_least``; what was removed."""
    old = [each.path for each in backups(folder)[keep_at_least:] if now - each.made_at > keep_days * DAY_S]
    for path in old:
        path.unlink(missing_ok=True)
        key_path(path).unlink(missing_ok=True)
    return tuple(old)


def _copied(store: Path, partial: Path) -> Proof:
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    with closing(_reading(store)) as source, closing(sqlite3.connect(partial, isolation_level=None)) as target:
        schema.expect_ours(source, schema.migrations())
        # One moment of the store, however long the copy takes: without it each commit would begin the copy anew.
        source.execute("BEGIN")
        original = _proof(source)
        source.backup(target, pages=PAGES_A_STEP)
        source.execute("ROLLBACK")
        target.execute("PRAGMA journal_mode = DELETE")  # one file, that a read-only disk can hold
    proof = prove(partial)
    if proof != original:
        raise StoreDamaged(f"The backup of {store} does not hold what the store held.", hint="Look at the disk.")
    return proof


def _proof(db: sqlite3.Connection) -> Proof:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    tables = [str(row[0]) for row in db.execute(names)]
    # The names are the schema's own.
    rows = {name: int(db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in tables}  # noqa: S608
    return Proof(version, rows)


def _keep_key(store: Path, copy: Path) -> None:
    key = key_path(store)
    if not key.exists():  # a store from before has none
        return
    shutil.copyfile(key, copy)
    copy.chmod(0o600)
    _sync(copy)


def _expect_room(store: Path, folder: Path) -> None:
    parts = (store, store.with_name(f"{store.name}-wal"))
    needed = sum(part.stat().st_size for part in parts if part.exists()) * _SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        megabytes = f"{needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free"
        raise BackupRefused(f"There is no room for a backup in {folder}: {megabytes}.", hint="See [backup] folder.")


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=30)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise BackupRefused(f"{path} cannot be read or copied: {error}.", hint="Check disk, path, rights.") from error
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(f"{path} is no store of the dialer, or damaged: {error}.", hint="Take another.") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stamp(now: float) -> str:
    return time.strftime(_STAMP, time.gmtime(now))


def _made_at(path: Path) -> float | None:
    try:
        return datetime.strptime(path.stem.rpartition("-")[2], _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:  # some other file: not ours to count, nor to remove
        return None
