"""Calling windows of a week: seconds of the local day, half-open ``[start, end)``, by weekday (Monday is 0)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from dialer.rules.errors import PresetError

Span = tuple[int, int]
Day = tuple[Span, ...]
Week = tuple[Day, ...]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS: Final[dict[str, tuple[int, ...]]] = {
    "all": (0, 1, 2, 3, 4, 5, 6),
    "mon_fri": (0, 1, 2, 3, 4),
    "mon_sat": (0, 1, 2, 3, 4, 5),
    "sat_sun": (5, 6),
    **{name: (i,) for i, name in enumerate(WEEKDAYS)},
}


def parse_week(table: object) -> Week:
    """Read ``{mon_fri = ["10:00-13:00", "14:00-20:00"], sat = []}``; days that are not named have no window."""
    if not isinstance(table, Mapping):
        raise PresetError(f"Windows must be a table of days, not {table!r}.")
    days: list[Day] = [()] * 7
    for group, spans in table.items():
        if group not in GROUPS:
            raise PresetError(f"There is no day {group!r}.", hint=f"Known: {', '.join(GROUPS)}.")
        for weekday in GROUPS[group]:
            days[weekday] = _merged(_span(text) for text in spans)
    return tuple(days)


def parse_weekdays(names: object) -> frozenset[int]:
    """Read ``["mon_fri", "sat"]`` into weekday numbers."""
    if not isinstance(names, list) or not set(names) <= set(GROUPS):
        raise PresetError(f"Weekdays must be a list of {', '.join(GROUPS)}, not {names!r}.")
    return frozenset(day for name in names for day in GROUPS[name])


def within(inner: Week, outer: Week) -> bool:
    """Tell whether every moment of ``inner`` is in ``outer``: it is as strict or stricter."""
    return all(intersect(i, o) == i for i, o in zip(inner, outer, strict=True))


def intersect(one: Day, other: Day) -> Day:
    """Return the moments that are in both days."""
    spans = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted((start, end) for start, end in spans if start < end))


@lru_cache(maxsize=1024)
def span_text(span: Span) -> str:
    """Return ``10:00-13:00``."""
    return "-".join(f"{s // 3600:02}:{s // 60 % 60:02}" for s in span)


def week_text(week: Week) -> str:
    """Return a week for people: ``Mon 10:00-13:00 14:00-20:00; ...``, equal days joined."""
    parts: list[str] = []
    start = 0
    for i in range(1, 8):
        if i == 7 or week[i] != week[start]:
            days = WEEKDAYS[start] if i == start + 1 else f"{WEEKDAYS[start]}-{WEEKDAYS[i - 1]}"
            parts.append(f"{days} {' '.join(map(span_text, week[start])) or 'none'}")
            start = i
    return "; ".join(parts)


def _span(text: str) -> Span:
    start, dash, end = text.partition("-")
    if not dash:
        raise PresetError(f"A window is written 10:00-13:00, not {text!r}.")
    span = _seconds(start), _seconds(end)
    if span[0] >= span[1]:
        raise PresetError(f"The window {text!r} ends before it starts.")
    return span


def _seconds(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2):
        raise PresetError(f"A time of day is written 09:30, not {text!r}.")
    seconds = int(hour) * 3600 + int(minute) * 60
    if seconds > 86_400 or int(minute) > 59:
        raise PresetError(f"There is no time of day {text!r}.")
    return seconds


def _merged(spans: Iterable[Span]) -> Day:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
