"""Which state may follow which. Everything else is a fault of ours and raises.

The tables are the whole truth: a move that is not in them is refused by ``check``.
"""

from collections.abc import Mapping
from typing import TypeVar

from dialer.errors import DialerError
from dialer.floor.words import AgentState as Agent
from dialer.floor.words import AttemptState as Attempt
from dialer.floor.words import CampaignState as Campaign


class ForbiddenMoveError(DialerError):
    """A state machine was asked for a move that its table does not hold."""

    code = "forbidden_move"


ATTEMPT: Mapping[Attempt, frozenset[Attempt]] = {
    Attempt.RESERVED: frozenset({Attempt.DIALING, Attempt.ENDED}),
    Attempt.DIALING: frozenset({Attempt.RINGING, Attempt.ANSWERED, Attempt.CONNECTED, Attempt.MESSAGE, Attempt.ENDED}),
    Attempt.RINGING: frozenset({Attempt.ANSWERED, Attempt.CONNECTED, Attempt.MESSAGE, Attempt.ENDED}),
    Attempt.ANSWERED: frozenset({Attempt.ROUTED, Attempt.CONNECTED, Attempt.MESSAGE, Attempt.ENDED}),
    # back to ANSWERED: the agent's phone dropped before the bridge, or in the talk; the next agent is sought
    Attempt.ROUTED: frozenset({Attempt.CONNECTED, Attempt.ANSWERED, Attempt.MESSAGE, Attempt.ENDED}),
    Attempt.CONNECTED: frozenset({Attempt.ANSWERED, Attempt.MESSAGE, Attempt.ENDED}),
    # to CONNECTED: we believed the message was played, and Asterisk shows the person in talk with an agent
    Attempt.MESSAGE: frozenset({Attempt.CONNECTED, Attempt.ENDED}),
    Attempt.ENDED: frozenset(),
}

AGENT: Mapping[Agent, frozenset[Agent]] = {
    Agent.OFFLINE: frozenset({Agent.CALLING, Agent.READY, Agent.PAUSED, Agent.TALKING, Agent.WRAP_UP}),
    Agent.CALLING: frozenset({Agent.READY, Agent.PAUSED, Agent.WRAP_UP, Agent.TALKING, Agent.OFFLINE}),
    Agent.READY: frozenset({Agent.RESERVED, Agent.TALKING, Agent.PAUSED, Agent.CALLING, Agent.OFFLINE}),
    Agent.RESERVED: frozenset({Agent.TALKING, Agent.READY, Agent.WRAP_UP, Agent.PAUSED, Agent.CALLING, Agent.OFFLINE}),
    Agent.TALKING: frozenset({Agent.WRAP_UP, Agent.READY, Agent.PAUSED, Agent.CALLING, Agent.OFFLINE}),
    Agent.WRAP_UP: frozenset({Agent.READY, Agent.TALKING, Agent.PAUSED, Agent.CALLING, Agent.OFFLINE}),
    Agent.PAUSED: frozenset({Agent.READY, Agent.TALKING, Agent.WRAP_UP, Agent.CALLING, Agent.OFFLINE}),
}

CAMPAIGN: Mapping[Campaign, frozenset[Campaign]] = {
    Campaign.STOPPED: frozenset({Campaign.RUNNING}),
    Campaign.RUNNING: frozenset({Campaign.PAUSED, Campaign.STOPPED, Campaign.FINISHED}),
    Campaign.PAUSED: frozenset({Campaign.RUNNING, Campaign.STOPPED}),
    Campaign.FINISHED: frozenset({Campaign.RUNNING, Campaign.STOPPED}),
}


State = TypeVar("State", Attempt, Agent, Campaign)


def check(table: Mapping[State, frozenset[State]], who: str, old: State, new: State) -> None:
    """Raise ForbiddenMoveError unless ``new`` may follow ``old``."""
    if new not in table[old]:
        raise ForbiddenMoveError(f"{who} cannot go from {old} to {new}.")
