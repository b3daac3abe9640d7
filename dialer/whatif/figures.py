"""What a stretch of work comes to, recorded or simulated: the figures that an operator compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from pacing.day import Day
from pacing.distributions import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Totals. ``hours`` is the length; ``waits_s`` how long agents were ready before each connection.

    ``occupancy_error``: half of a 95 % interval, from the spread between simulated days; None for a record.
    """

    hours: float
    busy_s: float
    logged_in_s: float
    dialed: int
    connected: int
    abandoned: int
    waits_s: Floats
    occupancy_error: float | None = None

    @property
    def occupancy(self) -> float:
        """(Talking + wrap-up) / (logged in - paused)."""
        return self.busy_s / self.logged_in_s if self.logged_in_s else 0.0

    @property
    def abandonment(self) -> float:
        """Abandoned / (connected + abandoned)."""
        answers = self.connected + self.abandoned
        return self.abandoned / answers if answers else 0.0

    @property
    def wait_mean_s(self) -> float:
        """Mean of an agent's wait for a person."""
        return float(self.waits_s.mean()) if self.waits_s.size else 0.0

    @property
    def wait_p95_s(self) -> float:
        """95th percentile of the same."""
        return float(np.quantile(self.waits_s, 0.95)) if self.waits_s.size else 0.0

    def to_json(self) -> dict[str, Any]:
        """Every figure by name."""
        return {
            "occupancy": self.occupancy,
            "occupancy_error": self.occupancy_error,
            "abandonment": self.abandonment,
            "wait_mean_s": self.wait_mean_s,
            "wait_p95_s": self.wait_p95_s,
            "dialed_per_h": self.dialed / self.hours,
            "connected_per_h": self.connected / self.hours,
            "dialed": self.dialed,
            "connected": self.connected,
            "abandoned": self.abandoned,
            "hours": self.hours,
        }


def of_days(days: Sequence[Day], duration_s: float) -> Figures:
    """Simulated days of one kind together; counts are of all of them."""
    occupancies = np.array([day.occupancy for day in days])
    error = 1.96 * float(occupancies.std(ddof=1)) / sqrt(len(days)) if len(days) > 1 else None
    return Figures(
        hours=len(days) * duration_s / 3600,
        busy_s=sum(day.busy_s for day in days),
        logged_in_s=sum(day.logged_in_s for day in days),
        dialed=sum(day.dialed for day in days),
        connected=sum(day.connected for day in days),
        abandoned=sum(day.abandoned for day in days),
        waits_s=np.concatenate([day.agent_waits_s for day in days]),
        occupancy_error=error,
    )
