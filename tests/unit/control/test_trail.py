"""Who commanded what is on record: done or refused, from which door, with nothing on the people it was about."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from dialer.control.handlers import FLOOR_COMMANDS, STORE_COMMANDS, control_handlers
from dialer.control.server import LOOKING, Call, Peer
from dialer.control.trail import HIDDEN, MOST_CHARS, Trail, told_params
from dialer.control.wire import JsonObject
from dialer.errors import DialerError
from dialer.store.errors import StoreUnavailable
from tests.unit.control.live_services import LiveServices
from tests.unit.control.test_handlers import LEADS, loaded, services

__all__ = ["loaded", "services"]  # fixtures

ME = Peer(pid=1, uid=os.getuid())


class Door:
    """A supervisor's way to the daemon, with its trail."""

    def __init__(self, services: LiveServices) -> None:
        self.services = services
        self.handlers = Trail(services, "socket").over(control_handlers(services))

    async def __call__(self, command: str, **params: object) -> dict[str, Any]:
        async def send(_part: JsonObject) -> None:
            """Nobody listens to parts."""

        return dict(await self.handlers[command](Call(params, ME, send)))

    async def refused(self, command: str, **params: object) -> None:
        with pytest.raises(DialerError):
            await self(command, **params)

    async def trail(self, **asked: object) -> list[dict[str, Any]]:
        """What is on record, the oldest first."""
        found: list[dict[str, Any]] = (await self("trail_list", **asked))["commands"]
        return found[::-1]


@pytest.fixture
def door(services: LiveServices) -> Door:
    return Door(services)


async def test_a_supervisors_morning_is_on_record(door: Door, tmp_path: Path) -> None:
    leads = tmp_path / "leads.csv"
    leads.write_text(LEADS)
    await door("campaign_create", campaign_id="summer")
    await door("agent_add", agent_id="101", campaign_id="summer", phone="101", pin="1234")
    await door("leads_import", path=str(leads), campaign_id="summer", list="first")
    await door("campaign_set", campaign_id="summer", max_lines=20, caller_id="+33162000001")
    await door("campaign_move", campaign_id="summer", state="running")
    await door("campaign_move", campaign_id="summer", state="paused", reason="briefing")
    await door("agent_call", agent_id="101")
    await door("dnc_add", numbers=["0142000002"], principal="")

    told = await door.trail()

    assert [(each["command"], each["result"]) for each in told] == [
        ("campaign_create", "done"),
        ("agent_add", "done"),
        ("leads_import", "done"),
        ("campaign_set", "done"),
        ("campaign_move", "done"),
        ("campaign_move", "done"),
        ("agent_call", "done"),
        ("dnc_add", "done"),
    ]
    assert {(each["who"], each["origin"]) for each in told} == {(ME.user, "socket")}
    assert told[3]["params"] == {"campaign_id": "summer", "max_lines": 20, "caller_id": "+33162000001"}
    assert told[5]["params"]["reason"] == "briefing"


async def test_what_was_refused_is_on_record_with_its_reason(door: Door) -> None:
    await door.refused("campaign_move", campaign_id="none", state="running")
    await door.refused("campaign_move", campaign_id="none", speed="secret-word")
    first, second = await door.trail()
    assert (first["result"], first["params"]) == ("not_found", {"campaign_id": "none", "state": "running"})
    assert (second["result"], second["params"]) == ("bad_request", {"parameters": ["campaign_id", "speed"]})


async def test_who_only_looks_leaves_no_trace(door: Door) -> None:
    await door("campaign_create", campaign_id="summer")
    for command in ("status", "campaign_list", "agent_list", "callback_list", "dnc_list"):
        await door(command)
    assert [each["command"] for each in await door.trail()] == ["campaign_create"]


def test_a_command_that_nobody_thought_of_is_on_record() -> None:
    """Whatever is not named among those that look is kept; and those that are named exist."""
    assert {*STORE_COMMANDS, *FLOOR_COMMANDS} >= LOOKING
    recorded = {*STORE_COMMANDS, *FLOOR_COMMANDS} - LOOKING
    assert {"person_show", "outcomes_export", "consent_export", "config_reload", "alert_silence"} <= recorded


async def test_a_command_whose_asker_goes_away_is_on_record(door: Door) -> None:
    started = asyncio.Event()

    async def dawdle(_call: Call) -> JsonObject:
        started.set()
        await asyncio.Event().wait()
        return {}

    door.handlers = {**door.handlers, **Trail(door.services, "socket").over({"person_erase": dawdle})}
    task = asyncio.create_task(door("person_erase", number="0142000002"))
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (kept,) = await door.trail()
    assert (kept["command"], kept["result"]) == ("person_erase", "cut_short")


async def test_a_fault_of_the_program_is_on_record(door: Door) -> None:
    async def crash(_call: Call) -> JsonObject:
        raise ZeroDivisionError

    handlers = Trail(door.services, "socket").over({"dnc_add": crash})
    with pytest.raises(ZeroDivisionError):
        await handlers["dnc_add"](Call({}, ME, lambda _part: asyncio.sleep(0)))
    assert [each["result"] for each in await door.trail()] == ["internal"]


async def test_a_store_that_cannot_keep_it_does_not_undo_the_command(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door("campaign_create", campaign_id="summer")
    await door("agent_add", agent_id="101", campaign_id="summer", phone="101", pin="1234")

    async def full(_unit: object) -> None:
        raise StoreUnavailable("The disk is full.")

    with capture_logs() as journal, monkeypatch.context() as patch:
        patch.setattr(door.services.store, "write", full)
        assert (await door("agent_call", agent_id="101"))["state"] == "calling"
    assert [(line["event"], line["command"]) for line in journal] == [("command_not_on_record", "agent_call")]


async def test_the_trail_is_asked_by_time_user_and_campaign(door: Door) -> None:
    for name in ("summer", "winter"):
        await door("campaign_create", campaign_id=name)
        await door("campaign_set", campaign_id=name, max_lines=9)
    assert [each["params"]["campaign_id"] for each in await door.trail(campaign_id="winter")] == ["winter", "winter"]
    assert await door.trail(who="nadia") == []
    assert len(await door.trail(who=ME.user, most=3)) == 3
    assert await door.trail(since=door.services.now() + 60) == []


def test_nothing_on_a_person_and_no_secret_is_repeated() -> None:
    told = told_params(
        {
            "pin": "4711",
            "number": "+33142000002",
            "person_ids": ["crm-1"],
            "note": "Mrs Dupont, after the operation",
            "evidence": "mail",
            "numbers": ["+33142000002", "0142000003"],
            "reason": "call 0142000004 instead",
            "caller_ids": ["+33162000000"],
            "list": None,
        }
    )
    assert told == {
        "pin": HIDDEN,
        "number": "+3314•••••02",
        "person_ids": HIDDEN,
        "note": HIDDEN,
        "evidence": HIDDEN,
        "numbers": "2 numbers",
        "reason": "call 01420•••04 instead",
        "caller_ids": ["+33162000000"],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
NAMES = st.sampled_from(["pin", "number", "numbers", "tighten", "reason"]) | st.text(max_size=100)


@given(st.dictionaries(NAMES, JSON, max_size=8), st.booleans())
def test_whatever_is_sent_what_is_kept_is_small_and_json_in_utf_8(params: dict[str, Any], known: bool) -> None:
    text = json.dumps(told_params(params, known=known), ensure_ascii=False, allow_nan=False)
    assert len(text.encode()) <= 4 * MOST_CHARS + 200
