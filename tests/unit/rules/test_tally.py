"""A campaign's tally: which date a call counts for, how windows roll over, what a campaign's own limits change."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.rules import load_preset, preset_names
from dialer.rules.abandonment import AbandonPolicy, Counts, Level, Window, answered_call, policy_of
from dialer.rules.tally import AbandonLaw, Tally, local_date, midnight, own_law
from dialer.rules.zones import zone

FR = AbandonLaw(policy_of(load_preset("fr")), "Europe/Paris")
CONNECTED, LOST = Counts(connected=1), Counts(abandoned=1)
ZONES = sorted({load_preset(name).zone for name in preset_names()})


def at(text: str, zone_key: str = "Europe/Paris") -> float:
    """A moment by the clock of the zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone(zone_key)).timestamp()


def tally(law: AbandonLaw = FR, limit: float = 0.03, target: float | None = None) -> Tally:
    return Tally(law, limit, target)


def seen(of: Tally, now: float, window: Window) -> Counts:
    """What a window holds."""
    return next(each.counts for each in of.ledger(now).standings if each.window == window)


# --- one call ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connected", "abandoned", "machine", "counts"),
    [
        (True, False, False, Counts(connected=1)),
        (True, True, False, Counts(abandoned=1)),  # the agent came after the deadline
        (False, True, False, Counts(abandoned=1)),
        (True, False, True, Counts(machines=1)),
        (True, True, True, Counts(machines=1)),
        (False, True, True, Counts(abandoned=1)),  # nobody listened: what it was cannot be known
        (False, False, False, Counts(abandoned=1)),
    ],
)
def test_what_an_answered_call_counts_as(connected: bool, abandoned: bool, machine: bool, counts: Counts) -> None:
    assert answered_call(connected=connected, abandoned=abandoned, machine=machine) == counts


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone_key", ZONES)
@given(now=st.floats(1_577_836_800, 2_051_222_400))
def test_every_instant_lies_between_the_midnights_of_its_date(zone_key: str, now: float) -> None:
    """The record counts between midnights, the floor by dates: both must be one."""
    day = local_date(now, zone_key)
    assert midnight(day, zone_key) <= now < midnight(day + timedelta(days=1), zone_key)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2028-02-29", 24), ("2026-12-31", 24)]
)
def test_a_day_has_as_many_hours_as_its_clocks_say(day: str, hours: int) -> None:
    first = date.fromisoformat(day)
    length_s = midnight(first + timedelta(days=1), "Europe/Paris") - midnight(first, "Europe/Paris")
    assert length_s == hours * 3600


def test_a_call_counts_for_the_legal_zones_date() -> None:
    """23:30 in Casablanca is 00:30 of the next day in Paris."""
    counted = tally()
    counted.add(at("2026-11-19T23:30", "Africa/Casablanca"), LOST)
    assert seen(counted, at("2026-11-19T23:59:59"), "calendar_day") == Counts()
    assert seen(counted, at("2026-11-20T10:00"), "calendar_day") == LOST


# --- roll-over --------------------------------------------------------------------------------------------------------


def test_midnight_begins_a_day_and_the_month_goes_on() -> None:
    counted = tally()
    counted.start(at("2026-11-02T10:00"))
    counted.add(at("2026-11-19T23:59:59.9"), LOST)
    assert seen(counted, at("2026-11-19T23:59:59.95"), "calendar_day") == LOST
    counted.add(at("2026-11-20T00:00"), CONNECTED)
    assert seen(counted, at("2026-11-20T00:00"), "calendar_day") == CONNECTED
    assert seen(counted, at("2026-11-20T00:00"), "calendar_month") == LOST + CONNECTED


@pytest.mark.parametrize(("last", "first"), [("2028-02-29", "2028-03-01"), ("2027-02-28", "2027-03-01")])
def test_a_month_ends_with_its_last_day_leap_years_too(last: str, first: str) -> None:
    counted = tally()
    counted.add(at(f"{last}T19:59"), LOST)
    assert seen(counted, at(f"{last}T20:00"), "calendar_month") == LOST
    assert seen(counted, at(f"{first}T10:00"), "calendar_month") == Counts()
    assert seen(counted, at(f"{first}T10:00"), "rolling_30d") == LOST


def test_a_year_ends() -> None:
    counted = tally()
    counted.add(at("2026-12-31T19:00"), LOST)
    assert seen(counted, at("2027-01-01T00:00"), "calendar_month") == Counts()
    assert seen(counted, at("2027-01-29T12:00"), "rolling_30d") == LOST
    assert seen(counted, at("2027-01-30T12:00"), "rolling_30d") == Counts()


@pytest.mark.parametrize(("day", "held"), [("2026-11-04", True), ("2026-11-05", False)])
def test_a_block_of_30_days_runs_from_the_first_start_over_a_clock_change(day: str, held: bool) -> None:
    counted = tally()
    counted.start(at("2026-10-06T23:30"))
    counted.start(at("2026-10-20T10:00"))  # started again: the first time counts
    counted.add(at("2026-10-06T23:45"), LOST)
    assert seen(counted, at(f"{day}T00:00"), "fixed_30d") == (LOST if held else Counts())


def test_the_date_never_goes_back() -> None:
    counted = tally()
    assert counted.day(at("2026-11-20T00:00:01")) == date(2026, 11, 20)
    assert counted.day(at("2026-11-19T23:59")) == date(2026, 11, 20)


def test_what_no_window_reaches_is_forgotten_and_what_one_reaches_is_not() -> None:
    counted = tally()
    counted.start(at("2026-01-05T10:00"))
    for day in range(400):
        now = at("2026-01-05T10:00") + day * 86400
        counted.add(now, CONNECTED)
        ledger = counted.ledger(now)
        expected = {"calendar_day": 1, "rolling_30d": min(30, day + 1), "fixed_30d": day % 30 + 1}
        assert {s.window: s.counts.connected for s in ledger.standings if s.window in expected} == expected
    assert len(counted._days) <= 32


# --- thresholds -------------------------------------------------------------------------------------------------------


def test_a_campaigns_own_limits_tighten_and_never_loosen() -> None:
    strict = FR.policy.within(0.015, 0.005)
    assert (strict.limit, strict.hard, strict.throttle, strict.target) == (0.015, 0.015, 0.015, 0.005)
    loose = FR.policy.within(0.10, 0.08)
    assert loose == FR.policy


@given(st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(preset_names()))
def test_no_threshold_is_ever_above_the_presets(limit: float, target: float | None, name: str) -> None:
    law = policy_of(load_preset(name))
    own = law.within(limit, target)
    assert own.limit <= law.limit
    assert own.hard <= law.hard
    assert own.throttle <= law.throttle
    assert own.target <= law.target


def test_pacing_aims_at_the_target_and_at_half_of_it_while_throttled() -> None:
    counted, now = tally(), at("2026-11-20T12:00")
    assert counted.ledger(now).aim == 0.01
    counted.add(now, Counts(connected=985, abandoned=15))
    assert counted.ledger(now).aim == 0.01
    counted.add(now, Counts(abandoned=6))
    assert (counted.ledger(now).level, counted.ledger(now).aim) == (Level.THROTTLE, 0.005)
    counted.add(now, Counts(connected=200))
    assert counted.ledger(now).aim == 0.01


def test_few_answers_are_no_reason_to_throttle() -> None:
    counted, now = tally(), at("2026-11-20T12:00")
    counted.add(now, Counts(connected=10, abandoned=1))
    assert (counted.ledger(now).level, counted.ledger(now).aim) == (Level.ONE_TO_ONE, 0.01)


def test_the_united_kingdom_stops_at_the_limit_and_france_goes_on_one_to_one() -> None:
    now, bad = at("2026-11-20T12:00"), Counts(connected=90, abandoned=10)
    for name, stopped in (("uk", True), ("fr", False)):
        counted = tally(AbandonLaw(policy_of(load_preset(name)), "UTC"))
        counted.add(now, bad)
        assert counted.ledger(now).level is Level.OVER_LIMIT
        assert counted.ledger(now).stopped is stopped


def test_a_campaign_that_is_told_no_law_is_held_to_its_own_limit_each_day() -> None:
    counted, now = Tally(own_law(0.03), 0.03, None), at("2026-11-20T12:00")
    counted.add(now, Counts(connected=97, abandoned=3))
    assert counted.ledger(now).level is Level.ONE_TO_ONE
    assert counted.ledger(now + 86400).level is Level.FREE


def test_another_law_keeps_what_was_counted() -> None:
    counted, now = tally(), at("2026-11-20T12:00")
    counted.add(now, Counts(connected=97, abandoned=3))
    counted.hold_to(AbandonLaw(policy_of(load_preset("ca")), "America/Toronto"), 0.05, None)
    ledger = counted.ledger(now)
    assert (ledger.worst.window, ledger.worst.counts.abandoned) == ("calendar_month", 3)
    assert ledger.level is Level.THROTTLE


def test_a_policy_that_holds_no_window_lets_nothing_be_dialed_ahead() -> None:
    none = AbandonPolicy(0.03, 0.01, 0.02, 0.027, frozenset(), count_fp=True, min_live_answers=0)
    assert Tally(AbandonLaw(none, "UTC"), 0.03, None).ledger(0.0).level is Level.ONE_TO_ONE


# --- the day's last calls ---------------------------------------------------------------------------------------------


def test_the_window_ends_with_the_days_last_calls_by_the_legal_clock() -> None:
    assert tally().calls_end(at("2026-11-20T09:30"), "20:00") == at("2026-11-20T20:00")


def test_after_the_last_calls_it_ends_at_midnight() -> None:
    assert tally().calls_end(at("2026-11-20T21:00"), "20:00") == at("2026-11-21T00:00")
