"""When a place is open under a preset: the wall-clock windows of each date, in each zone where the person may be."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from dialer.rules import calendars
from dialer.rules.holidays_fr import extra_holiday
from dialer.rules.preset import Preset, Rule
from dialer.rules.territory import Place
from dialer.rules.windows import Day, intersect
from dialer.rules.zones import zone

HORIZON: Final = timedelta(days=60)
"""How far an opening is looked for; two zones whose windows never meet have none."""
_DAY: Final = timedelta(days=1)
_MOST_DAYS: Final = 4000
_WHOLE_DAY: Final[Day] = ((0, 86_400),)


@dataclass(slots=True)
class Calendar:
    """The opening hours of one place. Made by :func:`calendar_of`; remembers the dates it worked out."""

    preset: Preset
    place: Place
    _days: dict[date, Day] = field(default_factory=dict)
    _instants: dict[tuple[date, str], tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)

    def windows(self, day: date) -> Day:
        """Return the windows of a local date: none when a rule forbids the day, or when no rule gives hours."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) > _MOST_DAYS:
                self._days.clear()
            known = self._days[day] = self._windows(day)
        return known

    def closes_at(self, local: datetime, zone_key: str) -> datetime | None:
        """Return when (UTC) the window open at ``local``, a time in that zone, ends; ``None`` when it is closed."""
        second = seconds_of_day(local)
        for start, end in self.windows(local.date()):
            if start <= second < end:
                return wall_instant(local.date(), end, zone_key)
        return None

    def next_opening(self, at: datetime, guard: timedelta) -> datetime | None:
        """Return the first instant (UTC) from ``at`` on that is open in every zone for at least ``guard``.

        ``None`` when there is none within :data:`HORIZON`.
        """
        limit, moment, zones = at + HORIZON, at, self.place.zones
        while moment <= limit:
            later = max([self._next_in_zone(moment, key, guard) for key in zones])
            if later == moment:
                return moment
            moment = later
            if len(zones) == 1:  # nothing else to agree with
                return moment if moment <= limit else None
        return None

    def _next_in_zone(self, at: datetime, key: str, guard: timedelta) -> datetime:
        day = at.astimezone(zone(key)).date()
        for _ in range(HORIZON.days + 1):
            for opens, closes in self._spans(day, key):
                start_at = max(opens, at)
                if start_at < closes and start_at + guard <= closes:
                    return start_at
            day += _DAY
        return at + HORIZON + timedelta(seconds=1)

    def _spans(self, day: date, key: str) -> tuple[tuple[datetime, datetime], ...]:
        """The windows of a local date in one zone, as instants."""
        known = self._instants.get((day, key))
        if known is None:
            if len(self._instants) > _MOST_DAYS:
                self._instants.clear()
            found = ((wall_instant(day, start, key), wall_instant(day, end, key)) for start, end in self.windows(day))
            known = self._instants[day, key] = tuple(found)
        return known

    def _windows(self, day: date) -> Day:
        if holiday(self.preset, self.place, day) or not _weekday_allowed(self.preset, day):
            return ()
        windows, ruled = _WHOLE_DAY, False
        for rule in self.preset.of_kind("hours"):
            if rule.holds_on(day):
                windows, ruled = intersect(windows, hours_of(rule, self.place, day.weekday())), True
        return windows if ruled else ()


@lru_cache(maxsize=4096)
def calendar_of(preset: Preset, place: Place) -> Calendar:
    """Return the calendar of a place under a preset (one object for each pair)."""
    return Calendar(preset, place)


@lru_cache(maxsize=8192)
def hours_of(rule: Rule, place: Place, weekday: int) -> Day:
    """Return the windows that one hours rule gives a weekday, the strictest of the states where the person may be."""
    windows: Day = rule["windows"][weekday]
    states = rule.parameters.get("states", {})
    for state in place.states & states.keys():
        windows = intersect(windows, states[state][weekday])
    return windows


def holiday(preset: Preset, place: Place, day: date) -> str | None:
    """Return the name of the holiday that forbids a date at a place, if one does."""
    for rule in preset.of_kind("holidays"):
        if rule.holds_on(day):
            name = holiday_by(rule, place, day)
            if name:
                return name
    return None


def holiday_by(rule: Rule, place: Place, day: date) -> str | None:
    """Return the name of the holiday that one rule forbids; regional days count where the person may be."""
    for calendar in calendars_of(rule, place):
        name = calendars.holiday_name(calendar, day)
        if name:
            return name
    for region in _extra_regions(rule, place):
        name = extra_holiday(day, region)
        if name:
            return name
    return None


def calendars_of(rule: Rule, place: Place) -> tuple[str, ...]:
    """Return the names of the calendars that a holidays rule uses for a place."""
    countries = sorted(place.countries)
    return tuple(dict.fromkeys(calendars.for_country(rule["calendar"], c) for c in countries))


def seconds_of_day(local: datetime) -> float:
    """Return the seconds since local midnight by the wall clock."""
    return local.hour * 3600 + local.minute * 60 + local.second + local.microsecond / 1e6


def _extra_regions(rule: Rule, place: Place) -> Iterable[str]:
    extras = rule.parameters.get("extras", ())
    for region in sorted(place.regions):
        if region in extras or ("dom" in extras and region != "alsace-moselle"):
            yield region


def _weekday_allowed(preset: Preset, day: date) -> bool:
    return all(day.weekday() in rule["weekdays"] for rule in preset.of_kind("days") if rule.holds_on(day))


@lru_cache(maxsize=65_536)
def wall_instant(day: date, second: int, key: str) -> datetime:
    """Return when (UTC) a zone's wall clocks stand so many seconds after a date's midnight, at most 86,400."""
    # The wall clock decides: on a night when clocks change, 10:00 is still 10:00.
    midnight = datetime.combine(day + timedelta(days=second // 86_400), time(), zone(key))
    wall = midnight.replace(hour=second % 86_400 // 3600, minute=second % 3600 // 60)
    return wall.astimezone(UTC)
