"""The engine: routes are answered, deadlines fire, faults are survived."""

import asyncio

import pytest

from dialer.daemon.engine import guarded
from dialer.floor import events as ev
from tests.daemon.harness import Bench


async def one_call(bench: Bench) -> str:
    await bench.loop.dial("c1")
    return (await bench.store.open_attempts(bench.now)).attempts[0].attempt_id


async def test_an_answered_call_is_told_its_agent_at_once(bench: Bench) -> None:
    attempt = await one_call(bench)
    bench.tell(ev.CallAnswered(at=bench.now, attempt_id=attempt))
    assert await bench.engine.route(attempt, None) == "line-0"


async def test_an_unknown_call_is_told_to_play_the_message(bench: Bench) -> None:
    assert await bench.engine.route("stranger", None) is None


async def test_a_waiting_call_gets_the_message_when_its_deadline_ticks(bench: Bench) -> None:
    attempt = await one_call(bench)
    for agent in ("a0", "a1", "a2"):
        bench.tell(ev.AgentPauseRequested(at=bench.now, agent_id=agent, reason="lunch"))
    asked = asyncio.create_task(bench.engine.route(attempt, None))
    await asyncio.sleep(0)
    keeper = asyncio.create_task(bench.engine.keep_time())
    await asyncio.sleep(0)
    assert not asked.done()
    bench.now += 2
    bench.tell(ev.CallRinging(at=bench.now, attempt_id="x"))
    assert await asked is None
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)


async def test_a_dialplan_that_goes_away_leaves_nothing_behind(bench: Bench) -> None:
    attempt = await one_call(bench)
    for agent in ("a0", "a1", "a2"):
        bench.tell(ev.AgentPauseRequested(at=bench.now, agent_id=agent, reason="lunch"))
    asked = asyncio.create_task(bench.engine.route(attempt, None))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    bench.tell(ev.AgentReadyRequested(at=bench.now, agent_id="a0"))
    assert bench.engine.waiting_routes == 0


async def test_a_fault_in_one_step_is_logged_and_survived(capsys: pytest.CaptureFixture[str]) -> None:
    def fault() -> None:
        raise ZeroDivisionError

    guarded(fault)
    said = capsys.readouterr()
    assert "floor_step_failed" in said.out + said.err
