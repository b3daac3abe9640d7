"""Updates: a store of every former schema opens, keeps what it held, and works on; a newer one is left alone."""

# ruff: noqa: ASYNC240 - a file here and there, and nothing else waits
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dialer.floor.words import CampaignState
from dialer.store import health, open_reader, open_store, schema
from dialer.store.backup import back_up, prove
from dialer.store.errors import StoreNewer, StoreOlder
from dialer.store.restoring import restore
from tests.unit.store.helpers import rows
from tests.unit.store.old_stores import FOLDER, MADE_AT, build

DUMPS = sorted(FOLDER.glob("schema_*.sql"))
NOW = MADE_AT + 60


def version_of(dump: Path) -> int:
    return int(dump.stem.removeprefix("schema_"))


@pytest.fixture(params=DUMPS, ids=lambda dump: dump.stem)
def dump(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def store(dump: Path, tmp_path: Path) -> Path:
    build(dump, tmp_path / "dialer.db")
    return tmp_path / "dialer.db"


def held(store: Path) -> dict[str, int]:
    """Rows of each table."""
    with closing(sqlite3.connect(store)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        count = "SELECT count(*) FROM {}"
        return {name: db.execute(count.format(name)).fetchone()[0] for name in names}


def layout(store: Path) -> list[str]:
    with closing(sqlite3.connect(store)) as db:
        return [row[0] for row in db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")]


def test_there_is_a_store_of_each_schema() -> None:
    numbers = [migration.number for migration in schema.migrations()]
    assert [version_of(dump) for dump in DUMPS] == numbers, "python -m tests.unit.store.old_stores N writes the missing"


async def test_it_is_brought_up_to_date_and_loses_nothing(store: Path, dump: Path, tmp_path: Path) -> None:
    before = held(store)
    assert before["migrations"] == sum(each.number <= version_of(dump) for each in schema.migrations())

    async with open_store(store, clock=lambda: NOW) as opened:
        assert (await opened.read(health.check)).left_out == ()
    async with open_store(tmp_path / "fresh.db", create=True, clock=lambda: NOW):
        pass

    after = held(store)
    assert {name: after[name] for name in before if name != "migrations"} == {
        name: count for name, count in before.items() if name != "migrations"
    }
    assert layout(store) == layout(tmp_path / "fresh.db")
    assert prove(store).schema == schema.migrations()[-1].number


async def test_it_works_on_where_it_stood(store: Path) -> None:
    async with open_store(store, clock=lambda: NOW) as opened:
        (campaign,) = await opened.campaigns()
        assert (campaign.name, campaign.principal, campaign.state) == ("Été 2026", "Soleil SA", CampaignState.RUNNING)
        assert campaign.settings.dispositions == (("1", "sale"),)
        assert (await opened.paused_agents()) == {"101": "lunch"}
        recovered = await opened.open_attempts(NOW)
        assert [attempt.attempt_id for attempt in recovered.attempts] == ["a5"]
        life = await opened.explain("a1")
        assert life.attempt["disposition"] == "sale"
        assert (await opened.lead(4)).fields["name"] == "Max"
        counts = await opened.counts("summer")
        assert (counts.leads, counts.finished, counts.connected, counts.abandoned) == (5, 2, 1, 1)


async def test_who_may_be_called_is_called_and_who_may_not_is_not(store: Path, dump: Path) -> None:
    async with open_store(store, clock=lambda: NOW) as opened:
        reserved = await opened.reserve("summer", 10, NOW)
        numbers = {attempt.number for attempt in reserved}
        # Before schema 4 campaigns had no law: those are held to that of France, under which nobody here consented.
        expected = {"+33639980003", "+33639980004"} if version_of(dump) >= 4 else set()
        assert numbers == expected
        if version_of(dump) >= 4:
            assert await rows(opened, "SELECT principal, reason FROM suppressions") == [("soleil sa", "keypad")]


async def test_a_reader_waits_for_the_update(store: Path, dump: Path) -> None:
    if version_of(dump) == schema.migrations()[-1].number:
        pytest.skip("is up to date")
    with pytest.raises(StoreOlder):
        async with open_reader(store):
            pass


async def test_a_backup_from_before_the_update_can_be_put_back_after_it(store: Path, tmp_path: Path) -> None:
    backup, _ = back_up(store, tmp_path / "b", NOW)
    async with open_store(store, clock=lambda: NOW):
        pass

    await restore(store, backup.path, NOW, "nadia")

    assert prove(store).schema == schema.migrations()[-1].number


async def test_a_newer_store_is_refused_and_not_touched(store: Path) -> None:
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA user_version = 9999")
    before = store.read_bytes()

    with pytest.raises(StoreNewer, match="Install the newer version again, or restore a backup"):
        async with open_store(store):
            pass

    assert store.read_bytes() == before
