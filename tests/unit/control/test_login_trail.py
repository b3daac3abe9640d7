"""Logins on phones are on record: who, from which phone, refused ones too, within a bound and never with a PIN."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agi_scripts import daemon_socket
from dialer.control import trail
from dialer.control.handlers import agent_handlers
from dialer.control.login_trail import EACH, HOUR_S, MOST_PHONES, Refusals, phone_of, worth_an_entry
from dialer.control.server import Call, Peer
from dialer.control.trail import HIDDEN
from dialer.control.wire import JsonObject
from dialer.errors import DialerError
from dialer.store.errors import StoreUnavailable
from tests.unit.control.live_services import LiveServices
from tests.unit.control.test_handlers import loaded, services
from tests.unit.control.test_trail import Door

__all__ = ["loaded", "services"]  # fixtures

ASTERISK = Peer(pid=1, uid=-1, name="asterisk")
PIN = "4711"
Say = Callable[..., Awaitable[JsonObject]]


@pytest.fixture
async def door(services: LiveServices) -> Door:
    door = Door(services)
    await door("campaign_create", campaign_id="summer", dispositions={"1": "sale"})
    await door("agent_add", agent_id="101", campaign_id="summer", phone="101", pin=PIN)
    return door


@pytest.fixture
def phones(services: LiveServices) -> Say:
    """What the programs on the agents' phones ask."""
    handlers = agent_handlers(services)

    async def send(_part: JsonObject) -> None:
        """Nobody listens to parts."""

    async def say(command: str, **params: object) -> JsonObject:
        return await handlers[command](Call(params, ASTERISK, send))

    return say


async def log_in(phones: Say, pin: object = PIN, agent_id: str = "101", phone: str = "PJSIP/101") -> JsonObject:
    return await phones(
        "agent_login", agent_id=agent_id, pin=pin, channel=f"{phone}-0000001f", channel_id="1763779725.12"
    )


async def refused(phones: Say, pin: object = "0000", agent_id: str = "101", phone: str = "PJSIP/101") -> None:
    with pytest.raises(DialerError):
        await log_in(phones, pin, agent_id, phone)


async def logins(door: Door) -> list[dict[str, Any]]:
    return [each for each in await door.trail(most=10_000) if each["origin"] == "phone"]


async def test_a_login_is_on_record_as_the_agents_own_with_its_phone(door: Door, phones: Say) -> None:
    await log_in(phones)

    (kept,) = await logins(door)

    assert (kept["who"], kept["command"], kept["result"]) == ("101", "agent_login", "done")
    assert kept["params"] == {"agent_id": "101", "phone": "PJSIP/101", "channel_id": "1763779725.12"}


async def test_a_refused_login_is_not_said_to_be_the_agents(door: Door, phones: Say) -> None:
    await refused(phones, phone="PJSIP/109")

    (kept,) = await logins(door)

    assert (kept["who"], kept["result"]) == ("asterisk", "wrong_pin")
    assert (kept["params"]["agent_id"], kept["params"]["phone"]) == ("101", "PJSIP/109")


async def test_who_is_locked_out_is_on_record(door: Door, phones: Say) -> None:
    for _ in range(3):  # [agents] pin_tries
        await refused(phones)
    await refused(phones, PIN)

    assert [(each["result"], each["params"]["refused_in_hour"]) for each in await logins(door)] == [
        ("wrong_pin", 1),
        ("wrong_pin", 2),
        ("wrong_pin", 3),
        ("locked_out", 4),
    ]


async def test_a_pin_that_was_typed_for_the_id_is_not_kept(door: Door, phones: Say) -> None:
    await refused(phones, pin="101", agent_id=PIN)

    (kept,) = await logins(door)

    assert kept["params"]["agent_id"] == HIDDEN
    assert PIN not in str(kept)


async def test_of_a_malformed_login_only_names_are_kept(door: Door, phones: Say) -> None:
    await refused(phones, pin=["4711"])
    with pytest.raises(DialerError):
        await phones("agent_login", pin=PIN, channel=7)

    first, second = await logins(door)

    assert first["params"]["parameters"] == ["agent_id", "channel", "channel_id", "pin"]
    assert second["params"] == {"parameters": ["channel", "pin"], "refused_in_hour": 1}
    assert PIN not in f"{first}{second}"


async def test_a_phone_that_tries_for_ever_does_not_flood_the_trail_and_is_told_apart(door: Door, phones: Say) -> None:
    for _ in range(4 * EACH + 1):
        await refused(phones)
    await refused(phones, phone="PJSIP/102")

    *rows, other = [each["params"] for each in await logins(door)]

    assert [each["refused_in_hour"] for each in rows] == [*range(1, EACH + 1), 2 * EACH, 4 * EACH]
    assert (other["phone"], other["refused_in_hour"]) == ("PJSIP/102", 1)


async def test_what_agents_do_on_their_phones_is_on_record_as_what_came_of_it(door: Door, phones: Say) -> None:
    for command in ("agent_pause", "agent_ready", "agent_next", "disposition"):
        with pytest.raises(DialerError):
            await phones(command, agent_id="101")

    assert await logins(door) == []


async def test_a_store_that_cannot_keep_it_lets_the_agent_in(
    door: Door, phones: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_unit: object) -> None:
        raise StoreUnavailable("The disk is full.")

    with capture_logs() as journal, monkeypatch.context() as patch:
        patch.setattr(door.services.store, "write", full)
        assert (await log_in(phones))["agent_id"] == "101"

    assert [(line["event"], line["user"]) for line in journal] == [("command_not_on_record", "101")]


async def test_a_store_that_hangs_lets_the_agent_in_before_the_phone_gives_up(
    door: Door, phones: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trail.LIMIT_S <= daemon_socket.LIMIT_S / 2
    monkeypatch.setattr(trail, "LIMIT_S", 0.01)

    async def hang(_unit: object) -> None:
        await asyncio.Event().wait()

    with capture_logs() as journal, monkeypatch.context() as patch:
        patch.setattr(door.services.store, "write", hang)
        assert (await log_in(phones))["agent_id"] == "101"

    assert [line["event"] for line in journal] == ["command_not_on_record"]


async def test_the_trail_is_asked_by_agent(door: Door, phones: Say) -> None:
    await door("agent_add", agent_id="102", campaign_id="summer", phone="102", pin=PIN)
    await log_in(phones)
    await door("agent_call", agent_id="102")

    assert [each["command"] for each in await door.trail(agent_id="101")] == ["agent_add", "agent_login"]
    assert [each["command"] for each in await door.trail(agent_id="102")] == ["agent_add", "agent_call"]


def test_an_hour_after_the_first_refusal_the_count_begins_anew() -> None:
    refusals = Refusals()
    assert [refusals.count("PJSIP/101", at) for at in (0.0, 1.0, HOUR_S - 1, HOUR_S, HOUR_S + 1)] == [1, 2, 3, 1, 2]


def test_no_more_phones_are_remembered_than_the_bound() -> None:
    refusals = Refusals()
    for number in range(MOST_PHONES + 1):
        refusals.count(f"PJSIP/{number}", 0.0)
    assert refusals.count("PJSIP/1", 1.0) == 2
    assert refusals.count("PJSIP/0", 1.0) == 1


@given(st.integers(1, 1_000_000))
def test_however_often_it_tries_a_phone_makes_few_entries_and_the_last_tells_half_or_more(tries: int) -> None:
    kept = [n for n in range(1, min(tries, EACH) + 1) if worth_an_entry(n)]
    kept += [n for k in range(1, 20) if (n := EACH << k) <= tries and worth_an_entry(n)]
    assert len(kept) <= EACH + 16
    assert 2 * kept[-1] > tries


def test_no_count_between_the_doublings_makes_an_entry() -> None:
    assert [n for n in range(1, 9 * EACH) if worth_an_entry(n)] == [*range(1, EACH + 1), 2 * EACH, 4 * EACH, 8 * EACH]


@pytest.mark.parametrize(
    ("channel", "phone"),
    [
        ("PJSIP/desk-101-0000001f", "PJSIP/desk-101"),
        ("Local/login@dialer-0000000a;2", "Local/login@dialer"),
        ("DAHDI/i1/0612345678-5", "DAHDI/i1/06123•••78"),  # the number that an agent calls from
        (7, ""),
        (None, ""),
    ],
)
def test_the_phone_is_told_without_the_call_and_without_a_number(channel: object, phone: str) -> None:
    assert phone_of({"channel": channel}) == phone
