"""Answered calls meet agents: who gets whom, when the deadline ends the wait, when both are in one bridge."""

from dialer.floor.agent import Agent
from dialer.floor.book import Book
from dialer.floor.call import Call
from dialer.floor.commands import AnswerRoute, AskDisposition
from dialer.floor.events import CampaignSettings
from dialer.floor.words import AgentState, AttemptState

# The message must have begun when the deadline ends; the dialplan stops waiting for us at the deadline itself.
MESSAGE_START_S = 0.3


def seek_agent(book: Book, call: Call) -> None:
    """Give an answered call, whose dialplan waits, to the longest-ready agent; or let it wait for one.

    A callback goes to the agent who was kept for it, and to another one only when that agent fell away.
    """
    campaign = book.campaign_of(call)
    own = book.agents.get(call.attempt.agent_id or "")
    if own is not None and (own.call is call or own.id in campaign.ready):
        reserve(book, call, own)
        return
    for agent_id in campaign.ready:
        reserve(book, call, book.agents[agent_id])
        return
    campaign.waiting[call.id] = call
    deadline = deadline_of(book, call)
    if deadline <= book.now:
        play_message(book, call, "no agent within the connect deadline")
    else:
        book.wake(deadline, lambda: _give_up_waiting(book, call))


def seek_call(book: Book, agent: Agent) -> None:
    """Give a ready agent the person who waits longest, if anyone does."""
    campaign = book.campaigns.get(agent.campaign_id)
    if campaign is None or agent.state is not AgentState.READY:
        return
    for call in campaign.waiting.values():
        reserve(book, call, agent)
        return


def deadline_of(book: Book, call: Call) -> float:
    """When the message must be asked for, seconds since the epoch."""
    since = call.waiting_since if call.waiting_since is not None else book.now
    return since + max(0.0, book.campaign_of(call).settings.connect_deadline_s - MESSAGE_START_S)


def keep_agent(book: Book, call: Call) -> bool:
    """Keep the agent of a callback free for it from now on; False when that agent is not ready."""
    campaign = book.campaign_of(call)
    agent = book.agents.get(call.attempt.agent_id or "")
    if agent is None or agent.id not in campaign.ready:
        return False
    agent.call, call.agent_id = call, agent.id
    book.move_agent(agent, AgentState.RESERVED, "kept for a callback")
    return True


def reserve(book: Book, call: Call, agent: Agent) -> None:
    """Promise the agent to the call and tell its dialplan which channel to bridge to."""
    was_kept = agent.call is call
    agent.call = call
    call.agent_id = agent.id
    call.asked = False
    why = "the agent kept for it" if was_kept else f"longest-ready agent, ready for {book.now - agent.since:.1f} s"
    book.move_call(call, AttemptState.ROUTED, why)
    book.move_agent(agent, AgentState.RESERVED, "call on its way")
    book.emit(AnswerRoute(call.id, agent.channel_id))


def play_message(book: Book, call: Call, reason: str) -> None:
    """Let the dialplan play the safe-harbour message and hang up; the call counts as abandoned."""
    call.asked = False
    book.move_call(call, AttemptState.MESSAGE, reason)
    book.emit(AnswerRoute(call.id, None))
    if call.abandoned:
        book.tell_pacer(call, "call_abandoned")


def release(book: Book, call: Call) -> Agent | None:
    """Take the reserved agent away from a call that has no bridge; the caller settles the agent."""
    agent = book.agents.get(call.agent_id or "")
    call.agent_id = None
    if agent is None or agent.call is not call:
        return None
    agent.call = None
    return agent


def connect_if_bridged(book: Book, call: Call, agent: Agent) -> None:
    """Note the connection once both channels are seen in one bridge."""
    if not call.bridge_id or call.bridge_id != agent.bridge_id or call.state is AttemptState.CONNECTED:
        return
    first = call.connected_at is None
    counted = call.state is AttemptState.MESSAGE  # the pacer was told already that this one is abandoned
    if first:
        call.connected_at = book.now
        call.late = counted or is_late(call, book.campaign_of(call).settings)
    agent.last_call = call
    took = book.now - (call.answered_at or book.now)
    book.move_call(call, AttemptState.CONNECTED, f"agent and person in one bridge {took * 1000:.0f} ms after answer")
    if first and not counted:
        kind = "call_abandoned" if call.late else "call_connected"
        book.tell_pacer(call, kind, None if call.late else agent.id)
    book.move_agent(agent, AgentState.TALKING, "connected")
    if book.campaign_of(call).settings.keypad_disposition and agent.channel_id is not None:
        book.emit(AskDisposition(agent.channel_id))


def is_late(call: Call, settings: CampaignSettings) -> bool:
    """Whether the agent came after the connect deadline."""
    if call.answered_at is None or call.connected_at is None:
        return False
    return call.connected_at - call.answered_at > settings.connect_deadline_s


def _give_up_waiting(book: Book, call: Call) -> None:
    still_waits = call.state is AttemptState.ANSWERED and call.asked
    if still_waits and deadline_of(book, call) <= book.now:
        play_message(book, call, "no agent within the connect deadline")
