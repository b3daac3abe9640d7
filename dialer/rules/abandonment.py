"""The abandonment rate as each regime computes it, over days that were counted elsewhere.

Symbols (Ofcom 2010 and 2016, 16 CFR 310.4(b)(4)), per campaign and window:

* ``L`` people who answered and were connected to an agent in time
* ``A`` people who answered and were not, message played or not
* ``M`` calls answered by a machine that agents received
* ``FP`` people that answering machine detection took for machines (a tested estimate)
* ``q`` share of machines among the answered calls that agents received

Machines count on neither side. A false positive is a person who was not connected, so it counts as abandoned.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Final, Literal

from dialer.rules.preset import Preset

Window = Literal["calendar_day", "calendar_month", "fixed_30d", "rolling_30d"]
WINDOWS: Final[tuple[Window, ...]] = ("calendar_day", "calendar_month", "fixed_30d", "rolling_30d")
_BLOCK_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls of one campaign on one local date, or a sum of them. Machines are those that agents received."""

    connected: int = 0
    abandoned: int = 0
    machines: int = 0
    false_positives: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            self.connected + other.connected,
            self.abandoned + other.abandoned,
            self.machines + other.machines,
            self.false_positives + other.false_positives,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        """Return what these hold beyond the others."""
        return Counts(
            self.connected - other.connected,
            self.abandoned - other.abandoned,
            self.machines - other.machines,
            self.false_positives - other.false_positives,
        )

    def times(self, calls: int) -> "Counts":
        """Return so many alike together."""
        return Counts(
            self.connected * calls, self.abandoned * calls, self.machines * calls, self.false_positives * calls
        )


NOTHING: Final = Counts()


def answered_call(*, connected: bool, abandoned: bool, machine: bool) -> Counts:
    """Return what one answered call counts as. ``connected``: to an agent, late or not; ``machine``: the agent says so.

    An agent who met a machine met nobody. A call that no agent met stays abandoned whatever is said of it later,
    for nobody can know; so does one whose agent came after the deadline.
    """
    if machine and connected:
        return Counts(machines=1)
    return Counts(abandoned=1) if abandoned or not connected else Counts(connected=1)


@dataclass(frozen=True, slots=True)
class AbandonPolicy:
    """A preset's thresholds: shares of calls answered by a person, and the windows on which they are held.

    ``stop_at_limit``: above ``limit`` nothing is dialed, not even one call for each ready agent.
    """

    limit: float
    target: float
    throttle: float
    hard: float
    windows: frozenset[str]
    count_fp: bool
    min_live_answers: int
    stop_at_limit: bool = False

    def within(self, limit: float, target: float | None) -> "AbandonPolicy":
        """Return the thresholds under a campaign's own limit and target, which tighten and never loosen."""
        return replace(
            self,
            limit=min(self.limit, limit),
            target=min(self.target, limit if target is None else target),
            throttle=min(self.throttle, limit),
            hard=min(self.hard, limit),
        )


class Level(IntEnum):
    """What pacing may do; the worst of the windows counts."""

    FREE = 0
    THROTTLE = 1
    ONE_TO_ONE = 2
    OVER_LIMIT = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """One window: its days, counts and rate, how many more abandoned calls stay under ``hard``, and its level.

    ``held`` says whether the preset holds the campaign to this window; the others are shown only. ``few``: too few
    people have answered yet for a single abandoned call to stay under the limit.
    """

    window: Window
    first: date
    last: date
    counts: Counts
    rate: float
    budget_calls: int
    level: Level
    held: bool
    few: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """A campaign's standing on a day: every window, the worst level and the smallest budget of those held."""

    policy: AbandonPolicy
    standings: tuple[Standing, ...]
    level: Level
    budget_calls: int

    @property
    def worst(self) -> Standing:
        """The held window that decides: the worst level, then the smallest budget."""
        held = [standing for standing in self.standings if standing.held]
        return max(held or self.standings, key=lambda s: (s.level, -s.budget_calls, s.rate))

    @property
    def stopped(self) -> bool:
        """Whether the law stops the campaign: over the limit where the preset says stop."""
        return self.level is Level.OVER_LIMIT and self.policy.stop_at_limit

    @property
    def today(self) -> Counts:
        """What the calendar day has counted so far."""
        return next(s.counts for s in self.standings if s.window == "calendar_day")

    @property
    def aim(self) -> float:
        """The share that pacing aims at: the target, and half of it while a held window is at ``throttle`` or above."""
        throttled = any(s.held and not s.few and s.rate >= self.policy.throttle for s in self.standings)
        return self.policy.target / 2 if throttled else self.policy.target


def policy_of(preset: Preset) -> AbandonPolicy:
    """Return the preset's (tightened) thresholds; the strictest where it has several rules."""
    rules = preset.of_kind("abandon")
    return AbandonPolicy(
        limit=min(rule["limit"] for rule in rules),
        target=min(rule["target"] for rule in rules),
        throttle=min(rule["throttle"] for rule in rules),
        hard=min(rule["hard"] for rule in rules),
        windows=frozenset(name for rule in rules for name in rule["abandon_windows"]),
        count_fp=any(rule["count_fp"] for rule in rules),
        min_live_answers=max(int(rule["min_live_answers"]) for rule in rules),
        stop_at_limit=any(rule["stop_at_limit"] for rule in rules),
    )


def span(window: Window, today: date, campaign_start: date) -> tuple[date, date]:
    """Return the first and last local date of the window that ``today`` lies in, both included.

    ``fixed_30d`` blocks follow one another from the campaign's start (16 CFR 310.4(b)(4)(i)), the first
    also standing for days before it.
    """
    if window == "calendar_day":
        return today, today
    if window == "calendar_month":
        return today.replace(day=1), today
    if window == "rolling_30d":
        return today - timedelta(days=_BLOCK_DAYS - 1), today
    blocks = max(0, (today - campaign_start).days) // _BLOCK_DAYS
    return campaign_start + timedelta(days=blocks * _BLOCK_DAYS), today


def total(days: Mapping[date, Counts], first: date, last: date) -> Counts:
    """Return the sum of the counted days from ``first`` to ``last``, both included."""
    return _sum(counts for day, counts in days.items() if first <= day <= last)


def rate(counts: Counts, *, count_fp: bool = True) -> float:
    """Return A / (A + L), or (A + FP) / (A + FP + L) with ``count_fp``; 0 before the first live answer."""
    lost = counts.abandoned + (counts.false_positives if count_fp else 0)
    return lost / (lost + counts.connected) if lost else 0.0


def rate_without_amd(counts: Counts) -> float:
    """Return A' / (A' + L) with A' = A (1 - q): the UK's form where nobody detects machines.

    ``q`` is estimated from the calls that agents received: M / (M + L).
    """
    received = counts.machines + counts.connected
    people = counts.abandoned * (counts.connected / received if received else 1.0)
    return people / (people + counts.connected) if people else 0.0


def live_answers(counts: Counts, *, count_fp: bool = True) -> float:
    """Return A + L (+ FP): the calls that a person answered."""
    return counts.connected + counts.abandoned + (counts.false_positives if count_fp else 0)


def budget_calls(counts: Counts, share: float, *, count_fp: bool = True) -> int:
    """Return how many more calls may be abandoned, with no further answer, before the rate exceeds ``share``.

    The largest k with (A + k) / (A + k + L) <= share, that is k <= share L / (1 - share) - A; never below 0.
    """
    exact = _exact(share)
    lost = Fraction(counts.abandoned + (counts.false_positives if count_fp else 0))
    return max(0, floor(exact * counts.connected / (1 - exact) - lost))


@lru_cache(maxsize=256)
def _exact(share: float) -> Fraction:
    return Fraction(share).limit_denominator(1_000_000)


def ledger(policy: AbandonPolicy, days: Mapping[date, Counts], today: date, campaign_start: date) -> Ledger:
    """Return the campaign's standing in every window on ``today`` (the local date of the called people)."""
    standings = tuple(_standing(policy, days, window, span(window, today, campaign_start)) for window in WINDOWS)
    held = [standing for standing in standings if standing.held]
    return Ledger(
        policy=policy,
        standings=standings,
        level=max((s.level for s in held), default=Level.ONE_TO_ONE),
        budget_calls=min((s.budget_calls for s in held), default=0),
    )


def _standing(policy: AbandonPolicy, days: Mapping[date, Counts], window: Window, dates: tuple[date, date]) -> Standing:
    counts = total(days, *dates)
    share = rate(counts, count_fp=policy.count_fp)
    few = live_answers(counts, count_fp=policy.count_fp) < policy.min_live_answers
    return Standing(
        window=window,
        first=dates[0],
        last=dates[1],
        counts=counts,
        rate=share,
        budget_calls=0 if few else budget_calls(counts, policy.hard, count_fp=policy.count_fp),
        level=_level(policy, share, few=few),
        held=window in policy.windows,
        few=few,
    )


def _level(policy: AbandonPolicy, share: float, *, few: bool) -> Level:
    if share > policy.limit and not few:
        return Level.OVER_LIMIT
    if few or share >= policy.hard:
        # Below 34 live answers one abandoned call already exceeds 3 %: nothing is dialed ahead of an agent.
        return Level.ONE_TO_ONE
    return Level.THROTTLE if share >= policy.throttle else Level.FREE


def _sum(counts: Iterable[Counts]) -> Counts:
    listed = tuple(counts)
    return Counts(
        sum(each.connected for each in listed),
        sum(each.abandoned for each in listed),
        sum(each.machines for each in listed),
        sum(each.false_positives for each in listed),
    )
