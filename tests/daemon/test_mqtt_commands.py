"""Commands through a real mosquitto with the shipped configuration and ACL, to a real floor and into the real trail."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest

from dialer.config_file import parse
from dialer.control.services import StoreOnly
from dialer.control.status import StatusSnapshot
from dialer.daemon.telling import House, Telling, open_telling
from dialer.floor.events import Event
from dialer.store.alerts import Asked, commanded
from tests.broker import Broker, Ears, ears
from tests.daemon.harness import NOW, Bench
from tests.daemon.room import Room

SHIPPED = Path(__file__).resolve().parents[2] / "mqtt"
USERS = {"dialer": "pw-daemon", "nadia": "pw-nadia", "karim": "pw-karim"}
CONFIG = """
[daemon]
state_dir = "."
instance = "test"
[mqtt]
enabled = true
port = {port}
user = "dialer"
commands = {{ nadia = ["pause", "stop_all"] }}
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """As an operator sets it up with the shipped files."""
    acl = (SHIPPED / "dialer.acl").read_text().replace("INSTANCE", "test")
    shipped = (SHIPPED / "mosquitto.conf").read_text()
    with Broker(tmp_path / "broker", users=USERS, acl=acl, shipped=shipped) as running:
        yield running


@pytest.fixture
async def nadia(broker: Broker) -> AsyncIterator[Ears]:
    """A supervisor at the broker."""
    async with ears(broker, "dialer/test/#", "nadia", USERS["nadia"]) as heard:
        yield heard


class Services(StoreOnly):
    """The bench's floor behind the commands."""

    live = True
    room: Room

    def now(self) -> float:
        return self.room.bench.now

    def submit(self, event: Event) -> None:
        self.room.bench.tell(event)

    def snapshot(self) -> StatusSnapshot:
        return self.room.snapshot()


@contextlib.asynccontextmanager
async def telling(bench: Bench, broker: Broker) -> AsyncIterator[Telling]:
    """What of the daemon listens to MQTT."""
    secret = broker.folder / "mqtt.password"
    secret.write_text(USERS["dialer"])
    secret.chmod(0o600)
    loaded = parse(CONFIG.format(port=broker.port), broker.folder / "dialer.toml")
    services, room = Services(loaded, bench.store), Room(bench, loaded)
    services.room = room
    house = House(
        services=services,
        engine=bench.engine,
        store=bench.store,
        probe=room.probe,
        lag=room.lag,
        ami_backlog=lambda: 0,
        clock=lambda: bench.now,
    )
    async with contextlib.AsyncExitStack() as parts:
        yield await open_telling(house, parts)


def pause(command_id: str) -> bytes:
    return json.dumps({"id": command_id, "ts": NOW, "campaign_id": "c1", "reason": "fire drill"}).encode()


async def state(bench: Bench) -> str:
    """Of the campaign, on record and on the floor."""
    record = str((await bench.store.campaign("c1")).state)
    assert [str(view.state) for view in bench.engine.floor.campaign_views()] == [record]
    return record


async def trail(bench: Bench) -> list[tuple[str, str, str, str]]:
    """Who, from where, what and what came of it; the oldest first."""
    asked = Asked(since=0.0, until=NOW + 1, who=None, campaign_id=None, agent_id=None, most=100)
    found = await bench.store.read(lambda db: commanded(db, asked))
    return [(each["who"], each["origin"], each["command"], each["result"]) for each in found[::-1]]


async def test_a_supervisor_pauses_a_campaign_and_is_answered_and_on_record(
    bench: Bench, broker: Broker, nadia: Ears
) -> None:
    async with telling(bench, broker):
        await nadia.until("test/status", "online")
        await nadia.client.publish("dialer/test/cmd/nadia/pause", pause("n1"), qos=1)
        assert json.loads(await nadia.until("reply/nadia", '"n1"'))["result"] == "done"
        assert await state(bench) == "paused"
        assert await trail(bench) == [("nadia", "mqtt", "pause", "done")]


async def test_who_writes_under_another_name_reaches_nobody(bench: Bench, broker: Broker, nadia: Ears) -> None:
    async with telling(bench, broker), ears(broker, user="karim", password=USERS["karim"]) as karim:
        await nadia.until("test/status", "online")
        await karim.client.publish("dialer/test/cmd/nadia/pause", pause("forged"), qos=1)
        await karim.client.publish("dialer/test/cmd/karim/pause", pause("k1"), qos=1)
        assert json.loads(await nadia.until("reply/karim", '"command":"pause"'))["result"] == "not_allowed"
        assert await state(bench) == "running"
        assert await trail(bench) == [("karim", "mqtt", "pause", "not_allowed")]
        assert all("forged" not in payload for _, payload, _ in nadia.heard)
        assert karim.heard == []


async def test_a_retained_command_is_not_carried_out(bench: Bench, broker: Broker, nadia: Ears) -> None:
    await nadia.client.publish("dialer/test/cmd/nadia/pause", pause("n1"), qos=1, retain=True)
    async with telling(bench, broker):
        assert json.loads(await nadia.until("reply/nadia", '"n1"'))["result"] == "stale"
        assert await state(bench) == "running"
        assert await trail(bench) == [("nadia", "mqtt", "pause", "stale")]


async def test_a_command_that_is_badly_meant_does_not_end_the_session(
    bench: Bench, broker: Broker, nadia: Ears
) -> None:
    async with telling(bench, broker) as told:
        await nadia.until("test/status", "online")
        for nasty in (b'{"id": "\\ud800", "ts": 1790000000, "campaign_id": "c1"}', b"{", b"", b"[" * 4000):
            await nadia.client.publish("dialer/test/cmd/nadia/pause", nasty, qos=1)
        await nadia.client.publish("dialer/test/cmd/nadia/stop_all", b'{"id": "n1", "ts": 1790000000}', qos=1)
        assert json.loads(await nadia.until("reply/nadia", '"n1"'))["result"] == "done"
        assert await state(bench) == "stopped"
        results = [result for _, _, _, result in await trail(bench)]
        assert results == ["bad_request", "bad_request", "bad_request", "bad_request", "done"]
        assert told.link is not None
        assert told.link.sessions == 1


@pytest.mark.parametrize(("user", "password"), [(None, None), ("nadia", "guessed"), ("mallory", "pw")])
async def test_the_shipped_broker_refuses_who_has_no_name_or_a_wrong_password(
    broker: Broker, user: str | None, password: str | None
) -> None:
    with pytest.raises(aiomqtt.MqttError, match="authori"):
        async with ears(broker, user=user, password=password):
            pytest.fail("let in")
