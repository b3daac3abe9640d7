"""A campaign's answered calls by local date, and its standing in every window at any instant.

The same tally comes from the store's record, read once, and from the floor's own calls, added one by one as they are
decided: every window ends today, so what was counted before today stays, and only today grows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import floor
from typing import Final

from dialer.rules.abandonment import NOTHING, WINDOWS, AbandonPolicy, Counts, Ledger, ledger, live_answers, span
from dialer.rules.zones import zone

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AbandonLaw:
    """What holds a campaign: thresholds, and the time zone by whose calendar calls are counted."""

    policy: AbandonPolicy
    zone: str


def own_law(limit: float) -> AbandonLaw:
    """Return the law of a campaign of which nothing is told yet: its own limit, each day."""
    policy = AbandonPolicy(limit, limit, limit, limit, frozenset({"calendar_day"}), count_fp=True, min_live_answers=0)
    return AbandonLaw(policy, "UTC")


def local_date(at: float, zone_key: str) -> date:
    """Return the date that a wall clock in the zone shows at ``at``, seconds since the epoch."""
    # Whole seconds: a float is rounded to microseconds, and the last of them would be tomorrow's.
    return datetime.fromtimestamp(floor(at), zone(zone_key)).date()


def midnight(day: date, zone_key: str) -> float:
    """Return when a date begins in the zone, seconds since the epoch; a day may have 23 or 25 hours."""
    return datetime.combine(day, time(), zone(zone_key)).timestamp()


def first_needed(today: date, started: date) -> date:
    """Return the earliest date that any window of ``today`` reaches back to."""
    return min(span(window, today, started)[0] for window in WINDOWS)


class Tally:
    """Counts by local date. ``started`` is the date of the campaign's first day, from which blocks of 30 days run.

    ``limit`` and ``target`` are the campaign's own: they tighten the law and never loosen it.
    """

    def __init__(self, law: AbandonLaw, limit: float, target: float | None) -> None:
        self.law = law
        self.policy = law.policy.within(limit, target)
        self._days: dict[date, Counts] = {}
        self._started: date | None = None
        self._today = date.min
        self._until = float("-inf")  # when the date after _today begins
        self._ledger: Ledger | None = None

    def hold_to(self, law: AbandonLaw, limit: float, target: float | None) -> None:
        """Take another law or other limits from now on; what was counted stays, under the dates of its day."""
        if law.zone != self.law.zone:
            self._until = float("-inf")
        self.law, self.policy, self._ledger = law, law.policy.within(limit, target), None

    def begin(self, days: Mapping[date, Counts], started_at: float | None) -> None:
        """Take over what the record holds: counts by local date, and when the campaign first ran."""
        self._days = dict(days)
        self._started = None if started_at is None else local_date(started_at, self.law.zone)
        self._ledger = None

    def start(self, at: float) -> None:
        """Note that the campaign runs; only the first time counts."""
        if self._started is None:
            self._started, self._ledger = local_date(at, self.law.zone), None

    def add(self, at: float, change: Counts) -> None:
        """Count a call that was answered at ``at``; ``change`` may take back what was counted before."""
        day = local_date(at, self.law.zone)
        self._days[day] = self._days.get(day, NOTHING) + change
        self._ledger = None

    def day(self, now: float) -> date:
        """Return the local date at ``now``. It never goes back."""
        if now >= self._until:
            self._today = max(self._today, local_date(now, self.law.zone))
            self._until = midnight(self._today + _ONE_DAY, self.law.zone)
            self._forget()
        return self._today

    def ledger(self, now: float) -> Ledger:
        """Return the standing in every window at ``now``."""
        today = self.day(now)
        if self._ledger is None:
            self._ledger = ledger(self.policy, self._days, today, self._started or today)
        return self._ledger

    def live(self, now: float) -> tuple[int, int]:
        """Return how many people have answered today, and how many of them were abandoned."""
        today = self.ledger(now).today
        lost = today.abandoned + (int(today.false_positives) if self.policy.count_fp else 0)
        return int(live_answers(today, count_fp=self.policy.count_fp)), lost

    def calls_end(self, now: float, day_end: str) -> float:
        """Return when the day's last calls are made (``20:00`` by its clock), or when the day ends if they are over."""
        hour, minute = map(int, day_end.split(":"))
        local = datetime.combine(self.day(now), time(hour, minute), zone(self.law.zone))
        end = local.timestamp()
        return end if end > now + 1.0 else self._until

    def _forget(self) -> None:
        """Drop days that no window reaches any more; a day has passed."""
        first = first_needed(self._today, self._started or self._today)
        self._days = {day: counts for day, counts in self._days.items() if day >= first}
        self._ledger = None
