"""What a supervisor does about alerts: see, take on, silence; by the commands, on a lookout with a real cause."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dialer.alerts.board import NoSuchAlertError
from dialer.config_file import parse
from dialer.control.handlers import control_handlers, store_handlers
from dialer.control.server import Call, Handler, Peer
from dialer.control.services import AlertDesk, StoreOnly
from dialer.control.trail import Trail
from dialer.control.wire import BadRequestError, JsonObject, NoDaemonError
from dialer.floor import events as ev
from dialer.store.errors import NotFound
from tests.daemon.harness import NOW, Bench, put_on_record
from tests.daemon.room import CONFIG, Room

NADIA = Peer(pid=1, uid=-1, name="nadia")
KARIM = Peer(pid=2, uid=-1, name="karim")


class Services(StoreOnly):
    """A daemon whose lookout is the room's."""

    live = True

    def __init__(self, room: Room) -> None:
        super().__init__(room.loaded, room.bench.store)
        self.room = room

    @property
    def alerts(self) -> AlertDesk:
        return self.room.lookout

    def now(self) -> float:
        return self.room.bench.now


class Floor:
    """A floor that fails where the test wants it, and supervisors who give commands."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.handlers = Trail(Services(room), "socket").over(control_handlers(Services(room)))

    async def ask(self, command: str, peer: Peer = NADIA, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - anything
        return await asked(self.handlers[command], peer, **params)

    async def alerts(self, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - anything
        found: list[dict[str, Any]] = (await self.ask("alert_list", **params))["alerts"]
        return found

    def cut(self) -> None:
        """Asterisk is out of reach."""
        self.room.bench.tell(ev.LinkLost(at=self.room.bench.now, why="cut"))
        self.room.look(after_s=2)

    def mend(self) -> None:
        self.room.bench.tell(ev.LinkRestored(at=self.room.bench.now))
        self.room.look()

    def told(self) -> list[tuple[str, str]]:
        """Kind and state of every message that waits for the broker."""
        messages = [json.loads(message.payload) for message in self.room.outbox.alerts._waiting]
        return [(message["kind"], message["state"]) for message in messages]


async def asked(handler: Handler, peer: Peer, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - anything
    async def send(_part: JsonObject) -> None:
        """No command on alerts sends parts."""

    return dict(await handler(Call(params, peer, send)))


@pytest.fixture
async def floor(bench: Bench, tmp_path: Path) -> AsyncIterator[Floor]:
    room = Room(bench, parse(CONFIG, tmp_path / "dialer.toml"))
    room.wall = lambda: bench.now
    await put_on_record(bench.store, "a0", "a1", "a2")
    keeping = asyncio.create_task(room.lookout.keep())
    yield Floor(room)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def kept(floor: Floor) -> None:
    """Wait until what was told is on record."""
    async with asyncio.timeout(20):
        while floor.room.lookout._unwritten:  # noqa: ASYNC110 - whenever the disk is through
            await asyncio.sleep(0.01)


async def test_the_list_shows_what_stands_with_cause_and_hint_the_most_severe_first(floor: Floor) -> None:
    assert await floor.alerts() == []
    bench = floor.room.bench
    bench.tell(ev.AgentPauseRequested(at=NOW, agent_id="a0", reason="lunch"))
    floor.room.look(after_s=1801)
    floor.cut()
    first, second = await floor.alerts()
    assert (first["kind"], first["severity"], first["resolved_at"]) == ("ami_lost", "critical", None)
    assert "Nothing is dialed" in first["cause"]
    assert "systemctl status asterisk" in first["hint"]
    assert (second["kind"], second["subject"], second["unit"]) == ("pause_long", "a0", "s")


async def test_the_list_of_the_last_hours_holds_what_was_resolved(floor: Floor) -> None:
    floor.cut()
    floor.mend()
    await kept(floor)
    assert await floor.alerts() == []
    (past,) = await floor.alerts(since=NOW)
    assert (past["kind"], past["resolved_at"] is not None) == ("ami_lost", True)
    assert await floor.alerts(since=floor.room.bench.now + 1) == []


async def test_the_language_of_causes_is_the_configurations(floor: Floor, tmp_path: Path) -> None:
    floor.cut()
    floor.room.loaded = parse(CONFIG.replace('"en"', '"fr"'), tmp_path / "dialer.toml")
    floor.handlers = control_handlers(Services(floor.room))
    assert "injoignable" in (await floor.alerts())[0]["cause"]


async def test_who_takes_an_alert_on_is_seen_and_told_until_it_is_over(floor: Floor) -> None:
    floor.cut()
    (alert,) = await floor.alerts()
    taken = (await floor.ask("alert_ack", alert_id=alert["alert_id"]))["alert"]
    assert (taken["acknowledged_by"], taken["acknowledged_at"]) == ("nadia", floor.room.bench.now)
    assert [each["acknowledged_by"] for each in await floor.alerts()] == ["nadia"]
    await floor.ask("alert_ack", KARIM, alert_id=alert["alert_id"])
    assert [each["acknowledged_by"] for each in await floor.alerts()] == ["karim"]
    floor.mend()
    assert floor.told() == [
        ("ami_lost", "raised"),
        ("ami_lost", "acknowledged"),
        ("ami_lost", "acknowledged"),
        ("ami_lost", "resolved"),
    ]


async def test_an_alert_that_does_not_stand_cannot_be_taken_on(floor: Floor) -> None:
    floor.cut()
    (alert,) = await floor.alerts()
    floor.mend()
    with pytest.raises(NoSuchAlertError, match="dialer alerts list"):
        await floor.ask("alert_ack", alert_id=alert["alert_id"])


async def test_what_is_silenced_is_listed_and_not_told_until_the_silence_ends(floor: Floor) -> None:
    made = await floor.ask("alert_silence", kind="ami_lost", scope="*", for_s=600, why="upgrade of Asterisk")
    assert made["silence"]["until"] == floor.room.bench.now + 600
    floor.cut()
    assert [(each["kind"], each["silenced"]) for each in await floor.alerts()] == [("ami_lost", True)]
    assert floor.told() == []
    (silence,) = (await floor.ask("alert_list"))["silences"]
    assert (silence["by"], silence["why"]) == ("nadia", "upgrade of Asterisk")

    await floor.ask("alert_silence", KARIM, kind="ami_lost", scope="*", for_s=0)
    floor.room.look()
    assert floor.told() == [("ami_lost", "raised")]
    assert (await floor.ask("alert_list"))["silences"] == []


async def test_a_silence_ends_by_itself(floor: Floor) -> None:
    await floor.ask("alert_silence", kind="*", scope="system", for_s=60)
    floor.cut()
    assert floor.told() == []
    floor.room.look(after_s=61)
    assert ("ami_lost", "raised") in floor.told()


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"kind": "nonsense", "scope": "*", "for_s": 60}, BadRequestError),
        ({"kind": "*", "scope": "*", "for_s": 31 * 86_400}, BadRequestError),
        ({"kind": "*", "scope": "*", "for_s": -1}, BadRequestError),
    ],
)
async def test_a_silence_that_cannot_be_is_refused(
    floor: Floor, params: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await floor.ask("alert_silence", **params)
    assert (await floor.ask("alert_list"))["silences"] == []


async def test_a_silence_of_a_campaign_that_is_not_there_is_refused(floor: Floor) -> None:
    with pytest.raises(NotFound, match="no campaign winter"):
        await floor.ask("alert_silence", kind="*", scope="winter", for_s=60)


async def test_acknowledgements_and_silences_are_in_the_trail(floor: Floor) -> None:
    floor.cut()
    (alert,) = await floor.alerts()
    await floor.ask("alert_ack", alert_id=alert["alert_id"])
    await floor.ask("alert_silence", KARIM, kind="ami_lost", scope="*", for_s=60, why="known")
    trail = (await floor.ask("trail_list"))["commands"]
    assert [(each["who"], each["command"], each["result"]) for each in trail[::-1]] == [
        ("nadia", "alert_ack", "done"),
        ("karim", "alert_silence", "done"),
    ]


async def test_without_a_daemon_the_record_is_shown_and_nobody_can_take_anything_on(floor: Floor) -> None:
    floor.cut()
    await kept(floor)
    alone = StoreOnly(floor.room.loaded, floor.room.bench.store)
    found = await asked(store_handlers(alone)["alert_list"], NADIA)
    assert [(each["kind"], "Nothing is dialed" in each["cause"]) for each in found["alerts"]] == [("ami_lost", True)]
    with pytest.raises(NoDaemonError):
        await asked(control_handlers(alone)["alert_ack"], NADIA, alert_id="1")
    with pytest.raises(NoDaemonError):
        await asked(control_handlers(alone)["alert_silence"], NADIA, kind="*", scope="*", for_s=60)
