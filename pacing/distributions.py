"""Distributions and curves over time, as values: what a scenario is written with."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pacing.errors import PacingError

Floats = NDArray[np.float64]


class Distribution(Protocol):
    """Draws ``size`` values, in seconds."""

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` independent values."""
        ...


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma by its mean (s) and coefficient of variation."""

    mean: float
    cv: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` independent values."""
        shape = 1 / self.cv**2
        return rng.gamma(shape, self.mean / shape, size)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Log-normal by its mean (s) and coefficient of variation."""

    mean: float
    cv: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` independent values."""
        variance = log(1 + self.cv**2)
        return rng.lognormal(log(self.mean) - variance / 2, sqrt(variance), size)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential by its mean (s)."""

    mean: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` independent values."""
        return rng.exponential(self.mean, size)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform between two times (s)."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` independent values."""
        return rng.uniform(self.low, self.high, size)


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same (s)."""

    value: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:  # noqa: ARG002
        """``size`` equal values."""
        return np.full(size, self.value)


@dataclass(frozen=True, slots=True)
class Truncated:
    """Another distribution, drawn again while above ``limit`` (s)."""

    source: Distribution
    limit: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` independent values; after 50 draws what is still above is set to the limit."""
        values = self.source.draw(rng, size)
        for _ in range(50):
            above = values > self.limit
            count = int(above.sum())
            if not count:
                break
            values[above] = self.source.draw(rng, count)
        return np.minimum(values, self.limit)


@dataclass(frozen=True, slots=True)
class Empirical:
    """Values seen before (s), drawn with replacement: a campaign's own history."""

    values: tuple[float, ...]

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """``size`` of the values."""
        if not self.values:
            raise PacingError("an empirical distribution needs at least one value.")
        return rng.choice(np.asarray(self.values), size)


@dataclass(frozen=True, slots=True)
class Steps:
    """A level that changes at given times: ``((0, a), (t1, b), ...)``."""

    points: tuple[tuple[float, float], ...]

    def __call__(self, at: float) -> float:
        """The level at ``at`` seconds."""
        index = bisect_right(self.points, at, key=_when) - 1
        return self.points[max(0, index)][1]


@dataclass(frozen=True, slots=True)
class Ramp:
    """A level drawn in straight lines through given points, flat outside them."""

    points: tuple[tuple[float, float], ...]

    def __call__(self, at: float) -> float:
        """The level at ``at`` seconds."""
        after = bisect_right(self.points, at, key=_when)
        if after == 0 or after == len(self.points):
            return self.points[max(0, after - 1)][1]
        (t0, a), (t1, b) = self.points[after - 1], self.points[after]
        return a + (b - a) * (at - t0) / (t1 - t0)


Level = float | Steps | Ramp


def curve(level: Level) -> Callable[[float], float]:
    """``level`` as a function of time."""
    if isinstance(level, (Steps, Ramp)):
        return level
    return lambda _at: level


def _when(point: tuple[float, float]) -> float:
    return point[0]
