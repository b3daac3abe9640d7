"""What a scrape tells: every metric of the catalogue, the ledger's formula, bounded labels, nobody's number."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dialer.control.status import (
    AgentStatus,
    CampaignStatus,
    LinkStatus,
    MqttStatus,
    PacingStatus,
    StatusSnapshot,
    Today,
)
from dialer.floor import commands as cmd
from dialer.floor.trunks import TrunkView
from dialer.floor.words import AgentState, AnsweredBy, AttemptState, CampaignState, Result
from dialer.metrics.catalogue import BY_NAME, CATALOGUE, MOST_CAMPAIGNS
from dialer.metrics.collector import registry_of
from dialer.metrics.figures import Figures
from dialer.metrics.reading import Reading
from dialer.metrics.reference import render
from dialer.pbx.link import Pbx
from dialer.pbx.settings import AmiSettings
from dialer.rules import load_preset
from dialer.rules.abandonment import Counts, Ledger, ledger, policy_of
from dialer.timings import Timings

ROOT = Path(__file__).parents[3]
NOW = 1_790_000_000.0
FASTAGI = {"runs": 9, "refused": 0, "gone": 1, "timeouts": 0, "failures": 0, "open": 0}
NUMBER = "+33199000017"
MQTT = MqttStatus(up=False, since=NOW - 60, why="refused", alerts_dropped=3, events_dropped=70)
TRUNKS = (TrunkView("carrier", NOW - 60, 9, 8, "other"), TrunkView("other", bound=8))


def campaign(name: str = "summer", state: CampaignState = CampaignState.RUNNING) -> CampaignStatus:
    paced = PacingStatus(policy="auto", reason="r", sentence="s", dial=1, risk=0.0, inputs={}, decided_at=NOW,
                         budget_left=3, calls_per_agent=1.5)  # fmt: skip
    today = Today(attempts=100, persons=33, connected=30, abandoned=1)
    calls = {AttemptState.RINGING: 4}
    return CampaignStatus(
        campaign_id=name,
        state=state,
        calls=calls,
        today=today,
        occupancy=0.8,
        leads_left=5,
        pacing=paced,
        abandonment=standing(30, 1),
    )


def standing(connected: int, abandoned: int) -> Ledger:
    """What the ledger says of so many calls of one day, under the law of France."""
    day = date(2026, 9, 21)
    return ledger(policy_of(load_preset("fr")), {day: Counts(connected, abandoned)}, day, day)


def status(*campaigns: CampaignStatus) -> StatusSnapshot:
    agents = tuple(
        AgentStatus(agent_id=f"agent-{n}", campaign_id="summer", state=state, since=NOW)
        for n, state in enumerate((AgentState.READY, AgentState.READY, AgentState.TALKING))
    )
    link = LinkStatus(up=True, since=NOW, asterisk="22")
    return StatusSnapshot(at=NOW, version="1", instance="d", started_at=NOW - 9, draining=False, link=link,
                          campaigns=campaigns or (campaign(),), agents=agents, trunks=TRUNKS, mqtt=MQTT)  # fmt: skip


def reading(**changes: object) -> Reading:
    pbx = Pbx(AmiSettings("u", "s"), lambda _event: None, lambda: NOW).stats()
    return replace(Reading(status=status(), pbx=pbx, fastagi=FASTAGI, backup_at=NOW - 60), **changes)  # type: ignore[arg-type]


def scraped(one: Reading) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels, as Prometheus reads it."""
    families = text_string_to_metric_families(generate_latest(registry_of(one)).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("dialer_")
    }


def of(samples: dict[tuple[str, tuple[tuple[str, str], ...]], float], name: str, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


def ended(name: str, result: Result = Result.ANSWERED, **changes: object) -> list[cmd.Command]:
    """The two commands with which the floor ends a call."""
    outcome = cmd.RecordOutcome(
        attempt_id=name, campaign_id="summer", lead_id=1, number=NUMBER, result=result, answered_by=AnsweredBy.PERSON,
        abandoned=False, agent_id="101", cause=16, reserved_at=NOW, ringing_at=NOW, answered_at=NOW + 5,
        connected_at=NOW + 5.2, ended_at=NOW + 60, disposition=None, dialed=True, opted_out=False,
    )  # fmt: skip
    return [cmd.RecordStep(name, NOW, AttemptState.ENDED, "hung up"), replace(outcome, **changes)]  # type: ignore[arg-type]


def test_every_metric_of_the_catalogue_is_shown_and_no_other() -> None:
    figures = Figures()
    figures.follow(ended("a"))
    shown = {name for name, _ in scraped(reading(figures=figures))}
    stems = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in shown}
    assert {name for name in stems if not name.endswith("_created")} == set(BY_NAME)


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_names_follow_prometheus_conventions(metric: object) -> None:
    name, kind = getattr(metric, "name", ""), getattr(metric, "kind", "")
    assert name.startswith("dialer_")
    assert name.endswith("_total") is (kind == "counter")
    assert not name.endswith(("_ms", "_pct", "_count", "_sum", "_bucket"))


def test_the_reference_page_is_the_catalogue() -> None:
    assert (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8") == render()


@given(connected=st.integers(0, 5000), abandoned=st.integers(0, 500))
def test_the_abandonment_is_that_of_the_ledger_in_every_window(connected: int, abandoned: int) -> None:
    kept = standing(connected, abandoned)
    samples = scraped(reading(status=status(replace(campaign(), abandonment=kept))))
    for each in kept.standings:
        labels = {"campaign": "summer", "window": each.window}
        assert of(samples, "dialer_abandonment_ratio", **labels) == each.rate
        assert of(samples, "dialer_abandonment_budget_calls", **labels) == each.budget_calls
        assert of(samples, "dialer_abandonment_held", **labels) == each.held
    assert of(samples, "dialer_abandonment_level", campaign="summer") == kept.level
    assert of(samples, "dialer_abandonment_limit_ratio", campaign="summer") == kept.policy.limit


def test_agents_and_calls_are_counted_by_state() -> None:
    samples = scraped(reading())
    assert of(samples, "dialer_agents", campaign="summer", state="ready") == 2
    assert of(samples, "dialer_agents", campaign="summer", state="paused") == 0
    assert of(samples, "dialer_calls", campaign="summer", state="ringing") == 4
    assert of(samples, "dialer_campaign_state", campaign="summer", state="running") == 1
    assert of(samples, "dialer_campaign_state", campaign="summer", state="paused") == 0


def test_calls_are_counted_once_however_often_their_outcome_is_corrected() -> None:
    figures = Figures()
    figures.follow(ended("a"))
    figures.follow([ended("a", disposition="sale")[1]])
    figures.follow(ended("b", Result.BUSY, answered_by=None, answered_at=None, connected_at=None))
    figures.follow(ended("c", abandoned=True, connected_at=None))
    figures.follow(ended("d", Result.CANCELLED, dialed=False))
    figures.follow(ended("e", answered_by=AnsweredBy.MACHINE, connected_at=None))
    samples = scraped(reading(figures=figures))
    totals = {result: of(samples, "dialer_calls_ended_total", campaign="summer", result=result) for result in Result}
    assert {result: count for result, count in totals.items() if count} == {Result.ANSWERED: 3, Result.BUSY: 1}
    assert of(samples, "dialer_calls_answered_by_person_total", campaign="summer") == 2
    assert of(samples, "dialer_calls_connected_total", campaign="summer") == 1
    assert of(samples, "dialer_calls_abandoned_total", campaign="summer") == 1


def test_the_way_from_answer_to_agent_is_a_histogram() -> None:
    figures = Figures()
    for name, wait_s in (("a", 0.004), ("b", 0.2), ("c", 60.0)):
        figures.follow(ended(name, connected_at=NOW + 5 + wait_s))
    samples = scraped(reading(figures=figures))
    name = "dialer_answer_to_agent_seconds"
    assert [of(samples, f"{name}_bucket", campaign="summer", le=le) for le in ("0.01", "0.25", "10.0", "+Inf")] == [
        1,
        2,
        2,
        3,
    ]
    assert of(samples, f"{name}_count", campaign="summer") == 3
    assert of(samples, f"{name}_sum", campaign="summer") == pytest.approx(60.204)


@given(st.lists(st.floats(0, 100, allow_nan=False), max_size=50))
def test_timings_lose_nothing(durations: list[float]) -> None:
    timings = Timings()
    for duration in durations:
        timings.add(duration)
    assert timings.count == len(durations)
    assert timings.sum_s == pytest.approx(sum(durations))
    for index, bound in enumerate(timings.bounds_s):
        assert sum(timings.counts[: index + 1]) == sum(duration <= bound for duration in durations)


def test_labels_are_bounded_and_running_campaigns_come_first() -> None:
    many = [campaign(f"c{n}", CampaignState.STOPPED) for n in range(MOST_CAMPAIGNS + 20)]
    samples = scraped(reading(status=status(*many, campaign("summer"))))
    shown = {dict(labels).get("campaign") for _, labels in samples} - {None}
    assert len(shown) == MOST_CAMPAIGNS
    assert "summer" in shown
    assert of(samples, "dialer_campaigns_left_out") == 21


def test_a_trunk_that_is_avoided_is_told_apart_from_one_that_is_used() -> None:
    samples = scraped(reading())
    assert of(samples, "dialer_trunk_avoided", trunk="carrier") == 1
    assert of(samples, "dialer_trunk_avoided", trunk="other") == 0


def test_a_broker_that_is_away_and_what_could_not_be_kept_for_it_are_told() -> None:
    samples = scraped(reading())
    assert of(samples, "dialer_mqtt_up") == 0
    assert [of(samples, "dialer_mqtt_dropped_total", queue=queue) for queue in ("alerts", "events")] == [3, 70]
    without = scraped(reading(status=replace(status(), mqtt=None)))
    assert not {name for name, _ in without if "mqtt" in name}


def test_what_has_no_value_is_not_shown() -> None:
    nothing = {"occupancy": None, "leads_left": None, "pacing": None, "abandonment": None}
    idle = replace(campaign(), today=Today(), **nothing)  # type: ignore[arg-type]
    shown = {name for name, _ in scraped(reading(status=status(idle), backup_at=None))}
    none = {
        "dialer_occupancy_ratio",
        "dialer_leads_left",
        "dialer_dial_ratio",
        "dialer_pick_up_ratio",
        "dialer_abandonment_ratio",
    }
    assert shown & {*none, "dialer_last_backup_timestamp_seconds"} == set()


def test_no_agent_and_no_number_is_in_a_scrape() -> None:
    figures = Figures()
    figures.follow(ended("a"))
    text = generate_latest(registry_of(reading(figures=figures))).decode()
    assert NUMBER[-6:] not in text
    assert "agent-1" not in text
