"""All that the rules may look at, at one moment. Gathered by the daemon, made up by tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil

from dialer.control.status import CampaignStatus, StatusSnapshot


def quantile(values: list[float], share: float) -> float | None:
    """The value that ``share`` of the values do not exceed; None of none."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)] if values else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkFigures:
    """A trunk's calls of the last minutes. A call fails by congestion or failure, not by being busy or refused."""

    calls: int = 0
    congested: int = 0
    failed: int = 0  # without the congested ones
    post_dial_delays_s: tuple[float, ...] = ()

    @property
    def failure_rate(self) -> float | None:
        """Share of the calls that ended in congestion or failure."""
        return (self.congested + self.failed) / self.calls if self.calls else None

    @property
    def post_dial_delay_p90_s(self) -> float | None:
        """Time from dialing to ringing that one call in ten exceeds."""
        return quantile([*self.post_dial_delays_s], 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFigures:
    """A campaign's calls of the last minutes, and its leads."""

    span_s: float = 600.0  # how long the last minutes are
    attempts: int = 0
    persons: int = 0
    connected: int = 0
    abandoned: int = 0
    waits_s: tuple[float, ...] = ()  # from answer to agent, of connected people
    idles_s: tuple[float, ...] = ()  # of agents, from ready to the next call
    leads_callable: int | None = None  # now, by state and time; at most LEADS_COUNTED
    next_lead_at: float | None = None  # when the next of the others may be called
    waits_for_law: bool = False  # that next one
    usual_pick_up: float | None = None  # of this hour on this weekday, over the weeks before
    day_ends_at: float | None = None  # the local hour of the last calls

    @property
    def mean_wait_s(self) -> float | None:
        """Mean time from answer to agent."""
        return sum(self.waits_s) / len(self.waits_s) if self.waits_s else None

    @property
    def mean_idle_s(self) -> float | None:
        """Mean time that an agent waits for a call."""
        return sum(self.idles_s) / len(self.idles_s) if self.idles_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdFigures:
    """How often people pick up when this number is shown: in the last minutes, and before them today."""

    attempts: int = 0
    persons: int = 0
    usual_attempts: int = 0
    usual_persons: int = 0
    campaigns: tuple[str, ...] = ()  # that showed it lately


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """What an agent's phone and last talks tell."""

    failures: int = 0  # calls to the phone that came to nothing, in a row
    talks_s: tuple[float, ...] = ()  # the last ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The daemon and its machine. None: not known, or not to be looked at."""

    loop_lag_s: float = 0.0  # the worst of the last seconds
    ami_backlog: int = 0
    route_up: bool = True
    route_since: float = 0.0
    store_write_s: float | None = None  # the last probe
    store_healthy: bool = True
    disk_free_bytes: int | None = None
    disk_least_bytes: int = 0  # that must stay free
    growth_bytes_a_day: float | None = None
    clock_offset_s: float = 0.0  # the wall less the daemon's clock
    tzdata_days: float | None = None
    tzdata: str = ""
    certificates: Mapping[str, float] = field(default_factory=dict)  # name and end, seconds since the epoch
    backup_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The floor, its calls and its machine at the moment ``at``."""

    at: float
    status: StatusSnapshot
    campaigns: Mapping[str, CampaignFigures] = field(default_factory=dict)
    trunks: Mapping[str, TrunkFigures] = field(default_factory=dict)
    caller_ids: Mapping[str, CallerIdFigures] = field(default_factory=dict)  # by masked number, each its own
    agents: Mapping[str, AgentFigures] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)

    def figures(self, campaign: CampaignStatus) -> CampaignFigures:
        """The campaign's figures; empty ones when nothing is known yet."""
        return self.campaigns.get(campaign.campaign_id, CampaignFigures())
