"""The connection to a real mosquitto: what is told, what survives a broker that is down, frozen or refuses us."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
import structlog

from dialer.config_file import Loaded, parse
from dialer.mqtt.link import Message, MqttLink, pause_s
from dialer.mqtt.outbox import Message as QueuedMessage
from dialer.mqtt.outbox import Outbox, Queue
from dialer.mqtt.tree import State
from tests.broker import Broker, Ears, ears

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_790_000_000.0
TREE: dict[str, State | float] = {
    "campaign/c1/state": {"state": "running"},
    "campaign/c1/agents": 3.0,
    "pbx/state": {"state": "up"},
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


def loaded(broker: Broker, **settings: object) -> Loaded:
    """A configuration for this broker, impatient."""
    values = {"enabled": True, "port": broker.port, "timeout_s": 0.5, "reconnect_max_s": 0.5, "keepalive_s": 5}
    lines = [f"{key} = {_toml(value)}" for key, value in {**values, **settings}.items()]
    return parse("\n".join(["[mqtt]", *lines]), broker.folder / "dialer.toml")


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def link(broker: Broker, **settings: object) -> MqttLink:
    """A link whose tree is known."""
    made = MqttLink(loaded(broker, **settings), Outbox("dialer/test/"))
    made.outbox.tell_states(TREE, NOW)
    return made


async def test_the_tree_is_retained_and_told_to_who_comes_later(broker: Broker) -> None:
    async with link(broker), ears(broker) as first:
        await first.until("pbx/state")
        async with ears(broker) as late:
            await late.until("campaign/c1/state", '"state":"running"', '"ts":"2026-09-21T14:13:20.000Z"', '"schema":1')
            await late.until("campaign/c1/agents", "3")
            await late.until("test/status", "online")
            assert all(retained for _, _, retained in late.heard)


async def test_only_what_changed_is_sent_again_and_what_is_gone_is_cleared(broker: Broker) -> None:
    async with link(broker) as made, ears(broker) as heard:
        await heard.until("pbx/state")
        heard.heard.clear()
        made.outbox.tell_states({"campaign/c1/agents": 4.0, "pbx/state": {"state": "up"}}, NOW)
        await heard.until("campaign/c1/agents", "4")
        await heard.until("campaign/c1/state")
        assert sorted(topic for topic, _, _ in heard.heard) == [
            "dialer/test/campaign/c1/agents",
            "dialer/test/campaign/c1/state",
        ]
        assert heard.last("campaign/c1/state") == ""


async def test_what_an_earlier_life_retained_of_a_campaign_that_is_gone_is_cleared(broker: Broker) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as earlier:
        await earlier.publish("dialer/test/campaign/old/state", b"{}", retain=True)
        await earlier.publish("dialer/other/campaign/old/state", b"{}", retain=True)
    async with ears(broker, "dialer/+/campaign/old/state") as heard:
        await heard.until("test/campaign/old/state", "{}")
        async with link(broker):
            await until(lambda: heard.last("test/campaign/old/state") == "")
    async with ears(broker) as late:
        await late.until("other/campaign/old/state")
        await late.until("campaign/c1/agents")
        assert late.last("test/campaign/old/state") == ""


LIFE = """
import asyncio, sys
from pathlib import Path
from dialer.config_file import load
from dialer.mqtt.link import MqttLink
from dialer.mqtt.outbox import Outbox

async def main():
    async with MqttLink(load(Path(sys.argv[1])), Outbox("dialer/test/")):
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_who_stops_says_farewell(broker: Broker) -> None:
    async with ears(broker) as heard:
        async with link(broker):
            await heard.until("test/status", "online")
        await heard.until("test/status", "offline")


async def test_who_stops_with_more_alerts_than_a_slow_broker_takes_says_farewell_all_the_same(broker: Broker) -> None:
    async with far_away(broker, delay_s=0.1) as port, ears(broker) as heard:
        made = link(broker, port=port)
        for number in range(200):
            made.outbox.tell_alert("alert/system/ami_lost", {"alert_id": f"a{number}"}, NOW)
        async with made:
            await heard.until("alert/system/ami_lost", '"a1"')
        assert len(made.outbox.alerts)  # else this proves nothing
        await heard.until("test/status", "offline")


async def test_a_session_that_ends_by_a_fault_leaves_the_will_to_be_told(broker: Broker) -> None:
    faults = [RuntimeError("made up")]

    async def stumble(_message: Message) -> None:
        if faults:
            raise faults.pop()

    made = link(broker)
    made.wishes = {"cmd/#": stumble}
    async with ears(broker) as heard, made:
        await heard.until("test/status", "online")
        while faults:
            await heard.client.publish("dialer/test/cmd/x", b"{}", qos=1)
        await until(lambda: made.sessions == 2)
        await until(lambda: len(statuses(heard)) == 3)
        assert statuses(heard) == ["online", "offline", "online"]


def statuses(heard: Ears) -> list[str]:
    """What the link's own status said, in order."""
    return [payload for topic, payload, _ in heard.heard if topic == "dialer/test/status"]


@asynccontextmanager
async def far_away(broker: Broker, delay_s: float) -> AsyncIterator[int]:
    """A port that leads to the broker; all that the broker says comes late."""

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", broker.port)
        await asyncio.gather(pump(reader, back, 0.0), pump(there, writer, delay_s))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late_s: float) -> None:
        try:
            while data := await reader.read(65_536):
                await asyncio.sleep(late_s)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def test_the_last_will_says_offline_when_the_process_is_killed(broker: Broker) -> None:
    made = loaded(broker)
    made.path.write_text(f"[mqtt]\nenabled = true\nport = {broker.port}\n")
    async with ears(broker) as heard:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", LIFE, str(made.path))
        await heard.until("test/status", "online")
        process.kill()
        await process.wait()
        await heard.until("test/status", "offline")


async def test_no_alert_is_lost_and_the_last_state_is_told_when_a_dead_broker_returns(broker: Broker) -> None:
    async with link(broker) as made:
        async with ears(broker) as heard:
            await heard.until("pbx/state")
        broker.stop()
        await until(lambda: not made.up)
        for number in range(50):
            made.outbox.tell_alert("alert/system/ami_lost", {"alert_id": f"a{number}"}, NOW)
            made.outbox.tell_states({**TREE, "campaign/c1/agents": float(number)}, NOW)
        broker.start()
        async with ears(broker) as heard:
            await heard.until("campaign/c1/agents", "49.0")
            await heard.until("alert/system/ami_lost", '"a49"')
            told = [json.loads(payload)["alert_id"] for topic, payload, _ in heard.heard if "/alert/" in topic]
    # Some may have gone before this test's ears were open; none is missing after the first that came.
    assert told == [f"a{number}" for number in range(50)][-len(told) :]


def test_pauses_between_attempts_grow_to_their_bound_with_chance_in_them() -> None:
    assert [pause_s(failures, 30.0, 0.0) for failures in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert pause_s(1_000_000, 30.0, 1.0) == 15.0


async def test_a_broker_that_throws_us_out_at_once_is_left_alone_ever_longer(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does with two daemons of one name: each would have the other thrown out for ever."""
    pauses: list[int] = []
    enough = asyncio.Event()

    async def note(_self: MqttLink, failures: int) -> None:
        pauses.append(failures)
        enough.set() if len(pauses) == 4 else None
        await asyncio.sleep(0)

    monkeypatch.setattr(MqttLink, "_pause", note)
    broker.stop()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", broker.port)
    async with server, link(broker):
        await enough.wait()
    assert pauses[:4] == [1, 2, 3, 4]


async def test_alerts_that_wait_arrive_in_order_once_each(broker: Broker) -> None:
    made = link(broker)
    for number in range(200):
        made.outbox.tell_alert("alert/system/ami_lost", {"alert_id": f"a{number}"}, NOW)
    async with ears(broker, "dialer/test/alert/#") as heard, made:
        await heard.until("ami_lost", '"a199"')
        assert [json.loads(payload)["alert_id"] for _, payload, _ in heard.heard] == [f"a{n}" for n in range(200)]


async def test_a_frozen_broker_is_left_and_found_again_and_nothing_else_waits(broker: Broker) -> None:
    """Frozen: it holds connections and takes new ones, and never answers."""
    async with link(broker) as made:
        await until(lambda: made.up)
        descriptors = count_descriptors()
        broker.freeze()
        made.outbox.tell_alert("alert/system/ami_lost", {"alert_id": "a1"}, NOW)
        await until(lambda: not made.up)
        turns = 0
        for number in range(2000):  # the floor goes on: what is told returns at once
            made.outbox.tell_states({**TREE, "campaign/c1/agents": float(number)}, NOW)
            made.outbox.tell_alert("alert/system/ami_lost", {"alert_id": f"b{number}"}, NOW)
            await asyncio.sleep(0.001)
            turns += 1
        assert turns == 2000
        assert len(made.outbox.alerts) <= 2000
        broker.thaw()
        await until(lambda: made.up)
        async with ears(broker) as heard:
            await heard.until("campaign/c1/agents", "1999")
            async with asyncio.timeout(20):
                await made.outbox.alerts.emptied()
        assert count_descriptors() <= descriptors + 2


async def test_users_tls_and_acl_hold(tmp_path: Path) -> None:
    acl = (ROOT / "mqtt/dialer.acl").read_text().replace("INSTANCE", "test")
    users = {"dialer": "pw-daemon", "wallboard": "pw-wall", "nadia": "pw-nadia"}
    with Broker(tmp_path / "broker", users=users, acl=acl, tls=True) as broker:
        secret = broker.folder / "mqtt.password"
        secret.write_text("pw-daemon\n")
        secret.chmod(0o600)
        settings = {"user": "dialer", "tls": True, "tls_ca_file": str(broker.ca)}
        async with link(broker, **settings) as made, ears(broker, "dialer/test/#", "wallboard", "pw-wall") as wall:
            await wall.until("campaign/c1/state", "running")
            assert made.certificate_ends_at is not None
            # A wallboard looks: what it says reaches nobody.
            await wall.client.publish("dialer/test/campaign/c1/state", b"forged", retain=True)
            await wall.client.publish("dialer/test/cmd/nadia/pause", b"forged")
            made.outbox.tell_alert("alert/system/ami_lost", {"alert_id": "a1"}, NOW)
            await wall.until("ami_lost")
            assert all("forged" not in payload for _, payload, _ in wall.heard)


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_whose_certificate_is_not_trusted_is_refused(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker", tls=True) as broker:
        async with link(broker, tls=True) as made:
            await until(lambda: "certificate" in made.problem.lower())


async def test_a_refused_password_is_told_and_never_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Broker(tmp_path / "broker", users={"dialer": "right"}) as broker:
        secret = broker.folder / "mqtt.password"
        secret.write_text("wrong-password\n")
        secret.chmod(0o600)
        async with link(broker, user="dialer") as made:
            await until(lambda: "authori" in made.problem.lower())
        assert "wrong-password" not in "".join(capsys.readouterr())


async def test_a_password_file_open_to_others_is_refused_and_the_daemon_goes_on(broker: Broker) -> None:
    secret = broker.folder / "mqtt.password"
    secret.write_text("pw\n")
    secret.chmod(0o644)
    async with link(broker, user="dialer") as made:
        await until(lambda: "open to others" in made.problem)


async def test_a_key_open_to_others_is_not_used(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker", tls=True) as broker:
        pair = {"tls_cert_file": str(broker.folder / "broker.pem"), "tls_key_file": str(broker.folder / "broker.key")}
        (broker.folder / "broker.key").chmod(0o644)
        async with link(broker, tls=True, tls_ca_file=str(broker.ca), **pair) as made:
            await until(lambda: "broker.key is open to others" in made.problem)
            (broker.folder / "broker.key").chmod(0o640)
            await until(lambda: made.up)


def test_the_waiting_alerts_are_bounded_and_the_oldest_go() -> None:
    outbox = Outbox("dialer/test/")
    for number in range(2100):
        outbox.tell_alert("alert/system/x", {"alert_id": number}, NOW)
    assert (len(outbox.alerts), outbox.alerts.dropped) == (2000, 100)


def test_alerts_that_are_dropped_are_told_once_for_each_time_that_the_queue_runs_over() -> None:
    queue = Queue(2)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            messages = [QueuedMessage("t", str(number).encode()) for number in range(5)]
            for message in messages:
                queue.put(message)
            for message in messages[3:]:
                queue.arrived(message)
    assert ([log["event"] for log in logs], queue.dropped) == (["mqtt_dropped"] * 2, 6)


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - whatever a test wants to see
            await asyncio.sleep(0.01)


def count_descriptors() -> int:
    """Open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))
