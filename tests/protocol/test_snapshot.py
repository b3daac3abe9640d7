"""The snapshot and the events around it: whatever came meanwhile, the floor ends with the truth."""

from hypothesis import given
from hypothesis import strategies as st

from dialer.floor import events as ev
from dialer.floor.words import Result
from dialer.pbx.snapshot import Snapshot, join

ID = st.sampled_from(["a-1", "a-2", "agent-1"])
EVENT = st.one_of(
    st.builds(ev.CallAnswered, at=st.just(1.0), attempt_id=ID),
    st.builds(ev.HungUp, at=st.just(1.0), channel_id=ID, cause=st.just(16), result=st.just(Result.NO_ANSWER)),
    st.builds(ev.BridgeEntered, at=st.just(1.0), channel_id=ID, bridge_id=st.just("b"), holding=st.booleans()),
    st.builds(ev.OptedOut, at=st.just(1.0), attempt_id=ID),
)
ALIVE = st.builds(ev.AliveChannel, channel_id=ID, channel=st.just("PJSIP/x"), up=st.booleans())
SNAPSHOT = st.builds(Snapshot, st.lists(ALIVE, max_size=3).map(tuple), st.frozensets(ID), opted_out=st.frozensets(ID))


@given(st.lists(EVENT, max_size=12), SNAPSHOT)
def test_what_has_ended_is_told_first_and_is_not_alive(held: list[ev.Event], snapshot: Snapshot) -> None:
    told = join(held, snapshot, 2.0)
    (restored,) = [event for event in told if isinstance(event, ev.LinkRestored)]
    gone = {event.channel_id for event in held if isinstance(event, ev.HungUp)}
    before, after = told[: told.index(restored)], told[told.index(restored) + 1 :]
    assert {event.channel_id for event in before if isinstance(event, ev.HungUp)} == gone
    assert not gone & {channel.channel_id for channel in restored.alive}
    assert not gone & {str(getattr(event, "attempt_id", getattr(event, "channel_id", ""))) for event in after}


@given(st.lists(EVENT, max_size=12), SNAPSHOT)
def test_no_ending_and_no_wish_is_ever_lost(held: list[ev.Event], snapshot: Snapshot) -> None:
    told = join(held, snapshot, 2.0)
    kept = [event for event in held if isinstance(event, ev.HungUp | ev.OptedOut)]
    assert [event for event in told if event in kept] == kept
    wishes = {event.attempt_id for event in told if isinstance(event, ev.OptedOut)}
    assert wishes >= snapshot.opted_out


@given(st.lists(EVENT.filter(lambda event: not isinstance(event, ev.HungUp)), max_size=12), SNAPSHOT)
def test_events_of_what_still_lives_keep_their_order(held: list[ev.Event], snapshot: Snapshot) -> None:
    told = join(held, snapshot, 2.0)
    moves = [event for event in held if not isinstance(event, ev.OptedOut)]
    assert told[len(told) - len(moves) :] == moves
