"""Putting a backup in the place of the store: proven first, the old store kept, wishes not to be called kept too."""

import os
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dialer.store.backup import Proof, prove
from dialer.store.errors import BackupRefused
from dialer.store.lock import StoreLock
from dialer.store.opening import open_store
from dialer.store.owner import adopt
from dialer.store.seal import key_path

_PARTS: Final = ("", "-wal", "-shm", ".key")
_MISSED = """
SELECT count(*) FROM old.attempts
WHERE coalesce(dialed, 1) <> 0 AND reserved_at > (SELECT coalesce(max(reserved_at), 0) FROM main.attempts)
"""
# The list is only ever added to, so what the backup does not know is what was wished since.
_WISHES = """
INSERT INTO main.suppressions (sealed, principal, at, reason, source)
SELECT sealed, principal, at, reason, source FROM old.suppressions AS theirs
WHERE NOT EXISTS (SELECT 1 FROM main.suppressions AS ours WHERE ours.sealed = theirs.sealed
                  AND ours.principal = theirs.principal AND ours.at = theirs.at)
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. ``kept`` is the old store under its new name, None when there was none.

    ``wishes`` not to be called, and ``attempts`` made since the backup: None when the old store could not be read.
    The wishes were taken over; of the attempts the restored store knows nothing.
    """

    proof: Proof
    kept: Path | None
    wishes: int | None
    attempts: int | None


async def restore(store: Path, backup: Path, now: float) -> Restored:
    """Put ``backup`` in the place of ``store``. The daemon must not run (StoreLocked).

    StoreMissing, StoreDamaged, StoreNewer or BackupRefused; the store is as it was then.
    """
    proof = prove(backup)
    if proof.rows.get("suppressions") and not key_path(backup).exists():
        hint = f"Copy the key of that time to {key_path(backup)}: without it nobody on the do-not-call list is known."
        raise BackupRefused(f"The backup {backup} has no key beside it.", hint=hint)
    lock = StoreLock(store)
    lock.take()
    try:
        kept = _put(store, backup, now)
    except OSError as error:
        raise BackupRefused(f"{backup} was not put back: {error.strerror}.", hint="Check disk and rights.") from error
    finally:
        lock.give_back()
    wishes, attempts = await _take_over(store, kept)
    return Restored(proof, kept, wishes, attempts)


def _put(store: Path, backup: Path, now: float) -> Path | None:
    fresh = store.with_name(f".{store.name}.restoring")
    for source, copy in ((backup, fresh), (key_path(backup), key_path(fresh))):
        if source.exists():
            _copy(source, copy)
    adopt((fresh, key_path(fresh)), like=store.parent)
    kept = store.with_name(f"{store.name}.replaced-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}")
    there = store.exists()
    for part in _PARTS:
        if (old := store.with_name(f"{store.name}{part}")).exists():
            old.rename(kept.with_name(f"{kept.name}{part}"))
    if key_path(fresh).exists():
        key_path(fresh).rename(key_path(store))
    fresh.rename(store)
    return kept if there else None


def _copy(source: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    descriptor = os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out, source.open("rb") as content:
        shutil.copyfileobj(content, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())


async def _take_over(store: Path, kept: Path | None) -> tuple[int | None, int | None]:
    """Open what was put back, which brings it up to date; then take over what the old store knows better."""
    async with open_store(store) as restored:
        if kept is None or not _same_key(store, kept):
            return None, None
        return await restored.between(lambda db: _taken(db, kept))


def _same_key(store: Path, kept: Path) -> bool:
    ours, theirs = key_path(store), key_path(kept)
    return ours.exists() and theirs.exists() and ours.read_bytes() == theirs.read_bytes()


def _taken(db: sqlite3.Connection, kept: Path) -> tuple[int | None, int | None]:
    try:
        db.execute("ATTACH ? AS old", (f"file:{quote(str(kept))}?mode=ro",))
    except sqlite3.Error:
        return None, None
    try:
        missed = int(db.execute(_MISSED).fetchone()[0])
        return db.execute(_WISHES).rowcount, missed
    except sqlite3.Error:  # the reason for the restore may be that it is damaged
        return None, None
    finally:
        db.execute("DETACH old")
