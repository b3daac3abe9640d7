"""What the daemon tells of the floor at one moment: the words of ``dialer status`` and of its ``--json``."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dialer.floor.trunks import TrunkView
from dialer.floor.words import AgentState, AttemptState, CampaignState
from dialer.rules.abandonment import Counts, Ledger, live_answers, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """The AMI link. ``since`` is seconds since the epoch; ``why`` says what keeps it down."""

    up: bool
    since: float
    why: str = ""
    asterisk: str = ""  # version


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttStatus:
    """The connection to the broker. ``since`` is seconds since the epoch; ``why`` says what keeps it down."""

    up: bool
    since: float
    why: str = ""
    alerts_dropped: int = 0  # since the daemon's start: too many waited for a broker that was away
    events_dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    """One agent now; ``since`` is when the present state began."""

    agent_id: str
    campaign_id: str
    state: AgentState
    since: float
    reason: str = ""
    attempt_id: str | None = None
    last_attempt_id: str | None = None  # of the call in talk, or the last one


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """A campaign's counts of the local calendar day. Attempts that never left the machine are not in it.

    ``attempts`` and ``persons`` are of attempts that have ended; ``connected`` and ``abandoned`` count from the answer.
    """

    attempts: int = 0
    persons: int = 0  # of these attempts: answered by a person, or unsure
    connected: int = 0
    abandoned: int = 0

    @property
    def pick_up_rate(self) -> float | None:
        """Answered by a person / attempts."""
        return self.persons / self.attempts if self.attempts else None

    @property
    def abandonment(self) -> float | None:
        """Abandoned / (connected + abandoned): the share that the law limits."""
        return rate(Counts(self.connected, self.abandoned)) if self.connected + self.abandoned else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingStatus:
    """How a campaign is paced: its last decision, and how many more abandoned calls the law still allows."""

    policy: str
    reason: str
    sentence: str
    dial: int
    risk: float
    inputs: Mapping[str, float]
    decided_at: float
    budget_left: int
    calls_per_agent: float | None  # calls not yet with an agent, for each agent at work


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackStatus:
    """A campaign's promised callbacks: how many wait, are due, are overdue; the next one's time; what some wait for."""

    waiting: int = 0
    due: int = 0
    overdue: int = 0
    next_at: float | None = None
    waits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """One campaign now. ``occupancy`` is (talking + wrap-up) / (logged in - paused) over the last minutes."""

    campaign_id: str
    state: CampaignState
    reason: str = ""
    calls: Mapping[AttemptState, int] = field(default_factory=dict)
    today: Today = field(default_factory=Today)
    abandonment_limit: float = 0.03
    occupancy: float | None = None
    leads_left: int | None = None
    pacing: PacingStatus | None = None
    callbacks: CallbackStatus = field(default_factory=CallbackStatus)
    abandonment: Ledger | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error that a supervisor should know of."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSnapshot:
    """The whole floor at the moment ``at``, seconds since the epoch."""

    at: float
    version: str
    instance: str
    started_at: float
    draining: bool
    link: LinkStatus
    mqtt: MqttStatus | None = None  # None: no broker is spoken to
    campaigns: tuple[CampaignStatus, ...] = ()
    agents: tuple[AgentStatus, ...] = ()
    trunks: tuple[TrunkView, ...] = ()  # those that were dialed over since the start
    troubles: tuple[Trouble, ...] = ()  # the last few, newest first

    def to_json(self) -> dict[str, Any]:
        """The snapshot with its rates worked out and its agents counted by state."""
        told = asdict(replace(self, campaigns=tuple(replace(each, abandonment=None) for each in self.campaigns)))
        told["agents_by_state"] = _by_state(self.agents)
        for campaign, words in zip(self.campaigns, told["campaigns"], strict=True):
            mine = (agent for agent in self.agents if agent.campaign_id == campaign.campaign_id)
            words["agents_by_state"] = _by_state(mine)
            words["today"]["pick_up_rate"] = campaign.today.pick_up_rate
            words["today"]["abandonment"] = campaign.today.abandonment
            words["abandonment"] = told_ledger(campaign.abandonment) if campaign.abandonment else None
        return told

    def headline(self) -> str:
        """The floor in one line, for ``systemctl status``: ratio is calls not yet with an agent, for each at work."""
        if self.draining:
            return f"draining: {self._calls()} calls go on"
        if not self.link.up:
            return f"no link to Asterisk: {self.link.why or 'not reached yet'}"
        running = [campaign for campaign in self.campaigns if campaign.state is CampaignState.RUNNING]
        agents = sum(agent.state is not AgentState.OFFLINE for agent in self.agents)
        parts = [_count(len(running), "campaign"), _count(agents, "agent")]
        paced = [campaign.pacing for campaign in running if campaign.pacing is not None]
        ratios = [pacing.calls_per_agent for pacing in paced if pacing.calls_per_agent is not None]
        parts += [f"ratio {max(ratios):.1f}"] if ratios else []
        budgets = [int(max(0.0, pacing.budget_left)) for pacing in paced]
        parts += [f"{_count(min(budgets), 'call')} of abandonment left"] if budgets else []
        return ", ".join(parts)

    def _calls(self) -> int:
        return sum(sum(campaign.calls.values()) for campaign in self.campaigns)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def told_ledger(ledger: Ledger) -> dict[str, Any]:
    """A campaign's standing in every window of abandonment, the window that decides named; shares, not percentages."""
    policy = ledger.policy
    return {
        "level": ledger.level.name.lower(),
        "stopped": ledger.stopped,
        "budget_calls": ledger.budget_calls,
        "window": ledger.worst.window,
        "aim": ledger.aim,
        **{name: getattr(policy, name) for name in ("target", "throttle", "hard", "limit", "min_live_answers")},
        "windows": [
            {
                "window": each.window,
                "held": each.held,
                "from": each.first.isoformat(),
                "to": each.last.isoformat(),
                **asdict(each.counts),
                "answered": live_answers(each.counts, count_fp=policy.count_fp),
                "rate": each.rate,
                "budget_calls": each.budget_calls,
                "level": each.level.name.lower(),
                "few": each.few,
            }
            for each in ledger.standings
        ],
    }


def _by_state(agents: Iterable[AgentStatus]) -> dict[str, int]:
    counts = Counter(agent.state for agent in agents)
    return {str(state): counts[state] for state in AgentState if counts[state]}
