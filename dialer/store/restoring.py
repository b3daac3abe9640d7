"""Putting a backup in the place of the store: proven first, the old store kept, wishes not to be called kept too."""

import os
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from dialer.floor.words import CampaignState
from dialer.store.alerts import Audit, write_audit
from dialer.store.backup import Proof, prove
from dialer.store.errors import BackupRefused
from dialer.store.lock import StoreLock
from dialer.store.opening import open_store
from dialer.store.owner import adopt
from dialer.store.seal import key_path
from dialer.store.store import Store
from dialer.store.taking_over import TakenOver, erase_again, take_over

_PARTS: Final = ("", "-wal", "-shm", ".key")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. ``kept`` is the old store under its new name, None when there was none.

    ``taken_over``: what the old store had registered since the backup; None when it could not be read. ``erased``:
    numbers of people whom the backup brought back and who were erased again; ``not_erased``: those for whom a call was
    open when the backup was made. ``paused``: campaigns that ran.
    """

    proof: Proof
    kept: Path | None
    taken_over: TakenOver | None
    erased: int
    not_erased: int
    paused: tuple[str, ...]


async def restore(store: Path, backup: Path, now: float, by: str) -> Restored:
    """Put ``backup`` in the place of ``store``; ``by`` is the user who wants it. The daemon must not run (StoreLocked).

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
    async with open_store(store) as restored:  # which brings it up to date
        taken_over = None
        if kept is not None and _same_key(store, kept):
            taken_over = await restored.between(partial(take_over, kept=kept))
        erased, left = await restored.write(lambda db: erase_again(db, now))
        audit = Audit(now, by, "command line", "restore", {"backup": backup.name}, "done")
        await restored.write(lambda db: write_audit(db, audit))
        return Restored(proof, kept, taken_over, erased, left, await _pause(restored))


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


async def _pause(restored: Store) -> tuple[str, ...]:
    """Nobody is to be called before somebody has seen that the record is older than the calls."""
    running = [c.settings.campaign_id for c in await restored.campaigns() if c.state is CampaignState.RUNNING]
    for campaign_id in running:
        await restored.set_campaign_state(campaign_id, CampaignState.PAUSED, "restored from a backup")
    return tuple(running)


def _same_key(store: Path, kept: Path) -> bool:
    """Whether both stores are of one line: names that are sealed with another key mean nothing here."""
    ours, theirs = key_path(store), key_path(kept)
    return ours.exists() and theirs.exists() and ours.read_bytes() == theirs.read_bytes()
