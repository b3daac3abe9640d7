"""With the hold and clear times that a new installation has: who is told when, on the virtual clock."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dialer.config_file import parse
from tests.daemon.harness import Bench
from tests.daemon.room import Room

CONFIG = """
[daemon]
state_dir = "."
[alerts]
language = "en"
"""


@pytest.fixture
def room(bench: Bench, tmp_path: Path) -> Room:
    made = Room(bench, parse(CONFIG, tmp_path / "dialer.toml"), probe_clock=lambda: bench.now)
    made.wall = lambda: made.bench.now
    return made


def heard(room: Room, seconds: float) -> list[tuple[float, str, str]]:
    """Looks twice a second for so long; what is told: after how many seconds, state, kind."""
    began, told = room.bench.now, []
    for _ in range(round(seconds / 0.5)):
        room.look(after_s=0.5)
        for message in room.outbox.alerts._waiting:
            alert = json.loads(message.payload)
            told.append((room.bench.now - began, alert["state"], alert["kind"]))
        room.outbox.alerts._waiting.clear()
    return told


@asynccontextmanager
async def hanging(room: Room) -> AsyncIterator[None]:
    """The disk hangs: what is written is not answered, the probe's write least of all."""
    release = threading.Event()
    holding = asyncio.create_task(room.bench.store.write(lambda _db: release.wait(60)))
    probing = asyncio.create_task(room.probe.run())
    async with asyncio.timeout(20):
        while room.probe.took_s is None:  # noqa: ASYNC110 - until the probe has begun
            await asyncio.sleep(0)
    try:
        yield
        release.set()
        async with asyncio.timeout(20):
            while not room.probe.answers:  # noqa: ASYNC110 - whenever the disk is through
                await asyncio.sleep(0.01)
    finally:
        release.set()
        probing.cancel()
        await holding


async def test_a_disk_that_hangs_is_told_while_it_hangs(room: Room) -> None:
    async with hanging(room):
        assert heard(room, 14) == [(5.5, "raised", "store_slow")]
