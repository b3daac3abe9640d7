"""How much stronger or weaker than its base a rate is just now.

A Gamma-Poisson multiplier is tracked at several speeds of forgetting at once; the speeds are mixed
by how well each foretold the counts, and a small share of weight is handed round (fixed-share
experts, Herbster and Warmuth 1998), so that a step is followed within tens of events while a calm
day averages over thousands.
"""

from collections.abc import Mapping, Sequence
from math import exp, lgamma, log
from typing import Any, Final

FORGETTING: Final = (15.0, 40.0, 120.0, 400.0, 1500.0)  # expected events
_LEAST_MEAN: Final = 0.25  # below it, what is not seen is forgotten too: an outage must not be believed for ever
_SHARE_PER_EVENT: Final = 0.0015  # weight handed round for each expected event


class Level:
    """Mean and variance of the multiplier m, where counts are Poisson(m x expected)."""

    def __init__(self, prior_events: float, forgetting: Sequence[float] = FORGETTING) -> None:
        self.forgetting = tuple(forgetting)
        self.a = [prior_events] * len(self.forgetting)
        self.b = [prior_events] * len(self.forgetting)
        self.weights = [1.0 / len(self.forgetting)] * len(self.forgetting)
        self.mean = 1.0
        self.variance = 1.0 / prior_events

    @property
    def relative_variance(self) -> float:
        """Variance of m over the square of its mean."""
        return self.variance / self.mean**2

    def rebase(self, prior_events: float, count: float, expected: float) -> None:
        """Begin anew from totals: while the base itself is young, sums beat increments."""
        self.a = [min(prior_events + count, length) for length in self.forgetting]
        ratio = (prior_events + expected) / (prior_events + count)
        self.b = [a * ratio for a in self.a]
        self.weights = [1.0 / len(self.forgetting)] * len(self.forgetting)
        self._mix()
        self.variance = self.mean**2 / (prior_events + count)

    def observe(self, count: int, expected: float) -> None:
        """``count`` events were seen where ``expected`` were foretold at m = 1."""
        if expected <= 0.0:
            return
        foretold = _log_likelihoods(count, expected, self.a, self.b)
        scores = [w * exp(chance) for w, chance in zip(self.weights, foretold, strict=True)]
        total = sum(scores)
        share = min(0.1, _SHARE_PER_EVENT * expected * self.mean)
        each = share / len(scores)
        if total > 0.0:
            self.weights = [(1.0 - share) * s / total + each for s in scores]
        for i, length in enumerate(self.forgetting):
            keep = exp(-expected * max(self.mean, _LEAST_MEAN) / length)
            self.a[i] = (self.a[i] + count) * keep + 1e-3
            self.b[i] = (self.b[i] + expected) * keep + 1e-3
        self._mix()

    def _mix(self) -> None:
        first = second = 0.0
        for w, a, b in zip(self.weights, self.a, self.b, strict=True):
            mean = a / b
            first += w * mean
            second += w * (mean * mean + a / (b * b))
        self.mean = max(1e-6, first)
        self.variance = max(0.0, second - self.mean**2)

    def learned(self) -> dict[str, Any]:
        """The slowest expert's view: what a new day may begin with."""
        return {"mean": self.mean}

    def recall(self, learned: Mapping[str, Any], worth_events: float) -> None:
        """Begin from an earlier day's mean, believed as much as ``worth_events`` events."""
        mean = min(1e3, max(1e-3, float(learned["mean"])))
        self.a = [worth_events] * len(self.a)
        self.b = [worth_events / mean] * len(self.b)
        self._mix()


def _log_likelihoods(count: int, expected: float, shapes: list[float], rates: list[float]) -> list[float]:
    """Log of the negative binomial chance of ``count`` under Gamma(a, b) times ``expected``, for each a and b."""
    logs = []
    ways = lgamma(count + 1.0)
    for a, b in zip(shapes, rates, strict=True):
        logarithm = a * log(b / (b + expected))
        if count:
            tail = lgamma(a + count) - lgamma(a) - ways
            logarithm = logarithm + tail + count * log(expected / (b + expected))
        logs.append(logarithm)
    return logs
