"""Checks of time and place: zones, days, hours, holidays, the guard at a window's end, the consented slot."""

from datetime import timedelta
from functools import lru_cache

from dialer.rules.calendar import calendars_of, holiday_by, hours_of, seconds_of_day
from dialer.rules.calendars import years_known
from dialer.rules.model import Consent
from dialer.rules.preset import Preset, Rule
from dialer.rules.situation import ALLOWED, Clocked, Dated, Situation, Steady, allow, block, unknown
from dialer.rules.territory import Place
from dialer.rules.verdict import Finding, Severity
from dialer.rules.windows import WEEKDAYS, span_text
from dialer.rules.zones import TZDATA_VERSION


def tz_resolved(_rule: Rule, s: Steady) -> Finding:
    """The person's zones are known, from the address, else from the number."""
    if not s.place.known:
        return block(s.place.problem or "no time zone is known")
    return allow(zones=s.place.zones, territories=sorted(s.place.regions or s.place.countries))


def covers_number(_rule: Rule, s: Steady) -> Finding:
    """The preset is that of the called person's country."""
    covers, countries = s.preset.covers, s.place.countries
    if covers and not countries <= covers:
        return block("another country's law protects this person", countries=sorted(countries))
    return allow(countries=sorted(countries))


def law_known(_rule: Rule, s: Dated) -> Finding:
    """The preset knows the law of that day."""
    if min(s.dates) < s.preset.known_from:
        return block("the preset does not know the law of that day", known_from=s.preset.known_from)
    return ALLOWED


def tzdata_version(rule: Rule, _s: Steady) -> Finding:
    """The time zone data are recent enough. Versions sort as texts: 2026c < 2026f."""
    needed = rule["minimum_version"]
    if needed > TZDATA_VERSION:
        return block("the time zone data are too old", tzdata=TZDATA_VERSION, needed=needed)
    return allow(tzdata=TZDATA_VERSION)


def holiday_years(_rule: Rule, s: Dated) -> Finding:
    """This year's and the next year's holidays are known."""
    first, last = min(s.dates).year, max(s.dates).year
    calendar = _calendar_without(s.preset, s.place, first) or _calendar_without(s.preset, s.place, last)
    if calendar is not None:
        return block("the holidays of this and the next year are not known", calendar=calendar)
    return allow(years=list(range(first, last + 2)))


def _calendar_without(preset: Preset, place: Place, year: int) -> str | None:
    for holidays in preset.of_kind("holidays"):
        for calendar in calendars_of(holidays, place):
            first, last = years_known(calendar)
            if last > 0 and not first <= year < last:
                return calendar
    return None


def days(rule: Rule, s: Dated) -> Finding:
    """The day of the week is allowed where the person is."""
    for day in s.dates:
        if day.weekday() not in rule["weekdays"]:
            return _closed(s, date=day, weekday=WEEKDAYS[day.weekday()])
    return allow(weekday=WEEKDAYS[s.dates[0].weekday()])


def holidays(rule: Rule, s: Dated) -> Finding:
    """The date is no public holiday where the person is."""
    for day in s.dates:
        name = holiday_by(rule, s.place, day)
        if name:
            return _closed(s, date=day, holiday=name)
    return ALLOWED


def hours(rule: Rule, s: Clocked) -> Finding:
    """The time of day is in a window; a window's end is outside it."""
    for local in s.locals:
        windows = hours_of(rule, s.place, local.weekday())
        second = seconds_of_day(local)
        for start, end in windows:
            if start <= second < end:
                break
        else:
            return _closed(s, local=local, windows=[span_text(w) for w in windows])
    return allow(local=s.locals[0])


def originate_guard(rule: Rule, s: Clocked) -> Finding:
    """Ringing, and the guard after it, ends no later than the window does."""
    guard = s.guard
    if guard is None:
        return unknown("ring_timeout_s")
    for local, key in zip(s.locals, s.place.zones, strict=True):
        closes = s.calendar.closes_at(local, key)
        if closes is not None and s.at + guard > closes:
            return _closed(s, closes=s.local(closes), guard_s=guard.total_seconds())
    return _in_time(rule, guard)


@lru_cache(maxsize=1024)
def _in_time(_rule: Rule, guard: timedelta) -> Finding:
    return allow(guard_s=guard.total_seconds())


def slot_exception(_rule: Rule, s: Situation) -> Finding:
    """A call outside the windows rests on a consented date and time, with its evidence."""
    if s.slot is None or _is_open(s):
        return allow()
    if not s.slot.evidence:
        return block("the consented slot has no evidence", slot=s.slot.at)
    if not isinstance(s.case.consent, Consent) or s.case.consent.principal != s.case.principal:
        return block("the slot was agreed with another principal", slot=s.slot.at)
    return allow(slot=s.slot.at, evidence=s.slot.evidence)


def _closed(s: Clocked | Dated, **inputs: object) -> Finding:
    if s.slot is not None and s.slot.evidence:
        return allow(slot=s.slot.at, **inputs)
    return s.postpone(s.at, **inputs)


def _is_open(s: Situation) -> bool:
    guard = s.guard or timedelta(0)
    return s.calendar.next_opening(s.at, guard) == s.at


def is_slot_call(rule: Rule, finding: Finding) -> bool:
    """Tell whether a slot's evidence is what lets the call pass."""
    return rule.kind == "slot_exception" and finding.severity is Severity.ALLOW and bool(finding.inputs)
