"""What is counted while calls go by."""

from dataclasses import replace

from dialer.alerts.tally import Tally
from dialer.floor import commands as cmd
from dialer.floor.words import AgentState, AnsweredBy, Result

NOW = 1_790_000_000.0


class Time:
    """A clock in the test's hand."""

    now = NOW

    def __call__(self) -> float:
        return self.now


def call(name: str, result: Result = Result.NO_ANSWER, at: float = NOW, **values: object) -> list[cmd.Command]:
    """A call that was dialed five seconds ago and ends."""
    outcome = cmd.RecordOutcome(
        attempt_id=name,
        campaign_id="c1",
        lead_id=1,
        number="+33199000001",
        result=result,
        answered_by=AnsweredBy.PERSON if result is Result.ANSWERED else None,
        abandoned=False,
        agent_id=None,
        cause=16,
        reserved_at=at - 5,
        ringing_at=at - 3,
        answered_at=None,
        connected_at=None,
        ended_at=at,
        disposition=None,
        dialed=True,
        opted_out=False,
    )
    dial = cmd.Originate(name, "+33199000001", "t1", "+33162000000", 25, 2, "fr", "sound")
    return [dial, replace(outcome, **values)]  # type: ignore[arg-type]


def moved(agent_id: str, state: AgentState, at: float = NOW) -> cmd.RecordAgent:
    return cmd.RecordAgent(agent_id, at, state, "", None, None)


def test_a_trunks_failures_are_counted_apart_from_people_who_are_busy() -> None:
    tally = Tally(Time(), 600)
    for number, result in enumerate([Result.CONGESTION, Result.FAILED, Result.BUSY, Result.ANSWERED]):
        tally.follow(call(f"a{number}", result))
    (trunk,) = tally.trunks().values()
    assert (trunk.calls, trunk.congested, trunk.failed, trunk.failure_rate) == (4, 1, 1, 0.5)
    assert trunk.post_dial_delay_p90_s == 2


def test_calls_older_than_the_window_do_not_count() -> None:
    time = Time()
    tally = Tally(time, 600)
    tally.follow(call("old", Result.FAILED))
    time.now += 601
    tally.follow(call("new", at=time.now))
    assert tally.trunks()["t1"].calls == 1
    assert tally.campaigns({})["c1"].attempts == 1


def test_a_trunk_without_a_call_in_the_window_is_left_out() -> None:
    time = Time()
    tally = Tally(time, 600)
    tally.follow(call("old"))
    assert set(tally.trunks()) == {"t1"}
    time.now += 601
    assert tally.trunks() == {}


def test_an_outcome_that_comes_again_with_its_disposition_counts_once() -> None:
    tally = Tally(Time(), 600)
    dial, outcome = call("a")
    tally.follow([dial, outcome])
    tally.follow([outcome])
    assert tally.campaigns({})["c1"].attempts == 1


def test_calls_that_never_left_the_machine_do_not_count() -> None:
    tally = Tally(Time(), 600)
    tally.follow(call("a", Result.FAILED, dialed=False))
    assert tally.trunks() == {}


def test_talks_and_waits_are_kept() -> None:
    tally = Tally(Time(), 600)
    talk = {"agent_id": "101", "answered_at": NOW - 2.5, "connected_at": NOW - 2.0}
    for number in range(12):
        tally.follow(call(f"a{number}", Result.ANSWERED, **talk))  # type: ignore[arg-type]
    assert tally.agents()["101"].talks_s == (2.0,) * 10
    found = tally.campaigns({"101": "c1"})["c1"]
    assert (found.persons, found.connected, found.mean_wait_s) == (12, 12, 0.5)


def test_failed_calls_to_a_phone_are_counted_until_it_answers() -> None:
    tally = Tally(Time(), 600)
    for _ in range(2):
        tally.follow([moved("101", AgentState.CALLING), moved("101", AgentState.OFFLINE)])
    assert tally.agents()["101"].failures == 2
    tally.follow([moved("101", AgentState.CALLING), moved("101", AgentState.READY)])
    assert tally.agents()["101"].failures == 0


def test_going_home_is_no_failure_of_the_phone() -> None:
    tally = Tally(Time(), 600)
    tally.follow([moved("101", AgentState.READY), moved("101", AgentState.OFFLINE)])
    assert tally.agents().get("101") is None


def test_how_long_agents_wait_is_known() -> None:
    tally = Tally(Time(), 600)
    tally.follow([moved("101", AgentState.READY, NOW - 30), moved("101", AgentState.RESERVED, NOW - 10)])
    assert tally.campaigns({"101": "c1"})["c1"].mean_idle_s == 20


def test_a_shown_number_is_held_against_its_own_past() -> None:
    time = Time()
    tally = Tally(time, 600)
    tally.follow(call("a", Result.ANSWERED))
    time.now += 601
    tally.follow(call("b", at=time.now))
    ((number, found),) = tally.caller_ids().items()
    assert number == "+3316•••••00"
    assert (found.usual_attempts, found.usual_persons, found.attempts, found.persons) == (1, 1, 1, 0)


def test_memory_is_bounded() -> None:
    tally = Tally(Time(), 600)
    for number in range(7000):
        tally.follow(call(f"a{number}")[:1])  # dialed, and never heard of again
    for number in range(3000):
        tally.follow(call(f"b{number}"))
    assert len(tally._open) <= 5000
    assert tally.campaigns({})["c1"].attempts == 1000
    assert tally.trunks()["t1"].calls == 500
