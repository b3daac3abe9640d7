"""Holidays, zones, places, windows and openings."""

from datetime import UTC, date, datetime, timedelta

import holidays as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.rules import PresetError, UnknownNameError, load_preset, locate, next_opening, preset_names
from dialer.rules.calendars import check, for_country, holiday_name, years_known
from dialer.rules.holidays_fr import add_working_days, easter, extra_holiday, legal_holidays
from dialer.rules.us_places import of_zip, states_of_number
from dialer.rules.windows import intersect, parse_week, parse_weekdays, week_text, within
from dialer.rules.zones import TZDATA_VERSION, country_zones, zone


@pytest.mark.parametrize("year", [*range(2008, 2100), 2299])
def test_the_eleven_days_are_those_of_the_holidays_package(year: int) -> None:
    """The algorithm against the package's table (Whit Monday was worked in 2005-2007); then only Easter's weekday."""
    assert easter(year).weekday() == 6
    if year < 2100:
        assert set(legal_holidays(year)) == set(reference.country_holidays("FR", years=year))


def test_the_alsatian_and_overseas_days_are_those_of_the_holidays_package() -> None:
    """Abolition days and Alsace; Guadeloupe's customary days (Mi-Careme, ...) are no public holidays."""
    named = ("Abolition of Slavery", "Good Friday", "Saint Stephen's Day")
    zones = {"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "976": "YT", "6AE": "alsace-moselle"}
    for subdivision, region in zones.items():
        for year in (2026, 2027, 2028):
            table = reference.country_holidays("FR", subdiv=subdivision, years=year)
            theirs = {day for day in table if table[day] in named and not (region == "GP" and day.month < 5)}
            days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
            ours = {day for day in days if day.year == year and extra_holiday(day, region)}
            assert ours == theirs - set(legal_holidays(year)), subdivision


def test_the_days_that_the_regulation_lists() -> None:
    """Section 10: 252 callable days in 2026, 254 in 2027."""
    for year, callable_days in ((2026, 252), (2027, 254)):
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
        assert sum(day.weekday() < 5 and day not in legal_holidays(year) for day in days) == callable_days


def test_working_days_are_monday_to_saturday_without_holidays() -> None:
    """Five jours ouvrables over a weekend, over a holiday, over the year's end."""
    assert add_working_days(date(2026, 11, 17), 5) == date(2026, 11, 23)
    assert add_working_days(date(2026, 11, 5), 5) == date(2026, 11, 12)
    assert add_working_days(date(2026, 12, 24), 5) == date(2026, 12, 31)


def test_other_countries_have_their_national_calendar() -> None:
    """``national`` alone is the called person's country's; an unknown country has none."""
    assert for_country("national", "DE") == "national:DE"
    assert for_country("national", "RE") == "FR-L3133-1"
    assert holiday_name("national:DE", date(2026, 10, 3)) == "German Unity Day"
    assert holiday_name("national:XX", date(2026, 10, 3)) is None
    assert years_known("national:XX") == (0, -1)
    with pytest.raises(PresetError, match="XX"):
        check("national:XX")


def test_zones_come_from_the_pinned_data() -> None:
    """Morocco at UTC+0 since 20 September 2026, Vancouver at -07 and Edmonton at -06 in winter."""
    assert TZDATA_VERSION >= "2026c"
    winter = datetime(2026, 12, 1, 12, tzinfo=UTC)
    hours = {"Africa/Casablanca": 0, "America/Vancouver": -7, "America/Edmonton": -6, "Europe/Paris": 1}
    for key, offset in hours.items():
        assert winter.astimezone(zone(key)).utcoffset() == timedelta(hours=offset)
    assert datetime(2026, 9, 1, 12, tzinfo=UTC).astimezone(zone("Africa/Casablanca")).hour == 13
    assert country_zones()["MA"] == ("Africa/Casablanca",)
    with pytest.raises(UnknownNameError, match="Europe/Paris"):
        zone("Europe/Pari")


@pytest.mark.parametrize(
    ("number", "postcode", "zones", "regions"),
    [
        ("+33142000000", None, ("Europe/Paris",), {"FR"}),
        ("+33142000000", "1000", ("Europe/Paris",), {"FR"}),
        ("+33142000000", " 67 000 ", ("Europe/Paris",), {"FR", "alsace-moselle"}),
        ("+33142000000", "98000", ("Europe/Paris",), {"FR"}),
        ("+33142000000", "SW1A 1AA", ("Europe/Paris",), {"FR"}),
        ("+33142000000", "97400", ("Indian/Reunion", "Europe/Paris"), {"RE", "FR"}),
        ("+33612345678", "97600", ("Indian/Mayotte",), {"YT"}),
        ("+262262123456", "97600", ("Indian/Mayotte", "Indian/Reunion"), {"YT", "RE"}),
        ("+590590123456", None, ("America/Guadeloupe",), {"GP", "MF", "BL"}),
        ("+590590123456", "97133", ("America/Guadeloupe",), {"BL"}),
        ("+590590123456", "97150", ("America/Guadeloupe",), {"MF"}),
        ("+689401234", None, ("Pacific/Tahiti", "Pacific/Marquesas", "Pacific/Gambier"), {"PF"}),
    ],
)
def test_where_a_french_number_is(number: str, postcode: str | None, zones: tuple[str, ...], regions: set[str]) -> None:
    """Address first, then number; both where they differ; for a mobile the address alone."""
    place = locate(number, postcode, "FR")
    assert place.zones == zones
    assert place.regions == regions


def test_where_an_american_number_is() -> None:
    """Area code and ZIP code; a state in two zones has both, split where the ZIP code tells."""
    assert states_of_number("+13055551234") == {"FL"}
    assert of_zip("33101") == (frozenset({"FL"}), ("America/New_York",))
    assert of_zip("32501-1234") == (frozenset({"FL"}), ("America/Chicago",))
    assert of_zip("83702") == (frozenset({"ID"}), ("America/Boise", "America/Los_Angeles"))
    assert of_zip("3310") == (frozenset(), ())
    place = locate("+12125551234", "90001", "US")
    assert place.states == {"NY", "CA"}
    assert place.zones == ("America/Los_Angeles", "America/New_York")


@pytest.mark.parametrize("number", ["", "0142000000", "+", "+33", "+3314200000a", "+33042000000", "+99912345678"])
def test_a_number_of_nowhere_says_why(number: str) -> None:
    """No zone, and a sentence."""
    place = locate(number, "75001", "FR")
    assert not place.known
    assert place.problem


def test_windows_are_read_and_compared() -> None:
    """Half-open spans of a day; a week is within another when every moment is."""
    week = parse_week({"mon_fri": ["10:00-13:00", "14:00-20:00"], "sat": ["09:00-10:00", "09:30-12:00"]})
    assert week[0] == ((36_000, 46_800), (50_400, 72_000))
    assert week[5] == ((32_400, 43_200),)
    assert week[6] == ()
    assert week_text(week) == "mon-fri 10:00-13:00 14:00-20:00; sat 09:00-12:00; sun none"
    assert within(parse_week({"mon": ["10:00-12:00"]}), week)
    assert not within(parse_week({"mon": ["12:00-15:00"]}), week)
    assert intersect(((0, 10), (20, 30)), ((5, 25),)) == ((5, 10), (20, 25))


@pytest.mark.parametrize(
    "table",
    [[], {"monday": []}, {"mon": ["10-13"]}, {"mon": ["13:00-10:00"]}, {"mon": ["10:00"]}, {"mon": ["10:00-25:00"]}],
)
def test_windows_that_make_no_sense_are_refused(table: object) -> None:
    """A preset with a slip must not load."""
    with pytest.raises(PresetError):
        parse_week(table)
    with pytest.raises(PresetError):
        parse_weekdays(["monday"])


FR = load_preset("fr")


@pytest.mark.parametrize(
    ("at", "zones", "postcode", "expected"),
    [
        ("2026-11-23T13:30:00+01:00", ("Europe/Paris",), None, "2026-11-23T14:00:00+01:00"),
        ("2026-11-23T12:59:59+01:00", ("Europe/Paris",), None, "2026-11-23T12:59:59+01:00"),
        ("2026-12-24T20:00:00+01:00", ("Europe/Paris",), None, "2026-12-28T10:00:00+01:00"),
        ("2027-03-26T11:00:00+01:00", ("Europe/Paris",), "67000", "2027-03-30T10:00:00+02:00"),
        ("2026-11-23T07:00:00+01:00", ("Indian/Reunion",), None, "2026-11-23T10:00:00+04:00"),
        ("2026-11-23T07:00:00+01:00", ("Indian/Reunion", "Europe/Paris"), None, "2026-11-23T11:00:00+01:00"),
    ],
)
def test_the_next_opening(at: str, zones: tuple[str, ...], postcode: str | None, expected: str) -> None:
    """For filling queues: days, hours and holidays of a zone, no person."""
    found = next_opening(FR, zones, datetime.fromisoformat(at), postcode)
    assert found == datetime.fromisoformat(expected)


@given(
    st.integers(0, 3 * 365 * 86_400),
    st.sampled_from(preset_names()),
    st.sampled_from(["Europe/Paris", "America/New_York", "Indian/Reunion", "Australia/Lord_Howe"]),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_an_opening_is_open_and_the_moment_before_was_not(second: int, name: str, key: str) -> None:
    """The first one: either now, or the second before it was closed."""
    preset, at = load_preset(name), datetime(2026, 9, 1, tzinfo=UTC) + timedelta(seconds=second)
    found = next_opening(preset, (key,), at)
    assert found is not None
    assert found >= at
    assert next_opening(preset, (key,), found) == found
    if found > at:
        before = found - timedelta(microseconds=1)
        assert next_opening(preset, (key,), before) == found
