"""What a simulated day came to: one record, with its course in bins of five minutes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pacing.distributions import Floats

BIN_S: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Totals of a day. Times in seconds; per-bin arrays have one number for each five minutes."""

    scenario: str
    policy: str
    seed: int
    dialed: int
    connected: int
    abandoned: int
    cancelled: int
    busy_s: float
    logged_in_s: float
    agent_waits_s: Floats
    busy_by_bin_s: Floats
    logged_in_by_bin_s: Floats
    answered_by_bin: Floats
    abandoned_by_bin: Floats
    decisions: int

    @property
    def live_answers(self) -> int:
        """Connected and abandoned."""
        return self.connected + self.abandoned

    @property
    def occupancy(self) -> float:
        """(Talking + wrap-up) / (logged in)."""
        return self.busy_s / self.logged_in_s if self.logged_in_s else 0.0

    @property
    def abandonment(self) -> float:
        """Abandoned / live answers."""
        return self.abandoned / self.live_answers if self.live_answers else 0.0

    def over(self, limit: float) -> bool:
        """Whether the day broke ``limit``; days under 100 live answers are not judged."""
        return self.live_answers >= 100 and self.abandoned > limit * self.live_answers

    def occupancy_between(self, start_s: float, end_s: float) -> float:
        """Occupancy within whole bins of the day."""
        part = slice(round(start_s / BIN_S), round(end_s / BIN_S))
        logged_in = float(self.logged_in_by_bin_s[part].sum())
        return float(self.busy_by_bin_s[part].sum()) / logged_in if logged_in else 0.0

    def mean_wait_s(self) -> float:
        """Mean time an agent was ready before a connection."""
        return float(self.agent_waits_s.mean()) if self.agent_waits_s.size else 0.0

    def wait_p95_s(self) -> float:
        """95th percentile of the same."""
        return float(np.quantile(self.agent_waits_s, 0.95)) if self.agent_waits_s.size else 0.0


def spread(bins: Floats, start_s: float, end_s: float) -> None:
    """Add the time from ``start_s`` to ``end_s`` to the bins it lies in."""
    first = int(start_s / BIN_S)
    while start_s < end_s and first < bins.size:
        edge = min((first + 1) * BIN_S, end_s)
        bins[first] += edge - start_s
        start_s = edge
        first += 1
