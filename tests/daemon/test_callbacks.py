"""The dial loop keeps promises: at their time, with the agent they were promised for, one call each."""

import sqlite3

import pytest

from dialer.daemon.callbacks import waits
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import CampaignState, Result
from dialer.store import callbacks
from dialer.store.calling_back import Asking
from dialer.store.campaigns import Agent
from tests.daemon.harness import SETTINGS, Bench

MINUTE = 60.0


async def promise(bench: Bench, lead: int, ahead_s: float, agent: str | None) -> int:
    """Somebody promises to call a lead back."""
    for each in await bench.store.agents():
        if each.settings.agent_id == agent:
            break
    else:
        if agent is not None:
            await bench.store.create_agent(Agent(ev.AgentSettings(agent, "c1", agent), ""), "1234")

    def write(db: sqlite3.Connection) -> int:
        subject = callbacks.subject_of(db, lead)
        return callbacks.promise(db, callbacks.Promise(subject, bench.now + ahead_s, agent, "x"), bench.now)

    return await bench.store.write(write)


async def drained(bench: Bench) -> list[int]:
    """The bench's leads, none of which the pool will dial."""
    await bench.store.write(lambda db: db.execute("UPDATE leads SET next_at = ?", (bench.now + 1e6,)))
    return await bench.store.read(lambda db: [row[0] for row in db.execute("SELECT id FROM leads ORDER BY id")])


async def test_at_its_time_its_agent_is_kept_and_it_is_dialed_once(bench: Bench) -> None:
    lead, *_ = await drained(bench)
    await promise(bench, lead, 5 * MINUTE, "a1")
    for _ in range(30):
        await bench.loop.dial("c1")
        if bench.pbx.dialed():
            break
        bench.now += 15
    assert bench.now == 1_790_000_000.0 + 5 * MINUTE
    states = {view.agent_id: str(view.state) for view in bench.engine.floor.agent_views()}
    assert states == {"a0": "ready", "a1": "reserved", "a2": "ready"}
    bench.now += 2
    await bench.loop.dial("c1")
    assert bench.pbx.dialed() == ["+33199000000"]


async def test_while_its_agent_is_busy_it_waits_and_then_falls_to_the_team(bench: Bench) -> None:
    lead, *_ = await drained(bench)
    await promise(bench, lead, MINUTE, "a1")
    bench.tell(ev.AgentPauseRequested(at=bench.now, agent_id="a1", reason="lunch"))
    bench.now += 10 * MINUTE
    await bench.loop.dial("c1")
    assert bench.pbx.dialed() == []
    bench.now += MINUTE
    await bench.loop.dial("c1")
    (dialed,) = (await bench.store.open_attempts(bench.now)).attempts
    assert dialed.agent_id == "a0"


async def test_its_agent_gets_it_before_the_pool_gets_the_agent(bench: Bench) -> None:
    lead, *_ = await bench.store.read(lambda db: [row[0] for row in db.execute("SELECT id FROM leads ORDER BY id")])
    await promise(bench, lead, 1, "a2")
    bench.now += 2
    await bench.loop.dial("c1")
    assert bench.pbx.dialed()[0] == "+33199000000"
    attempt = next(a for a in (await bench.store.open_attempts(bench.now)).attempts if a.agent_id == "a2")
    bench.tell(ev.CallAnswered(at=bench.now, attempt_id=attempt.attempt_id))
    assert await bench.engine.route(attempt.attempt_id, None) == "line-2"


async def test_an_agent_who_is_taken_while_it_is_written_leaves_the_promise_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, *_ = await drained(bench)
    callback_id = await promise(bench, lead, 1, "a1")
    bench.now += 2
    reserve = bench.store.reserve_callbacks

    async def slow(asking: Asking) -> tuple[ev.NewAttempt, ...]:
        reserved = await reserve(asking)
        bench.tell(ev.AgentPauseRequested(at=bench.now, agent_id="a1", reason="lunch"))
        return reserved

    monkeypatch.setattr(bench.store, "reserve_callbacks", slow)
    await bench.loop.dial("c1")
    await bench.store.flush()
    assert bench.pbx.dialed() == []
    row = await bench.store.read(lambda db: callbacks.waiting_one(db, callback_id))
    assert row["attempt_id"] is None


async def test_a_paused_campaign_keeps_no_promise(bench: Bench) -> None:
    lead, *_ = await drained(bench)
    await promise(bench, lead, 1, "a1")
    bench.now += 2
    bench.tell(ev.CampaignChanged(at=bench.now, settings=SETTINGS, state=CampaignState.PAUSED))
    await bench.loop.dial("c1")
    assert bench.pbx.dialed() == []


async def test_an_overdue_promise_is_told_once_and_the_status_says_what_it_waits_for(bench: Bench) -> None:
    lead, *_ = await drained(bench)
    callback_id = await promise(bench, lead, 1, "b9")
    await bench.store.write(lambda db: db.execute("UPDATE campaigns SET callback_fallback = 'wait'"))
    for _ in range(3):
        bench.now += 11 * MINUTE
        await bench.loop.dial("c1")
    assert [t.text for t in bench.troubles.latest()] == [
        f"Callback {callback_id} of agent b9 of campaign c1 is overdue."
    ]
    look = await bench.store.callbacks_look("c1", bench.now)
    assert (look.waiting, look.due_count, look.overdue) == (1, 1, 1)
    (text,) = waits(look, {})
    assert text.startswith(f"callback {callback_id}, due ")
    assert text.endswith("waits for agent b9, who is offline")


async def test_a_call_that_failed_frees_the_agent_and_the_lead_is_the_pools_again(bench: Bench) -> None:
    lead, *_ = await drained(bench)
    await promise(bench, lead, 1, "a1")
    bench.now += 2
    await bench.loop.dial("c1")
    (attempt,) = (await bench.store.open_attempts(bench.now)).attempts
    bench.tell(ev.HungUp(at=bench.now, channel_id=attempt.attempt_id, cause=17, result=Result.BUSY))
    await bench.store.flush()
    assert len([c for c in bench.pbx.done if isinstance(c, cmd.Originate)]) == 1
    states = {view.agent_id: str(view.state) for view in bench.engine.floor.agent_views()}
    assert states["a1"] == "ready"
