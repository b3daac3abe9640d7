"""Times of callbacks as people write them, by the called person's clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.errors import BadTime
from dialer.leads.when import FURTHEST, read_when
from dialer.rules.zones import zone

PARIS = zone("Europe/Paris")
NOW = datetime.fromisoformat("2026-11-23T15:00:00+01:00").timestamp()  # a Monday


def told(text: str, home: str = "Europe/Paris", now: float = NOW) -> str:
    found = datetime.fromtimestamp(read_when(text, zone(home), now), UTC)
    return found.astimezone(zone(home)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-24 14:30", "2026-11-24T14:30+01:00"),
        ("2026-11-24T14:30", "2026-11-24T14:30+01:00"),
        ("24/11/2026 14h30", "2026-11-24T14:30+01:00"),
        ("24/11 14:30", "2026-11-24T14:30+01:00"),
        ("23/11 10h", "2027-11-23T10:00+01:00"),
        ("16:00", "2026-11-23T16:00+01:00"),
        ("14:30", "2026-11-24T14:30+01:00"),
        ("9h", "2026-11-24T09:00+01:00"),
        ("1430", "2026-11-24T14:30+01:00"),
        ("1630", "2026-11-23T16:30+01:00"),
        ("241430", "2026-11-24T14:30+01:00"),
        ("231430", "2026-12-23T14:30+01:00"),
        ("311000", "2026-12-31T10:00+01:00"),
        ("2026-11-24T12:30:00Z", "2026-11-24T13:30+01:00"),
        ("2026-11-24T12:30:00.250-05:00", "2026-11-24T18:30+01:00"),
    ],
)
def test_what_people_write_is_understood(text: str, meant: str) -> None:
    assert told(text) == meant


def test_it_is_the_persons_clock() -> None:
    assert told("18:00", "Indian/Reunion") == "2026-11-24T18:00+04:00"
    assert told("19:00", "Indian/Reunion") == "2026-11-23T19:00+04:00"


def test_where_clocks_change_a_time_left_out_is_an_hour_later_and_one_that_comes_twice_the_first() -> None:
    assert told("2027-03-28 02:30") == "2027-03-28T03:30+02:00"
    assert told("2027-10-31 02:30") == "2027-10-31T02:30+02:00"


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2026-02-30 10:00", "32/11 10:00", "24", "2561", "14:30 x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="is no time"):
        read_when(text, PARIS, NOW)


@pytest.mark.parametrize("text", ["2026-11-23T14:00:00+01:00", "2028-01-01T10:00:00+01:00"])
def test_what_is_over_or_too_far_is_refused(text: str) -> None:
    with pytest.raises(BadTime, match="not within the year"):
        read_when(text, PARIS, NOW)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(["Europe/Paris", "America/New_York", "Indian/Reunion", "Africa/Casablanca", "Pacific/Auckland"]),
)
def test_a_clock_time_is_the_next_time_that_the_clock_shows_it(
    now: datetime, hour: int, minute: int, home: str
) -> None:
    at = now.replace(tzinfo=UTC).timestamp()
    found = read_when(f"{hour:02}{minute:02}", zone(home), at)
    assert at < found <= at + timedelta(days=1, hours=2).total_seconds()
    local = datetime.fromtimestamp(found, UTC).astimezone(zone(home))
    assert local.minute == minute
    assert (local.hour - hour) % 24 in (0, 1)


@given(st.text(max_size=20))
def test_whatever_is_written_is_a_time_ahead_within_a_year_or_refused(text: str) -> None:
    try:
        found = read_when(text, PARIS, NOW)
    except BadTime:
        return
    assert NOW < found <= NOW + FURTHEST.total_seconds()
