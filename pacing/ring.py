"""When dialed calls are answered by persons: a life table with competing risks.

A ringing call is exposed, in each half second of age, to being answered by a person or to ending
otherwise (no answer, busy, machine, cancelled). Calls that still ring count as exposure too
(censored), so the first minutes are not biased towards the quick. The table gives the shape;
how high it stands now is a ``Level``.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

import numpy as np

from pacing.distributions import Floats
from pacing.interface import LEAST_RING_S, MOST_RING_S
from pacing.risk import cumulants

BIN_S: Final = 0.5
PRIOR_CALLS: Final = 15.0
PRIOR_PERSON_HAZARD: Final = 0.3  # cumulative, over the whole ring: what m = 1 means
_PRIOR_RING_S: Final = 11.0
_BINS_BEYOND: Final = 4
_REMEMBERED_CALLS: Final = 6000.0
_LEAST_EXPOSURE_S: Final = 1e-6  # ages that no call reaches: no answers over next to no time, not over none
_COUNTED_AT_ONCE: Final = 1024  # ended calls, at most


def ring_bins(ring_timeout_s: float) -> int:
    """Bins of a ring's table: to its limit and a little beyond."""
    return int(ring_timeout_s / BIN_S) + _BINS_BEYOND


class RingAges:
    """How many calls ring now, by age in bins of half a second; the last bin holds all older."""

    def __init__(self, bins: int) -> None:
        self.counts = np.zeros(bins)
        self.slot = 0

    def resize(self, bins: int) -> None:
        """Another number of bins, no call lost."""
        kept = min(bins, self.counts.size)
        counts = np.zeros(bins)
        counts[:kept] = self.counts[:kept]
        counts[-1] += self.counts[kept:].sum()
        self.counts = counts

    def advance(self, now: float) -> None:
        """Let ages grow to ``now``."""
        steps = int(now / BIN_S) - self.slot
        if steps <= 0:
            return
        counts, last = self.counts, self.counts.size - 1
        self.slot += steps
        if steps == 1:  # nearly always
            counts[last] += counts[last - 1]
            counts[1:last] = counts[: last - 1]
            counts[0] = 0.0
            return
        if steps > last:
            counts[last] = counts.sum()
            counts[:last] = 0.0
            return
        old = counts[last - steps :].sum()
        counts[steps:] = counts[: last + 1 - steps].copy()
        counts[last] = old
        counts[:steps] = 0.0

    def add(self, dialed_at: float, count: int) -> None:
        """Add (1) or take away (-1) a call dialed at that time."""
        age = self.slot - int(dialed_at / BIN_S)
        last = self.counts.size - 1
        if age > last:
            age = last
        self.counts[age if age > 0 else 0] += count  # noqa: FURB136 - twice as quick as min and max


class RingCurve:
    """Hazards of answer by a person and of other ends, by age; and what follows from them."""

    def __init__(self, ring_timeout_s: float, nodes: int) -> None:
        self.bins = ring_bins(ring_timeout_s)
        self.nodes = nodes
        self.edges = np.arange(self.bins + 1) * BIN_S
        middle = self.edges[:-1] + BIN_S / 2
        spread_s = _PRIOR_RING_S * 0.5
        shape = np.exp(-0.5 * ((middle - _PRIOR_RING_S) / spread_s) ** 2) + 0.02
        shape *= np.minimum(1.0, middle / 8.0)  # the first seconds tell least about what follows
        shape /= shape.sum()
        self.exposure = np.full(self.bins, PRIOR_CALLS * BIN_S)
        self.persons = shape * PRIOR_CALLS * PRIOR_PERSON_HAZARD
        self.others = np.full(self.bins, PRIOR_CALLS * 0.01 * BIN_S)
        self.hazard = np.zeros(self.bins)
        self.detection_s = 0.0
        self.person_share = 0.8  # of the picked up
        self.answered = 0.0
        self.matured = 0.0  # calls dialed a whole ring ago, and those of them persons answered
        self.matured_answers = 0.0
        self.uncounted: dict[str, list[float]] = {"person": [], "other": [], "censored": []}
        self.tables(1.0, np.zeros(self.bins))

    @classmethod
    def of_memory(cls, learned: Mapping[str, Any], nodes: int) -> "RingCurve":
        """A new curve for the ring limit that a memory was made with. Raises ValueError where there is none such."""
        ring_timeout_s = (len(learned["exposure"]) - _BINS_BEYOND) * BIN_S
        if not LEAST_RING_S <= ring_timeout_s <= MOST_RING_S:
            raise ValueError(f"a ring of {ring_timeout_s} s")
        return cls(ring_timeout_s, nodes)

    def resized(self, ring_timeout_s: float) -> "RingCurve":
        """What was learned, for another ring limit."""
        self._count_ended()
        other = RingCurve(ring_timeout_s, self.nodes)
        kept = min(self.bins, other.bins)
        for name in ("exposure", "persons", "others"):
            getattr(other, name)[:kept] = getattr(self, name)[:kept]
        for name in ("detection_s", "person_share", "answered", "matured", "matured_answers"):
            setattr(other, name, getattr(self, name))
        return other

    def ended(self, age_s: float, how: str) -> None:
        """A call rang ``age_s``: then a "person" answered, an "other" end came, or "censored"."""
        self.answered += how == "person"
        ages = self.uncounted[how]
        ages.append(age_s)
        if len(ages) >= _COUNTED_AT_ONCE:
            self._count_ended()

    def _count_ended(self) -> None:
        for how, ages in self.uncounted.items():
            if not ages:
                continue
            lasted_s = np.asarray(ages)
            ages.clear()
            last = np.minimum((lasted_s / BIN_S).astype(np.int64), self.bins - 1)
            ended = np.bincount(last, minlength=self.bins)
            within_s = np.bincount(last, np.minimum(lasted_s - last * BIN_S, BIN_S), self.bins)
            self.exposure += (lasted_s.size - np.cumsum(ended)) * BIN_S + within_s
            if how == "person":
                self.persons += ended
            elif how == "other":
                self.others += ended

    def classified(self, delay_s: float, *, person: bool) -> None:
        """A picked-up call turned out to be a person or not after ``delay_s``."""
        self.person_share += ((1.0 if person else 0.0) - self.person_share) / 100.0
        self.detection_s += (delay_s - self.detection_s) / 10.0

    def answered_share_at_most(self) -> float:
        """Upper end of the share of calls that persons answer, by calls old enough to be done.

        Counting whatever has ended would be wrong early: failures come first, answers later.
        """
        mean = (self.matured_answers + 1.5) / (self.matured + 3.0)
        return min(0.95, mean + 3.0 * sqrt(mean * (1.0 - mean) / (self.matured + 3.0)))

    def expected_answers(self, ringing: Floats) -> float:
        """Answers foretold at m = 1 for all exposure so far, the prior's left out."""
        self._count_ended()
        seen = self.exposure - PRIOR_CALLS * BIN_S + _running_exposure(ringing)
        return float(np.maximum(seen, 0.0) @ self.hazard)

    def tables(self, level: float, ringing: Floats) -> None:
        """Work out anew: hazards, node times, and chances of an answer within each node by age."""
        self._count_ended()
        self._forget()
        exposure = self.exposure + _running_exposure(ringing)
        smooth = _smoothed(self.persons)
        shape = smooth / _smoothed(exposure)
        self.hazard = shape * (PRIOR_PERSON_HAZARD / float(shape.sum() * BIN_S))
        person = self.hazard * level * BIN_S
        other = self.others / exposure * BIN_S
        self._incidence(person, other)

    def _incidence(self, person: Floats, other: Floats) -> None:
        total = person + other
        alive = np.concatenate(([1.0], np.exp(-np.cumsum(total))))
        gained = alive[:-1] * -np.expm1(-total) * person / np.maximum(total, 1e-12)
        incidence = np.concatenate(([0.0], np.cumsum(gained)))
        self.answer_chance = float(incidence[-1])
        self.mean_attempt_s = float(alive[:-1].sum() * BIN_S)
        targets = (np.arange(self.nodes) + 0.5) / self.nodes * incidence[-1]
        self.node_s: Floats = np.interp(targets, incidence, self.edges) + self.detection_s
        rings_s = np.append(self.node_s - self.detection_s, 1e9)
        chances = _chances_by_age(person, total, rings_s)
        self.by_age: Floats = chances[:, : self.nodes]  # a person answers within each node
        self.ever: Floats = chances[:, self.nodes]  # a person answers at all
        sums = (cumulants(self.by_age), self.ever[:, None])
        self.sums: Floats = np.concatenate(sums, axis=1)  # counts @ sums: what a decision needs
        self.new: Floats = np.interp(self.node_s - self.detection_s, self.edges, incidence)
        self.new_list: list[float] = self.new.tolist()

    def _forget(self) -> None:
        if self.exposure[0] > _REMEMBERED_CALLS * BIN_S:
            keep = 0.98
            self.exposure = np.maximum(keep * self.exposure, _LEAST_EXPOSURE_S)
            self.persons *= keep
            self.others *= keep

    def learned(self) -> dict[str, Any]:
        """Counts by age, for the next day."""
        self._count_ended()
        return {
            "exposure": self.exposure.tolist(),
            "persons": self.persons.tolist(),
            "others": self.others.tolist(),
            "detection_s": self.detection_s,
            "person_share": self.person_share,
            "matured": self.matured,
            "matured_answers": self.matured_answers,
        }

    def recall(self, learned: Mapping[str, Any], worth: float) -> None:
        """Take an earlier day's counts, times ``worth``; ``of_memory`` makes a curve of its size.

        Raises ValueError where they are of another size.
        """
        answered = float(self.persons.sum())
        for name in ("exposure", "persons", "others"):
            getattr(self, name)[:] += worth * counts_of(learned[name])
        self.answered += float(self.persons.sum()) - answered
        scale = min(1.0, 60.0 / max(1.0, float(learned["matured"])))
        self.matured += scale * float(learned["matured"])
        self.matured_answers += scale * float(learned["matured_answers"])
        self.detection_s = float(learned["detection_s"])
        self.person_share = float(learned["person_share"])


def _chances_by_age(person: Floats, total: Floats, rings_s: Floats) -> Floats:
    """Chance that a person answers within each of ``rings_s``, for a call in the middle of each bin of age.

    Relative to those that still ring at the start of that bin: where nearly all calls end before an age, as on a line
    that is down, what becomes of the few beyond must not drown in what is left of the many.
    """
    bins, summed = person.size, np.cumsum(total)
    row = np.arange(bins)[:, None]
    ends = np.exp(-np.maximum(0.0, summed[None, :] - (summed - total)[:, None]))
    begins = np.concatenate((np.ones((bins, 1)), ends[:, :-1]), axis=1)  # still ringing at the start of each bin
    answered = -np.expm1(-total) * person / np.maximum(total, 1e-12)
    gained = np.triu(begins * answered[None, :])
    reached = np.concatenate((np.zeros((bins, 1)), np.cumsum(gained, axis=1)), axis=1)
    place = np.minimum(row + 0.5 + rings_s[None, :] / BIN_S, float(bins))
    below = np.minimum(place.astype(np.int64), bins - 1)
    share = place - below
    by_then = (1.0 - share) * reached[row, below] + share * reached[row, below + 1]
    so_far, alive = 0.5 * answered, 0.5 * (1.0 + np.exp(-total))
    chances: Floats = np.clip((by_then - so_far[:, None]) / alive[:, None], 0.0, 1.0)
    return chances


def counts_of(values: Sequence[float]) -> Floats:
    """Counts from a memory. Raises ValueError if one cannot be a count."""
    counts = np.asarray(values, float)
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("a count is negative or not finite")
    return counts


def _running_exposure(ringing: Floats) -> Floats:
    exposure: Floats = np.cumsum(ringing[::-1])[::-1] * BIN_S
    return exposure


def _smoothed(values: Floats) -> Floats:
    """Weights 1-2-1 over neighbours: bins are finer than the data of a first hour."""
    padded = np.concatenate((values[:1], values, values[-1:]))
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
