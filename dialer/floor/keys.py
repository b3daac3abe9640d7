"""Keys that an agent presses on the phone: ``*`` and a digit pauses, ``#`` is ready, ``**`` ends the talk."""

from dialer.floor.agent import Agent
from dialer.floor.agents import disposed, pause_requested, ready_requested
from dialer.floor.book import Book
from dialer.floor.commands import HangUp
from dialer.floor.events import AgentPauseRequested, AgentReadyRequested, Disposed
from dialer.floor.words import AgentState

PAUSE_REASONS = {"1": "break", "2": "lunch", "3": "training", "4": "meeting", "5": "back_office", "0": "other"}
IDLE = frozenset({AgentState.READY, AgentState.WRAP_UP, AgentState.PAUSED})


def pressed(book: Book, agent: Agent, digit: str) -> None:
    """One key. Keys that mean nothing where they are pressed are let go."""
    before, agent.key_before = agent.key_before, digit
    if agent.state is AgentState.TALKING and before == digit == "*":
        agent.key_before = ""
        _end_talk(book, agent)
    elif agent.state in IDLE:
        _pressed_idle(book, agent, before, digit)


def _end_talk(book: Book, agent: Agent) -> None:
    if agent.call is not None:
        book.emit(HangUp(agent.call.id))


def _pressed_idle(book: Book, agent: Agent, before: str, digit: str) -> None:
    if before == "*" and digit in PAUSE_REASONS:
        pause_requested(book, AgentPauseRequested(at=book.now, agent_id=agent.id, reason=PAUSE_REASONS[digit]))
    elif digit == "#":
        ready_requested(book, AgentReadyRequested(at=book.now, agent_id=agent.id))
    elif agent.last_call is not None and before != "*":
        _dispose(book, agent, digit)


def _dispose(book: Book, agent: Agent, digit: str) -> None:
    campaign = book.campaigns.get(agent.campaign_id)
    disposition = dict(campaign.settings.dispositions).get(digit) if campaign else None
    # Until the line is back in hold these keys are typed to the program that asks, and some of them are a time.
    asked = campaign is not None and campaign.settings.keypad_disposition and not agent.in_hold
    if disposition is not None and not asked and agent.state is not AgentState.READY:
        disposed(book, Disposed(at=book.now, agent_id=agent.id, disposition=disposition))
