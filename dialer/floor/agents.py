"""What happens to agents: one function an event."""

from dialer.errors import DialerError
from dialer.floor import events as ev
from dialer.floor.agent import Agent
from dialer.floor.book import Book
from dialer.floor.call import Call
from dialer.floor.commands import CallAgent, HangUp, Say
from dialer.floor.routing import connect_if_bridged, seek_call
from dialer.floor.words import AgentState, AttemptState
from pacing.preview import Preview

PAUSED_SOUND = "dialer/agent-paused"
STOPPING_SOUND = "dialer/agent-stopping"
LINE_FAILED = "line_failed"
NO_ANSWER = "phone_no_answer"


class UnknownAgentError(DialerError):
    """An id that no agent has."""

    code = "unknown_agent"


def the_agent(book: Book, agent_id: str) -> Agent:
    """The agent with this id, or UnknownAgentError."""
    if agent_id not in book.agents:
        raise UnknownAgentError(f"There is no agent {agent_id!r}.", hint="`dialer agents list` shows them.")
    return book.agents[agent_id]


def _logged_in(book: Book, agent_id: str) -> Agent:
    agent = the_agent(book, agent_id)
    if not agent.logged_in:
        hint = f"`dialer agents call {agent_id}` rings the phone."
        raise DialerError(f"Agent {agent_id} is not logged in.", hint=hint)
    return agent


def changed(book: Book, event: ev.AgentChanged) -> None:
    """A new agent, or new settings for one; another campaign takes effect when the line is idle."""
    agent = book.agents.get(event.settings.agent_id)
    if agent is None:
        book.agents[event.settings.agent_id] = Agent(event.settings, since=book.now, pause_reason=event.paused)
        return
    if agent.call is not None and event.settings.campaign_id != agent.campaign_id:
        raise DialerError(f"Agent {agent.id} is in a call.", hint="Change the campaign when the call has ended.")
    if event.settings.campaign_id != agent.campaign_id and agent.known_to_pacer:
        book.move_agent(agent, AgentState.PAUSED, "moves to another campaign")  # out of the old one's ready line
    if (old := book.campaigns.get(agent.campaign_id)) is not None:
        old.on_hook.pop(agent.id, None)
    agent.settings = event.settings
    book.note_line_mode(agent)
    settle(book, agent, "settings changed")


def arrived(book: Book, event: ev.AgentArrived) -> None:
    """Id and PIN were right: this line is the agent's now. An older line of the same agent is let go."""
    agent = the_agent(book, event.agent_id)
    if agent.channel_id not in (None, event.channel_id):
        book.emit(HangUp(str(agent.channel_id)))
        book.agent_by_channel.pop(str(agent.channel_id), None)
        agent.in_hold = False
    agent.logged_in, agent.leaving = True, False
    agent.channel_id = event.channel_id
    book.agent_by_channel[event.channel_id] = agent


def call_requested(book: Book, event: ev.AgentCallRequested) -> None:
    """Ring the agent's phone; an agent who is rung per call counts as logged in from now."""
    agent = the_agent(book, event.agent_id)
    if agent.channel_id is not None:
        return
    agent.pause_reason, agent.leaving = None, False
    agent.logged_in = agent.on_hook
    _ring(book, agent, "called by the dialer")


def _ring(book: Book, agent: Agent, reason: str) -> None:
    agent.calls_made += 1
    channel_id = f"agent-{agent.id}-{int(book.now * 1000):x}-{agent.calls_made}"
    agent.channel_id = channel_id
    book.agent_by_channel[channel_id] = agent
    book.move_agent(agent, AgentState.CALLING, reason)
    campaign = book.campaigns.get(agent.campaign_id)
    language = campaign.settings.language if campaign else "fr"
    book.emit(CallAgent(agent.id, agent.settings.phone, channel_id, language))


def settle(book: Book, agent: Agent, reason: str) -> None:
    """Bring an agent without a call into the state that is true now, and do what follows from it."""
    if agent.call is not None:
        return
    state = agent.idle_state(book.now)
    if state is AgentState.CALLING and agent.channel_id is None:
        if book.link_up and not book.draining:
            _ring(book, agent, "rung for the next call")
        return
    why = agent.pause_reason if state is AgentState.PAUSED and agent.pause_reason else reason
    book.move_agent(agent, state, why)
    if state is AgentState.WRAP_UP and agent.wrap_up_until > book.now:
        book.wake(agent.wrap_up_until, lambda: _wrap_up_over(book, agent))
    seek_call(book, agent)


def _wrap_up_over(book: Book, agent: Agent) -> None:
    if agent.state is AgentState.WRAP_UP and agent.wrap_up_until <= book.now:
        settle(book, agent, "wrap-up time over")


def entered_bridge(book: Book, agent: Agent, event: ev.BridgeEntered) -> None:
    """The agent's channel is in the holding bridge, or in a talk."""
    if not event.holding:
        agent.bridge_id = event.bridge_id
        if agent.call is not None:
            connect_if_bridged(book, agent.call, agent)
        return
    agent.in_hold, agent.logged_in = True, True
    settle(book, agent, "on the line")


def left_bridge(agent: Agent, event: ev.BridgeLeft) -> None:
    """The agent's channel left a bridge; what it means is told by what comes next."""
    if event.holding:
        agent.in_hold = False
    elif agent.bridge_id == event.bridge_id:
        agent.bridge_id = ""


def end_talk(book: Book, agent: Agent, reason: str) -> None:
    """The talk is over: wrap-up, then what the agent asked for meanwhile."""
    campaign = book.campaigns.get(agent.campaign_id)
    agent.call = None
    agent.bridge_id = ""
    agent.wrap_up_until = book.now + (campaign.settings.wrap_up_s if campaign else 0.0)
    hang_up_line = agent.leaving or agent.on_hook
    if agent.leaving:
        agent.logged_in = False
    if hang_up_line and agent.channel_id is not None:
        book.emit(HangUp(agent.channel_id))
        _forget_line(book, agent)
    settle(book, agent, reason)


def _forget_line(book: Book, agent: Agent) -> None:
    book.agent_by_channel.pop(agent.channel_id or "", None)
    agent.channel_id, agent.in_hold, agent.bridge_id = None, False, ""


def lose_line(book: Book, agent: Agent, failed_channel: str | None) -> None:
    """The line could not be bridged: no more calls to it until the agent says so or its hang-up comes."""
    agent.in_hold = False
    agent.pause_reason = LINE_FAILED
    settle(book, agent, f"the line {failed_channel or agent.channel_id} could not be bridged")


def line_gone(book: Book, agent: Agent, event: ev.HungUp) -> None:
    """The agent's channel is gone: idle, reserved or in talk."""
    was, call = agent.state, agent.call
    _forget_line(book, agent)
    if was is AgentState.CALLING and agent.on_hook:
        agent.pause_reason = NO_ANSWER
    elif not agent.on_hook:
        agent.logged_in = False
        agent.pause_reason = None
    if call is not None:
        _leave_call(book, agent, call)
        return
    settle(book, agent, f"line gone, cause {event.cause}")


def _leave_call(book: Book, agent: Agent, call: Call) -> None:
    """The phone dropped under a call. The person stays: the dialplan asks again and the next agent is sought.

    An agent who is rung per call ends a talk by hanging up, so there the person is let go.
    """
    in_talk = call.state is AttemptState.CONNECTED
    agent.call = None
    if not in_talk:
        call.agent_id = None
    if call.rings or call.state is AttemptState.ANSWERED:
        _leave_callback(book, agent, call)
        return
    call.waiting_since, call.bridge_id = book.now, ""
    book.move_call(call, AttemptState.ANSWERED, "the agent's phone dropped: the next agent is sought")
    if in_talk and agent.on_hook:
        book.emit(HangUp(call.id))
    if in_talk:
        end_talk(book, agent, "the phone dropped in the talk")
    else:
        settle(book, agent, "the phone dropped while a call was on its way")


def _leave_callback(book: Book, agent: Agent, call: Call) -> None:
    """The phone dropped while a callback rang for it, which must not ring for nobody; answered, another agent comes."""
    if call.rings:
        call.cancelled = True
        book.emit(HangUp(call.id))
    settle(book, agent, "the phone dropped while a callback rang")


def pause_requested(book: Book, event: ev.AgentPauseRequested) -> None:
    """Pause at once when idle, after the call when in one."""
    agent = _logged_in(book, event.agent_id)
    agent.pause_reason = event.reason
    if agent.call is not None:
        _tell_leaving(book, agent)
        return
    settle(book, agent, event.reason)
    if agent.in_hold and agent.channel_id is not None:
        book.emit(Say(agent.channel_id, PAUSED_SOUND))


def ready_requested(book: Book, event: ev.AgentReadyRequested) -> None:
    """End pause and wrap-up."""
    agent = _logged_in(book, event.agent_id)
    agent.pause_reason = None
    agent.leaving = False
    agent.wrap_up_until = min(agent.wrap_up_until, book.now)
    settle(book, agent, "asked to be ready")


def logout_requested(book: Book, event: ev.AgentLogoutRequested) -> None:
    """Let the agent go: at once when idle, after the call when in one."""
    agent = the_agent(book, event.agent_id)
    agent.leaving = True
    if agent.call is not None:
        _tell_leaving(book, agent)
        return
    agent.logged_in = False
    if agent.channel_id is not None:
        book.emit(HangUp(agent.channel_id))
        _forget_line(book, agent)
    settle(book, agent, "logged out")


def tell_stop(book: Book) -> None:
    """Tell those who wait on the line that the daemon stops, once each; nobody while a call may still need an agent."""
    if any(call.agent_id is None for call in book.calls.values()):
        return
    for agent in book.agents.values():
        if agent.in_hold and agent.call is None and agent.channel_id is not None and not agent.told_of_stop:
            agent.told_of_stop = True
            book.emit(Say(agent.channel_id, STOPPING_SOUND))


def _tell_leaving(book: Book, agent: Agent) -> None:
    campaign = book.campaigns.get(agent.campaign_id)
    if campaign is not None and agent.known_to_pacer:
        campaign.observe(book.now, "agent_leaving", agent=agent.id)


def disposed(book: Book, event: ev.Disposed) -> None:
    """What came of the last call; in wrap-up it also ends the wrap-up."""
    agent = the_agent(book, event.agent_id)
    call = agent.last_call
    if call is None:
        raise DialerError(f"Agent {agent.id} has had no call to give a disposition for.")
    call.disposition = event.disposition
    was_live = call.counted.connected
    book.count(call)
    if was_live > call.counted.connected:
        book.tell_pacer(call, "call_machine")
    if call.ended_at is None:
        return
    book.amend(call)
    if agent.state is AgentState.WRAP_UP:
        agent.wrap_up_until = book.now
        settle(book, agent, f"disposition {event.disposition}")


def call_wanted(book: Book, event: ev.CallWanted) -> None:
    """A ready agent of a preview campaign asks for the next call."""
    agent = the_agent(book, event.agent_id)
    campaign = book.campaigns.get(agent.campaign_id)
    pacer = campaign.pacer if campaign is not None else None
    if not isinstance(pacer, Preview):
        raise DialerError(f"Agent {agent.id} is not in a preview campaign.", hint="Calls come by themselves there.")
    if agent.state is not AgentState.READY:
        raise DialerError(f"Agent {agent.id} is not ready but {agent.state}.")
    pacer.request(agent.id)
