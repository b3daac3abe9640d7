"""What the floor asks of the edges. Commands are carried out in order; none is waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.floor.words import AgentState, AnsweredBy, AttemptState, CampaignState, Result


@dataclass(frozen=True, slots=True)
class Command:
    """Something to be done."""


# --- for the PBX -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Originate(Command):
    """Dial one attempt. ``number`` is E.164; ``attempt_id`` becomes Asterisk's channel id. Never sent twice."""

    attempt_id: str
    number: str
    trunk: str
    caller_id: str
    ring_timeout_s: float
    connect_deadline_s: float
    language: str
    message: str


@dataclass(frozen=True, slots=True)
class CallAgent(Command):
    """Ring an agent's phone; when it answers it goes to the holding bridge as ``agent_id``."""

    agent_id: str
    phone: str
    channel_id: str
    language: str
    ring_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class HangUp(Command):
    """End a channel."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class Say(Command):
    """Play a short prompt to an idle agent, then back to hold."""

    channel_id: str
    sound: str


@dataclass(frozen=True, slots=True)
class AskDisposition(Command):
    """After this talk, have the agent asked for the disposition by a prompt."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class TryRoute(Command):
    """Have the dialplan try to reach us over FastAGI; RouteReached tells that it did."""


@dataclass(frozen=True, slots=True)
class AnswerRoute(Command):
    """Answer the waiting dialplan of an attempt: bridge to ``agent_channel``, or the message when it is None."""

    attempt_id: str
    agent_channel: str | None


# --- for those who tell ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrunkMoved(Command):
    """A trunk is avoided from now on, or used again. ``instead``: what carries its calls meanwhile; empty: nothing.

    ``lost``: calls that had failed, one after the other.
    """

    trunk: str
    at: float
    avoided: bool
    instead: str
    lost: int


# --- for the store ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordStep(Command):
    """One step in the life of an attempt, as `dialer explain` prints it."""

    attempt_id: str
    at: float
    state: AttemptState
    reason: str
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordOutcome(Command):
    """How an attempt ended. Written once when it ends, and again when the agent's disposition follows."""

    attempt_id: str
    campaign_id: str
    lead_id: int
    number: str
    result: Result
    answered_by: AnsweredBy | None
    abandoned: bool
    agent_id: str | None
    cause: int | None
    reserved_at: float
    ringing_at: float | None
    answered_at: float | None
    connected_at: float | None
    ended_at: float
    disposition: str | None
    dialed: bool  # False: nothing left this machine, the attempt does not count as made
    opted_out: bool

    @property
    def by_person(self) -> bool:
        """Whether a person picked up, or perhaps a person: as the law counts."""
        return self.result is Result.ANSWERED and self.answered_by is not AnsweredBy.MACHINE


@dataclass(frozen=True, slots=True)
class RecordOptOut(Command):
    """The called person asked never to be called again; the attempt may have ended long ago."""

    attempt_id: str
    at: float


@dataclass(frozen=True, slots=True)
class RecordAgent(Command):
    """An agent changed state."""

    agent_id: str
    at: float
    state: AgentState
    reason: str
    attempt_id: str | None
    channel_id: str | None


@dataclass(frozen=True, slots=True)
class RecordCampaign(Command):
    """A campaign changed state."""

    campaign_id: str
    at: float
    state: CampaignState
    reason: str


@dataclass(frozen=True, slots=True)
class RecordDecision(Command):
    """How many calls were dialed, and why no more; sampled, see ``decisions.py``."""

    campaign_id: str
    at: float
    dial: int
    reason: str
    risk: float
    inputs: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class RecordMemory(Command):
    """What a campaign's pacer has learned, for ``pacing.create(memory=...)`` at the next start."""

    campaign_id: str
    at: float
    policy: str
    memory: bytes


def ended_calls(commands: Sequence[Command]) -> list[RecordOutcome]:
    """The outcomes of the calls that end with these commands of one event; not those that only correct an old one."""
    ended = {c.attempt_id for c in commands if isinstance(c, RecordStep) and c.state is AttemptState.ENDED}
    if not ended:
        return []
    outcomes = {c.attempt_id: c for c in commands if isinstance(c, RecordOutcome) and c.attempt_id in ended}
    return list(outcomes.values())
