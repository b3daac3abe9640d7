"""After a crash or a lost link: Asterisk's word settles every open attempt, once."""

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import AgentState, Result
from tests.unit.floor.desk import NINE, Desk, only


def fresh_start(*, answered: dict[str, float] | None = None, agents: dict[str, str] | None = None) -> Desk:
    desk = Desk(link=False)
    desk.tell(ev.AgentChanged(at=desk.now, settings=ev.AgentSettings("a1", "c1", "phone-1")))
    attempt = ev.NewAttempt("c-1", "c1", 1, "+33199000001", NINE - 60)
    desk.tell(
        ev.AttemptsRecovered(
            at=desk.now,
            attempts=(attempt,),
            answered_at=answered or {},
            connected_at=dict.fromkeys(agents or {}, NINE - 20),
            agents=agents or {},
        )
    )
    return desk


def alive(channel_id: str, *, up: bool = True, bridge: str = "", agent: str = "") -> ev.AliveChannel:
    return ev.AliveChannel(channel_id, channel_id, up, bridge, bridge == "hold", agent)


def test_an_attempt_without_a_sign_of_life_is_unknown_and_counts_as_made() -> None:
    desk = fresh_start()
    desk.tell(ev.LinkRestored(at=desk.now))
    outcome = desk.outcomes()["c-1"]
    assert (outcome.result, outcome.dialed) == (Result.UNKNOWN, True)
    assert only(desk.commands, cmd.Originate) == []


def test_an_attempt_dialed_a_moment_before_the_link_broke_gets_time_to_appear() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.tell(ev.LinkLost(at=desk.now, why="cut"))
    desk.tell(ev.LinkRestored(at=desk.now + 1))
    assert desk.outcomes() == {}
    desk.tell(ev.CallRinging(at=desk.now + 2, attempt_id="c-1"))
    desk.wait(10)
    assert desk.outcomes() == {}


def test_an_attempt_that_never_appears_is_unknown_in_the_end() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.tell(ev.LinkLost(at=desk.now, why="cut"))
    desk.tell(ev.LinkRestored(at=desk.now + 1))
    desk.wait(7)
    assert desk.outcomes()["c-1"].result is Result.UNKNOWN


def test_an_attempt_served_by_the_dialplan_alone_is_answered_and_abandoned() -> None:
    desk = fresh_start()
    desk.tell(ev.LinkRestored(at=desk.now, abandoned=frozenset({"c-1"})))
    outcome = desk.outcomes()["c-1"]
    assert (outcome.result, outcome.abandoned) == (Result.ANSWERED, True)


def test_an_answer_that_nobody_saw_is_told_by_the_end_of_the_channel() -> None:
    desk = fresh_start()
    desk.tell(ev.HungUp(at=desk.now, channel_id="c-1", cause=16, result=Result.NO_ANSWER, up=True))
    outcome = desk.outcomes()["c-1"]
    assert (outcome.result, outcome.answered_at, outcome.abandoned) == (Result.ANSWERED, desk.now, True)


def test_a_call_that_rings_on_is_taken_over() -> None:
    desk = fresh_start()
    desk.tell(ev.LinkRestored(at=desk.now, alive=(alive("c-1", up=False), alive("l1", bridge="hold", agent="a1"))))
    assert desk.outcomes() == {}
    assert desk.state() is AgentState.READY
    desk.answer("c-1")
    assert desk.routes("c-1") == ["l1"]


def test_a_talk_goes_on_and_its_end_is_recorded() -> None:
    desk = fresh_start(answered={"c-1": NINE - 21}, agents={"c-1": "a1"})
    desk.tell(ev.LinkRestored(at=desk.now, alive=(alive("c-1", bridge="b"), alive("l1", bridge="b", agent="a1"))))
    assert desk.state() is AgentState.TALKING
    desk.hang_up("c-1")
    outcome = desk.outcomes()["c-1"]
    assert (outcome.result, outcome.agent_id, outcome.abandoned) == (Result.ANSWERED, "a1", False)
    assert desk.state() is AgentState.WRAP_UP


def test_a_talk_whose_connection_was_not_yet_on_record_is_found() -> None:
    desk = fresh_start()
    desk.tell(ev.LinkRestored(at=desk.now, alive=(alive("c-1", bridge="b"), alive("l1", bridge="b", agent="a1"))))
    assert desk.state() is AgentState.TALKING
    assert only(desk.commands, cmd.AnswerRoute) == []


def test_agents_whose_lines_are_gone_are_offline() -> None:
    desk = Desk()
    desk.agent()
    desk.tell(ev.LinkLost(at=desk.now, why="cut"))
    assert desk.state() is AgentState.READY
    desk.tell(ev.LinkRestored(at=desk.now + 30))
    assert desk.state() is AgentState.OFFLINE


def test_a_pause_survives_a_restart() -> None:
    desk = Desk(link=False)
    settings = ev.AgentSettings("a1", "c1", "phone-1")
    desk.tell(ev.AgentChanged(at=desk.now, settings=settings, paused="lunch"))
    desk.tell(ev.LinkRestored(at=desk.now, alive=(alive("l1", bridge="hold", agent="a1"),)))
    assert desk.state() is AgentState.PAUSED


def test_a_call_that_was_seen_ringing_and_is_gone_is_settled_at_once() -> None:
    desk = Desk()
    desk.dial("c-1")
    desk.tell(ev.CallRinging(at=desk.now, attempt_id="c-1"))
    desk.tell(ev.LinkLost(at=desk.now, why="Asterisk was killed"))
    desk.tell(ev.LinkRestored(at=desk.now + 1))
    assert desk.outcomes()["c-1"].result is Result.UNKNOWN
