"""The link: it mends itself, tells what is alive, keeps order, and notices a frozen other side."""

import asyncio
import logging

import pytest

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import Result
from tests.protocol.conftest import Room
from tests.protocol.fake_ami import event, listed, message, response
from tests.protocol.test_faults import call, hangup


def channel(channel_id: str, **changes: str) -> bytes:
    variables = {name: changes.pop(name, "(null)") for name in ("DIALER_AGENT", "DIALER_ATTEMPT")}
    headers = {"BridgeID": "", "Context": "dialer-answer", "AccountCode": "dialer", "ChannelState": "6", **changes}
    lines = [f"Variable: {name}={value}" for name, value in variables.items()]
    return message(*lines, Channel=f"PJSIP/x-{channel_id}", Uniqueid=channel_id, **headers)


def bridge(bridge_id: str, technology: str) -> bytes:
    return message(BridgeUniqueid=bridge_id, BridgeTechnology=technology)


async def test_the_snapshot_tells_agents_calls_bridges_messages_and_notes(room: Room) -> None:
    room.ami.bridges = [bridge("b-hold", "holding_bridge"), bridge("b-talk", "simple_bridge")]
    room.ami.channels = [
        channel("agent-1", DIALER_AGENT="1001", BridgeID="b-hold", Context="dialer-agent"),
        channel("a-1", DIALER_ATTEMPT="a-1", BridgeID="b-talk"),
        channel("a-2", DIALER_ATTEMPT="a-2", Context="dialer-message"),
        channel("reception", AccountCode="", Context="from-internal"),
    ]
    room.ami.notes = {"dialer/abandoned": ["a-3", "a-4"], "dialer/optout": ["a-4"]}
    room.run()
    await room.up()
    agent = ev.AliveChannel("agent-1", "PJSIP/x-agent-1", up=True, bridge_id="b-hold", holding=True, agent_id="1001")
    talk = ev.AliveChannel("a-1", "PJSIP/x-a-1", up=True, bridge_id="b-talk", attempt_id="a-1")
    alone = ev.AliveChannel("a-2", "PJSIP/x-a-2", up=True, attempt_id="a-2", in_message=True)
    assert room.events == [
        ev.OptedOut(at=1000.0, attempt_id="a-4"),
        ev.LinkRestored(at=1000.0, alive=(agent, talk, alone), abandoned=frozenset({"a-3", "a-4"})),
    ]


async def test_events_during_the_snapshot_come_in_an_order_that_ends_true(room: Room) -> None:
    """1. While Status is answered, a-1 hangs up, a-2 is answered, a-3 rings and hangs up."""

    def answer(action: dict[str, str]) -> bytes:
        early = hangup("a-1") + event("Newstate", Uniqueid="a-2", ChannelState="6")
        late = event("Newstate", Uniqueid="a-3", ChannelState="5") + hangup("a-3", 19)
        return early + listed(action, "Status", channel("a-1"), channel("a-2")) + late

    room.ami.answers["Status"] = answer
    held = room.ami.answers["BridgeList"]
    room.ami.answers["BridgeList"] = lambda _: None
    room.run()
    await room.ami.until(lambda: "Status" in room.ami.names())
    (asked,) = room.ami.got("BridgeList")
    room.ami.say(held(asked) or b"")
    await room.until(lambda: bool(room.of(ev.CallAnswered)))
    kinds = [type(told).__name__ for told in room.events]
    assert kinds == ["HungUp", "HungUp", "LinkRestored", "CallAnswered"]
    (restored,) = room.of(ev.LinkRestored)
    assert isinstance(restored, ev.LinkRestored)
    assert [alive.channel_id for alive in restored.alive] == ["a-2"]


async def test_a_lost_link_is_told_once_and_mended(room: Room) -> None:
    room.run()
    await room.up()
    room.ami.cut()
    await room.up(links=2)
    assert [type(told).__name__ for told in room.events] == ["LinkRestored", "LinkLost", "LinkRestored"]
    assert room.pbx.stats()["link_losses"] == 1


async def test_events_read_before_the_loss_are_told_before_it(room: Room) -> None:
    room.run()
    await room.up()
    room.ami.say(hangup("a-1") + hangup("a-2"))
    room.ami.cut()
    await room.until(lambda: bool(room.of(ev.LinkLost)))
    assert [type(told).__name__ for told in room.events] == ["LinkRestored", "HungUp", "HungUp", "LinkLost"]


async def test_a_frozen_link_is_noticed_and_dropped(room: Room) -> None:
    room.run(ping_interval_s=0.01, ping_timeout_s=0.03)
    await room.up()
    room.ami.frozen = True
    await room.until(lambda: bool(room.of(ev.LinkLost)))
    (lost,) = room.of(ev.LinkLost)
    assert isinstance(lost, ev.LinkLost)
    assert "frozen" in lost.why
    room.ami.frozen = False
    await room.up(links=2)


async def test_a_refused_port_is_tried_again_until_it_answers(room: Room) -> None:
    await room.ami.stop()
    room.run()
    await asyncio.sleep(0)
    room.pbx.carry_out(call())
    await room.until(lambda: bool(room.of(ev.OriginateRefused)))
    await room.ami.start()
    await room.up()
    assert room.pbx.stats()["links"] == 1


async def test_an_asterisk_that_shuts_down_is_tried_again_as_soon_as_one_that_is_gone(room: Room) -> None:
    accept = room.ami.answers["Login"]
    room.ami.answers["Login"] = lambda action: response(action, "Error", Message="Asterisk is shutting down")
    room.run(refused_retry_s=3600)
    await room.ami.until(lambda: room.ami.names().count("Login") > 1)
    assert "shutting down" in str(room.pbx.problem)
    room.ami.answers["Login"] = accept
    await room.up()
    assert room.pbx.stats()["logins_refused"] == 0


async def test_an_originate_that_asterisk_refuses_is_told(room: Room) -> None:
    room.ami.answers["Originate"] = lambda action: response(action, "Error", Message="Originate failed")
    room.run()
    await room.up()
    room.pbx.carry_out(call())
    await room.until(lambda: bool(room.of(ev.OriginateRefused)))
    (refused,) = room.of(ev.OriginateRefused)
    assert isinstance(refused, ev.OriginateRefused)
    assert refused.attempt_id == "a-1"
    assert "Originate failed" in refused.why


async def test_the_hang_up_that_follows_a_failed_originate_has_the_word(room: Room) -> None:
    room.run()
    await room.up()
    failure = message("Event: OriginateResponse", ActionID="call/a-1", Response="Failure", Reason="0", Uniqueid="a-1")
    room.ami.say(failure + hangup("a-1", 1) + hangup("a-2"))
    await room.until(lambda: len(room.of(ev.HungUp)) == 2)
    assert room.of(ev.OriginateFailed) == []
    (first, _) = room.of(ev.HungUp)
    assert isinstance(first, ev.HungUp)
    assert first.result is Result.INVALID_NUMBER
    assert room.pbx._failures == {}


async def test_a_call_hung_up_before_it_has_a_channel_is_hung_up_a_moment_later(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dialer.pbx.link._HANGUP_RETRY_S", 0.001)
    room.ami.answers["Hangup"] = lambda action: response(action, "Error", Message="No such channel")
    room.run()
    await room.up()
    room.pbx.carry_out(cmd.HangUp("a-1"))
    await room.ami.until(lambda: len(room.ami.got("Hangup")) == 2)
    room.pbx.carry_out(cmd.Say("agent-1", "dialer/x"))
    await room.ami.until(lambda: "Redirect" in room.ami.names())
    assert len(room.ami.got("Hangup")) == 2


async def test_nothing_is_asked_before_asterisk_has_booted(room: Room) -> None:
    room.ami.answers["Login"] = lambda action: response(action, Message="Authentication accepted")
    room.run()
    await room.ami.until(lambda: "Login" in room.ami.names())
    for _ in range(50):
        await asyncio.sleep(0)
    assert room.ami.names() == ["Login"]
    room.ami.say(event("FullyBooted"))
    await room.up()


async def test_an_asterisk_that_never_boots_is_named_as_the_problem(room: Room) -> None:
    room.ami.answers["Login"] = lambda action: response(action, Message="Authentication accepted")
    room.run(boot_timeout_s=0.01)
    await room.ami.until(lambda: len(room.ami.got("Login")) == 2)
    assert "FullyBooted" in str(room.pbx.problem)


VARIABLES = """\
DIALER_ATTEMPT=a-1
DIALER_MESSAGE=dialer/safe-harbour
DIALER_LANGUAGE=fr
DIALER_CONNECT_S=2.000"""


async def test_what_an_originate_looks_like_on_the_wire(room: Room) -> None:
    room.run()
    await room.up()
    room.pbx.carry_out(call(ring_timeout_s=22.5))
    await room.ami.until(lambda: "Originate" in room.ami.names())
    (action,) = room.ami.got("Originate")
    assert action == {
        "Account": "dialer",
        "Action": "Originate",
        "ActionID": "call/a-1",
        "Async": "true",
        "CallerID": "0199000000",
        "Channel": "PJSIP/0033199000110@carrier",
        "ChannelId": "a-1",
        "Context": "dialer-answer",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "22500",
        "Variable": VARIABLES,
    }


async def test_hanging_up_and_saying_name_the_channel_by_its_id(room: Room) -> None:
    room.run()
    await room.up()
    room.pbx.carry_out(cmd.HangUp("a-1"))
    room.pbx.carry_out(cmd.Say("agent-1", "dialer/paused"))
    await room.ami.until(lambda: "Redirect" in room.ami.names())
    (hung,), (said,) = room.ami.got("Hangup"), room.ami.got("Redirect")
    assert (hung["Channel"], hung["Cause"]) == ("a-1", "16")
    assert (said["Channel"], said["Context"], said["Exten"]) == ("agent-1", "dialer-agent-say", "paused")


async def test_an_agent_whose_phone_cannot_be_rung_is_told_as_a_line_that_is_gone(room: Room) -> None:
    room.ami.answers["Originate"] = lambda action: response(action, "Error", Message="Extension does not exist.")
    room.run()
    await room.up()
    room.pbx.carry_out(cmd.CallAgent("1001", "agent-1001", "agent-1001-1", "fr"))
    await room.until(lambda: bool(room.of(ev.HungUp)))
    assert room.of(ev.HungUp) == [ev.HungUp(at=1000.0, channel_id="agent-1001-1", cause=0, result=Result.FAILED)]


async def test_an_agent_arrives_by_the_dialplans_word(room: Room) -> None:
    room.run()
    await room.up()
    room.ami.say(
        event("UserEvent", UserEvent="DialerAgent", Uniqueid="u-1", Channel="PJSIP/agent-1001-1", Agent="1001")
    )
    await room.until(lambda: bool(room.of(ev.AgentArrived)))
    assert room.of(ev.AgentArrived) == [
        ev.AgentArrived(at=1000.0, agent_id="1001", channel_id="u-1", channel="PJSIP/agent-1001-1")
    ]


async def test_notes_are_deleted_only_after_the_store_had_time_to_follow(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.ami.notes = {"dialer/abandoned": ["a-3"]}
    monkeypatch.setattr("dialer.pbx.link._NOTE_GRACE_S", 0.0)
    room.run(ping_interval_s=0.01)
    await room.ami.until(lambda: "Originate" in room.ami.names())
    (action,) = room.ami.got("Originate")
    assert action["Channel"] == "Local/a-3@dialer-note-read"
    assert room.ami.names().index("Originate") > room.ami.names().index("Ping")


async def test_too_many_unhandled_messages_drop_the_link_instead_of_making_a_hole(room: Room) -> None:
    room.run(max_backlog=50)
    await room.up()
    room.ami.say(hangup("a-1") * 200)
    await room.up(links=2)
    assert "waited to be handled" in room.of(ev.LinkLost)[0].why  # type: ignore[attr-defined]


async def test_the_secret_is_in_no_log_and_no_representation(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    room.run()
    await room.up()
    room.ami.cut()
    await room.up(links=2)
    assert "s3cret" not in caplog.text + repr(room.pbx._settings) + str(room.pbx.stats())


async def test_a_server_that_speaks_no_ami_is_named_as_the_problem(room: Room) -> None:
    room.ami.answers["Login"] = lambda _: b"\r\n" + b"x" * 1_100_000
    room.run()
    await room.ami.until(lambda: len(room.ami.got("Login")) >= 2)
    assert "bytes came over AMI" in str(room.pbx.problem)
