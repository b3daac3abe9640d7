"""``dialer pacing`` and ``dialer simulate``: what they say, from a record and from figures."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.config_file import load
from dialer.floor.commands import Command, RecordAgent, RecordDecision, RecordOutcome
from dialer.floor.words import AgentState, AnsweredBy, Result
from dialer.store.opening import open_store
from tests.unit.cli.conftest import Dialer
from tests.unit.control.live_services import LiveServices
from tests.unit.store.helpers import add_leads

NOON = time.mktime((2026, 11, 20, 12, 0, 0, 0, 0, -1))
DAY = datetime.fromtimestamp(NOON, UTC).astimezone().strftime("%Y-%m-%d")
INPUTS: dict[str, float | int | str] = {
    "price": 0.02,
    "limit": 0.03,
    "budget_left": 2.5,
    "ready": 1,
    "policy": "predictive",
}


def at_store(dialer: Dialer, records: Sequence[Command] = (), calls: int = 0) -> None:
    """Put a decision and so many calls, half of them answered, on record from noon on."""
    asyncio.run(_at_store(dialer.folder, records, calls))


async def _at_store(folder: Path, records: Sequence[Command], calls: int) -> None:
    numbers = [[f"+331990{n:05}"] for n in range(calls)]
    async with open_store(load(folder / "dialer.toml").config.store_path) as store:
        if numbers:
            leads = await add_leads(store, numbers, campaign_id="summer")
            await store.write(lambda db: [db.execute(*_attempt(n, leads[n])) for n in range(calls)])
            store.record([_outcome(n, leads[n]) for n in range(calls)])
            store.record(_agent(calls))
        store.record(records)
        await store.flush()


def _attempt(number: int, lead: int) -> tuple[str, tuple[object, ...]]:
    values = (f"x{number}", "summer", lead, f"+331990{number:05}", NOON + 40.0 * number)
    return "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at) VALUES (?, ?, ?, ?, ?)", values


def _outcome(number: int, lead: int) -> RecordOutcome:
    at, answered = NOON + 40.0 * number, number % 2 == 0
    return RecordOutcome(
        attempt_id=f"x{number}",
        campaign_id="summer",
        lead_id=lead,
        number=f"+331990{number:05}",
        result=Result.ANSWERED if answered else Result.NO_ANSWER,
        answered_by=AnsweredBy.UNSURE if answered else None,
        abandoned=False,
        agent_id="101" if answered else None,
        cause=16,
        reserved_at=at,
        ringing_at=at + 1,
        answered_at=at + 8 if answered else None,
        connected_at=at + 8 if answered else None,
        ended_at=at + 38,
        disposition=None,
        dialed=True,
        opted_out=False,
    )


def _agent(calls: int) -> list[Command]:
    states = [RecordAgent("101", NOON - 60, AgentState.READY, "", None, "line")]
    for number in range(0, calls, 2):
        at = NOON + 40.0 * number
        states.append(RecordAgent("101", at + 8, AgentState.TALKING, "", f"x{number}", "line"))
        states.append(RecordAgent("101", at + 38, AgentState.WRAP_UP, "", None, "line"))
        states.append(RecordAgent("101", at + 43, AgentState.READY, "", None, "line"))
    return [*states]


def decision(at: float = NOON, dial: int = 2, reason: str = "risk") -> RecordDecision:
    return RecordDecision("summer", at, dial, reason, 0.0184, INPUTS)


# --- explain ----------------------------------------------------------------------------------------------------------


def test_the_decision_of_a_moment_is_told_in_both_languages(campaign: Dialer) -> None:
    at_store(campaign, [decision(), decision(NOON + 60, dial=0, reason="no_leads")])
    at = datetime.fromtimestamp(NOON + 30, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")

    told = campaign.ok("pacing", "explain", "--at", at, "--language", "fr")
    assert "Composer 2 appels : " in told
    assert "1.84 %" in told
    assert "2.5" in told
    last = campaign.json("pacing", "explain")["decisions"][0]
    assert (last["reason"], last["dial"], last["budget_left"]) == ("no_leads", 0, 2.5)
    assert last["sentences"]["en"].startswith("Dial nothing: no more leads")


def test_before_the_first_call_there_is_nothing_to_explain(campaign: Dialer) -> None:
    assert "no pacing decision" in campaign.fails(2, "pacing", "explain", "--campaign", "summer")


def test_the_running_floor_itself_is_asked(campaign: Dialer, daemon: LiveServices) -> None:
    assert daemon.live
    assert "no pacing decision" in campaign.fails(2, "pacing", "explain")


def test_a_call_is_told_with_the_decision_that_dialed_it(campaign: Dialer) -> None:
    at_store(campaign, [decision(NOON)], calls=2)

    assert "Dialed at" in campaign.ok("explain", "x0")
    assert "The last decision on record before it was made" in campaign.ok("explain", "x1")
    told = campaign.json("explain", "x0")["decision"]
    assert told["exact"]
    assert told["sentences"]["fr"].startswith("Composer 2 appels")


# --- replay -----------------------------------------------------------------------------------------------------------


def test_a_replay_shows_what_was_beside_what_would_have_been(campaign: Dialer) -> None:
    at_store(campaign, calls=60)

    replayed = campaign.json("pacing", "replay", "--day", DAY, "--policy", "progressive", "--seeds", "1")
    assert list(replayed["simulated"]) == ["auto", "progressive"]
    assert (replayed["recorded"]["dialed"], replayed["recorded"]["connected"]) == (60, 30)
    assert replayed["recorded"]["occupancy"] == pytest.approx(30 * 35 / (40 * 59 + 38), abs=0.01)
    assert 0.2 < replayed["simulated"]["progressive"]["occupancy"] < 1.0
    table = campaign.ok("pacing", "replay", "--day", DAY, "--seeds", "1")
    assert "auto (its own)" in table
    assert "cannot tell" in table


def test_a_day_without_calls_cannot_be_replayed(campaign: Dialer) -> None:
    assert "0 answered calls" in campaign.fails(2, "pacing", "replay", "--day", "2020-01-01")


def test_an_unknown_policy_is_refused(campaign: Dialer) -> None:
    at_store(campaign, calls=60)
    assert "'nosuch'" in campaign.fails(2, "pacing", "replay", "--day", DAY, "--policy", "nosuch")


def test_the_help_says_what_a_replay_cannot_tell(dialer: Dialer) -> None:
    told = " ".join(dialer.ok("pacing", "replay", "--help").split())
    assert "What it cannot tell" in told


# --- simulate ---------------------------------------------------------------------------------------------------------

QUICK = ("--hours", "0.5", "--seeds", "1", "--talk-s", "40")


def test_the_three_questions_are_answered(dialer: Dialer) -> None:
    told = dialer.json(
        *("simulate", "--agents", "3,4", "--policies", "ratio,progressive", "--limit-pct", "3,1", *QUICK),
        *("--connected-per-h", "150"),
    )

    assert len(told["cases"]) == 8
    gains = [case["gain_over_progressive"] for case in told["cases"] if case["policy"] == "progressive"]
    assert gains == [0.0] * 4
    assert {(need["policy"], need["limit_pct"]) for need in told["agents_needed"]} == {
        *(("ratio", 3.0), ("ratio", 1.0), ("progressive", 3.0), ("progressive", 1.0))
    }
    sentences = " ".join(told["sentences"])
    assert "1 % instead of 3 % costs 3 agents with ratio" in sentences
    assert "do the work of" in sentences
    assert "For 150 connections an hour" in sentences


def test_a_table_for_people(dialer: Dialer) -> None:
    table = dialer.ok("simulate", "--agents", "3", "--policies", "progressive", *QUICK)
    assert "over progressive" in table
    assert "30 % picked up" in table


def test_a_campaigns_own_record_stands_for_the_figures(campaign: Dialer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_store(campaign, calls=60)
    monkeypatch.setattr(time, "time", lambda: NOON + 86_400)

    told = campaign.json("simulate", "--campaign", "summer", "--agents", "2", "--policies", "progressive", *QUICK)
    assert "60 calls of summer" in told["floor"]
    assert "50.0 % picked up" in told["floor"]


def test_a_picture_is_drawn(dialer: Dialer) -> None:
    path = dialer.folder / "a.svg"
    told = dialer.json("simulate", "--agents", "2", "--policies", "progressive", *QUICK, "--picture", str(path))
    assert told["picture"] == str(path)
    assert path.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    "words",
    [("--agents", "x"), ("--agents", "0"), ("--policies", "nosuch"), ("--limit-pct", "30"), ("--picture", "a.jpg")],
)
def test_what_cannot_be_simulated_is_refused(words: tuple[str, str], dialer: Dialer) -> None:
    dialer.fails(2, "simulate", *words)


# --- settings ---------------------------------------------------------------------------------------------------------


def test_bounds_are_set_and_taken_away(campaign: Dialer) -> None:
    campaign.ok(
        *("campaign", "set", "summer", "--policy", "predictive", "--max-ratio", "2.5", "--abandonment-target-pct", "2"),
        *("--min-agents-for-predictive", "6", "--cancel-after-s", "18", "--max-calls-per-s", "3"),
    )
    told = campaign.json("campaign", "show", "summer")["campaign"]
    names = ("policy", "max_ratio", "abandonment_target_pct", "min_agents_for_predictive", "cancel_after_s")
    assert [told[name] for name in names] == ["predictive", 2.5, 2.0, 6, 18.0]
    campaign.ok("campaign", "set", "summer", "--unset", "max-ratio", "--unset", "abandonment-target-pct")
    told = campaign.json("campaign", "show", "summer")["campaign"]
    assert (told["max_ratio"], told["abandonment_target_pct"], told["max_calls_per_s"]) == (None, None, 3.0)


def test_a_new_campaign_is_paced_automatically(campaign: Dialer) -> None:
    assert campaign.json("campaign", "show", "summer")["campaign"]["policy"] == "auto"


def test_a_target_above_the_limit_is_refused(campaign: Dialer) -> None:
    told = campaign.fails(2, "campaign", "set", "summer", "--abandonment-target-pct", "4")
    assert "above the limit" in told


def test_an_error_is_json_too(campaign: Dialer) -> None:
    told = campaign.type("pacing", "explain", "--json")
    assert json.loads(told.stderr)["error"]["code"] == "not_found"
