"""The chance that the next call, once answered by a person, finds nobody.

At each node time: free agents A against answered calls D, both sums of independent yes-or-no terms.
Few terms: the exact law by convolution, mixed over how uncertain the answer level is. Many terms: a
normal law with the first Edgeworth term for skewness, that uncertainty added to its variance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, exp, pi, sqrt
from typing import Final, Protocol

import numpy as np

from pacing.distributions import Floats

EXACT_TERMS: Final = 24
_ROOT_HALF: Final = sqrt(0.5)
_EDGEWORTH: Final = 1.0 / (6.0 * sqrt(2.0 * pi))
_MIXTURE: Final = ((-sqrt(3.0), 1 / 6), (0.0, 2 / 3), (sqrt(3.0), 1 / 6))
_MIXTURE_WEIGHTS: Final = np.array([weight for _, weight in _MIXTURE])


@dataclass(frozen=True, slots=True)
class Demand:
    """Calls in progress, grouped: ``counts`` calls answer within each node with ``chances``."""

    counts: Floats
    chances: Floats  # groups x nodes
    new: Floats  # nodes: chances of a call dialed now
    relative_variance: float  # of the answer level common to all of them
    supply_relative_variance: float  # of the level of talks' ends, common to all agents


def cumulants(chances: Floats) -> Floats:
    """Mean, variance and third cumulant of yes-or-no terms, side by side in the last axis."""
    spread = chances * (1.0 - chances)
    return np.concatenate((chances, spread, spread * (1.0 - 2.0 * chances)), axis=-1)


class Risk(Protocol):
    """R(n): risk of the n-th call dialed now; grows with n."""

    def of(self, n: int) -> float:
        """P(no agent for the n-th call when it is answered)."""
        ...

    def shortfall(self, n: int, spare: int) -> float:
        """P(more than ``spare`` of the calls answered by a node find nobody), n more dialed."""
        ...

    def by_node(self, n: int) -> list[float]:
        """The terms of R(n), one for each node."""
        ...


class NormalRisk:
    """For many terms: three cumulants."""

    def __init__(
        self,
        sure: int,
        free: list[float],
        demanded: list[float],
        new: list[float],
        relative_variances: tuple[float, float],
    ) -> None:
        """``free``, ``demanded``: sums of ``cumulants``; variances of answer and talk level."""
        k = len(new)
        self.relative_variance, common = relative_variances
        self.known: dict[int, list[float]] = {}
        self.nodes = [
            (
                sure + free[i] - demanded[i],
                free[k + i] + demanded[k + i] + common * free[i] * free[i],
                free[2 * k + i] - demanded[2 * k + i],
                demanded[i],
                new[i],
            )
            for i in range(k)
        ]

    def of(self, n: int) -> float:
        """See ``Risk``."""
        return _mean(self.by_node(n))

    def shortfall(self, n: int, spare: int) -> float:
        """See ``Risk``."""
        return _mean(self._chances(n, spare + 1))

    def by_node(self, n: int) -> list[float]:
        """See ``Risk``."""
        chances = self.known.get(n)
        if chances is None:
            chances = self.known[n] = self._chances(n - 1, 0)
        return chances

    def _chances(self, extra: int, spare: int) -> list[float]:
        """P(A - D + spare <= 0) at each node with ``extra`` more calls.

        A normal law with the first Edgeworth term and continuity correction. Written out in one
        loop: a third of a decision's time is spent here.
        """
        chances = []
        for mean, var, third, demanded, f in self.nodes:
            more = extra * f
            spread = more * (1.0 - f)
            variance = var + spread + self.relative_variance * (demanded + more) ** 2
            if variance < 1e-9:
                chances.append(1.0 if mean + spare - more < 0.5 else 0.0)
                continue
            z = (0.5 - mean - spare + more) / sqrt(variance)
            if z < -7.0:
                chances.append(0.0)
                continue
            skew = (third - spread * (1.0 - 2.0 * f)) / variance**1.5
            square = z * z
            chance = 0.5 * erfc(-z * _ROOT_HALF) - exp(-0.5 * square) * skew * (square - 1.0) * _EDGEWORTH
            # Written so that what is no number counts as certain: it must never look like no risk at all.
            chances.append(0.0 if chance < 0.0 else min(1.0, chance))
        return chances


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


class ExactRisk:
    """For few terms: convolution of the yes-or-no terms, node by node."""

    def __init__(self, sure: int, free: Floats, demand: Demand) -> None:
        cv = sqrt(demand.relative_variance)
        self.factors = np.array([max(0.05, 1.0 + x * cv) for x, _ in _MIXTURE])
        supply_cv = sqrt(demand.supply_relative_variance)
        slower = np.array([max(0.05, 1.0 - x * supply_cv) for x, _ in _MIXTURE])
        nodes = demand.new.size
        self.new = self._scaled(demand.new)
        terms = list(np.minimum(np.concatenate([free * x for x in slower], axis=1), 0.999))
        calls = 0
        for group in np.flatnonzero(demand.counts):
            unanswered = 1.0 - self._scaled(demand.chances[group])
            count = round(float(demand.counts[group]))
            calls += count
            terms += [unanswered] * count
        self.laws = [_sum_of_chances(terms, nodes * len(_MIXTURE))]  # by number dialed now
        self.shift = sure - calls  # A - D = shift + the sum

    def _scaled(self, chances: Floats) -> Floats:
        scaled: Floats = np.minimum(self.factors[:, None] * chances, 0.98).ravel()
        return scaled

    def of(self, n: int) -> float:
        """See ``Risk``."""
        return _mean(self._chances(n - 1, 0))

    def shortfall(self, n: int, spare: int) -> float:
        """See ``Risk``."""
        return _mean(self._chances(n, spare + 1))

    def by_node(self, n: int) -> list[float]:
        """See ``Risk``."""
        return self._chances(n - 1, 0)

    def _chances(self, extra: int, spare: int) -> list[float]:
        """P(A - D + spare <= 0) at each node with ``extra`` more calls."""
        while len(self.laws) <= extra:
            self.laws.append(_with_chance(self.laws[-1], 1.0 - self.new))
        up_to = max(0, 1 - (self.shift - extra + spare))
        nobody = self.laws[extra][:up_to].sum(axis=0).reshape(len(_MIXTURE), -1)
        chances: list[float] = np.minimum(_MIXTURE_WEIGHTS @ nobody, 1.0).tolist()
        return chances


def _sum_of_chances(terms: list[Floats], rows: int) -> Floats:
    """Law of a sum of independent terms: one line per value, one column per row of chances."""
    law = np.zeros((len(terms) + 1, rows))
    law[0] = 1.0
    for i, chance in enumerate(terms):
        moved = law[: i + 1] * chance
        law[: i + 1] -= moved
        law[1 : i + 2] += moved
    return law


def _with_chance(law: Floats, chance: Floats) -> Floats:
    moved = law * chance
    grown = np.zeros((law.shape[0] + 1, law.shape[1]))
    grown[:-1] = law - moved
    grown[1:] += moved
    return grown


def most(fits: Callable[[int], bool], allowed: int) -> int:
    """The largest n from 0 to ``allowed`` that fits, where every number below one that fits does."""
    if allowed <= 0 or not fits(1):
        return 0
    low, high = 1, 2
    while high <= allowed and fits(high):
        low, high = high, 2 * high
    high = min(high, allowed + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low
