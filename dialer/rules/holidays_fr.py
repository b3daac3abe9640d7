"""French public holidays by algorithm: they must be right for any year without a file that ages."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

ABOLITION_DAYS: Final[dict[str, tuple[int, int]]] = {
    "GP": (5, 27),
    "MF": (5, 28),
    "BL": (10, 9),
    "MQ": (5, 22),
    "GF": (6, 10),
    "RE": (12, 20),
    "YT": (4, 27),
}
"""Day of the abolition of slavery by territory (month, day). L. 3422-2 C. travail: not in L. 3133-1, so prudence."""


@lru_cache(maxsize=512)
def easter(year: int) -> date:
    """Return Easter Sunday of a Gregorian year (the anonymous algorithm, Nature, 20 April 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=512)
def legal_holidays(year: int) -> dict[date, str]:
    """Return the eleven days of C. travail L. 3133-1."""
    sunday = easter(year)
    return {
        date(year, 1, 1): "1er janvier",
        sunday + timedelta(days=1): "lundi de Pâques",
        date(year, 5, 1): "1er mai",
        date(year, 5, 8): "8 mai",
        sunday + timedelta(days=39): "Ascension",
        sunday + timedelta(days=50): "lundi de Pentecôte",
        date(year, 7, 14): "14 juillet",
        date(year, 8, 15): "Assomption",
        date(year, 11, 1): "Toussaint",
        date(year, 11, 11): "11 novembre",
        date(year, 12, 25): "Noël",
    }


def extra_holiday(day: date, region: str) -> str | None:
    """Return the name of a holiday of one region only: ``alsace-moselle`` or an overseas territory's code."""
    if region == "alsace-moselle":
        if day == easter(day.year) - timedelta(days=2):
            return "Vendredi saint (Alsace-Moselle)"
        return "26 décembre (Alsace-Moselle)" if (day.month, day.day) == (12, 26) else None
    if ABOLITION_DAYS.get(region) == (day.month, day.day):
        return f"abolition de l'esclavage ({region})"
    return None


def working_day(day: date) -> bool:
    """Tell whether a day is a ``jour ouvrable``: Monday to Saturday and no holiday of L. 3133-1.

    Regional days stay working days here: taking them out would lengthen a deadline that protects the person.
    """
    return day.weekday() != 6 and day not in legal_holidays(day.year)


def add_working_days(day: date, count: int) -> date:
    """Return the ``count``-th jour ouvrable after ``day`` (the day itself is not counted)."""
    while count:
        day += timedelta(days=1)
        count -= working_day(day)
    return day
