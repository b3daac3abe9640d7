"""What the floor can be told. ``at`` is seconds since the epoch on a clock that never goes back.

``channel_id`` is Asterisk's Uniqueid. Of an attempt's channel it is the attempt's own id, for we choose it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from dialer.floor.trunks import TrunkRules
from dialer.floor.words import CampaignState, LineMode, Result
from dialer.rules.abandonment import Counts
from dialer.rules.tally import AbandonLaw


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened at ``at``."""

    at: float


# --- from Asterisk -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(Event):
    """The called phone rings (180 or 183)."""

    attempt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    """The called phone was picked up."""

    attempt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAsked(Event):
    """The answered call's dialplan asks what to do (FastAGI).

    ``failed_channel`` is the agent's channel id that an earlier answer named and that could not be bridged.
    """

    attempt_id: str
    failed_channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateRefused(Event):
    """Asterisk refused the Originate action, or it was never sent: no call was made."""

    attempt_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateFailed(Event):
    """Asterisk reported the originated call as failed. A HungUp may come before, after or never."""

    attempt_id: str
    result: Result
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp(Event):
    """A channel is gone. ``cause`` is the Q.850 number; ``result`` what it means for a call never answered.

    ``up``: it had been picked up, by Asterisk's own state at its end, whether anybody saw that or not.
    """

    channel_id: str
    cause: int
    result: Result
    up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeEntered(Event):
    """A channel entered a bridge; ``holding`` is the agents' waiting bridge."""

    channel_id: str
    bridge_id: str
    holding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeLeft(Event):
    """A channel left a bridge."""

    channel_id: str
    bridge_id: str
    holding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed(Event):
    """A key on a phone was pressed and released."""

    channel_id: str
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptedOut(Event):
    """The person pressed 9 during the safe-harbour message: never call again."""

    attempt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedAlone(Event):
    """The dialplan plays the message by itself: it did not reach us, or every agent's line it was given failed."""

    attempt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteReached(Event):
    """The dialplan reached us over FastAGI when it was asked to try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentArrived(Event):
    """An agent typed id and PIN (checked by the store), or picked up when the dialer called the phone."""

    agent_id: str
    channel_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class AliveChannel:
    """One channel that Asterisk says is alive."""

    channel_id: str
    channel: str
    up: bool
    bridge_id: str = ""
    holding: bool = False
    agent_id: str = ""
    attempt_id: str = ""
    in_message: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(Event):
    """The AMI link is gone: what is alive is not known until it is back."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRestored(Event):
    """The AMI link is up and Asterisk said what is alive.

    ``abandoned`` holds the attempt ids that the dialplan itself served with the message while we were away.
    """

    alive: tuple[AliveChannel, ...] = ()
    abandoned: frozenset[str] = frozenset()


# --- from the store and the dial loop ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An attempt that the store has committed. ``number`` is E.164 with its plus sign.

    ``agent_id``: a promised callback, one to one: it is dialed only while this agent is kept free for it.
    """

    attempt_id: str
    campaign_id: str
    lead_id: int
    number: str
    reserved_at: float
    agent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsReserved(Event):
    """Attempts are on record and may be dialed now."""

    attempts: tuple[NewAttempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsRecovered(Event):
    """Attempts that the record shows as not ended, at the start of the daemon; the next LinkRestored settles them."""

    attempts: tuple[NewAttempt, ...]
    answered_at: dict[str, float] = field(default_factory=dict)
    connected_at: dict[str, float] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)  # attempt id -> agent id, of the connected ones


# --- from people -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CampaignSettings:
    """What the floor needs to know of a campaign.

    ``abandonment_limit`` is the campaign's own limit in every window, as a share; ``abandonment_target`` what is aimed
    at (None: the limit). Both tighten the preset's, never loosen them. ``max_ratio``: calls in progress for each agent
    logged in. ``ratio``: of the policy of that name.
    ``cancel_after_s``: a call may be given up after ringing this long when its answer would find nobody; None: never.
    ``max_attempts``: how often a lead is tried, the first time included. ``callback_tolerance_s``: how long after its
    time an agent's own callback waits for that agent; then ``callback_fallback`` gives it to the "team", or it may
    "wait" on.
    """

    campaign_id: str
    trunk: str
    caller_id: str
    ring_timeout_s: float = 25.0
    connect_deadline_s: float = 2.0
    wrap_up_s: float = 20.0
    max_lines: int | None = None
    max_calls_per_s: float | None = None
    abandonment_limit: float = 0.03
    policy: str = "auto"
    language: str = "fr"
    message: str = "dialer/safe-harbour"
    dispositions: tuple[tuple[str, str], ...] = ()  # key on the phone, disposition
    keypad_disposition: bool = False
    abandonment_target: float | None = None
    max_ratio: float | None = None
    min_agents_for_predictive: int = 1
    cancel_after_s: float | None = None
    ratio: float = 2.0
    max_attempts: int = 1
    callback_tolerance_s: float = 600.0
    callback_fallback: str = "team"


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """What the floor needs to know of an agent. ``phone`` is the PJSIP endpoint's name."""

    agent_id: str
    campaign_id: str
    phone: str
    line_mode: LineMode = LineMode.ON_LINE


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignChanged(Event):
    """A campaign was created, its settings changed, or its state.

    ``memory`` is what its pacer had learned when the daemon last ran; it counts for a campaign new to the floor.
    """

    settings: CampaignSettings
    state: CampaignState
    reason: str = ""
    memory: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryWanted(Event):
    """Put on record what the pacers have learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawTold(Event):
    """Which law of abandonment holds a campaign from now on.

    ``counted`` is what the record holds, by local date, at the start of the daemon, and ``started_at`` when the
    campaign first ran (None: not yet). Without ``counted`` the floor goes on with its own.
    """

    campaign_id: str
    law: AbandonLaw
    counted: Mapping[date, Counts] | None = None
    started_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCorrected(Event):
    """Somebody corrected the disposition of an ended attempt on record. ``change``: what it counts more than before."""

    campaign_id: str
    attempt_id: str
    disposition: str
    answered_at: float
    change: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunksTold(Event):
    """When a trunk is avoided, and what carries its calls then."""

    rules: TrunkRules


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEndTold(Event):
    """The time of the day's last calls, like ``20:00``, by each campaign's legal clock."""

    day_end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Event):
    """An agent was created, or the settings changed (effective at the next call).

    ``paused`` is the reason of a pause that lasts since before the daemon started.
    """

    settings: AgentSettings
    paused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCallRequested(Event):
    """Ring the agent's phone and put the agent on the line."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPauseRequested(Event):
    """Pause with a reason: at once when idle, after the call when in one."""

    agent_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReadyRequested(Event):
    """End the pause or the wrap-up."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLogoutRequested(Event):
    """Take the agent off the line: at once when idle, after the call when in one."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposed(Event):
    """The agent said what came of the last call."""

    agent_id: str
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWanted(Event):
    """The agent has looked at the next record and asks for its call (preview campaigns)."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainRequested(Event):
    """Dial no more; talks end, then agents are let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """Time passed: deadlines that are due fire."""
