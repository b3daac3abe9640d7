"""The daemon stops: who waits on the line is told, and nobody who may still be needed."""

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import Result
from tests.unit.floor.desk import Desk, only

STOPPING = "dialer/agent-stopping"


def stop(desk: Desk) -> list[str]:
    """The wish to stop; the channels that are told."""
    return told(desk.tell(ev.DrainRequested(at=desk.now)))


def told(commands: list[cmd.Command]) -> list[str]:
    return [command.channel_id for command in only(commands, cmd.Say) if command.sound == STOPPING]


def test_who_waits_on_the_line_is_told_once_paused_or_ready() -> None:
    desk = Desk()
    ready, paused = desk.agent("a1"), desk.agent("a2")
    desk.tell(ev.AgentPauseRequested(at=desk.now, agent_id="a2", reason="lunch"))
    desk.tell(ev.AgentChanged(at=desk.now, settings=ev.AgentSettings("a3", "c1", "phone-a3")))  # at home
    assert stop(desk) == [ready, paused]
    desk.tell(ev.BridgeLeft(at=desk.now, channel_id=ready, bridge_id="hold", holding=True))
    assert told(desk.hold(ready)) == []
    assert told(desk.wait(5)) == []


def test_nobody_leaves_the_hold_while_somebody_may_still_pick_up() -> None:
    desk = Desk()
    line = desk.agent()
    desk.dial("x1", "x2")
    assert stop(desk) == []
    assert told(desk.hang_up("x1")) == []
    assert told(desk.answer("x2")) == []
    desk.bridge("x2", line)
    assert desk.routes("x2") == [line]


def test_who_talks_is_told_when_the_talk_is_over() -> None:
    desk = Desk()
    line, other = desk.agent("a1"), desk.agent("a2")
    desk.dial("x1", "x2")
    desk.answer("x1")
    desk.bridge("x1", line)
    assert stop(desk) == []
    assert told(desk.hang_up("x2")) == [other]
    desk.hang_up("x1", Result.ANSWERED)
    assert told(desk.hold(line)) == [line]


def test_nobody_is_told_while_nothing_stops() -> None:
    desk = Desk()
    desk.talk("x1", desk.agent())
    desk.hang_up("x1", Result.ANSWERED)
    assert told(desk.hold("line-a1") + desk.wait(60)) == []
