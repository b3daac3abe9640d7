"""How long talks and wrap-ups last: life tables by elapsed time, with running ones censored."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from pacing.distributions import Floats
from pacing.ring import counts_of

PRIOR_PHASES: Final = 8.0
_REMEMBERED: Final = 1500.0
_LOOKUP_S: Final = 7200
_LEFT_OF_PRIOR: Final = 0.01
_COUNTED_AT_ONCE: Final = 1024  # ended phases, at most


def _make_edges() -> Floats:
    edges = [float(s) for s in range(31)]
    while edges[-1] < _LOOKUP_S:
        edges.append(edges[-1] * 1.068)
    return np.asarray(edges)


EDGES: Final = _make_edges()  # 1 s bins to 30 s, then growing by 6.8 %
WIDTHS: Final = np.diff(EDGES)
BINS: Final = WIDTHS.size
BIN_OF_SECOND: Final = np.searchsorted(EDGES, np.arange(_LOOKUP_S) + 0.5, side="right") - 1


class PhaseTable:
    """Hazard of a phase's end, per second, by elapsed time."""

    def __init__(self, prior_mean_s: float) -> None:
        alive = np.exp(-EDGES / prior_mean_s)
        # Few talks end at once: hazards that begin low keep a whole team's first talks from
        # looking as if some agents were soon free.
        rising = 1.0 - 0.95 * np.exp(-(EDGES[:-1] + WIDTHS / 2) / (0.4 * prior_mean_s))
        self.exposure = (PRIOR_PHASES * -np.diff(alive) + 1e-3) * prior_mean_s
        self.ends = self.exposure * rising / prior_mean_s
        # What forgetting leaves of the prior: bins that no phase reaches must not come to nothing over nothing.
        self.least_exposure, self.least_ends = _LEFT_OF_PRIOR * self.exposure, _LEFT_OF_PRIOR * self.ends
        self.count = 0.0
        self.uncounted: list[float] = []  # ended phases, counted many at a time
        self.refresh(np.empty(0))

    def ended(self, elapsed_s: float) -> None:
        """A phase ended after ``elapsed_s``."""
        self.uncounted.append(elapsed_s)
        self.count += 1.0
        if len(self.uncounted) >= _COUNTED_AT_ONCE:
            self._count_ended()

    def _count_ended(self) -> None:
        if not self.uncounted:
            return
        ended_s = np.asarray(self.uncounted)
        self.uncounted.clear()
        bins = _bins(ended_s)
        self.exposure += _exposure_of(np.maximum(ended_s, EDGES[bins]))
        self.ends += np.bincount(bins, minlength=BINS)

    def refresh(self, running_s: Floats) -> None:
        """Work out the hazards, phases still running (elapsed seconds) as censored exposure."""
        self._count_ended()
        if self.count > _REMEMBERED:
            keep = _REMEMBERED / self.count
            self.count = _REMEMBERED
            self.ends = np.maximum(keep * self.ends, self.least_ends)
            self.exposure = np.maximum(keep * self.exposure, self.least_exposure)
        exposure = self.exposure
        if running_s.size:
            exposure = exposure + _exposure_of(running_s)
        self.hazard: Floats = _windowed(self.ends) / _windowed(exposure)

    def mean_s(self) -> float:
        """Mean length by the table."""
        alive = np.concatenate(([1.0], np.exp(-np.cumsum(self.hazard * WIDTHS))))
        return float((0.5 * (alive[1:] + alive[:-1]) * WIDTHS).sum())

    def learned(self) -> dict[str, Any]:
        """Counts by elapsed time, for the next day."""
        self._count_ended()
        return {"ends": self.ends.tolist(), "exposure": self.exposure.tolist(), "count": self.count}

    def recall(self, learned: Mapping[str, Any], worth: float) -> None:
        """Take an earlier day's counts, times ``worth``."""
        if len(learned["ends"]) != BINS:
            return
        self.ends += worth * counts_of(learned["ends"])
        self.exposure += worth * counts_of(learned["exposure"])
        self.count += worth * float(learned["count"])


def _bins(elapsed_s: Floats) -> np.ndarray:
    bins: np.ndarray = BIN_OF_SECOND[np.minimum(elapsed_s, _LOOKUP_S - 1).astype(np.int64)]
    return bins


def _exposure_of(lasted_s: Floats) -> Floats:
    reached = _bins(lasted_s)
    within = np.minimum(lasted_s - EDGES[reached], WIDTHS[reached])
    beyond = lasted_s.size - np.cumsum(np.bincount(reached, minlength=BINS))
    exposure: Floats = beyond * WIDTHS + np.bincount(reached, within, minlength=BINS)
    return exposure


def _windowed(values: Floats) -> Floats:
    """Sums over five neighbouring bins: single bins hold few ends."""
    return np.convolve(values, np.ones(5), "same")
