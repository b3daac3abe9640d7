"""Opening a store: what is refused, and with which words."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from dialer.floor.events import CampaignSettings
from dialer.store import health, open_reader, open_store, schema
from dialer.store.connection import set_up_writer
from dialer.store.errors import StoreDamaged, StoreLocked, StoreMissing, StoreNewer, StoreOlder, StoreUnavailable
from tests.unit.store.helpers import NOW, add_leads, number, opened


async def make(path: Path) -> None:
    async with opened(path) as store:
        await add_leads(store, [[number(n)] for n in range(2_000)])


def dump(db: sqlite3.Connection) -> list[str]:
    return [line for line in db.iterdump() if 'INTO "migrations"' not in line]


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def fresh(known: tuple[schema.Migration, ...]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    set_up_writer(db)
    schema.migrate(db, known, NOW)
    return db


def test_a_fresh_schema_is_the_migrated_one() -> None:
    known = schema.migrations()
    db = sqlite3.connect(":memory:", isolation_level=None)
    for count in range(1, len(known) + 1):
        schema.migrate(db, known[:count], NOW)

    assert dump(fresh(known)) == dump(db)


def test_no_two_migrations_have_one_number() -> None:
    numbers = [migration.number for migration in schema.migrations()]
    assert numbers == sorted(set(numbers))


def test_a_migration_that_fails_leaves_no_trace() -> None:
    known = schema.migrations()
    broken = schema.Migration(known[-1].number + 1, "broken", "CREATE TABLE new (a);\nCREATE TABLE campaigns (a);\n")
    db = fresh(known)
    before = dump(db)

    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(db, (*known, broken), NOW)

    assert dump(db) == before
    assert db.execute("PRAGMA user_version").fetchone()[0] == known[-1].number


def test_every_table_is_strict_and_looked_over() -> None:
    db = fresh(schema.migrations())
    tables = {
        row["name"]: row["strict"] for row in db.execute("PRAGMA table_list") if not row["name"].startswith("sqlite")
    }

    assert all(tables.values())
    assert set(tables) - {"migrations"} == set(health.check(db).tables)


def test_a_campaign_has_a_column_for_every_setting() -> None:
    columns = {row["name"] for row in fresh(schema.migrations()).execute("PRAGMA table_info(campaigns)")}

    assert {field.name for field in fields(CampaignSettings)} - {"campaign_id"} <= columns


async def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="no store at"):
        async with open_store(tmp_path / "dialer.db"):
            pass
    with pytest.raises(StoreMissing):
        async with open_reader(tmp_path / "dialer.db"):
            pass


async def test_a_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    await make(tmp_path / "dialer.db")

    for file in files_in(tmp_path):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


async def test_a_second_daemon_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    async with opened(path):
        with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
            async with open_store(path):
                pass
        async with open_reader(path) as reader:
            assert len(await reader.campaigns()) == 1
    async with open_store(path):
        pass


async def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    await make(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StoreNewer, match="has schema 99"):
        async with open_store(path):
            pass
    with pytest.raises(StoreNewer):
        async with open_reader(path):
            pass


async def test_a_store_not_yet_migrated_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "dialer.db").touch()

    with pytest.raises(StoreOlder):
        async with open_reader(tmp_path / "dialer.db"):
            pass


@pytest.mark.parametrize("content", [b"a letter to my aunt, about the garden" * 40, os.urandom(8192)])
async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dialer.db"
    path.write_bytes(content)

    with pytest.raises(StoreDamaged):
        async with open_store(path):
            pass

    assert path.read_bytes() == content


async def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE cookies (a)")
    db.close()

    with pytest.raises(StoreDamaged, match="not a store of the dialer"):
        async with open_store(path):
            pass


async def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    await make(path)
    content = bytearray(path.read_bytes())
    db = sqlite3.connect(path)
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'leads_due'").fetchone()[0]
    db.close()
    content[(root - 1) * 4096 + 8 : root * 4096] = b"\xff" * 4088
    path.write_bytes(content)

    with pytest.raises(StoreDamaged):
        async with open_store(path):
            pass


async def test_a_broken_reference_is_found(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    await make(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DELETE FROM leads WHERE id = 7")
    db.close()

    with pytest.raises(StoreDamaged, match=r"row .* of numbers has no leads"):
        async with open_store(path):
            pass


def test_the_look_over_stops_when_its_time_is_up() -> None:
    checked = health.check(fresh(schema.migrations()), within_s=0)

    assert checked.tables == ()
    assert checked.left_out[0] == "campaigns"


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=re.escape(str(tmp_path / "no" / "dialer.db"))):
        async with open_store(tmp_path / "no" / "dialer.db", create=True):
            pass


async def test_what_a_crash_left_beside_the_store_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    await make(path)
    (tmp_path / ".dialer.db-passing-1").mkdir()
    (tmp_path / ".dialer.db-passing-1" / "staged.db").touch()
    (tmp_path / ".other.db-passing-1").mkdir()

    async with open_store(path):
        pass

    assert [entry.name for entry in files_in(tmp_path) if entry.name.startswith(".")] == [".other.db-passing-1"]


_KILLED = """
import asyncio, os, signal, sys, time
from pathlib import Path
from dialer.store import open_store

async def main():
    async with open_store(Path(sys.argv[1])) as store:
        async def reserve():
            while True:
                for attempt in await store.reserve("acme", 3, time.time()):
                    print(attempt.attempt_id, attempt.number, flush=True)
        await asyncio.gather(*(reserve() for _ in range(4)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 50, 333])
async def test_what_was_handed_out_is_on_record_after_a_kill(tmp_path: Path, after: int) -> None:
    path = tmp_path / "dialer.db"
    await make(path)

    handed_out = killed_after(path, after)

    async with open_store(path) as store:
        on_record = {(a.attempt_id, a.number) for a in (await store.open_attempts(NOW)).attempts}
        again = {attempt.number for attempt in await store.reserve("acme", 2_000, NOW)}
    assert len(handed_out) >= after
    assert handed_out <= on_record
    assert again.isdisjoint(number for _, number in on_record)


def killed_after(path: Path, attempts: int) -> set[tuple[str, str]]:
    """What a process was handed out and said before it was killed, somewhere after so many attempts."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _KILLED, str(path)]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        while len(said) < attempts:
            said += [line for line in [process.stdout.readline()] if "+336" in line]
        process.kill()
        said += [line for line in process.stdout if "+336" in line and line.endswith("\n")]
    return {(line.split()[0], line.split()[1]) for line in said}


def test_every_table_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "database.md").read_text(encoding="utf-8")

    tables = health.check(fresh(schema.migrations())).tables
    assert all(f"`{table}`" in page for table in tables)


async def test_a_file_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE other (x)")
    before = path.read_bytes()
    with pytest.raises(StoreDamaged, match="not a store of the dialer"):
        async with open_store(path):
            pass
    assert path.read_bytes() == before
