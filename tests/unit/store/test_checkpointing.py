"""What was committed comes into the file beside the commits."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dialer.store import checkpointing
from dialer.store.connection import LONGEST_LOG_PAGES
from tests.unit.store.helpers import add_leads, opened


def leads_in(file: Path, copy: Path) -> int:
    """How many leads the file has, whatever its log holds."""
    shutil.copy(file, copy)
    with closing(sqlite3.connect(copy)) as db:
        try:
            return int(db.execute("SELECT count(*) FROM leads").fetchone()[0])
        except sqlite3.DatabaseError:
            return 0  # copied in the middle of a checkpoint


async def test_the_file_follows_the_log_while_the_store_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "EVERY_S", 0.01)
    path = tmp_path / "dialer.db"
    async with opened(path) as store:
        await add_leads(store, [[f"+3319900{n:04}"] for n in range(200)])
        async with asyncio.timeout(20):
            while leads_in(path, tmp_path / "copy.db") < 200:  # noqa: ASYNC110 - it is another thread's work
                await asyncio.sleep(0.01)


async def test_a_commit_brings_nothing_into_the_file_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    async with opened(path) as store:
        assert (
            await store.between(lambda db: db.execute("PRAGMA wal_autocheckpoint").fetchone()[0]) == LONGEST_LOG_PAGES
        )
        await add_leads(store, [[f"+3319900{n:04}"] for n in range(200)])
        assert leads_in(path, tmp_path / "copy.db") == 0
    assert leads_in(path, tmp_path / "copy.db") == 200
