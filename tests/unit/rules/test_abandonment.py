"""The abandonment formulas against worked examples of the texts and against their own definitions."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.rules import load_preset
from dialer.rules.abandonment import (
    Counts,
    Level,
    budget_calls,
    ledger,
    live_answers,
    policy_of,
    rate,
    rate_without_amd,
    span,
    total,
)

START = date(2026, 10, 5)


def test_ftc_rate_leaves_machines_out() -> None:
    """16 CFR 310.4(b)(4): 3 abandoned of 100 answered by a person, whatever machines answered."""
    assert rate(Counts(connected=97, abandoned=3, machines=500)) == pytest.approx(0.03)


def test_uk_rate_adds_people_taken_for_machines() -> None:
    """Section 6, vendor form: 4 silent calls of 200 live are 2 %."""
    assert rate(Counts(connected=196, false_positives=4)) == pytest.approx(0.02)
    assert rate(Counts(connected=196, false_positives=4), count_fp=False) == 0


def test_uk_rate_without_amd_takes_the_machines_share_off() -> None:
    """A' = A (1 - q): 10 unconnected answers, half of what agents receive are machines, so 5 people."""
    assert rate_without_amd(Counts(connected=95, abandoned=10, machines=95)) == pytest.approx(5 / 100)


def test_nothing_answered_is_no_rate() -> None:
    """An empty window has a rate of zero, and no budget."""
    assert rate(Counts()) == rate_without_amd(Counts()) == 0
    assert budget_calls(Counts(), 0.03) == 0


@given(st.integers(0, 5000), st.integers(0, 200), st.sampled_from([0.01, 0.027, 0.03, 0.05]))
def test_the_budget_is_the_last_call_that_still_fits(connected: int, abandoned: int, share: float) -> None:
    """One more than the budget exceeds the share; the budget itself does not, unless it is exceeded already."""
    left = budget_calls(Counts(connected, abandoned), share)
    assert rate(Counts(connected, abandoned + left + 1)) > share
    if left:
        assert rate(Counts(connected, abandoned + left)) <= share + 1e-12


def test_one_abandoned_call_needs_34_live_answers() -> None:
    """Section 6: one abandon needs at least 34 live answers to be at most 3 %."""
    assert rate(Counts(connected=32, abandoned=1)) > 0.03
    assert rate(Counts(connected=33, abandoned=1)) < 0.03


@pytest.mark.parametrize(
    ("day", "first"),
    [(0, 0), (29, 0), (30, 30), (59, 30), (60, 60)],
)
def test_fixed_blocks_follow_one_another_from_the_campaigns_start(day: int, first: int) -> None:
    """Successive periods of 30 days, not rolling ones."""
    today = START + timedelta(days=day)
    assert span("fixed_30d", today, START) == (START + timedelta(days=first), today)


def test_the_other_windows() -> None:
    """Today; this month so far; the last 30 days, today included."""
    today = date(2026, 11, 23)
    assert span("calendar_day", today, START) == (today, today)
    assert span("calendar_month", today, START) == (date(2026, 11, 1), today)
    assert span("rolling_30d", today, START) == (date(2026, 10, 25), today)


def test_a_total_takes_both_ends() -> None:
    """The first and last date belong to the window."""
    days = {START + timedelta(days=n): Counts(connected=1) for n in range(5)}
    assert total(days, START + timedelta(days=1), START + timedelta(days=3)).connected == 3


FR = policy_of(load_preset("fr"))


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        (Counts(), Level.ONE_TO_ONE),
        (Counts(connected=33), Level.ONE_TO_ONE),
        (Counts(connected=34), Level.FREE),
        (Counts(connected=99, abandoned=1), Level.FREE),
        (Counts(connected=98, abandoned=2), Level.THROTTLE),
        (Counts(connected=973, abandoned=27), Level.ONE_TO_ONE),
        (Counts(connected=97, abandoned=3), Level.ONE_TO_ONE),
        (Counts(connected=96, abandoned=4), Level.OVER_LIMIT),
        (Counts(connected=97, false_positives=3.5), Level.OVER_LIMIT),
    ],
)
def test_french_levels(counts: Counts, level: Level) -> None:
    """Section 7 fr.abandon: throttle at 2 %, 1:1 from 2.7 %, limit 3 %, and 1:1 below 34 live answers."""
    assert ledger(FR, {START: counts}, START, START).level is level


def test_the_worst_held_window_decides() -> None:
    """A clean day inside a bad block of 30 days stays throttled, and says why."""
    yesterday = START + timedelta(days=9)
    days = {yesterday: Counts(connected=400, abandoned=11), START + timedelta(days=10): Counts(connected=100)}
    found = ledger(FR, days, START + timedelta(days=10), START)
    assert found.level is Level.THROTTLE
    assert found.worst.window == "fixed_30d"
    assert found.budget_calls == min(s.budget_calls for s in found.standings if s.held)


def test_each_window_starts_one_to_one() -> None:
    """Section 6: start each window progressive, however good the days before were."""
    days = {START: Counts(connected=1000)}
    found = ledger(FR, days, START + timedelta(days=1), START)
    assert found.level is Level.ONE_TO_ONE
    assert found.budget_calls == 0


def test_two_more_then_one_to_one() -> None:
    """1,000 people connected, 25 abandoned: two more stay under 2.7 %."""
    found = ledger(FR, {START: Counts(connected=1000, abandoned=25)}, START, START)
    assert found.budget_calls == 2
    assert live_answers(found.standings[0].counts) == 1025


def test_british_and_american_windows() -> None:
    """UK by the day, US by fixed blocks, Canada by the month; tightened thresholds are used."""
    assert policy_of(load_preset("uk")).windows == {"calendar_day"}
    assert policy_of(load_preset("us")).windows == {"fixed_30d"}
    assert policy_of(load_preset("ca")).windows == {"calendar_month"}
    assert policy_of(load_preset("fr", {"fr.abandon": {"hard": 0.015}})).hard == 0.015
