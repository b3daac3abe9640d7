"""Backups: whole, proven, of one moment; and the way back, which loses nothing without saying so."""

import asyncio
import os
import shutil
import sqlite3
import stat
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from dialer.floor.words import CampaignState
from dialer.store import backup as backup_module
from dialer.store import open_reader, open_store
from dialer.store.backup import Backup, back_up, backups, prove, remove_old
from dialer.store.dnc import Wish, suppress
from dialer.store.erasing import erase
from dialer.store.errors import BackupRefused, StoreDamaged, StoreLocked, StoreMissing, StoreNewer
from dialer.store.restoring import restore
from dialer.store.seal import key_path
from dialer.store.taking_over import TakenOver
from tests.unit.store.helpers import NOW, add_leads, ended, number, opened, rows

DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "state" / "dialer.db"


async def fill(store: Path, leads: int = 200) -> None:
    store.parent.mkdir(exist_ok=True)
    async with opened(store) as opened_store:
        await add_leads(opened_store, [[number(n)] for n in range(leads)])


async def wish(store: Path, who: str) -> None:
    async with open_store(store, clock=lambda: NOW) as opened_store:
        await opened_store.write(lambda db: suppress(db, [who], Wish("", NOW, "asked", "test")))


async def wishes(store: Path) -> int:
    async with open_reader(store) as reader:
        return int(await reader.read(lambda db: db.execute("SELECT count(*) FROM suppressions").fetchone()[0]))


async def test_a_backup_holds_one_moment_of_a_store_that_is_written_meanwhile(store: Path, tmp_path: Path) -> None:
    await fill(store, 3000)
    async with opened(store) as busy:
        done = asyncio.create_task(asyncio.to_thread(back_up, store, tmp_path / "b", NOW))
        while not done.done():
            await busy.reserve("acme", 5, NOW)
        backup, proof = await done
        assert await busy.reserve("acme", 5, NOW)  # the store is written as before
    assert proof.rows["leads"] == 3000
    assert prove(backup.path) == proof
    # Each attempt is committed with its verdict: a copy of two moments would have one without the other.
    assert proof.rows["attempts"] == proof.rows["attempt_verdicts"]


async def test_what_is_committed_after_its_first_look_is_not_in_the_backup(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store)
    async with opened(store) as busy:
        look = backup_module._proof

        def look_then_commit(db: sqlite3.Connection) -> backup_module.Proof:
            seen = look(db)
            with closing(sqlite3.connect(store)) as other:  # as the daemon would, in its own process
                other.execute("INSERT INTO lists (campaign_id, name, created_at) VALUES ('acme', 'late', 0)")
                other.commit()
            monkeypatch.undo()
            return seen

        monkeypatch.setattr(backup_module, "_proof", look_then_commit)
        backup, proof = back_up(store, tmp_path / "b", NOW)
        assert await rows(busy, "SELECT count(*) FROM lists") == [(2,)]
    assert proof.rows["lists"] == prove(backup.path).rows["lists"] == 1


async def test_a_backup_is_closed_to_others_and_has_its_key(store: Path, tmp_path: Path) -> None:
    await fill(store)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    assert key_path(backup.path).read_bytes() == key_path(store).read_bytes()
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700
    files = list((tmp_path / "b").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert sorted(files) == sorted([backup.path, key_path(backup.path)])


def damage(store: Path) -> None:
    with store.open("r+b") as file:
        file.seek(store.stat().st_size // 2)
        file.write(b"\xff" * 8192)


async def test_a_damaged_store_gives_no_backup(store: Path, tmp_path: Path) -> None:
    await fill(store, 2000)
    damage(store)
    with pytest.raises((StoreDamaged, BackupRefused)):
        back_up(store, tmp_path / "b", NOW)
    assert backups(tmp_path / "b") == ()
    assert [file for file in (tmp_path / "b").iterdir() if file.suffix != ".key"] == []


async def test_a_disk_without_room_is_named_before_it_is_filled(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10, 10, 0))
    with pytest.raises(BackupRefused, match="no room"):
        back_up(store, tmp_path / "b", NOW)
    assert list((tmp_path / "b").iterdir()) == []


def test_there_is_nothing_to_back_up_without_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        back_up(tmp_path / "dialer.db", tmp_path, NOW)


def make_backups(folder: Path, ages_d: list[float]) -> list[Path]:
    import time

    made = []
    for age in ages_d:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(NOW - age * DAY))
        path = folder / f"dialer-{stamp}.db"
        path.touch()
        key_path(path).touch()
        made.append(path)
    return made


def test_old_backups_go_and_the_newest_stay_however_old(tmp_path: Path) -> None:
    paths = make_backups(tmp_path, [40, 1, 20, 30])
    (tmp_path / "letter-to-my-aunt.db").touch()
    assert remove_old(tmp_path, 14, 2, NOW) == (paths[3], paths[0])
    assert [each.path for each in backups(tmp_path)] == [paths[1], paths[2]]
    assert not key_path(paths[0]).exists()
    assert (tmp_path / "letter-to-my-aunt.db").exists()


def test_the_time_of_a_backup_is_in_its_name(tmp_path: Path) -> None:
    (path,) = make_backups(tmp_path, [3])
    assert backups(tmp_path) == (Backup(path, NOW - 3 * DAY),)
    assert backups(tmp_path / "nowhere") == ()


# ruff: noqa: ASYNC240 - a file here and there, and nothing else waits
# --- the way back -----------------------------------------------------------------------------------------------------


async def test_a_store_comes_back_and_the_old_one_is_kept(store: Path, tmp_path: Path) -> None:
    await fill(store, 50)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    async with opened(store) as later:
        await add_leads(later, [[number(n)] for n in range(100, 120)], list_name="later")
        (attempt,) = await later.reserve("acme", 1, NOW)
        later.record([ended(attempt)])
        await later.flush()

    done = await restore(store, backup.path, NOW, "nadia")

    async with opened(store) as restored:
        assert await rows(restored, "SELECT count(*) FROM leads") == [(50,)]
        who = await rows(restored, "SELECT who, origin, command, params FROM command_audit")
    assert who == [("nadia", "command line", "restore", f'{{"backup": "{backup.path.name}"}}')]
    assert done.kept is not None
    assert prove(done.kept).rows["leads"] == 70
    assert done.taken_over == TakenOver(wishes=0, consents=0, attempts=1)


async def test_wishes_that_came_since_are_taken_over(store: Path, tmp_path: Path) -> None:
    await fill(store)
    await wish(store, "+33199000001")
    backup, _ = back_up(store, tmp_path / "b", NOW)
    await wish(store, "+33199000002")

    done = await restore(store, backup.path, NOW, "nadia")

    assert done.taken_over is not None
    assert done.taken_over.wishes == 1
    assert await wishes(store) == 2


async def test_a_withdrawal_that_came_since_is_taken_over(store: Path, tmp_path: Path) -> None:
    await fill(store)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    row = (
        "INSERT INTO consents (who, principal, consent, recorded_at, source) VALUES ('+33199000001', '', '{}', 1, 't')"
    )
    async with open_store(store, clock=lambda: NOW) as later:
        await later.write(lambda db: db.execute(row))

    done = await restore(store, backup.path, NOW, "nadia")

    assert done.taken_over == TakenOver(wishes=0, consents=1, attempts=0)


async def test_whom_the_backup_brings_back_is_erased_again(store: Path, tmp_path: Path) -> None:
    await fill(store, 5)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    async with open_store(store, clock=lambda: NOW) as later:
        await later.write(lambda db: erase(db, number(3), NOW, "asked by letter"))

    done = await restore(store, backup.path, NOW, "nadia")

    assert done.erased == 1
    async with opened(store) as restored:
        assert await rows(restored, "SELECT count(*) FROM numbers WHERE e164 = ?", number(3)) == [(0,)]
        assert await rows(restored, "SELECT count(*) FROM numbers") == [(4,)]


async def test_who_was_on_the_line_when_the_backup_was_made_is_left_and_said(store: Path, tmp_path: Path) -> None:
    await fill(store, 1)
    async with opened(store) as busy:
        (attempt,) = await busy.reserve("acme", 1, NOW)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    async with opened(store) as later:
        later.record([ended(attempt)])
        await later.flush()
        await later.write(lambda db: erase(db, number(0), NOW, "asked by letter"))

    done = await restore(store, backup.path, NOW, "nadia")

    assert (done.erased, done.not_erased) == (0, 1)


async def test_campaigns_that_ran_are_paused_until_somebody_starts_them(store: Path, tmp_path: Path) -> None:
    await fill(store)
    async with opened(store) as running:
        await running.set_campaign_state("acme", CampaignState.RUNNING, "test")
    backup, _ = back_up(store, tmp_path / "b", NOW)

    done = await restore(store, backup.path, NOW, "nadia")

    assert done.paused == ("acme",)
    async with opened(store) as restored:
        assert (await restored.campaign("acme")).state is CampaignState.PAUSED


async def test_a_damaged_old_store_is_kept_and_what_is_lost_is_said(store: Path, tmp_path: Path) -> None:
    await fill(store)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    store.write_bytes(b"\xff" * 100_000)

    done = await restore(store, backup.path, NOW, "nadia")

    assert done.taken_over is None
    assert done.kept is not None
    assert done.kept.read_bytes() == b"\xff" * 100_000
    assert await wishes(store) == 0


async def test_a_store_that_is_gone_comes_back(store: Path, tmp_path: Path) -> None:
    await fill(store, 7)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    shutil.rmtree(store.parent)
    store.parent.mkdir()

    done = await restore(store, backup.path, NOW, "nadia")

    assert done.kept is None
    assert prove(store).rows["leads"] == 7


async def test_nothing_is_put_back_under_a_running_daemon(store: Path, tmp_path: Path) -> None:
    await fill(store)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    async with opened(store):
        with pytest.raises(StoreLocked):
            await restore(store, backup.path, NOW, "nadia")
    assert [file.name for file in store.parent.iterdir() if "replaced" in file.name] == []


def spoil(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(sql)


@pytest.mark.parametrize(
    ("sql", "error"),
    [("PRAGMA user_version = 99", StoreNewer), ("PRAGMA application_id = 7", StoreDamaged),
     ("DELETE FROM lists", StoreDamaged)],
)  # fmt: skip
async def test_what_is_not_sound_is_not_put_back(store: Path, tmp_path: Path, sql: str, error: type[Exception]) -> None:
    await fill(store)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    spoil(backup.path, sql)
    before = store.read_bytes()

    with pytest.raises(error):
        await restore(store, backup.path, NOW, "nadia")

    assert store.read_bytes() == before


async def test_a_do_not_call_list_without_its_key_is_not_put_back(store: Path, tmp_path: Path) -> None:
    await fill(store)
    await wish(store, "+33199000001")
    backup, _ = back_up(store, tmp_path / "b", NOW)
    key_path(backup.path).unlink()

    with pytest.raises(BackupRefused, match="no key"):
        await restore(store, backup.path, NOW, "nadia")

    assert await wishes(store) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
async def test_what_root_makes_belongs_to_the_owner_of_the_folder(store: Path, tmp_path: Path) -> None:
    store.parent.mkdir()
    os.chown(store.parent, 12345, 12345)
    await fill(store)
    backup, _ = back_up(store, tmp_path / "b", NOW)
    await restore(store, backup.path, NOW, "nadia")
    files = [*store.parent.iterdir(), tmp_path / "b", *(tmp_path / "b").iterdir()]
    assert {(file.stat().st_uid, file.stat().st_gid) for file in files} == {(12345, 12345)}
