"""The faults of panoramisk 1.4 that must not reach the daemon; one test each, numbered as in the design."""

import asyncio
from collections.abc import Callable

import pytest

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import Result
from dialer.pbx.errors import PbxLinkDownError, PbxTimeoutError, UnsafeValueError
from dialer.pbx.manager import LinkManager
from dialer.pbx.settings import AmiSettings
from tests.protocol.conftest import Room
from tests.protocol.fake_ami import FakeAmi, event, listed, response


def call(attempt_id: str = "a-1", **changes: object) -> cmd.Originate:
    fields: dict[str, object] = {
        "attempt_id": attempt_id,
        "number": "+33199000110",
        "trunk": "carrier",
        "caller_id": "0199000000",
        "ring_timeout_s": 25.0,
        "connect_deadline_s": 2.0,
        "language": "fr",
        "message": "dialer/safe-harbour",
    }
    return cmd.Originate(**{**fields, **changes})  # type: ignore[arg-type]


def hangup(channel_id: str, cause: int = 17) -> bytes:
    channel = {"Uniqueid": channel_id, "Channel": f"PJSIP/x-{channel_id}", "ChannelState": "5"}
    return event("Hangup", **channel, Cause=str(cause))


def manager(ami: FakeAmi, on_event: Callable[[str, dict[str, str]], None] = lambda *_: None) -> LinkManager:
    settings = AmiSettings("dialer", "s3cret", port=ami.port, action_timeout_s=0.05, snapshot_timeout_s=0.05)
    return LinkManager(settings, frozenset({"Hangup"}), on_event)


async def test_1_an_unanswered_originate_is_never_sent_again(room: Room) -> None:
    """1. Originate goes out. 2. The link breaks before any answer. 3. The new link carries no Originate."""
    room.ami.answers["Originate"] = lambda _: None
    room.run()
    await room.up()
    room.pbx.carry_out(call())
    await room.ami.until(lambda: len(room.ami.got("Originate")) == 1)
    room.ami.cut()
    await room.up(links=2)
    room.pbx.carry_out(cmd.HangUp("a-9"))
    await room.ami.until(lambda: "Hangup" in room.ami.names())
    assert len(room.ami.got("Originate")) == 1
    assert room.of(ev.OriginateRefused) == []


async def test_1_panoramisks_own_close_queues_nothing(ami: FakeAmi) -> None:
    ami.answers["Originate"] = lambda _: None
    link = manager(ami)
    await link.open()
    assert link.protocol is not None
    asked = asyncio.ensure_future(link.ask("Originate", limit_s=30.0))
    await ami.until(lambda: "Originate" in ami.names())
    link.protocol.close()
    assert list(link.awaiting_actions) == []
    with pytest.raises(PbxLinkDownError):
        await asked


async def test_2_a_closed_link_opens_no_connection_again(ami: FakeAmi) -> None:
    link = manager(ami)
    await link.open()
    ami.cut()
    await link.lost
    link.close()
    assert ami.connections == 1
    with pytest.raises(PbxLinkDownError):
        await link.ask("Ping")


async def test_3_an_originate_always_says_async(room: Room) -> None:
    room.run()
    await room.up()
    room.pbx.carry_out(call())
    room.pbx.carry_out(cmd.CallAgent("1001", "agent-1001", "agent-1001-1", "fr"))
    await room.ami.until(lambda: len(room.ami.got("Originate")) == 2)
    assert [action["Async"] for action in room.ami.got("Originate")] == ["true", "true"]


async def test_4_a_failed_originate_is_told_though_panoramisk_would_call_it_a_success(room: Room) -> None:
    room.run()
    await room.up()
    room.pbx.carry_out(call())
    await room.ami.until(lambda: "Originate" in room.ami.names())
    failure = {"ActionID": "call/a-1", "Response": "Failure", "Reason": "5", "Uniqueid": "<null>"}
    room.ami.say(event("OriginateResponse", **failure))
    await room.until(lambda: bool(room.of(ev.OriginateFailed)))
    (failed,) = room.of(ev.OriginateFailed)
    assert isinstance(failed, ev.OriginateFailed)
    assert (failed.attempt_id, failed.result) == ("a-1", Result.BUSY)


async def test_5_an_exception_in_the_floor_costs_neither_the_link_nor_the_events_behind_it(room: Room) -> None:
    def trouble(told: ev.Event) -> None:
        if isinstance(told, ev.HungUp) and told.channel_id == "a-1":
            raise RuntimeError("the floor stumbles")

    room.trouble = trouble
    room.run()
    await room.up()
    room.ami.say(hangup("a-1") + hangup("a-2") + hangup("a-3"))
    await room.until(lambda: len(room.of(ev.HungUp)) == 3)
    assert [told.channel_id for told in room.of(ev.HungUp)] == ["a-1", "a-2", "a-3"]  # type: ignore[attr-defined]
    assert (room.ami.connections, room.pbx.stats()["event_failures"]) == (1, 1)


async def test_5_an_event_that_cannot_be_read_costs_nothing_but_itself(room: Room) -> None:
    room.run()
    await room.up()
    room.ami.say(event("Hangup", Uniqueid="a-1") + event("Hangup", Uniqueid="a-2", Cause="x") + hangup("a-3"))
    await room.until(lambda: bool(room.of(ev.HungUp)))
    assert [told.channel_id for told in room.of(ev.HungUp)] == ["a-3"]  # type: ignore[attr-defined]
    assert room.ami.connections == 1


async def test_6_a_name_split_over_two_reads_is_not_damaged(ami: FakeAmi) -> None:
    seen: list[str] = []
    done = asyncio.get_running_loop().create_future()

    def on_event(_: str, headers: dict[str, str]) -> None:
        seen.append(headers["CallerIDName"])
        done.set_result(None)

    link = manager(ami, on_event)
    await link.open()
    await ami.say_in_pieces(event("Hangup", CallerIDName="Zoé Lefèvre €"), 1)
    await asyncio.wait_for(done, 5)
    assert seen == ["Zoé Lefèvre €"]
    link.close()


async def test_7_a_refused_login_is_said_retried_slowly_and_recovered_from(room: Room) -> None:
    good = room.ami.answers["Login"]
    room.ami.answers["Login"] = lambda action: response(action, "Error", Message="Authentication failed")
    room.run(refused_retry_s=0.02)
    await room.ami.until(lambda: len(room.ami.got("Login")) == 2)
    assert room.pbx.stats()["state"] == "refused"
    assert "manager.conf" in str(room.pbx.problem)
    assert "s3cret" not in str(room.pbx.problem)
    room.ami.answers["Login"] = good
    await room.up()
    assert room.pbx.stats()["state"] == "up"


async def test_8_an_action_never_answered_is_forgotten(ami: FakeAmi) -> None:
    ami.answers["Ping"] = lambda _: None
    link = manager(ami)
    await link.open()
    with pytest.raises(PbxTimeoutError):
        await link.ask("Ping")
    assert link.protocol is not None
    assert link.protocol.responses == {}
    link.close()


async def test_9_every_action_has_a_time_limit(ami: FakeAmi) -> None:
    ami.answers["Status"] = lambda action: listed(action, "Status").split(b"Event: StatusComplete")[0]
    link = manager(ami)
    await link.open()
    with pytest.raises(PbxTimeoutError, match=r"Status within 0\.05 s"):
        await link.ask_list("Status")
    link.close()


EVIL = ["x\r\nAction: Originate", "1&2", "a,b", "a/../b", '"a"', "${SHELL(id)}", "a\nb", "", "a\0"]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("part", ["attempt_id", "number", "trunk", "caller_id", "language", "message"])
async def test_10_no_field_of_a_call_reaches_asterisk_as_more_than_data(room: Room, part: str, evil: str) -> None:
    room.run()
    await room.up()
    before = room.ami.raw
    room.pbx.carry_out(call(**{part: evil}))
    await room.until(lambda: bool(room.of(ev.OriginateRefused)))
    room.pbx.carry_out(call("a-2"))
    await room.ami.until(lambda: "Originate" in room.ami.names())
    sent = room.ami.raw[len(before) :]
    assert sent.count(b"Action:") == 1
    assert b"a-2" in sent


async def test_10_no_header_of_any_action_ends_its_line(ami: FakeAmi) -> None:
    link = manager(ami)
    await link.open()
    before = ami.raw
    with pytest.raises(UnsafeValueError):
        link.post("Setvar", {"Channel": "x\r\nAction: Originate"}, lambda _: None)
    with pytest.raises(UnsafeValueError):
        link.post("Originate", {"Variable": ["A=1", "B=2\n"]}, lambda _: None)
    await link.ask("Ping")
    assert ami.raw[len(before) :].count(b"Action:") == 1
    link.close()


async def test_11_a_list_that_asterisk_refuses_is_refused_at_once(room: Room) -> None:
    """panoramisk waits for ever for the items of a list that was answered with an error."""
    room.ami.answers["DBGetTree"] = lambda action: response(action, "Error", Message="Database entry not found")
    room.run()
    await room.up()
    (restored,) = room.of(ev.LinkRestored)
    assert restored == ev.LinkRestored(at=1000.0)
