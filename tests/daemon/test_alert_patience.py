"""With the hold and clear times that a new installation has: who is told when, on the virtual clock."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dialer.config_file import parse
from dialer.floor import commands as cmd
from dialer.floor import events as ev
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


async def test_a_shift_is_told_what_lasts_and_nothing_twice(room: Room) -> None:
    """1. All is well. 2. The clock is off for a moment. 3. It is off, nearly right, right, off again, right for good.
    4. The agents leave while calls ring, and come back."""
    off = [0.0]
    room.wall = lambda: room.bench.now + off[0]
    assert heard(room, 60) == []

    off[0] = 0.8
    assert heard(room, 4) == []
    off[0] = 0.0
    assert heard(room, 10) == []

    off[0] = 0.8
    assert heard(room, 60) == [(5.5, "raised", "clock_off")]
    off[0] = 0.47  # below the bound of 0.5 s, but not by a tenth of it
    assert heard(room, 60) == []
    off[0] = 0.0
    assert heard(room, 10) == []
    off[0] = 0.8
    assert heard(room, 1) == []
    off[0] = 0.0
    assert heard(room, 60) == [(15.5, "resolved", "clock_off")]

    await room.bench.loop.dial("c1")
    dialed = [command.attempt_id for command in room.bench.pbx.done if isinstance(command, cmd.Originate)]
    agents = [agent.agent_id for agent in room.bench.engine.floor.agent_views()]
    for attempt_id in dialed:
        room.bench.tell(ev.CallRinging(at=room.bench.now, attempt_id=attempt_id))
    for agent_id in agents:
        room.bench.tell(ev.AgentPauseRequested(at=room.bench.now, agent_id=agent_id, reason="lunch"))
    assert heard(room, 30) == [(20.5, "raised", "no_agent_ready")]
    for agent_id in agents:
        room.bench.tell(ev.AgentReadyRequested(at=room.bench.now, agent_id=agent_id))
    assert heard(room, 60) == [(15.5, "resolved", "no_agent_ready")]
