"""The law of abandonment on the floor: what calls count as, what a standing does to decisions, days that roll over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

import pacing
from dialer.floor import events as ev
from dialer.floor.decisions import Room
from dialer.floor.reasons import LANGUAGES, sentence
from dialer.floor.words import CampaignState
from dialer.rules import load_preset
from dialer.rules.abandonment import Counts, Level, policy_of
from dialer.rules.tally import AbandonLaw
from tests.unit.floor.desk import Desk

DAY_S = 86400.0


def law(preset: str, zone: str = "UTC", **changes: object) -> AbandonLaw:
    return AbandonLaw(replace(policy_of(load_preset(preset)), **changes), zone)  # type: ignore[arg-type]


def today(desk: Desk) -> date:
    return datetime.fromtimestamp(desk.now, UTC).date()


def told(desk: Desk, preset: str = "fr", *, connected: int = 0, abandoned: int = 0, days_ago: int = 0) -> None:
    """A law, and what the record held of one day."""
    counted = {today(desk) - timedelta(days=days_ago): Counts(connected, abandoned)}
    started = desk.now - 20 * DAY_S
    desk.tell(ev.LawTold(at=desk.now, campaign_id="c1", law=law(preset), counted=counted, started_at=started))


def open_desk(policy: str = "ratio", agents: int = 2, target: float | None = None) -> Desk:
    """A desk whose policy asks for three calls for each ready agent."""
    desk = Desk(policy=policy, ratio=3.0, abandonment_target=target)
    for number in range(agents):
        desk.agent(f"a{number}")
    return desk


def decide(desk: Desk) -> pacing.Decision:
    decision, caused = desk.floor.decide("c1", desk.now, Room())
    desk.commands += caused
    return decision


def counts(desk: Desk, window: str = "calendar_day") -> Counts:
    standings = desk.floor.ledger("c1", desk.now).standings
    return next(each.counts for each in standings if each.window == window)


# --- what calls count as ----------------------------------------------------------------------------------------------


def test_a_connected_call_counts_at_once_and_only_once() -> None:
    desk = open_desk(agents=1)
    desk.talk("x", "line-a0")
    assert counts(desk) == Counts(connected=1)
    desk.hang_up("x")
    assert counts(desk) == Counts(connected=1)


def test_an_abandoned_call_counts_when_the_message_begins_and_only_once() -> None:
    desk = open_desk(agents=0)
    desk.dial("x")
    desk.answer("x")
    assert counts(desk) == Counts()
    desk.wait(2.0)
    assert counts(desk) == Counts(abandoned=1)
    desk.hang_up("x")
    assert counts(desk) == Counts(abandoned=1)


def test_a_person_who_hangs_up_before_an_agent_came_is_abandoned() -> None:
    desk = open_desk(agents=0)
    desk.dial("x")
    desk.answer("x")
    desk.now += 0.4
    desk.hang_up("x")
    assert counts(desk) == Counts(abandoned=1)


def test_an_agent_who_comes_late_does_not_undo_it() -> None:
    desk = open_desk(agents=1)
    desk.dial("x")
    desk.answer("x")
    desk.now += 2.5
    desk.bridge("x", "line-a0")
    assert counts(desk) == Counts(abandoned=1)


@pytest.mark.parametrize("in_talk", [True, False])
def test_a_machine_that_the_agent_met_counts_on_neither_side(in_talk: bool) -> None:
    desk = open_desk(agents=1)
    desk.talk("x", "line-a0")
    if not in_talk:
        desk.hang_up("x")
    desk.tell(ev.Disposed(at=desk.now, agent_id="a0", disposition="machine"))
    assert counts(desk) == Counts(machines=1)
    assert decide(desk).inputs["answered"] == 0  # for the pacer too
    desk.tell(ev.Disposed(at=desk.now, agent_id="a0", disposition="sale"))
    assert counts(desk) == Counts(connected=1)


def test_a_call_that_nobody_answered_counts_as_nothing() -> None:
    desk = open_desk()
    desk.dial("x")
    desk.hang_up("x")
    assert counts(desk) == Counts()


def test_a_call_counts_for_the_day_of_its_answer() -> None:
    desk = open_desk(agents=1)
    desk.now += DAY_S - desk.now % DAY_S - 1.0
    told(desk)
    desk.talk("x", "line-a0")
    desk.now += 60.0
    desk.hang_up("x")
    assert counts(desk) == Counts()
    assert counts(desk, "rolling_30d") == Counts(connected=1)


def test_a_talk_that_an_earlier_life_left_open_counts_and_a_late_one_as_abandoned() -> None:
    desk = open_desk()
    attempts = tuple(ev.NewAttempt(name, "c1", 1, "+33199000001", desk.now - 60) for name in ("x", "late"))
    answered, connected = desk.now - 50, {"x": desk.now - 49, "late": desk.now - 47}
    desk.tell(
        ev.AttemptsRecovered(
            at=desk.now, attempts=attempts, answered_at=dict.fromkeys(("x", "late"), answered), connected_at=connected
        )
    )
    assert counts(desk) == Counts(connected=1, abandoned=1)
    desk.tell(ev.LinkRestored(at=desk.now))
    assert counts(desk) == Counts(connected=1, abandoned=1)
    assert {name: each.abandoned for name, each in desk.outcomes().items()} == {"x": False, "late": True}


def test_a_correction_of_a_call_that_nobody_here_remembers_changes_its_day() -> None:
    desk = open_desk()
    told(desk, connected=40)
    desk.tell(
        ev.OutcomeCorrected(
            at=desk.now,
            campaign_id="c1",
            attempt_id="of another life",
            disposition="machine",
            answered_at=desk.now - 60,
            change=Counts(machines=1) - Counts(connected=1),
        )
    )
    assert counts(desk) == Counts(connected=39, machines=1)


# --- what a standing does ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("connected", "abandoned", "dial", "reason"),
    [(33, 0, 2, "law"), (100, 0, 6, "ratio"), (980, 20, 6, "ratio"), (973, 27, 2, "law"), (900, 100, 2, "law")],
)
def test_france_from_the_hard_threshold_on_and_below_34_answers_one_call_for_each_agent(
    connected: int, abandoned: int, dial: int, reason: str
) -> None:
    desk = open_desk()
    told(desk, connected=connected, abandoned=abandoned)
    assert (decide(desk).dial, decide(desk).reason) == (dial, reason)


def test_a_bad_block_of_30_days_holds_a_clean_day() -> None:
    desk = open_desk()
    told(desk, connected=900, abandoned=100, days_ago=3)
    decision = decide(desk)
    assert (decision.dial, decision.reason) == (2, "law")
    assert (decision.inputs["fixed_30d_answered"], decision.inputs["fixed_30d_abandoned"]) == (1000, 100)


def test_the_united_kingdom_calls_nobody_above_the_limit_not_even_for_a_phone_that_is_rung() -> None:
    desk = open_desk()
    told(desk, "uk", connected=90, abandoned=10)
    assert (decide(desk).dial, decide(desk).reason) == (0, "law")


def test_answers_that_follow_let_the_campaign_go_on_by_itself() -> None:
    desk = open_desk(agents=1)
    told(desk, connected=33)
    assert decide(desk).reason == "law"
    desk.talk("x", "line-a0")
    desk.now += 30.0
    desk.hang_up("x")
    desk.hold("line-a0")
    desk.now += 1.0
    desk.tell(ev.AgentReadyRequested(at=desk.now, agent_id="a0"))
    assert desk.floor.ledger("c1", desk.now).level is Level.FREE
    assert decide(desk).reason == "law"  # ratio heeds no law: one more abandoned would be 1 of 35, above 2.7 %
    told(desk, connected=37)
    assert (decide(desk).dial, decide(desk).reason) == (3, "ratio")


def test_pacing_aims_at_the_presets_target_and_at_half_of_it_when_throttled() -> None:
    desk = open_desk("predictive")
    told(desk, connected=1000)
    aims = []
    for abandoned in (0, 21, 0):
        told(desk, connected=1000, abandoned=abandoned)
        aims.append(decide(desk).inputs["limit"])
    assert aims == [0.01, 0.005, 0.01]


def test_a_campaigns_own_target_is_aimed_at_where_it_is_lower() -> None:
    desk = open_desk("predictive", target=0.004)
    told(desk, connected=1000)
    assert decide(desk).inputs["limit"] == 0.004


def test_no_target_at_all_is_progressive() -> None:
    desk = open_desk("predictive")
    told(desk, "uk", connected=1000)
    assert (decide(desk).dial, decide(desk).reason) == (2, "law")


# --- days roll over ---------------------------------------------------------------------------------------------------


def test_midnight_by_the_legal_clock_begins_one_to_one_and_gives_the_bad_day_up() -> None:
    desk = open_desk()
    desk.now = datetime(2026, 11, 20, 21, 0, tzinfo=UTC).timestamp()
    paris = law("fr", "Europe/Paris", windows=frozenset({"calendar_day"}))
    counted = {date(2026, 11, 20): Counts(900, 100)}
    desk.tell(ev.LawTold(at=desk.now, campaign_id="c1", law=paris, counted=counted, started_at=desk.now))
    assert desk.floor.ledger("c1", desk.now).level is Level.OVER_LIMIT
    desk.now = datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC).timestamp()
    assert decide(desk).inputs["answered"] == 1000
    desk.now += 1.0
    decision = decide(desk)
    assert (decision.reason, decision.inputs["answered"], decision.inputs["abandoned"]) == ("law", 0, 0)
    assert desk.floor.ledger("c1", desk.now).worst.few


def test_a_campaign_that_stood_still_over_midnight_is_shown_with_todays_counts() -> None:
    desk = open_desk()
    told(desk, connected=50)
    (view,) = desk.floor.campaign_views(desk.now + DAY_S)
    assert view.ledger.today == Counts()


def test_blocks_of_30_days_run_from_the_first_start() -> None:
    desk = open_desk()
    never = ev.LawTold(at=desk.now, campaign_id="c1", law=law("us"), counted={}, started_at=None)
    desk.tell(ev.CampaignChanged(at=desk.now, settings=desk.settings, state=CampaignState.STOPPED))
    desk.tell(never)
    desk.now += 5 * DAY_S
    desk.tell(ev.CampaignChanged(at=desk.now, settings=desk.settings, state=CampaignState.RUNNING))
    block = next(s for s in desk.floor.ledger("c1", desk.now + 29 * DAY_S).standings if s.window == "fixed_30d")
    assert block.first == today(desk)


def test_the_days_last_calls_end_the_pacers_window_and_may_be_changed() -> None:
    desk = open_desk("predictive")
    desk.now = datetime(2026, 11, 20, 10, 0, tzinfo=UTC).timestamp()
    told(desk)
    (campaign,) = desk.floor._book.campaigns.values()
    for end, hours in (("18:00", 8), ("20:00", 10)):
        desk.tell(ev.DayEndTold(at=desk.now, day_end=end))
        assert campaign.pacer.terms.window_s == hours * 3600


# --- sentences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "connected", "abandoned", "english", "french"),
    [
        ("fr", 12, 0, "12 people have answered today; until 34 have", "tant qu'elles ne sont pas 34"),
        ("fr", 970, 30, "30 of 1000 people who answered today were abandoned (3.0 %); from 2.7 %", "30 des 1000"),
        ("uk", 90, 10, "above 3.0 % nobody is called", "au-delà de 3.0 % personne n'est appelé"),
    ],
)
def test_the_law_says_in_both_languages_why_it_holds(
    preset: str, connected: int, abandoned: int, english: str, french: str
) -> None:
    desk = open_desk()
    told(desk, preset, connected=connected, abandoned=abandoned)
    decision = decide(desk)
    assert decision.reason == "law"
    said = dict(zip(LANGUAGES, (sentence(decision, language) for language in LANGUAGES), strict=True))
    assert english in said["en"]
    assert french in said["fr"]
