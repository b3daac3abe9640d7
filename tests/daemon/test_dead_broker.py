"""Ten minutes of a floor whose broker is dead: nothing that must be known is lost, and nothing grows.

The floor's ten minutes are of its own clock. They pass in seconds of the machine's; the soak lets them last, so that
the link tries the dead broker for as long as it would.
"""

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from dialer.config_file import parse
from dialer.floor import events as ev
from dialer.mqtt.link import MqttLink
from dialer.mqtt.outbox import MOST_ALERTS, Outbox
from tests.broker import Broker, ears
from tests.daemon.harness import Bench, put_on_record
from tests.daemon.room import CONFIG, Room
from tests.daemon.test_mqtt_link import count_descriptors, until

DEAD_S = 600  # of the floor's clock
MIB = 1024
ROOT = "dialer/test/"
SUPERVISOR = "supervisor"


LINES = tuple(
    ev.AliveChannel(
        channel_id=f"line-{n}", channel=f"line-{n}", up=True, bridge_id="hold", holding=True, agent_id=f"a{n}"
    )
    for n in range(3)
)


@dataclass
class Supervisor:
    """A subscriber for whom the broker keeps what comes while it is away."""

    port: int
    heard: list[dict[str, Any]] = field(default_factory=list)

    def _client(self) -> aiomqtt.Client:
        return aiomqtt.Client("127.0.0.1", self.port, identifier=SUPERVISOR, clean_session=False)

    async def subscribe(self) -> None:
        """Once; the broker remembers."""
        async with self._client() as client:
            await client.subscribe(f"{ROOT}alert/#", qos=1)

    async def listen(self, last: str) -> None:
        """Until the alert with this id has come as resolved."""
        async with self._client() as client:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                self.heard.append(json.loads(message.payload))
                if (self.heard[-1]["alert_id"], self.heard[-1]["state"]) == (last, "resolved"):
                    return


@asynccontextmanager
async def linked(bench: Bench, broker: Broker, folder: Path) -> AsyncIterator[tuple[Room, MqttLink]]:
    """A floor whose lookout tells a broker."""
    impatient = f"enabled = true\nport = {broker.port}\ntimeout_s = 0.5\nreconnect_max_s = 0.5\nkeepalive_s = 5\n"
    room = Room(bench, parse(CONFIG + impatient, folder / "dialer.toml"), outbox=Outbox(ROOT))
    room.wall = lambda: bench.now
    await put_on_record(bench.store, "a0", "a1", "a2")
    async with MqttLink(room.loaded, room.outbox) as link:
        room.look()
        await until(lambda: link.up)
        yield room, link


def live_a_second(room: Room, second: int) -> None:
    """Asterisk comes and goes every few seconds, agents take a break and come back."""
    bench = room.bench
    if second % 5 == 0:
        bench.tell(ev.LinkLost(at=bench.now, why="cut"))
    elif second % 5 == 3:
        bench.tell(ev.LinkRestored(at=bench.now, alive=LINES))
    asked = ev.AgentPauseRequested if second % 2 else ev.AgentReadyRequested
    more = {"reason": "lunch"} if second % 2 else {}
    bench.tell(asked(at=bench.now, agent_id=f"a{second % 3}", **more))
    room.look()


def memory_kib() -> int:
    """The most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("lasts_s", [3, pytest.param(600, marks=[pytest.mark.soak, pytest.mark.timeout(1200)])])
async def test_no_alert_is_lost_and_the_last_state_is_told_after_ten_dead_minutes(
    bench: Bench, tmp_path: Path, lasts_s: int
) -> None:
    with Broker(tmp_path / "broker", lasting=True) as broker:
        supervisor = Supervisor(broker.port)
        await supervisor.subscribe()
        async with linked(bench, broker, tmp_path) as (room, link):
            await until(lambda: broker.keeps(SUPERVISOR.encode()) and broker.keeps(b"campaign/c1/state"))
            broker.stop()
            await until(lambda: not link.up)
            memory, descriptors, tasks = 0, 0, 0
            for second in range(DEAD_S):
                live_a_second(room, second)
                if second == DEAD_S // 10:
                    memory, descriptors, tasks = memory_kib(), count_descriptors(), len(asyncio.all_tasks())
                await asyncio.sleep(lasts_s / DEAD_S)
            assert memory_kib() - memory < 10 * MIB
            assert count_descriptors() <= descriptors + 2
            assert len(asyncio.all_tasks()) <= tasks + 4

            waiting = [json.loads(message.payload) for message in room.outbox.alerts._waiting]
            assert 2 * DEAD_S / 5 - 2 <= len(waiting) <= MOST_ALERTS
            assert room.outbox.alerts.dropped == 0
            broker.start()
            async with asyncio.timeout(60):
                await supervisor.listen(waiting[-1]["alert_id"])
            await expect_last_state(broker, room)
    assert told(supervisor.heard) == told(waiting)
    assert link.sessions == 2


def told(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Alert and state of each message once: QoS 1 may bring one twice."""
    return list(dict.fromkeys((each["alert_id"], each["state"]) for each in messages))


async def expect_last_state(broker: Broker, room: Room) -> None:
    """Who comes now sees the floor as it is, though the broker still had what it was ten minutes ago."""
    async with ears(broker, f"{ROOT}#") as late:
        await late.until("test/status", "online")
        for topic, payload in room.outbox._payloads.items():
            await late.until(topic, payload.decode())


async def test_what_waits_for_a_dead_broker_is_bounded_and_counted(bench: Bench, tmp_path: Path) -> None:
    """More alerts than anybody could read: the oldest go, and it is known how many."""
    with Broker(tmp_path / "broker") as broker:
        async with linked(bench, broker, tmp_path) as (room, link):
            broker.stop()
            await until(lambda: not link.up)
            for second in range(3 * MOST_ALERTS):
                live_a_second(room, second)
            assert len(room.outbox.alerts) == MOST_ALERTS
            assert room.outbox.alerts.dropped > 0
