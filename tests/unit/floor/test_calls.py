"""The life of a call, told to the floor event by event."""

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import AgentState, AnsweredBy, Result
from tests.unit.floor.desk import Desk, only


def test_a_committed_attempt_is_originated_once_with_its_own_id() -> None:
    desk = Desk()
    desk.dial("c-1")
    (originate,) = only(desk.commands, cmd.Originate)
    assert (originate.attempt_id, originate.number, originate.trunk) == ("c-1", "+33199000001", "trunk")


def test_an_answered_call_goes_to_the_longest_ready_agent() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.wait(5)
    desk.agent("a2")
    desk.dial("c-1")
    desk.answer("c-1")
    assert desk.routes("c-1") == ["line-a1"]
    assert desk.state("a1") is AgentState.RESERVED


def test_agent_and_person_in_one_bridge_is_connected() -> None:
    desk = Desk()
    line = desk.agent()
    desk.talk("c-1", line)
    assert desk.state() is AgentState.TALKING
    desk.now += 60
    desk.hang_up("c-1")
    outcome = desk.outcomes()["c-1"]
    assert (outcome.result, outcome.abandoned, outcome.agent_id) == (Result.ANSWERED, False, "a1")
    assert outcome.answered_by is AnsweredBy.UNSURE
    assert desk.state() is AgentState.WRAP_UP


def test_the_dialplan_may_ask_before_the_answer_is_seen() -> None:
    desk = Desk()
    desk.agent()
    desk.dial("c-1")
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="c-1"))
    assert desk.routes("c-1") == ["line-a1"]


def test_nobody_free_means_the_message_within_the_connect_deadline() -> None:
    desk = Desk(connect_deadline_s=2.0)
    desk.dial("c-1")
    desk.answer("c-1")
    assert desk.routes("c-1") == []
    desk.wait(1.69)
    assert desk.routes("c-1") == []
    desk.wait(0.02)
    assert desk.routes("c-1") == [None]
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].abandoned


def test_an_agent_who_becomes_free_in_time_gets_the_waiting_person() -> None:
    desk = Desk(wrap_up_s=0.0)
    line = desk.agent()
    desk.talk("c-1", line)
    desk.dial("c-2")
    desk.answer("c-2")
    desk.now += 1.0
    desk.hang_up("c-1")
    desk.hold(line)
    assert desk.routes("c-2") == [line]


def test_a_person_who_hangs_up_before_any_agent_counts_as_abandoned() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.answer("c-1")
    desk.now += 0.5
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].abandoned


def test_an_agent_reserved_for_a_person_who_hangs_up_is_ready_again() -> None:
    desk = Desk()
    desk.agent()
    desk.dial("c-1")
    desk.answer("c-1")
    desk.hang_up("c-1")
    assert desk.state() is AgentState.READY
    assert desk.outcomes()["c-1"].agent_id is None


def test_a_bridge_after_the_deadline_is_an_abandoned_call() -> None:
    desk = Desk(connect_deadline_s=2.0)
    line = desk.agent()
    desk.dial("c-1")
    desk.answer("c-1")
    desk.now += 2.1
    desk.bridge("c-1", line)
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].abandoned
    assert desk.outcomes()["c-1"].connected_at is not None


def test_a_call_never_answered_ends_with_what_its_cause_means() -> None:
    desk = Desk()
    desk.dial("c-1", "c-2")
    desk.hang_up("c-1", Result.BUSY, 17)
    desk.tell(ev.OriginateFailed(at=desk.now, attempt_id="c-2", result=Result.NO_ANSWER, why="ring time over"))
    desk.hang_up("c-2", Result.UNKNOWN, 0)
    outcomes = desk.outcomes()
    assert (outcomes["c-1"].result, outcomes["c-1"].cause) == (Result.BUSY, 17)
    assert outcomes["c-2"].result is Result.NO_ANSWER
    assert len(only(desk.commands, cmd.RecordOutcome)) == 2


def test_a_refused_originate_does_not_count_as_made() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.tell(ev.OriginateRefused(at=desk.now, attempt_id="c-1", why="no link"))
    assert desk.outcomes()["c-1"].dialed is False


def test_an_unknown_attempt_hears_the_message() -> None:
    desk = Desk()
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="stranger"))
    assert desk.routes("stranger") == [None]


def test_the_next_agent_is_sought_when_the_first_cannot_be_bridged() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.agent("a2")
    desk.dial("c-1")
    desk.answer("c-1")
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="c-1", failed_channel="line-a1"))
    assert desk.routes("c-1") == ["line-a1", "line-a2"]
    assert desk.state("a1") is AgentState.PAUSED


def test_a_phone_that_drops_while_reserved_loses_nobody() -> None:
    desk = Desk()
    desk.agent("a1")
    desk.agent("a2")
    desk.dial("c-1")
    desk.answer("c-1")
    desk.hang_up("line-a1")
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="c-1", failed_channel="line-a1"))
    assert desk.routes("c-1") == ["line-a1", "line-a2"]
    assert desk.state("a1") is AgentState.OFFLINE
    desk.bridge("c-1", "line-a2")
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].agent_id == "a2"


def test_a_phone_that_drops_in_the_talk_hands_the_person_to_the_next_agent() -> None:
    desk = Desk()
    line = desk.agent("a1")
    desk.agent("a2")
    desk.talk("c-1", line)
    desk.hang_up(line)
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="c-1"))
    assert desk.routes("c-1") == [line, "line-a2"]
    desk.bridge("c-1", "line-a2")
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].abandoned is False


def test_the_dialplan_may_ask_again_before_the_dropped_phone_is_seen() -> None:
    desk = Desk()
    line = desk.agent("a1")
    desk.agent("a2")
    desk.talk("c-1", line)
    desk.tell(ev.RouteAsked(at=desk.now, attempt_id="c-1"))
    desk.hang_up(line)
    assert desk.routes("c-1") == [line, "line-a2"]
    assert desk.state("a1") is AgentState.OFFLINE


def test_nothing_is_dialed_without_a_link() -> None:
    desk = Desk()
    desk.agent()
    assert desk.floor.decide("c1", desk.now)[0].dial == 1
    desk.tell(ev.LinkLost(at=desk.now, why="cut"))
    decision, _ = desk.floor.decide("c1", desk.now)
    assert (decision.dial, decision.reason) == (0, "no_link")


def test_progressive_dials_one_call_for_each_ready_agent() -> None:
    desk = Desk()
    for name in ("a1", "a2", "a3"):
        desk.agent(name)
    desk.dial("c-1")
    assert desk.floor.decide("c1", desk.now)[0].dial == 2


def test_an_opt_out_during_the_message_is_on_record() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.answer("c-1")
    desk.wait(2)
    desk.tell(ev.OptedOut(at=desk.now, attempt_id="c-1"))
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].opted_out


def test_a_dialplan_that_never_asks_is_taken_to_have_played_the_message() -> None:
    desk = Desk()
    desk.agent()
    desk.dial("c-1")
    desk.answer("c-1", ask=False)
    desk.wait(4)
    desk.hang_up("c-1")
    assert desk.outcomes()["c-1"].abandoned
    assert desk.state() is AgentState.READY
