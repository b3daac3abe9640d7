"""The agent leaves and the person is still there: handed over, or let go, whichever of the two news comes first."""

import pytest

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import AgentState, LineMode
from tests.unit.floor.desk import Desk, only


def leave(desk: Desk, line: str, *, asked_first: bool) -> list[cmd.Command]:
    """The agent's phone drops: the dialplan asks over FastAGI, the hang-up comes over AMI, in either order."""
    asks = ev.RouteAsked(at=desk.now, attempt_id="c-1", failed_channel=line)
    if asked_first:
        return desk.tell(asks) + desk.hang_up(line)
    return desk.hang_up(line) + desk.tell(asks)


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_person_whose_agent_drops_in_the_talk_gets_the_next_agent(asked_first: bool) -> None:
    desk = Desk()
    line = desk.agent("a1")
    desk.talk("c-1", line)
    second = desk.agent("a2")
    leave(desk, line, asked_first=asked_first)
    assert desk.routes("c-1") == [line, second]
    desk.bridge("c-1", second)
    assert (desk.state("a1"), desk.state("a2")) == (AgentState.OFFLINE, AgentState.TALKING)


@pytest.mark.parametrize("asked_first", [True, False])
def test_an_agent_who_drops_keeps_the_call_on_record_when_nobody_follows(asked_first: bool) -> None:
    desk = Desk()
    line = desk.agent("a1")
    desk.talk("c-1", line)
    leave(desk, line, asked_first=asked_first)
    desk.wait(3)
    desk.hang_up("c-1")
    assert desk.routes("c-1") == [line, None]
    outcome = desk.outcomes()["c-1"]
    assert (outcome.agent_id, outcome.abandoned) == ("a1", False)


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_person_whose_on_hook_agent_ends_the_talk_is_let_go(asked_first: bool) -> None:
    desk = Desk()
    line = desk.agent("a1", LineMode.ON_HOOK)
    desk.talk("c-1", line)
    desk.agent("a2")
    caused = leave(desk, line, asked_first=asked_first)
    assert cmd.HangUp("c-1") in only(caused, cmd.HangUp)
    assert desk.routes("c-1") == [line, None]
    assert desk.state("a2") is AgentState.READY
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].agent_id == "a1"


def test_the_dialplan_is_answered_when_the_person_hangs_up_while_it_waits() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.answer("c-1")
    desk.hang_up("c-1")
    assert desk.routes("c-1") == [None]
