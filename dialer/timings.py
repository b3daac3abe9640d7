"""Durations counted by size, as a Prometheus histogram wants them: a few numbers, however many durations there were."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

# From a fast disk's commit to a person who has long hung up.
BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timings:
    """Counts durations; ``bounds_s`` are upper bounds, a last count takes what is longer than all of them."""

    def __init__(self, bounds_s: Iterable[float] = BOUNDS_S) -> None:
        self.bounds_s = tuple(bounds_s)
        self.counts = [0] * (len(self.bounds_s) + 1)
        self.sum_s = 0.0
        self.last_s = 0.0

    def add(self, duration_s: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds_s, duration_s)] += 1
        self.sum_s += duration_s
        self.last_s = duration_s

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return sum(self.counts)
