"""Whatever comes in whatever order: one call an agent, one end an attempt, sums that agree."""

from collections import Counter
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.errors import DialerError
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.transitions import AGENT, ATTEMPT, ForbiddenMoveError
from dialer.floor.words import AgentState, AttemptState, LineMode, Result
from tests.unit.floor.desk import Desk, only

CALLS = [f"c-{n}" for n in range(5)]
AGENTS = ["a1", "a2", "a3"]
LINES = [f"line-{name}" for name in AGENTS]
call_ids = st.sampled_from(CALLS)
agent_ids = st.sampled_from(AGENTS)
lines = st.sampled_from(LINES)
channels = st.sampled_from(CALLS + LINES)
bridges = st.sampled_from(["b1", "b2"])
results = st.sampled_from([result for result in Result if result is not Result.ANSWERED])
AT = {"at": st.just(0.0)}
NO, YES = st.just(value=False), st.just(value=True)

EVENTS = st.one_of(
    st.builds(ev.CallRinging, attempt_id=call_ids, **AT),
    st.builds(ev.CallAnswered, attempt_id=call_ids, **AT),
    st.builds(ev.RouteAsked, attempt_id=call_ids, failed_channel=st.one_of(st.none(), lines), **AT),
    st.builds(ev.OriginateRefused, attempt_id=channels, why=st.just("x"), **AT),
    st.builds(ev.OriginateFailed, attempt_id=channels, result=results, why=st.just("x"), **AT),
    st.builds(ev.HungUp, channel_id=channels, cause=st.just(16), result=results, **AT),
    st.builds(ev.BridgeEntered, channel_id=channels, bridge_id=bridges, holding=NO, **AT),
    st.builds(ev.BridgeEntered, channel_id=lines, bridge_id=st.just("hold"), holding=YES, **AT),
    st.builds(ev.BridgeLeft, channel_id=lines, bridge_id=st.just("hold"), holding=YES, **AT),
    st.builds(ev.BridgeLeft, channel_id=lines, bridge_id=bridges, holding=NO, **AT),
    st.builds(ev.KeyPressed, channel_id=lines, digit=st.sampled_from("*#12"), **AT),
    st.builds(ev.OptedOut, attempt_id=call_ids, **AT),
    st.builds(ev.ServedAlone, attempt_id=call_ids, **AT),
    st.builds(ev.RouteReached, **AT),
    st.builds(ev.AgentArrived, agent_id=agent_ids, channel_id=lines, channel=st.just("PJSIP/x"), **AT),
    st.builds(ev.AgentCallRequested, agent_id=agent_ids, **AT),
    st.builds(ev.AgentPauseRequested, agent_id=agent_ids, reason=st.just("lunch"), **AT),
    st.builds(ev.AgentReadyRequested, agent_id=agent_ids, **AT),
    st.builds(ev.AgentLogoutRequested, agent_id=agent_ids, **AT),
    st.builds(ev.Disposed, agent_id=agent_ids, disposition=st.sampled_from(["sale", "machine"]), **AT),
    st.builds(ev.LinkLost, why=st.just("cut"), **AT),
    st.builds(
        ev.LinkRestored,
        alive=st.lists(
            st.builds(
                ev.AliveChannel,
                channel_id=channels,
                channel=st.just("PJSIP/x"),
                up=st.booleans(),
                bridge_id=st.sampled_from(["", "b1", "b2", "hold"]),
                holding=st.booleans(),
                agent_id=st.sampled_from(["", *AGENTS]),
                in_message=st.booleans(),
            ),
            max_size=4,
            unique_by=lambda channel: channel.channel_id,
        ).map(tuple),
        abandoned=st.frozensets(call_ids, max_size=2),
        **AT,
    ),
)
STEPS = st.lists(st.tuples(st.floats(0, 30), EVENTS), max_size=60)


def live_floor() -> Desk:
    desk = Desk(wrap_up_s=10, dispositions=(("1", "sale"),))
    for name, mode in zip(AGENTS, (LineMode.ON_LINE, LineMode.ON_LINE, LineMode.ON_HOOK), strict=True):
        desk.agent(name, mode)
    desk.dial(*CALLS[:3])
    for name, agent in zip(CALLS[3:], AGENTS, strict=False):  # two callbacks, each with its agent
        attempt = ev.NewAttempt(name, "c1", 1, "+33199000001", desk.now, agent)
        desk.tell(ev.AttemptsReserved(at=desk.now, attempts=(attempt,)))
    return desk


def play(desk: Desk, steps: list[tuple[float, ev.Event]]) -> None:
    for gap, event in steps:
        desk.now += gap
        object.__setattr__(event, "at", desk.now)
        with suppress(DialerError):
            try_to_tell(desk, event)
        check_one_call_an_agent(desk)


def try_to_tell(desk: Desk, event: ev.Event) -> None:
    """People may ask for what cannot be; the tables may never be broken."""
    try:
        desk.tell(event)
    except ForbiddenMoveError as error:
        raise AssertionError(error) from error


def check_one_call_an_agent(desk: Desk) -> None:
    book = desk.floor._book
    held = Counter(agent.call.id for agent in book.agents.values() if agent.call is not None)
    assert all(count == 1 for count in held.values())
    for agent in book.agents.values():
        busy = agent.state in (AgentState.RESERVED, AgentState.TALKING)
        assert agent.call is None or (busy and agent.call.id in book.calls and agent.call.agent_id == agent.id)
    ready = {agent.id for agent in book.agents.values() if agent.state is AgentState.READY}
    assert ready == set(book.campaigns["c1"].ready)
    assert all(call.state is AttemptState.ANSWERED and call.asked for call in book.campaigns["c1"].waiting.values())
    assert not (ready and book.campaigns["c1"].waiting), "a person waits while an agent is ready"


@given(STEPS)
@settings(max_examples=400, deadline=None)
def test_an_agent_has_at_most_one_call_whatever_the_order_of_events(steps: list[tuple[float, ev.Event]]) -> None:
    desk = live_floor()
    play(desk, steps)


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_every_attempt_ends_exactly_once_and_the_sums_agree(steps: list[tuple[float, ev.Event]]) -> None:
    desk = live_floor()
    play(desk, steps)
    for call in CALLS:
        desk.hang_up(call)
    ended = Counter(step.attempt_id for step in only(desk.commands, cmd.RecordStep) if step.state == "ended")
    assert ended == Counter(CALLS)
    assert desk.floor.open_calls == 0
    outcomes = desk.outcomes()
    assert set(outcomes) == set(CALLS)
    for outcome in outcomes.values():
        assert (outcome.answered_at is not None) == (outcome.result is Result.ANSWERED)
        assert not (outcome.abandoned and outcome.answered_at is None)


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_every_step_on_record_is_in_the_tables(steps: list[tuple[float, ev.Event]]) -> None:
    desk = live_floor()
    play(desk, steps)
    last: dict[str, AttemptState] = dict.fromkeys(CALLS, AttemptState.RESERVED)
    for step in only(desk.commands, cmd.RecordStep):
        assert step.state in ATTEMPT[last[step.attempt_id]]
        last[step.attempt_id] = step.state
    states: dict[str, AgentState] = dict.fromkeys(AGENTS, AgentState.OFFLINE)
    for record in only(desk.commands, cmd.RecordAgent):
        assert record.state in AGENT[states[record.agent_id]]
        states[record.agent_id] = record.state


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_no_number_is_dialed_that_was_not_reserved(steps: list[tuple[float, ev.Event]]) -> None:
    desk = live_floor()
    play(desk, steps)
    assert Counter(c.attempt_id for c in only(desk.commands, cmd.Originate)) == Counter(CALLS)
