"""Reads times as people write them: of a callback by the called person's clock, of a call that was made."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dialer.leads.errors import BadTime

_CLOCK: Final = r"(?P<hour>[01]?\d|2[0-3])(?::|h|H)(?P<minute>[0-5]\d)?"
_FORMS: Final = (
    re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[ T]{_CLOCK}(?::00)?"),
    re.compile(rf"(?P<day>\d\d?)/(?P<month>\d\d?)(?:/(?P<year>\d{{4}}))? {_CLOCK}"),
    re.compile(_CLOCK),
    re.compile(r"(?P<day>[0-3]\d)?(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)"),  # keys of a phone
)
_OFFSET: Final = re.compile(r".*(Z|[+-]\d\d:\d\d)")
_EPOCH: Final = re.compile(r"\d{9,10}")
_DAY_FIRST: Final = re.compile(r"(?P<day>\d\d?)/(?P<month>\d\d?)/(?P<year>\d{4})(?:[ T]+(?P<clock>.+))?")
_SHORT_CLOCK: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<hour>[01]?\d|2[0-3])[:hH](?P<minute>[0-5]\d)?(?P<seconds>:[0-5]\d)?"
)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
FURTHEST: Final = timedelta(days=366)


def read_when(text: str, home: ZoneInfo, now: float) -> float:
    """The moment meant by a text, seconds since the epoch; BadTime when there is none ahead within a year.

    ``2026-11-24 14:30``, ``24/11/2026 14h30``, ``24/11 14:30`` (the next such day), ``14:30`` (today or tomorrow), on a
    phone's keys ``1430`` or ``241430`` (the next 24th); or ISO 8601 with an offset. A local time that a change of
    clocks leaves out is the moment an hour later; of one that comes twice, the first is meant.
    """
    text = text.strip()
    since = datetime.fromtimestamp(now, UTC)
    found = _with_offset(text) if _OFFSET.fullmatch(text) else _local(text, home, since.astimezone(home))
    if found is None:
        raise BadTime(f"{text[:40]!r} is no time.", hint="Write 2026-11-24 14:30, 24/11 14h30 or 14:30.")
    if not since < found <= since + FURTHEST:
        raise BadTime(f"{found.astimezone(home):%Y-%m-%d %H:%M} is not within the year that begins now.")
    return found.timestamp()


def read_past(text: str, home: ZoneInfo, now: float) -> float:
    """The moment of something that happened, seconds since the epoch; BadTime for no time, or one that is to come.

    ISO 8601, ``12/10/2026 14:03:22``, ``12/10/2026 14h03``, a day alone (its noon), or seconds since the epoch; without
    an offset by the clock of ``home``.
    """
    text = text.strip()
    found = _happened(text)
    if found is None:
        raise BadTime(f"{text[:40]!r} is no time of a call.", hint="Write 2026-10-12 14:03:22 or 12/10/2026 14h03.")
    at = found.replace(tzinfo=found.tzinfo or home).timestamp()
    if not EARLIEST <= at <= now:
        raise BadTime(f"{text[:40]!r} is {'to come' if at > now else 'before the year 2000'}.")
    return at


def _happened(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    if day := _DAY_FIRST.fullmatch(text):
        text = f"{day['year']}-{int(day['month']):02}-{int(day['day']):02} {day['clock'] or ''}".strip()
    if clock := _SHORT_CLOCK.fullmatch(text):
        text = f"{clock['day']} {int(clock['hour']):02}:{clock['minute'] or '00'}{clock['seconds'] or ''}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(hour=12) if len(text) == len("2026-10-12") else found


def _with_offset(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def _local(text: str, home: ZoneInfo, now: datetime) -> datetime | None:
    match = next((m for m in (form.fullmatch(text) for form in _FORMS) if m), None)
    if match is None:
        return None
    given = {name: int(value) for name, value in match.groupdict().items() if value is not None}
    first = now.date()
    for ahead in range(FURTHEST.days + 1):
        day = first + timedelta(days=ahead)
        if all(given.get(name, getattr(day, name)) == getattr(day, name) for name in ("year", "month", "day")):
            moment = datetime(day.year, day.month, day.day, given["hour"], given.get("minute", 0), tzinfo=home)
            if (found := moment.astimezone(UTC)) > now:
                return found
    return None
