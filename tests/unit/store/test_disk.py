"""A disk that fills up, and a file that turns read-only: nothing is handed out, and it heals by itself."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dialer.floor.commands import RecordStep
from dialer.floor.events import NewAttempt
from dialer.floor.words import AttemptState
from dialer.store import Store, recorder
from dialer.store import store as store_module
from dialer.store.errors import StoreUnavailable
from tests.unit.store.helpers import NOW, add_leads, ended, number, opened

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting and chattr need root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "RETRY_S", 0.01)
    monkeypatch.setattr(store_module, "PROBE_S", 0.01)


async def until_healthy(store: Store) -> None:
    async with asyncio.timeout(20):
        while not store.healthy:  # noqa: ASYNC110 - what turns it is the disk
            await asyncio.sleep(0.01)


async def reserve_until_refused(store: Store) -> list[NewAttempt]:
    """Every attempt handed out before the store could not be written."""
    handed_out: list[NewAttempt] = []
    try:
        while True:
            handed_out += await store.reserve("acme", 50, NOW)
    except StoreUnavailable:
        return handed_out


def immutable(path: Path, sign: str) -> bool:
    return subprocess.run(["chattr", f"{sign}i", str(path)], capture_output=True, check=False).returncode == 0


async def test_a_full_disk_hands_nothing_out_and_heals_when_there_is_room(small_disk: Path) -> None:
    async with opened(small_disk / "dialer.db") as store:
        await add_leads(store, [[number(n)] for n in range(2_000)])
        before = await store.reserve("acme", 5, NOW)
        ballast = small_disk / "ballast"
        fill(ballast)

        handed_out = [*before, *await reserve_until_refused(store)]
        assert not store.healthy
        store.record([ended(attempt) for attempt in before])
        store.record([RecordStep(a.attempt_id, NOW, AttemptState.ENDED, "x" * 2_000) for a in handed_out])
        on_record = {attempt.attempt_id for attempt in (await store.open_attempts(NOW)).attempts}
        assert on_record == {attempt.attempt_id for attempt in handed_out}

        ballast.unlink()
        await until_healthy(store)
        async with asyncio.timeout(20):
            await store.flush()

        assert store.recorder.dropped == 0
        assert (await store.explain(before[0].attempt_id)).attempt["result"] == "no_answer"
        assert len(await store.reserve("acme", 5, NOW)) == 5


async def test_a_store_that_heals_does_so_with_nothing_to_write(small_disk: Path) -> None:
    async with opened(small_disk / "dialer.db") as store:
        await add_leads(store, [[number(n)] for n in range(2_000)])
        ballast = small_disk / "ballast"
        fill(ballast)
        await reserve_until_refused(store)

        ballast.unlink()

        await until_healthy(store)


async def test_a_file_made_read_only_hands_nothing_out_and_heals(tmp_path: Path) -> None:
    path = tmp_path / "dialer.db"
    async with opened(path) as store:
        await add_leads(store, [[number(n)] for n in range(100)])
        log = path.with_name("dialer.db-wal")
        if not immutable(log, "+"):
            pytest.skip("this file system has no immutable files")
        try:
            with pytest.raises(StoreUnavailable):
                await store.reserve("acme", 5, NOW)
            assert not store.healthy
        finally:
            immutable(log, "-")

        await until_healthy(store)
        assert len(await store.reserve("acme", 5, NOW)) == 5
    async with opened(path) as store:
        assert len((await store.open_attempts(NOW)).attempts) == 5


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
