"""``dialer abandonment`` and the same in one line elsewhere: what a supervisor reads."""

from typing import Any

import pytest

from dialer.cli.abandonment import ledger_words
from dialer.control.status import told_ledger
from dialer.rules import load_preset
from dialer.rules.abandonment import Counts, policy_of
from dialer.rules.tally import AbandonLaw, Tally
from tests.unit.cli.conftest import Dialer

NOON = 1_795_172_400.0  # 20 November 2026


def told(preset: str, connected: int, abandoned: int) -> dict[str, Any]:
    tally = Tally(AbandonLaw(policy_of(load_preset(preset)), "UTC"), 0.03, None)
    tally.add(NOON, Counts(connected, abandoned))
    return told_ledger(tally.ledger(NOON))


@pytest.mark.parametrize(
    ("preset", "connected", "abandoned", "words"),
    [
        ("fr", 1000, 25, "2 more abandoned, then 1:1, throttled: 25 of 1025 abandoned in the calendar day (2.4 %)"),
        ("fr", 100, 1, "1 more abandoned, then 1:1: 1 of 101"),
        ("fr", 70, 1, "the next abandoned call makes it 1:1: 1 of 71"),
        ("fr", 12, 0, "1:1 until 34 people have answered: 0 of 12"),
        ("fr", 96, 4, "1:1: 4 of 100 abandoned in the calendar day (4.0 %, from 2.7 %)"),
        ("uk", 96, 4, "stopped: 4 of 100 abandoned in the calendar day, above the limit of 3.0 %"),
        ("uk", 1000, 0, "10 more abandoned, then 1:1"),
    ],
)
def test_the_budget_is_told_in_calls_and_what_comes_then(
    preset: str, connected: int, abandoned: int, words: str
) -> None:
    assert words in ledger_words(told(preset, connected, abandoned))


def test_every_window_is_shown_with_what_binds_without_a_daemon(campaign: Dialer) -> None:
    shown = campaign.ok("abandonment", "--campaign", "summer")
    assert "summer (preset " in shown
    for window in ("calendar day", "calendar month", "block of 30 days", "last 30 days"):
        assert window in shown
    assert "aim " in shown


def test_programs_read_shares_and_counts(campaign: Dialer) -> None:
    (told,) = campaign.json("abandonment")["campaigns"]
    assert {each["window"] for each in told["windows"]} == {
        "calendar_day",
        "calendar_month",
        "fixed_30d",
        "rolling_30d",
    }
    assert told["limit"] == 0.03
    assert campaign.json("campaign", "show", "summer")["campaign"]["abandonment"]["level"] == told["level"]


def test_an_earlier_day_is_shown(campaign: Dialer) -> None:
    assert "2026-02-01  2026-02-28" in campaign.ok("abandonment", "--on", "2026-02-28")


def test_an_unknown_campaign_is_refused(campaign: Dialer) -> None:
    assert "no campaign" in campaign.fails(2, "abandonment", "--campaign", "nosuch")


def test_a_campaigns_own_page_tells_its_standing(campaign: Dialer) -> None:
    line = next(
        line for line in campaign.ok("campaign", "show", "summer").splitlines() if line.startswith("abandonment ")
    )
    assert "1:1" in line
