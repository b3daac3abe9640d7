"""Commands over MQTT: who may, what is fresh, what becomes of it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.config_file import parse
from dialer.control.handlers import control_handlers
from dialer.control.wire import RefusedError
from dialer.floor.words import CampaignState
from dialer.mqtt import commands as module
from dialer.mqtt.commands import VERBS, MqttCommands
from dialer.mqtt.outbox import Outbox
from dialer.store import alerts as records
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
        await self.services.store.write(lambda db: records.write_audit(db, entry))
        self.audit.append(entry)

    async def give(self, user: str, verb: str, *, retain: bool = False, **params: Any) -> str:  # noqa: ANN401 - JSON
        """Give one command; the result that is answered."""
        self._number += 1
        command = {"id": f"n{self._number}", "ts": NOW, **params}
        return await self.raw(user, verb, json.dumps(command).encode(), retain=retain)

    async def raw(self, user: str, verb: str, payload: bytes, *, retain: bool = False) -> str:
        before = len(self.audit)
        await self.commands.take(message(user, verb, payload, retain=retain))
        assert len(self.audit) == before + 1, "every command is on record"
        result = self.replies(user)[-1]["result"]
        assert result == self.audit[-1].result
        return str(result)

    def replies(self, user: str) -> list[dict[str, Any]]:
        """What a user was answered."""
        waiting = self.outbox.events._waiting
        return [json.loads(told.payload) for told in waiting if told.topic == f"dialer/test/reply/{user}"]

    async def state(self, campaign_id: str = "c1") -> str:
        """On record and on the floor."""
        record = str((await self.services.store.campaign(campaign_id)).state)
        assert self.floor_state(campaign_id) == record
        return record

    def floor_state(self, campaign_id: str = "c1") -> str:
        views = self.services.floor.campaign_views()
        return next(str(view.state) for view in views if view.campaign_id == campaign_id)

    @contextmanager
    def store_that_hangs(self) -> Iterator[None]:
        """Nothing is written meanwhile."""
        go_on = threading.Event()
        hanging = asyncio.ensure_future(self.services.store.write(lambda _db: go_on.wait(60)))
        try:
            yield
        finally:
            go_on.set()
        assert not hanging.cancelled()


def message(user: str, verb: str, payload: bytes, *, retain: bool = False) -> aiomqtt.Message:
    topic = f"dialer/test/cmd/{user}/{verb}"
    return aiomqtt.Message(topic, payload, qos=1, retain=retain, mid=1, properties=None)


def payload(**params: object) -> bytes:
    return json.dumps({"id": "n", "ts": NOW, **params}).encode()


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


# --- what is not done in time, or not to its end --------------------------------------------------------------------


async def test_what_is_overdue_is_done_whole_and_on_record_when_it_ends(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.give("nadia", "resume", campaign_id="c1")
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    with bench.store_that_hangs():
        await bench.commands.take(message("nadia", "pause", payload(campaign_id="c1")))
        assert [reply["result"] for reply in bench.replies("nadia")] == ["done", "overdue"]
        assert bench.floor_state() == "running"
    await bench.commands.close()
    assert await bench.state() == "paused"
    assert [(entry.command, entry.result) for entry in bench.audit] == [("resume", "done"), ("pause", "done")]
    assert [reply["result"] for reply in bench.replies("nadia")] == ["done", "overdue", "done"]


async def test_pacing_bounds_that_are_overdue_reach_the_floor_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(bench.services, "submit", told.append)
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    with bench.store_that_hangs():
        await bench.commands.take(message("nadia", "set_pacing", payload(campaign_id="c1", max_lines=7)))
        assert told == []
    await bench.commands.close()
    assert [event.settings.max_lines for event in told if hasattr(event, "settings")] == [7]


async def test_a_session_that_ends_does_not_cut_a_command(bench: Bench) -> None:
    await bench.give("nadia", "resume", campaign_id="c1")
    with bench.store_that_hangs():
        taking = asyncio.create_task(bench.commands.take(message("nadia", "pause", payload(campaign_id="c1"))))
        await asyncio.wait([taking], timeout=0.05)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
    await bench.commands.close()
    assert await bench.state() == "paused"
    assert bench.audit[-1].result == "done"


async def test_the_next_command_waits_for_the_end_of_the_one_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.give("nadia", "resume", campaign_id="c1")
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    with bench.store_that_hangs():
        await bench.commands.take(message("nadia", "pause", payload(campaign_id="c1")))
        next_one = asyncio.create_task(
            bench.commands.take(message("nadia", "resume", payload(id="m", campaign_id="c1")))
        )
        await asyncio.wait([next_one], timeout=0.2)
        assert not next_one.done()
        monkeypatch.undo()
    await next_one
    assert await bench.state() == "running"
    assert [entry.command for entry in bench.audit] == ["resume", "pause", "resume"]


async def test_a_daemon_that_stops_cuts_what_does_not_end_and_says_so_on_record(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT_S", 0.05)
    monkeypatch.setattr(module, "FAREWELL_S", 0.05)

    async def for_ever(_call: object) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(bench.commands, "handlers", {"campaign_move": for_ever})
    await bench.commands.take(message("nadia", "pause", payload(campaign_id="c1")))
    await bench.commands.close()
    assert [entry.result for entry in bench.audit] == ["cut_short"]


# --- whatever comes --------------------------------------------------------------------------------------------------

HUGE = "9" * 401
NASTY = [
    b'{"id": "\\ud800", "ts": 1790000000, "campaign_id": "c1"}',
    b'{"id": "1", "ts": %s, "campaign_id": "c1"}' % HUGE.encode(),
    b'{"id": "1", "ts": NaN, "campaign_id": "c1"}',
    b'{"id": "1", "ts": 1e999, "campaign_id": "c1"}',
    b'{"id": "1", "ts": 1790000000, "expires_at": NaN, "campaign_id": "c1"}',
    b'{"id": "1", "ts": 1790000000, "expires_at": 1e999, "campaign_id": "c1"}',
    b'{"id": "1", "ts": 1790000000, "campaign_id": "\\ud800"}',
    b'{"id": "1", "ts": 1790000000, "campaign_id": "c1", "\\udfff": 1}',
    b'{"id": "1", "ts": 1790000000, "campaign_id": "c1", "max_ratio": NaN}',
    b'{"id": "1", "ts": 1790000000, "campaign_id": "c1", "max_ratio": %s}' % HUGE.encode(),
    b'{"id": "1", "ts": 1790000000, "campaign_id": ["c1"]}',
    b'{"id": "1", "ts": 1790000000, "agent_id": ["x"], "text": "Hello"}',
    b'{"id": "1", "ts": 1790000000, "x": ' + b'{"y":' * 700 + b"1" + b"}" * 700 + b"}",
    b"[" * 4000,
]


@pytest.mark.parametrize("verb", sorted(VERBS))
async def test_what_is_badly_meant_is_answered_and_on_record(bench: Bench, verb: str) -> None:
    for nasty in NASTY:
        bench.commands._seen.clear()
        assert await bench.raw("nadia", verb, nasty) in {"bad_request", "stale"}
    assert await bench.state() == "stopped"


async def test_a_fault_of_the_program_is_answered_and_on_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(_call: object) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.commands, "handlers", {"campaign_move": crash})
    assert await bench.give("nadia", "pause", campaign_id="c1") == "internal"


async def test_a_record_that_cannot_be_kept_does_not_end_the_session(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(_audit: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.commands, "audit", crash)
    await bench.commands.take(message("nadia", "resume", payload(campaign_id="c1")))
    assert [reply["result"] for reply in bench.replies("nadia")] == ["done"]


async def test_a_name_without_end_is_cut_and_allowed_nothing(bench: Bench) -> None:
    await bench.commands.take(message("n" * 60_000, "pause", payload(campaign_id="c1")))
    assert (len(bench.audit[-1].who), bench.audit[-1].result) == (80, "not_allowed")


async def test_it_is_on_record_before_it_is_answered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[int] = []

    async def audit(_audit: object) -> None:
        answered.append(len(bench.replies("nadia")))

    monkeypatch.setattr(bench.commands, "audit", audit)
    await bench.commands.take(message("nadia", "resume", payload(campaign_id="c1")))
    assert answered == [0]


async def test_a_number_in_a_reason_is_masked_on_record(bench: Bench) -> None:
    await bench.give("nadia", "resume", campaign_id="c1", reason="asked by 0142000004")
    assert bench.audit[-1].params == {"campaign_id": "c1", "reason": "asked by 01420•••04"}


TEXTS = st.text(max_size=20) | st.sampled_from(["c1", "a1", "Hello", "\ud800", "2026-09-21T14:13:20Z", "0142000004"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**401)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
NAMES = [*["id", "ts", "campaign_id", "agent_id"] * 3, "expires_at", "reason", "text", "x", *module.PACING]
UGLY = st.sampled_from(["\ud800", 10**401, float("nan"), float("inf"), ["x"], {}])
USERS = st.sampled_from([*["nadia"] * 8, "karim", "x"])
ODD = st.dictionaries(st.sampled_from(NAMES), UGLY | VALUES, max_size=2)
OBJECTS = ODD.map(lambda odd: payload(**{"campaign_id": "c1", **odd}))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(USERS, st.sampled_from([*VERBS]), OBJECTS | OBJECTS | OBJECTS | st.binary(max_size=5000))
async def test_whatever_comes_is_answered_and_what_it_changed_is_on_record(
    bench: Bench, user: str, verb: str, sent: bytes
) -> None:
    before = (await bench.services.store.campaign("c1"), len(bench.outbox.events))
    result = await bench.raw(user, verb, sent)
    after = (await bench.services.store.campaign("c1"), len(bench.outbox.events) - 1)
    assert result == "done" or before == after
    assert result != "internal"
    assert bench.floor_state() == after[0].state
    bench.outbox.events._waiting.clear()
    bench.commands._seen.clear()


# --- stop all -----------------------------------------------------------------------------------------------------


async def test_stop_all_goes_on_when_a_campaign_cannot_be_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("c2", "c3"):
        await bench.commands._ask(_wish(), "campaign_create", {"campaign_id": name})
    for name in ("c1", "c2", "c3"):
        await bench.give("nadia", "resume", campaign_id=name)
    move = bench.commands.handlers["campaign_move"]

    async def stubborn(call: Any) -> Any:  # noqa: ANN401 - a handler
        if call.params["campaign_id"] == "c1":
            raise RefusedError("Not this one.")
        if call.params["campaign_id"] == "c2":
            raise ZeroDivisionError
        return await move(call)

    monkeypatch.setattr(bench.commands, "handlers", {**bench.commands.handlers, "campaign_move": stubborn})
    assert await bench.give("nadia", "stop_all") == "refused"
    told = bench.replies("nadia")[-1]["message"]
    assert "c1 (Not this one.)" in told
    assert "c2" in told
    assert "c3" not in told
    assert [await bench.state(name) for name in ("c1", "c2", "c3")] == ["running", "running", "stopped"]


async def test_stop_all_stops_what_dials_whatever_the_record_says(bench: Bench) -> None:
    await bench.give("nadia", "resume", campaign_id="c1")
    await bench.services.store.set_campaign_state("c1", CampaignState.STOPPED, "test")
    assert await bench.give("nadia", "stop_all") == "done"
    assert await bench.state() == "stopped"


def test_every_permission_is_a_verb() -> None:
    from typing import get_args

    from dialer.config_telling import Permission

    assert set(get_args(Permission)) == set(VERBS)
