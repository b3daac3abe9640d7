"""Commands over MQTT: who may, what is fresh, what becomes of it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from dialer.config_file import parse
from dialer.control.handlers import control_handlers
from dialer.mqtt.commands import VERBS, MqttCommands
from dialer.mqtt.outbox import Outbox
from dialer.store.alerts import Audit
from dialer.store.opening import open_store
from tests.unit.control.live_services import LiveServices

NOW = 1_790_000_000.0
CONFIG = """
[daemon]
state_dir = "."
[dialing]
trunk = "carrier"
caller_id = "+33162000000"
[law]
preset = "lab"
[mqtt]
commands = { nadia = ["pause", "resume", "stop_all", "set_pacing", "message"], karim = ["pause"] }
"""


class Bench:
    """Commands in front of a real floor and store; ``audit`` is what came on record."""

    def __init__(self, services: LiveServices) -> None:
        self.services = services
        self.outbox = Outbox("dialer/test/")
        self.audit: list[Audit] = []
        self.commands = MqttCommands(
            settings=lambda: services.loaded.config.mqtt,
            handlers=control_handlers(services),
            outbox=self.outbox,
            audit=self._keep,
            clock=lambda: NOW,
        )
        self._number = 0

    async def _keep(self, entry: Audit) -> None:
        self.audit.append(entry)

    async def give(self, user: str, verb: str, *, retain: bool = False, **params: Any) -> str:  # noqa: ANN401 - JSON
        """Give one command; the result that is answered."""
        self._number += 1
        command = {"id": f"n{self._number}", "ts": NOW, **params}
        return await self.raw(user, verb, json.dumps(command).encode(), retain=retain)

    async def raw(self, user: str, verb: str, payload: bytes, *, retain: bool = False) -> str:
        topic = f"dialer/test/cmd/{user}/{verb}"
        before = len(self.audit)
        await self.commands.take(aiomqtt.Message(topic, payload, qos=1, retain=retain, mid=1, properties=None))
        assert len(self.audit) == before + 1, "every command is on record"
        told = [message for message in self.outbox.events._waiting if message.topic == f"dialer/test/reply/{user}"]
        result = json.loads(told[-1].payload)["result"]
        assert result == self.audit[-1].result
        return str(result)

    async def state(self) -> str:
        return str((await self.services.store.campaign("c1")).state)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    loaded = parse(CONFIG, tmp_path / "dialer.toml")
    async with open_store(loaded.config.store_path, create=True) as store:
        services = LiveServices(loaded, store)
        made = Bench(services)
        await made.commands._ask(_wish(), "campaign_create", {"campaign_id": "c1"})
        yield made


def _wish() -> Any:  # noqa: ANN401 - a command that nobody gave
    from dialer.mqtt.commands import _Wish

    return _Wish("test", "test", "0", {})


async def test_a_campaign_is_resumed_and_paused_and_the_record_says_by_whom(bench: Bench) -> None:
    assert await bench.give("nadia", "resume", campaign_id="c1") == "done"
    assert await bench.state() == "running"
    assert await bench.give("karim", "pause", campaign_id="c1", reason="fire drill") == "done"
    assert await bench.state() == "paused"

    def reasons(db: Any) -> list[str]:  # noqa: ANN401 - sqlite3
        return [row["reason"] for row in db.execute("SELECT reason FROM campaign_changes ORDER BY id")]

    assert await bench.services.store.read(reasons) == ["by nadia over MQTT", "by karim over MQTT: fire drill"]
    assert [(entry.who, entry.origin, entry.command) for entry in bench.audit] == [
        ("nadia", "mqtt", "resume"),
        ("karim", "mqtt", "pause"),
    ]


async def test_what_the_configuration_does_not_allow_is_refused_and_on_record(bench: Bench) -> None:
    assert await bench.give("karim", "resume", campaign_id="c1") == "not_allowed"
    assert await bench.give("mallory", "stop_all") == "not_allowed"
    assert await bench.give("nadia", "reboot") == "not_allowed"
    assert await bench.state() == "stopped"


async def test_retained_expired_old_and_repeated_commands_are_not_carried_out(bench: Bench) -> None:
    resume: dict[str, Any] = {"campaign_id": "c1"}
    assert await bench.give("nadia", "resume", retain=True, **resume) == "stale"
    assert await bench.give("nadia", "resume", ts=NOW - 11, **resume) == "stale"
    assert await bench.give("nadia", "resume", ts=NOW + 11, **resume) == "stale"
    assert await bench.give("nadia", "resume", ts="yesterday", **resume) == "stale"
    assert await bench.give("nadia", "resume", ts="2026-09-21T14:13:20", **resume) == "stale"
    assert await bench.give("nadia", "resume", expires_at=NOW - 1, **resume) == "stale"
    assert await bench.state() == "stopped"
    assert await bench.give("nadia", "resume", id="x", ts="2026-09-21T14:13:20Z", **resume) == "done"
    assert await bench.give("nadia", "pause", id="x", **resume) == "stale"
    assert await bench.state() == "running"


async def test_stop_all_stops_every_campaign_that_works(bench: Bench) -> None:
    await bench.commands._ask(_wish(), "campaign_create", {"campaign_id": "c2"})
    await bench.give("nadia", "resume", campaign_id="c1")
    assert await bench.give("nadia", "stop_all", reason="storm") == "done"
    assert [str(each.state) for each in await bench.services.store.campaigns()] == ["stopped", "stopped"]


async def test_pacing_bounds_are_changed_and_nothing_else(bench: Bench) -> None:
    assert await bench.give("nadia", "set_pacing", campaign_id="c1", max_ratio=2.5, max_lines=12) == "done"
    settings = (await bench.services.store.campaign("c1")).settings
    assert (settings.max_ratio, settings.max_lines) == (2.5, 12)
    assert await bench.give("nadia", "set_pacing", campaign_id="c1", abandonment_limit_pct=9) == "bad_request"
    assert await bench.give("nadia", "set_pacing", campaign_id="c1", max_ratio=99) == "bad_request"


async def test_a_message_reaches_the_agents_topic(bench: Bench) -> None:
    settings = {
        "agent_id": "101",
        "campaign_id": "c1",
        "phone": "p101",
        "pin": "1234",
        "line_mode": "on_line",
        "name": "",
    }
    await bench.commands._ask(_wish(), "agent_add", {**settings, "line_mode": "on_line"})
    assert await bench.give("nadia", "message", agent_id="101", text="Break in five minutes") == "done"
    (told,) = [
        json.loads(m.payload) for m in bench.outbox.events._waiting if m.topic == "dialer/test/agent/101/message"
    ]
    assert (told["by"], told["text"]) == ("nadia", "Break in five minutes")
    assert await bench.give("nadia", "message", agent_id="102", text="Hello") == "refused"
    assert await bench.give("nadia", "message", agent_id="101", text="a\nb") == "bad_request"


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff", b'{"id": "1"}', b"x" * 5000, b'{"ts": 1790000000}'])
async def test_what_is_no_command_is_answered_and_harms_nothing(bench: Bench, payload: bytes) -> None:
    assert await bench.raw("nadia", "resume", payload) in {"bad_request", "stale"}
    assert await bench.state() == "stopped"


async def test_an_unknown_campaign_is_answered(bench: Bench) -> None:
    assert await bench.give("nadia", "pause", campaign_id="none") == "not_found"


def test_every_permission_is_a_verb() -> None:
    from typing import get_args

    from dialer.config_telling import Permission

    assert set(get_args(Permission)) == set(VERBS)
