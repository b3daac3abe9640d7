"""What the floor asks to be recorded, and what becomes of leads."""

import asyncio
from typing import Any

import pytest

from dialer.floor.commands import (
    Command,
    HangUp,
    RecordAgent,
    RecordCampaign,
    RecordDecision,
    RecordOptOut,
    RecordStep,
)
from dialer.floor.events import AgentSettings, NewAttempt
from dialer.floor.words import AgentState, AnsweredBy, AttemptState, CampaignState, Result
from dialer.store import Agent, Store, recorder
from dialer.store.errors import StoreUnavailable
from tests.unit.store.helpers import NOW, add_leads, ended, number, rows


async def record(store: Store, *records: Command) -> None:
    store.record(records)
    async with asyncio.timeout(10):
        await store.flush()


async def one_attempt(store: Store, *numbers: str) -> NewAttempt:
    await add_leads(store, [numbers or [number(1)]])
    (attempt,) = await store.reserve("acme", 1, NOW)
    return attempt


async def lead_state(store: Store) -> tuple[Any, ...]:
    return (await rows(store, "SELECT state, next_position, attempts FROM leads"))[0]


@pytest.mark.parametrize("result", [r for r in Result if r is not Result.INVALID_NUMBER])
async def test_one_treatment_finishes_a_lead(store: Store, result: Result) -> None:
    attempt = await one_attempt(store, number(1), number(2))

    await record(store, ended(attempt, result))

    assert await lead_state(store) == ("finished", 0, 1)
    assert (await store.lists("acme"))[0].finished == 1
    assert await store.reserve("acme", 1, NOW + 1e6) == ()


async def test_a_number_that_does_not_exist_gives_way_to_the_next_at_once(store: Store) -> None:
    attempt = await one_attempt(store, number(1), number(2))

    await record(store, ended(attempt, Result.INVALID_NUMBER))
    (second,) = await store.reserve("acme", 1, NOW + 20)
    await record(store, ended(second, Result.INVALID_NUMBER))

    assert second.number == number(2)
    assert await lead_state(store) == ("finished", 1, 2)


async def test_an_attempt_that_was_never_dialed_gives_its_lead_back(store: Store) -> None:
    attempt = await one_attempt(store)

    await record(store, ended(attempt, Result.FAILED, dialed=False))

    assert await lead_state(store) == ("due", 0, 0)
    assert len(await store.reserve("acme", 1, NOW + 20)) == 1
    assert (await store.counts("acme")).attempts == 0


async def test_a_disposition_that_follows_is_kept_and_touches_the_lead_no_more(store: Store) -> None:
    attempt = await one_attempt(store, number(1), number(2))
    await record(store, ended(attempt, Result.INVALID_NUMBER))
    await store.reserve("acme", 1, NOW + 20)

    await record(store, ended(attempt, Result.INVALID_NUMBER, disposition="wrong number"))

    assert await lead_state(store) == ("reserved", 1, 1)
    assert (await store.explain(attempt.attempt_id)).attempt["disposition"] == "wrong number"


async def test_a_floor_that_knows_nothing_of_a_correction_does_not_take_it_back(store: Store) -> None:
    attempt = await one_attempt(store)
    await record(store, ended(attempt, Result.ANSWERED, disposition="sale"))

    await record(store, ended(attempt, Result.ANSWERED, opted_out=True))

    kept = (await store.explain(attempt.attempt_id)).attempt
    assert (kept["disposition"], kept["opted_out"]) == ("sale", 1)


async def test_what_comes_within_moments_is_one_commit(store: Store) -> None:
    attempt = await one_attempt(store)
    before = store.carried_out
    for state in (AttemptState.DIALING, AttemptState.RINGING, AttemptState.ANSWERED):
        store.record([RecordStep(attempt.attempt_id, NOW, state, "test", None)])
        for _ in range(10):
            await asyncio.sleep(0)
    await store.flush()
    assert store.carried_out == before + 1


@pytest.mark.parametrize("by_keypad", [True, False])
async def test_a_withdrawal_is_written_without_waiting_for_more(
    store: Store, monkeypatch: pytest.MonkeyPatch, by_keypad: bool
) -> None:
    attempt = await one_attempt(store)
    monkeypatch.setattr("dialer.store.recorder.GATHER_S", 1000)
    said = ended(attempt, Result.ANSWERED, disposition="refusal")
    store.record([RecordOptOut(attempt.attempt_id, NOW) if by_keypad else said])
    async with asyncio.timeout(10):
        while await rows(store, "SELECT 1 FROM suppressions") == []:
            pass


async def test_every_value_of_an_outcome_is_kept(store: Store) -> None:
    attempt = await one_attempt(store)
    outcome = ended(
        attempt,
        Result.ANSWERED,
        answered_by=AnsweredBy.UNSURE,
        abandoned=True,
        agent_id="zoe",
        cause=16,
        ringing_at=NOW + 1.25,
        answered_at=NOW + 2.5,
        connected_at=NOW + 3.125,
        ended_at=NOW + 60,
        disposition="refusal",
        opted_out=True,
    )

    await record(store, outcome)

    kept = (await store.explain(attempt.attempt_id)).attempt
    names = [name for name in kept if name != "id"]
    assert {name: kept[name] for name in names} == {name: getattr(outcome, name) for name in names}


async def test_steps_keep_their_order_within_one_instant(store: Store) -> None:
    attempt = await one_attempt(store)
    states = (AttemptState.RESERVED, AttemptState.DIALING, AttemptState.RINGING)

    await record(store, *(RecordStep(attempt.attempt_id, NOW, state, f"because {state}") for state in states))

    steps = (await store.explain(attempt.attempt_id)).steps
    assert [step.state for step in steps] == list(states)
    assert steps[1].reason == "because dialing"


async def test_a_life_shows_the_pacing_decision_before_it(store: Store) -> None:
    decisions = [RecordDecision("acme", NOW + at, 1, f"at {at}", 0.5, {"ready": at}) for at in (-2, -1, 1)]
    attempt = await one_attempt(store)

    await record(store, *decisions)

    decision = (await store.explain(attempt.attempt_id)).decision
    assert decision is not None
    assert decision["reason"] == "at -1"
    assert decision["inputs"] == {"ready": -1}


async def test_open_attempts_say_what_their_steps_say(store: Store) -> None:
    attempt = await one_attempt(store)
    await record(
        store,
        RecordStep(attempt.attempt_id, NOW + 1, AttemptState.ANSWERED, "picked up"),
        RecordStep(attempt.attempt_id, NOW + 2, AttemptState.CONNECTED, "bridge", "zoe"),
    )

    recovered = await store.open_attempts(NOW + 9)

    assert recovered.at == NOW + 9
    assert recovered.attempts == (attempt,)
    assert recovered.answered_at == {attempt.attempt_id: NOW + 1}
    assert recovered.connected_at == {attempt.attempt_id: NOW + 2}
    assert recovered.agents == {attempt.attempt_id: "zoe"}


async def test_sessions_begin_on_the_line_and_end_offline(store: Store) -> None:
    await store.create_agent(Agent(AgentSettings("zoe", "acme", "zoe-phone"), "Zoé"), "1234")
    changes = [
        *((0, AgentState.CALLING), (1, AgentState.READY), (2, AgentState.TALKING), (3, AgentState.OFFLINE)),
        *((4, AgentState.OFFLINE), (5, AgentState.PAUSED)),
    ]

    await record(store, *(RecordAgent("zoe", at, state, "", None, None) for at, state in changes))

    assert await rows(store, "SELECT started_at, ended_at FROM agent_sessions") == [(1, 3), (5, None)]
    assert len(await rows(store, "SELECT 1 FROM agent_states")) == 6


async def test_a_change_of_a_campaign_is_written_once(store: Store) -> None:
    await store.set_campaign_state("acme", CampaignState.RUNNING, "by command")

    await record(store, RecordCampaign("acme", NOW, CampaignState.RUNNING, "by the floor"))
    await record(store, RecordCampaign("acme", NOW + 1, CampaignState.PAUSED, "by the floor"))

    changes = await rows(store, "SELECT at, state, reason FROM campaign_changes ORDER BY id")
    assert changes == [(NOW, "running", "by command"), (NOW + 1, "paused", "by the floor")]
    assert (await store.campaign("acme")).state is CampaignState.PAUSED


async def test_a_record_that_cannot_be_written_stops_no_other(store: Store) -> None:
    attempt = await one_attempt(store)
    good = RecordStep(attempt.attempt_id, NOW, AttemptState.DIALING, "good")

    await record(store, RecordStep("nobody", NOW, AttemptState.DIALING, ""), good, HangUp("channel"), ended(attempt))

    assert [step.reason for step in (await store.explain(attempt.attempt_id)).steps] == ["good"]
    assert store.recorder.refused == 2
    assert (await store.open_attempts(NOW)).attempts == ()


async def test_records_are_kept_in_order_while_the_store_cannot_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = await one_attempt(store)
    monkeypatch.setattr(recorder, "RETRY_S", 0)
    failures = iter([True] * 3)
    write = store._writer.do

    async def sometimes(unit: Any) -> Any:  # noqa: ANN401
        if next(failures, False):
            raise StoreUnavailable("full")
        return await write(unit)

    monkeypatch.setattr(store._writer, "do", sometimes)
    await record(store, *(RecordStep(attempt.attempt_id, NOW, AttemptState.DIALING, str(n)) for n in range(1_200)))

    steps = (await store.explain(attempt.attempt_id)).steps
    assert [step.reason for step in steps] == [str(n) for n in range(1_200)]
    assert store.recorder.dropped == 0


async def test_a_full_buffer_drops_steps_counts_them_and_keeps_outcomes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = await one_attempt(store)
    monkeypatch.setattr(recorder, "BUFFER_BOUND", 10)
    steps = [RecordStep(attempt.attempt_id, NOW, AttemptState.DIALING, str(n)) for n in range(15)]

    await record(store, *steps, ended(attempt))

    life = await store.explain(attempt.attempt_id)
    assert [step.reason for step in life.steps] == [str(n) for n in range(10)]
    assert store.recorder.dropped == 5
    assert life.attempt["result"] == "no_answer"


async def test_a_long_queue_of_records_makes_the_store_unwell(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.store.store.BUFFER_BOUND", 10)
    attempt = await one_attempt(store)

    store.record(RecordStep(attempt.attempt_id, NOW, AttemptState.DIALING, "") for _ in range(5))

    assert not store.healthy
    await store.flush()
    assert store.healthy
