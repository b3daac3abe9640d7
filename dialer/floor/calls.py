"""What happens to calls: one function an event."""

from dialer.floor import events as ev
from dialer.floor.agents import end_talk, lose_line, settle
from dialer.floor.book import Book
from dialer.floor.call import Call
from dialer.floor.campaigns import tell_trunk
from dialer.floor.commands import AnswerRoute, HangUp, Originate, RecordOptOut
from dialer.floor.routing import connect_if_bridged, keep_agent, play_message, release, seek_agent
from dialer.floor.trunks import Way
from dialer.floor.words import AttemptState, Result

# How long the dialplan of an answered call may take to ask before we believe that it served the message by itself.
ASK_LIMIT_S = 4.0

# Failures of a trunk; and answers that only a trunk that works brings back.
TRUNK_FAILURES = frozenset({Result.CONGESTION, Result.FAILED})
NETWORK_ANSWERS = frozenset({Result.BUSY, Result.REJECTED, Result.INVALID_NUMBER})
PACER_KIND = {
    Result.NO_ANSWER: "call_no_answer",
    Result.UNKNOWN: "call_no_answer",
    Result.CANCELLED: "call_cancelled",
}


def reserved(book: Book, event: ev.AttemptsReserved) -> None:
    """Dial what the store has committed."""
    for attempt in event.attempts:
        call = Call(attempt)
        book.calls[attempt.attempt_id] = call
        settings = book.campaign_of(call).settings
        call.way = _way_of(book, call, settings.trunk)
        if call.way is None:
            continue
        book.tell_pacer(call, "call_dialed")
        book.move_call(call, AttemptState.DIALING, _sent(call.way, settings.trunk))
        book.emit(
            Originate(
                attempt_id=call.id,
                number=attempt.number,
                trunk=call.way.trunk,
                caller_id=settings.caller_id,
                ring_timeout_s=settings.ring_timeout_s,
                connect_deadline_s=settings.connect_deadline_s,
                language=settings.language,
                message=settings.message,
            )
        )


def _way_of(book: Book, call: Call, trunk: str) -> Way | None:
    """How the call goes out; None when it ended undialed, for things changed since it was reserved."""
    if not book.trunks.room(trunk, book.now):
        _give_up(book, call, f"the trunk {trunk} has failed meanwhile")
        return None
    if call.one_to_one and not keep_agent(book, call):
        _give_up(book, call, "its agent is not free any more")
        return None
    return book.trunks.take(trunk, book.now, promised=call.one_to_one)


def _give_up(book: Book, call: Call, why: str) -> None:
    call.dialed, call.result = False, Result.CANCELLED
    book.end_call(call, f"not dialed: {why}")


def _sent(way: Way, wanted: str) -> str:
    if way.probe:
        return f"originate sent, to try the trunk {way.trunk}"
    return "originate sent" if way.trunk == wanted else f"originate sent over the trunk {way.trunk}"


def _got_through(book: Book, call: Call) -> None:
    """The call shows that its trunk works."""
    if call.way is not None and book.trunks.got_through(call.way):
        tell_trunk(book, call.way.trunk)


def _hear_end(book: Book, call: Call, result: Result) -> None:
    """What the end of a call says of its trunk: failures as the alert on trunks counts them, unless it rang."""
    if call.way is None:
        return
    if call.dialed and call.ringing_at is None and result in TRUNK_FAILURES:
        if book.trunks.failed(call.way, book.now):
            tell_trunk(book, call.way.trunk)
        return
    if result in NETWORK_ANSWERS:
        _got_through(book, call)
    book.trunks.ended(call.way, book.now)


def ringing(book: Book, event: ev.CallRinging) -> None:
    """The called phone rings."""
    call = book.calls.get(event.attempt_id)
    if call is None or call.state is not AttemptState.DIALING:
        return
    call.ringing_at = book.now
    _got_through(book, call)
    book.move_call(call, AttemptState.RINGING, "the called phone rings")


def answered(book: Book, event: ev.CallAnswered) -> None:
    """Picked up; the dialplan asks in a moment, or has asked already."""
    call = book.calls.get(event.attempt_id)
    if call is not None and call.rings:
        pick_up(book, call)


def pick_up(book: Book, call: Call) -> None:
    """Note the answer. Nobody listens for machines, so it goes to an agent as a person."""
    call.answered_at = call.waiting_since = book.now
    _got_through(book, call)
    book.move_call(call, AttemptState.ANSWERED, "picked up")
    book.tell_pacer(call, "call_answered")
    book.tell_pacer(call, "call_person")
    book.wake(book.now + ASK_LIMIT_S, lambda: _never_asked(book, call))


def _never_asked(book: Book, call: Call) -> None:
    if call.state is AttemptState.ANSWERED and not call.asked and call.connected_at is None:
        part(book, call)
        play_message(book, call, "the dialplan did not ask: it plays the message by itself")


def route_asked(book: Book, event: ev.RouteAsked) -> None:
    """The dialplan waits for an answer: which agent, or the message."""
    call = book.calls.get(event.attempt_id)
    if call is None or call.state is AttemptState.MESSAGE:
        book.emit(AnswerRoute(event.attempt_id, None))
        return
    if _agent_ended_talk(book, call):
        book.emit(HangUp(call.id))
        book.emit(AnswerRoute(call.id, None))
        return
    if call.rings:
        pick_up(book, call)
    if call.state in (AttemptState.ROUTED, AttemptState.CONNECTED):
        _agent_fell_away(book, call, event.failed_channel)
    if call.id in book.calls:
        call.asked = True
        seek_agent(book, call)


def _agent_ended_talk(book: Book, call: Call) -> bool:
    """An agent who is rung per call ends a talk by hanging up; whether we know of that hang-up yet does not matter."""
    agent = book.agents.get(call.agent_id or "")
    talked = call.connected_at is not None and call.state in (AttemptState.CONNECTED, AttemptState.ANSWERED)
    return talked and agent is not None and agent.on_hook


def _agent_fell_away(book: Book, call: Call, failed_channel: str | None) -> None:
    """The dialplan asks again: the bridge failed, or ended while the person is still there."""
    why = "its agent left the talk" if call.state is AttemptState.CONNECTED else "its agent could not be bridged"
    part(book, call, failed_channel)
    call.waiting_since = book.now
    book.move_call(call, AttemptState.ANSWERED, f"{why}: the next agent is sought")


def part(book: Book, call: Call, failed_channel: str | None = None) -> None:
    """Free the agent of a call that goes on without; who has talked stays on record."""
    in_talk = call.state is AttemptState.CONNECTED
    talked_with = call.agent_id if in_talk else None
    agent = release(book, call)
    call.agent_id, call.bridge_id = talked_with, ""
    if agent is None:
        return
    if in_talk:
        end_talk(book, agent, "left the talk")
    elif call.state is AttemptState.ROUTED:
        lose_line(book, agent, failed_channel)
    else:
        settle(book, agent, "its callback is served without an agent")


def refused(book: Book, event: ev.OriginateRefused) -> None:
    """Nothing left this machine: the attempt does not count as made."""
    call = book.calls.get(event.attempt_id)
    if call is not None and call.rings:
        call.dialed = False
        finish(book, call, Result.FAILED, f"not dialed: {event.why}")


def originate_failed(book: Book, event: ev.OriginateFailed) -> None:
    """Asterisk gave the call up before an answer."""
    call = book.calls.get(event.attempt_id)
    if call is not None and call.rings:
        finish(book, call, Result.CANCELLED if call.cancelled else event.result, event.why)


def hung_up(book: Book, call: Call, event: ev.HungUp) -> None:
    """The call's channel is gone."""
    call.cause = event.cause
    if call.rings and event.up:
        pick_up(book, call)  # while no daemon, or none with a link, was there to see it
    if call.rings:
        result = Result.CANCELLED if call.cancelled else event.result
        finish(book, call, result, f"hung up, cause {event.cause}")
        return
    finish(book, call, Result.ANSWERED, f"hung up, cause {event.cause}")


def finish(book: Book, call: Call, result: Result, reason: str) -> None:
    """End a call for good, free its agent, tell the pacer."""
    state, call.result = call.state, result
    _hear_end(book, call, result)
    if call.asked:
        book.emit(AnswerRoute(call.id, None))  # nobody is there to hear it: only the question is closed
    if call.rings:
        book.tell_pacer(call, PACER_KIND.get(result, "call_failed"))
    elif state in (AttemptState.ANSWERED, AttemptState.ROUTED) and call.connected_at is None:
        book.tell_pacer(call, "call_abandoned")
    agent = book.agents.get(call.agent_id or "")
    kept = agent is not None and agent.call is call and state is not AttemptState.CONNECTED
    if kept:
        release(book, call)
    book.end_call(call, reason)
    if agent is None or agent.call not in (None, call):
        return
    if state is AttemptState.CONNECTED:
        end_talk(book, agent, "the call ended")
    elif kept:
        settle(book, agent, "the person was not reached" if call.answered_at is None else "hung up before the bridge")


def cancel(book: Book, attempt_id: str) -> None:
    """Hang up a call that still rings, once it has rung for the ``cancel_after_s`` of its campaign.

    Pacing counts from the dialing, the law from the first ring: a call whose network never says that it rings is left
    to its time limit.
    """
    call = book.calls.get(attempt_id)
    if call is None or not call.rings or call.cancelled or call.ringing_at is None:
        return
    least_s = book.campaign_of(call).settings.cancel_after_s
    if least_s is not None and book.now - call.ringing_at >= least_s:
        call.cancelled = True
        book.emit(HangUp(call.id))


def entered_bridge(book: Book, call: Call, event: ev.BridgeEntered) -> None:
    """The person's channel is in a bridge."""
    call.bridge_id = event.bridge_id
    agent = book.agents.get(call.agent_id or "")
    if agent is not None and call.state is AttemptState.ROUTED:
        connect_if_bridged(book, call, agent)


def opted_out(book: Book, event: ev.OptedOut) -> None:
    """The person asked never to be called again; the wish counts also when the call is long over."""
    call = book.calls.get(event.attempt_id)
    if call is not None:
        call.opted_out = True
    book.emit(RecordOptOut(event.attempt_id, book.now))
