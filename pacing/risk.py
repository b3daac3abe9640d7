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

EXACT_TERMS: Final = 40
_MIXTURE: Final = ((-sqrt(3.0), 1 / 6), (0.0, 2 / 3), (sqrt(3.0), 1 / 6))


@dataclass(frozen=True, slots=True)
class Demand:
    """Calls in progress, grouped: ``counts`` calls answer within each node with ``chances``."""

    counts: Floats
    chances: Floats  # groups x nodes
    new: Floats  # nodes: chances of a call dialed now
    relative_variance: float  # of the answer level common to all of them


class Risk(Protocol):
    """R(n): risk of the n-th call dialed now; grows with n."""

    def of(self, n: int) -> float:
        """P(no agent for the n-th call when it is answered)."""
        ...


class NormalRisk:
    """For many terms: three cumulants."""

    def __init__(self, sure: int, free: Floats, demand: Demand) -> None:
        g, p, c = free, demand.chances, demand.counts
        g2, p2 = g * g, p * p
        demanded = c @ p
        mean = sure + g.sum(axis=0) - demanded
        var = (g - g2).sum(axis=0) + c @ (p - p2)
        third = (g - 3 * g2 + 2 * g2 * g).sum(axis=0) - c @ (p - 3 * p2 + 2 * p2 * p)
        self.nodes = list(
            zip(
                mean.tolist(),
                var.tolist(),
                third.tolist(),
                demanded.tolist(),
                demand.new.tolist(),
                strict=True,
            )
        )
        self.relative_variance = demand.relative_variance

    def of(self, n: int) -> float:
        """See ``Risk``."""
        extra, total = n - 1, 0.0
        for mean, var, third, demanded, f in self.nodes:
            spread = f * (1.0 - f)
            expected = demanded + extra * f
            v = var + extra * spread + self.relative_variance * expected * expected
            skew_sum = third - extra * spread * (1.0 - 2.0 * f)
            total += _chance_not_positive(mean - extra * f, v, skew_sum)
        return total / len(self.nodes)


def _chance_not_positive(mean: float, variance: float, third: float) -> float:
    """P(X <= 0) of an integer X by its cumulants, with continuity correction."""
    if variance < 1e-9:
        return 1.0 if mean < 0.5 else 0.0
    sd = sqrt(variance)
    z = (0.5 - mean) / sd
    if z < -7.0:
        return 0.0
    chance = 0.5 * erfc(-z / sqrt(2.0))
    density = exp(-0.5 * z * z) / sqrt(2.0 * pi)
    chance -= density * third / (6.0 * variance * sd) * (z * z - 1.0)
    return min(1.0, max(0.0, chance))


class ExactRisk:
    """For few terms: convolution of the yes-or-no terms, node by node."""

    def __init__(self, sure: int, free: Floats, demand: Demand) -> None:
        cv = sqrt(demand.relative_variance)
        self.factors = np.array([max(0.05, 1.0 + x * cv) for x, _ in _MIXTURE])
        nodes = demand.new.size
        self.weights = np.repeat([w for _, w in _MIXTURE], nodes) / nodes
        self.new = self._scaled(demand.new)
        terms = list(np.concatenate([free] * len(_MIXTURE), axis=1))
        calls = 0
        for group in np.flatnonzero(demand.counts):
            unanswered = 1.0 - self._scaled(demand.chances[group])
            count = round(float(demand.counts[group]))
            calls += count
            terms += [unanswered] * count
        self.law = _sum_of_chances(terms, nodes * len(_MIXTURE))
        self.shift = sure - calls  # A - D = shift + the sum
        self.risks: list[float] = []

    def _scaled(self, chances: Floats) -> Floats:
        scaled: Floats = np.minimum(self.factors[:, None] * chances, 0.98).ravel()
        return scaled

    def of(self, n: int) -> float:
        """See ``Risk``."""
        while len(self.risks) < n:
            if self.risks:
                self.law = _with_chance(self.law, 1.0 - self.new)
                self.shift -= 1
            nobody = self.law[: max(0, 1 - self.shift)].sum(axis=0)
            self.risks.append(float(self.weights @ nobody))
        return self.risks[n - 1]


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


def price_risk(sure: int, free: Floats, demand: Demand) -> Risk:
    """The law that fits the number of terms."""
    if free.shape[0] + float(demand.counts.sum()) <= EXACT_TERMS:
        return ExactRisk(sure, free, demand)
    return NormalRisk(sure, free, demand)


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
