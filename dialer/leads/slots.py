"""The week of a called person, cut into slots: two hours of one weekday by the person's own clock."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from dialer.rules import Place, Preset
from dialer.rules.calendar import calendar_of
from dialer.rules.zones import zone

PARTS: Final = ((0, 10), (10, 12), (12, 14), (14, 16), (16, 18), (18, 24))
"""Hours of the parts of a day. Lunch is one of its own: who is out at eleven may be home at half past twelve."""
EVENING: Final = 5
SHORTEST: Final = timedelta(minutes=10)


class Slot(NamedTuple):
    """A weekday (0 is Monday) and a part of the day (an index of ``PARTS``)."""

    weekday: int
    part: int

    @property
    def half(self) -> str:
        """Which half of the day it is, the evening being a third one."""
        return ("morning", "morning", "midday", "afternoon", "afternoon", "evening")[self.part]


@dataclass(frozen=True, slots=True)
class Opening:
    """A slot on a date in which calling is legal, from ``start`` to before ``end``, seconds since the epoch."""

    slot: Slot
    start: float
    end: float


def slot_of(at: float, zone_name: str) -> Slot:
    """The slot of an instant (seconds since the epoch) in a time zone."""
    local = datetime.fromtimestamp(at, UTC).astimezone(zone(zone_name))
    part = next(n for n, (_, end) in enumerate(PARTS) if local.hour < end)
    return Slot(local.weekday(), part)


def openings(preset: Preset, place: Place, since: float, days: int) -> Iterator[Opening]:
    """Every legal slot at a place from ``since`` on, in order, for so many local days.

    Where the person may be in several zones a slot is legal only while it is legal in all of them.
    """
    if not place.known:
        return
    first = datetime.fromtimestamp(since, UTC).astimezone(zone(place.zones[0])).date()
    for n in range(days):
        for opening in _of_day(preset, place, first + timedelta(days=n)):
            if opening.start >= since:
                yield opening
            elif opening.end - since >= SHORTEST.total_seconds():
                yield replace(opening, start=since)


# Thousands of leads share their places and the days ahead.
@lru_cache(maxsize=8192)
def _of_day(preset: Preset, place: Place, day: date) -> tuple[Opening, ...]:
    calendar = calendar_of(preset, place)
    found = []
    for opens, closes in calendar.windows(day):
        for part, (first_hour, last_hour) in enumerate(PARTS):
            start_s, end_s = max(opens, first_hour * 3600), min(closes, last_hour * 3600)
            if start_s >= end_s:
                continue
            start, end = _instant(day, start_s, place.zones[0]), _instant(day, end_s, place.zones[0])
            legal = calendar.next_opening(datetime.fromtimestamp(start, UTC), SHORTEST)
            if legal is not None and legal.timestamp() + SHORTEST.total_seconds() <= end:
                found.append(Opening(Slot(day.weekday(), part), legal.timestamp(), end))
    return tuple(found)


def _instant(day: date, second: int, zone_name: str) -> float:
    # By the wall clock: on a day when clocks change, ten o'clock is still ten o'clock.
    days, rest = divmod(second, 86_400)
    hours, minutes = divmod(rest // 60, 60)
    whole = day + timedelta(days=days)
    return datetime(whole.year, whole.month, whole.day, hours, minutes, tzinfo=zone(zone_name)).timestamp()
