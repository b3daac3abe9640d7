"""Which holiday a date is, by calendar name: ``FR-L3133-1`` by algorithm, ``national:DE`` from the holidays package."""

from datetime import date
from functools import lru_cache
from typing import Any, Final

from dialer.rules.errors import PresetError
from dialer.rules.holidays_fr import legal_holidays

FRENCH: Final = "FR-L3133-1"
NATIONAL: Final = "national"
FRENCH_COUNTRIES: Final = frozenset({"FR", "GP", "MF", "BL", "MQ", "GF", "RE", "YT", "PM", "NC", "PF", "WF"})


def for_country(calendar: str, country: str) -> str:
    """Return the calendar of a person in ``country``: ``national`` alone stands for that country's own."""
    if calendar != NATIONAL:
        return calendar
    return FRENCH if country in FRENCH_COUNTRIES else f"{NATIONAL}:{country}"


def check(calendar: str) -> str:
    """Return the calendar's name; raises :class:`PresetError` when nothing knows it."""
    if calendar not in {FRENCH, NATIONAL} and _country(calendar) is None:
        raise PresetError(f"There is no holiday calendar {calendar!r}.")
    return calendar


def holiday_name(calendar: str, day: date) -> str | None:
    """Return the holiday's name, or ``None`` on a day that is none."""
    return _year(calendar, day.year).get(day)


def years_known(calendar: str) -> tuple[int, int]:
    """Return the first and last year that the calendar knows; (0, -1) when it does not know the country."""
    if calendar == FRENCH:
        return 1982, 2299  # 8 May came back in 1982; the Easter algorithm is tested to 2299
    country = _country(calendar)
    return (country.start_year, country.end_year) if country else (0, -1)


@lru_cache(maxsize=1024)
def _year(calendar: str, year: int) -> dict[date, str]:
    if calendar == FRENCH:
        return legal_holidays(year)
    country = _country(calendar)
    return dict(country(years=year, language="en_US")) if country else {}


@lru_cache(maxsize=256)
def _country(calendar: str) -> Any:  # noqa: ANN401 - the holidays package is untyped
    import holidays  # a quarter of a second that French presets need not pay

    return getattr(holidays, calendar.removeprefix(f"{NATIONAL}:"), None)
