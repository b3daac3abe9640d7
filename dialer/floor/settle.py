"""After a lost link or a crash: what Asterisk says is alive decides, and every open attempt is settled once."""

from dialer.floor import events as ev
from dialer.floor.agent import Agent
from dialer.floor.agents import arrived, line_gone, settle
from dialer.floor.book import Book
from dialer.floor.call import Call
from dialer.floor.calls import finish, part, pick_up
from dialer.floor.routing import connect_if_bridged, is_late, release
from dialer.floor.words import AgentState, AttemptState, Result

# An Originate written just before the link broke may reach Asterisk just after it answered what is alive.
LATE_ORIGINATE_S = 5.0


def recovered(book: Book, event: ev.AttemptsRecovered) -> None:
    """Take over attempts that an earlier life of the daemon left open; ``restored`` settles them."""
    for attempt in event.attempts:
        call = Call(attempt, state=AttemptState.DIALING)
        call.answered_at = event.answered_at.get(call.id)
        call.connected_at = event.connected_at.get(call.id)
        call.agent_id = event.agents.get(call.id)
        if call.connected_at is not None:
            call.state = AttemptState.CONNECTED
        elif call.answered_at is not None:
            call.state = AttemptState.ANSWERED
        call.waiting_since = book.now
        call.late = is_late(call, book.campaign_of(call).settings)
        book.calls[call.id] = call
        book.count(call)
        book.tell_pacer(call, "call_dialed")


def lost(book: Book, event: ev.LinkLost) -> None:
    """No more dialing. Talks go on in Asterisk, and answered calls still ask us over FastAGI."""
    _ = event
    book.link_up = False


def restored(book: Book, event: ev.LinkRestored) -> None:
    """Believe Asterisk: agents' lines first, then every open attempt."""
    book.link_up = True
    alive = {channel.channel_id: channel for channel in event.alive}
    for agent in book.agents.values():
        if agent.channel_id is not None and agent.channel_id not in alive:
            line_gone(book, agent, ev.HungUp(at=book.now, channel_id=agent.channel_id, cause=0, result=Result.UNKNOWN))
    for channel in event.alive:
        if channel.agent_id in book.agents:
            _settle_agent(book, book.agents[channel.agent_id], channel)
    for call in list(book.calls.values()):
        _settle_call(book, call, alive, event.abandoned)
    for agent in book.agents.values():
        if agent.channel_id is None and not agent.on_hook:
            agent.pause_reason = None  # a pause from before the restart whose line is gone has ended with it
        settle(book, agent, "link restored")


def _settle_agent(book: Book, agent: Agent, channel: ev.AliveChannel) -> None:
    if agent.channel_id != channel.channel_id:
        arrived(
            book,
            ev.AgentArrived(at=book.now, agent_id=agent.id, channel_id=channel.channel_id, channel=channel.channel),
        )
    agent.logged_in = agent.logged_in or channel.up
    agent.in_hold = channel.holding
    agent.bridge_id = "" if channel.holding else channel.bridge_id


def _settle_call(book: Book, call: Call, alive: dict[str, ev.AliveChannel], abandoned: frozenset[str]) -> None:
    channel = alive.get(call.id)
    if channel is None:
        _settle_gone(book, call, served_message=call.id in abandoned)
    elif channel.up:
        _settle_up(book, call, channel)


def _settle_gone(book: Book, call: Call, *, served_message: bool) -> None:
    if served_message and call.rings:
        pick_up(book, call)
    if not call.rings:
        finish(book, call, Result.ANSWERED, "ended while the link was away")
    elif call.state is AttemptState.RINGING or book.now - call.attempt.reserved_at > LATE_ORIGINATE_S:
        finish(book, call, Result.UNKNOWN, "gone when the link came back: counts as made")
    else:
        book.wake(book.now + LATE_ORIGINATE_S, lambda: _settle_late(book, call))


def _settle_late(book: Book, call: Call) -> None:
    if call.state is AttemptState.DIALING:
        finish(book, call, Result.UNKNOWN, "no sign of life after the link came back: counts as made")


def _settle_up(book: Book, call: Call, channel: ev.AliveChannel) -> None:
    if call.rings:
        pick_up(book, call)
    if channel.in_message:
        _settle_message(book, call)
        return
    call.bridge_id = "" if channel.holding else channel.bridge_id
    agent = _agent_in(book, call.bridge_id)
    if agent is None or agent.call not in (None, call):
        return
    if call.agent_id != agent.id and (other := release(book, call)) is not None:
        settle(book, other, "the call is in talk with another agent")
    agent.call, call.agent_id = call, agent.id
    if call.state is AttemptState.CONNECTED:
        agent.last_call = call
        book.move_agent(agent, AgentState.TALKING, "found in talk when the link came back")
    else:
        connect_if_bridged(book, call, agent)


def _settle_message(book: Book, call: Call) -> None:
    if call.state is AttemptState.MESSAGE:
        return
    part(book, call)
    book.move_call(call, AttemptState.MESSAGE, "found in the message when the link came back")
    if call.abandoned:
        book.tell_pacer(call, "call_abandoned")


def _agent_in(book: Book, bridge_id: str) -> Agent | None:
    if not bridge_id:
        return None
    return next((agent for agent in book.agents.values() if agent.bridge_id == bridge_id), None)
