"""A recorded stretch of a campaign: what it came to, and the same as a scenario for the simulator.

What a record cannot tell: who would have answered a call that was never made, and at other times; how long a person who
was served in time would have waited. So the scenario keeps shares and times, not persons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Any, Final

import numpy as np

from dialer.errors import DialerError
from dialer.floor.campaign import bounds
from dialer.floor.events import CampaignSettings
from dialer.floor.words import AgentState, Result
from dialer.whatif.figures import Figures
from pacing.distributions import Constant, Distribution, Empirical, Steps
from pacing.scenarios import Detection, Scenario, Shift

LEAST_ANSWERED: Final = 20  # with fewer, shares and times say nothing
BIN_S: Final = 1800.0
PRIOR_CALLS: Final = 20.0  # of the whole stretch's share, in each half hour's
MOST_VALUES: Final = 5000
BUSY: Final = frozenset({AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP})
AT_WORK: Final = BUSY | {AgentState.READY}
RANG_OUT: Final = frozenset({Result.NO_ANSWER, Result.CANCELLED, Result.UNKNOWN})


class TooLittleError(DialerError):
    """The record holds too few calls to tell anything."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Span:
    """An agent in one state from ``start`` to ``end``, seconds since the stretch began."""

    agent: str
    state: str
    start: float
    end: float
    then: str

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class History:
    """Attempts (rows of the record) and agents' states of one campaign, from first call to last."""

    settings: CampaignSettings
    attempts: Sequence[Mapping[str, Any]]
    states: Mapping[str, Sequence[tuple[float, str]]]

    def __post_init__(self) -> None:
        """Raise TooLittleError for a stretch without enough answered calls."""
        answered = sum(a["answered_at"] is not None for a in self.attempts)
        if answered < LEAST_ANSWERED:
            raise TooLittleError(
                f"Campaign {self.settings.campaign_id} has {answered} answered calls on record there;"
                f" {LEAST_ANSWERED} are needed to tell anything.",
                hint="Choose another day, or give figures: dialer simulate --answered-pct 30 --talk-s 120.",
            )

    @property
    def starts_at(self) -> float:
        """The first call, seconds since the epoch."""
        return float(self.attempts[0]["reserved_at"])

    @property
    def duration_s(self) -> float:
        """From the first call to the end of the last."""
        return max(1.0, max(float(a["ended_at"]) for a in self.attempts) - self.starts_at)

    def spans(self) -> list[Span]:
        """What every agent did, clipped to the stretch."""
        return [span for agent, states in self.states.items() for span in self._spans_of(agent, states)]

    def _spans_of(self, agent: str, states: Sequence[tuple[float, str]]) -> list[Span]:
        edges = [*states, (self.starts_at + self.duration_s, "")]
        spans = []
        for (at, state), (until, then) in pairwise(edges):
            start, end = max(0.0, at - self.starts_at), min(self.duration_s, until - self.starts_at)
            if end > start:
                spans.append(Span(agent, state, start, end, then))
        return spans

    def figures(self) -> Figures:
        """What the stretch came to."""
        spans = self.spans()
        waits = [s.seconds for s in spans if s.state == AgentState.READY and s.then in BUSY]
        abandoned = sum(bool(a["abandoned"]) for a in self.attempts)
        connected = sum(a["connected_at"] is not None and not a["abandoned"] and not _machine(a) for a in self.attempts)
        return Figures(
            hours=self.duration_s / 3600,
            busy_s=sum(s.seconds for s in spans if s.state in BUSY),
            logged_in_s=sum(s.seconds for s in spans if s.state in AT_WORK),
            dialed=len(self.attempts),
            connected=connected,
            abandoned=abandoned,
            waits_s=np.asarray(waits),
        )

    def day(self) -> Scenario:
        """The stretch with its own agents, their hours, and the course of its answer rate."""
        scenario = self.typical(len(self.states))
        return replace(
            scenario,
            terms=replace(bounds(self.settings), window_s=self.duration_s),
            duration_s=self.duration_s,
            answered=self._answered_by_time(),
            shifts=self._shifts(),
            trunk_lines=self.settings.max_lines,
        )

    def typical(self, agents: int) -> Scenario:
        """A day of ``agents`` with this campaign's shares and times, the same at every hour."""
        picked_up = [a for a in self.attempts if a["answered_at"] is not None]
        unanswered = [a for a in self.attempts if a["answered_at"] is None]
        failed = [a for a in unanswered if a["result"] not in RANG_OUT]
        machines = [a for a in picked_up if _machine(a)]
        talks = [a["ended_at"] - a["connected_at"] for a in picked_up if a["connected_at"] and not _machine(a)]
        wrap_ups = [s.seconds for s in self.spans() if s.state == AgentState.WRAP_UP and s.then]
        return Scenario(
            name=self.settings.campaign_id,
            agents=agents,
            terms=bounds(self.settings),
            answered=len(picked_up) / len(self.attempts),
            machines=len(machines) / len(picked_up),
            fails=len(failed) / len(unanswered) if unanswered else 0.0,
            fail_after_s=_mean([a["ended_at"] - a["reserved_at"] for a in failed], 3.0),
            ring=_seen([a["answered_at"] - a["reserved_at"] for a in picked_up], 12.0),
            talk=_seen(talks, 1.0),
            wrap_up=_seen(wrap_ups, self.settings.wrap_up_s),
            detection=Detection(machines_taken_for_persons=1.0),  # nobody listens for machines: agents meet them
            machine_talk=_seen([a["ended_at"] - a["connected_at"] for a in machines if a["connected_at"]], 6.0),
        )

    def _answered_by_time(self) -> Steps:
        overall = sum(a["answered_at"] is not None for a in self.attempts) / len(self.attempts)
        bins = ceil(self.duration_s / BIN_S)
        dialed, answered = np.zeros(bins), np.zeros(bins)
        for attempt in self.attempts:
            at = min(bins - 1, int((attempt["reserved_at"] - self.starts_at) / BIN_S))
            dialed[at] += 1
            answered[at] += attempt["answered_at"] is not None
        shares = (answered + PRIOR_CALLS * overall) / (dialed + PRIOR_CALLS)
        return Steps(tuple((i * BIN_S, float(share)) for i, share in enumerate(shares)))

    def _shifts(self) -> tuple[Shift, ...]:
        shifts: list[Shift] = []
        for number, (agent, states) in enumerate(self.states.items()):
            for span in self._spans_of(agent, states):
                if span.state not in AT_WORK:
                    continue
                last = shifts[-1] if shifts else None
                if last is not None and last.agent == number and last.end_s >= span.start:
                    shifts[-1] = replace(last, end_s=span.end)
                else:
                    shifts.append(Shift(number, span.start, span.end))
        return tuple(shifts)


def _machine(attempt: Mapping[str, Any]) -> bool:
    return "machine" in (attempt["answered_by"], attempt["disposition"])


def _mean(values: Sequence[float], otherwise: float) -> float:
    return float(np.mean(values)) if values else otherwise


def _seen(values: Sequence[float], otherwise: float) -> Distribution:
    """The values seen, thinned evenly where they are many."""
    if not values:
        return Constant(otherwise)
    ordered = sorted(max(0.0, value) for value in values)
    return Empirical(tuple(ordered[:: ceil(len(ordered) / MOST_VALUES)]))
