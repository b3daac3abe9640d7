"""Answered calls that do not reach us stop the dialing, until the dialplan does."""

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import AgentState
from tests.unit.floor.desk import Desk, only


def alone(desk: Desk, name: str) -> list[cmd.Command]:
    return desk.tell(ev.ServedAlone(at=desk.now, attempt_id=name))


def test_a_person_whose_call_did_not_reach_us_is_on_record_as_abandoned() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.dial("c-1")
    alone(desk, "c-1")
    desk.hang_up("c-1")
    outcome = desk.outcomes()["c-1"]
    assert (outcome.result, outcome.abandoned) == ("answered", True)


def test_nothing_is_dialed_until_the_dialplan_reaches_us() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.dial("c-1")
    assert only(alone(desk, "c-1"), cmd.TryRoute) == [cmd.TryRoute()]
    decision, _ = desk.floor.decide("c1", desk.now)
    assert (decision.dial, decision.reason) == (0, "no_route")
    assert only(desk.wait(2.1), cmd.TryRoute) == [cmd.TryRoute()]
    desk.tell(ev.RouteReached(at=desk.now))
    assert only(desk.wait(10), cmd.TryRoute) == []
    assert desk.floor.decide("c1", desk.now)[0].dial == 1


def test_a_daemon_that_was_asked_and_too_slow_is_within_reach() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.answer("c-1")
    assert only(alone(desk, "c-1"), cmd.TryRoute) == []
    assert desk.floor.route_up


def test_an_agent_whose_line_failed_last_gets_no_more_calls() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.dial("c-1")
    desk.answer("c-1")
    alone(desk, "c-1")
    assert desk.state("a1") is AgentState.PAUSED
    assert desk.floor.route_up


def test_an_agent_who_left_a_talk_that_we_could_not_hand_over_is_free_again() -> None:
    desk = Desk(wrap_up_s=5.0)
    line = desk.agent("a1")
    desk.talk("c-1", line)
    alone(desk, "c-1")
    assert desk.state("a1") is AgentState.WRAP_UP
    desk.hang_up(line)
    desk.hang_up("c-1")
    assert desk.state("a1") is AgentState.OFFLINE
    assert desk.outcomes()["c-1"].agent_id == "a1"
