"""The dial loop: what is dialed is on record, what is not on record is not dialed."""

import asyncio
from dataclasses import replace

import pytest

from dialer.daemon.dialing import REST_S, DialingBounds, DialLoop
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import CampaignState, Result
from dialer.store.errors import StoreUnavailable
from tests.daemon.harness import SETTINGS, Bench


async def test_one_call_for_each_ready_agent_and_each_on_record_before(bench: Bench) -> None:
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 3
    on_record = (await bench.store.open_attempts(bench.now)).attempts
    assert {a.number for a in on_record} == set(bench.pbx.dialed())


async def test_a_reservation_that_fails_dials_nothing_and_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> tuple[ev.NewAttempt, ...]:
        raise StoreUnavailable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "reserve", full)
        await bench.loop.dial("c1")
        await bench.loop.dial("c1")
    assert bench.pbx.dialed() == []
    assert [t.text for t in bench.troubles.latest()] == [
        "Dialing has stopped, for the record cannot be written: The disk is full."
    ]
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 3
    assert bench.troubles.latest()[0].text == "The store writes again: dialing goes on."


async def test_a_campaign_paused_while_its_attempts_were_written_is_not_dialed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = bench.store.reserve

    async def slow(*words: object) -> tuple[ev.NewAttempt, ...]:
        reserved = await reserve(*words)  # type: ignore[arg-type]
        bench.tell(ev.CampaignChanged(at=bench.now, settings=SETTINGS, state=CampaignState.PAUSED))
        return reserved

    monkeypatch.setattr(bench.store, "reserve", slow)
    await bench.loop.dial("c1")
    await bench.store.flush()
    assert bench.pbx.dialed() == []
    assert (await bench.store.open_attempts(bench.now)).attempts == ()


async def test_leads_of_a_lost_reservation_come_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await test_a_campaign_paused_while_its_attempts_were_written_is_not_dialed(bench, monkeypatch)
    monkeypatch.undo()
    bench.tell(ev.CampaignChanged(at=bench.now, settings=SETTINGS, state=CampaignState.RUNNING))
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 3


async def test_nothing_new_is_dialed_while_draining(bench: Bench) -> None:
    bench.loop.draining = True
    await bench.loop.dial("c1")
    assert bench.pbx.dialed() == []


async def test_lines_of_all_campaigns_together_are_bounded(bench: Bench) -> None:
    bench.loop.bounds = replace(bench.loop.bounds, max_lines=2)
    await bench.loop.dial("c1")
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 2


async def test_calls_a_second_are_bounded_and_the_bound_is_not_saved_up(bench: Bench) -> None:
    bench.loop.bounds = DialingBounds(tick_s=0.01, max_lines=None, max_calls_per_s=1.0)
    bench.now += 3600
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 1
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 1
    bench.now += 1.0
    await bench.loop.dial("c1")
    assert len(bench.pbx.dialed()) == 2


async def test_a_campaign_is_finished_when_every_lead_is(bench: Bench) -> None:
    for _ in range(4):
        await bench.loop.dial("c1")
        for attempt in (await bench.store.open_attempts(bench.now)).attempts:
            hung_up = ev.HungUp(at=bench.now, channel_id=attempt.attempt_id, cause=17, result=Result.BUSY)
            bench.tell(hung_up)
        await bench.store.flush()
        bench.now += 10
    assert len(bench.pbx.dialed()) == len(set(bench.pbx.dialed())) == 5
    assert bench.engine.floor.campaign_state("c1") is CampaignState.FINISHED
    await bench.store.flush()
    assert (await bench.store.campaign("c1")).state is CampaignState.FINISHED


async def test_a_campaign_is_not_finished_while_an_agent_may_still_promise_a_callback(bench: Bench) -> None:
    await bench.store.write(lambda db: db.execute("DELETE FROM numbers WHERE lead_id > 1"))
    await bench.store.write(lambda db: db.execute("UPDATE leads SET state = 'finished' WHERE id > 1"))
    await bench.store.write(lambda db: db.execute("UPDATE imports SET finished = leads - 1"))
    await bench.loop.dial("c1")
    (attempt,) = (await bench.store.open_attempts(bench.now)).attempts
    bench.tell(ev.CallAnswered(at=bench.now, attempt_id=attempt.attempt_id))
    line = str(await bench.engine.route(attempt.attempt_id, None))
    for channel in (attempt.attempt_id, line):
        bench.tell(ev.BridgeEntered(at=bench.now, channel_id=channel, bridge_id="talk", holding=False))
    bench.tell(ev.HungUp(at=bench.now, channel_id=attempt.attempt_id, cause=16, result=Result.ANSWERED, up=True))
    bench.tell(ev.BridgeEntered(at=bench.now, channel_id=line, bridge_id="hold", holding=True))
    await bench.store.flush()
    bench.now += REST_S + 1
    await bench.loop.dial("c1")
    assert bench.engine.floor.campaign_state("c1") is CampaignState.RUNNING  # the agent wraps up

    bench.now += SETTINGS.wrap_up_s
    bench.tell(ev.Tick(at=bench.now))
    await bench.loop.dial("c1")
    assert bench.engine.floor.campaign_state("c1") is CampaignState.FINISHED


async def test_the_loop_dials_at_an_event_and_at_a_tick(bench: Bench) -> None:
    task = asyncio.create_task(bench.loop.run())
    async with asyncio.timeout(10):
        while len(bench.pbx.dialed()) < 3:
            await bench.store.flush()
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [type(c) for c in bench.pbx.done] == [cmd.Originate] * 3


async def test_calls_that_the_rate_allows_leave_one_by_one(bench: Bench) -> None:
    bench.loop.bounds = DialingBounds(tick_s=0.01, max_lines=None, max_calls_per_s=10.0)
    bench.now += 3600
    dialed = []
    for _ in range(4):
        await bench.loop.dial("c1")
        dialed.append(len(bench.pbx.dialed()))
        bench.now += 0.1
    assert dialed == [1, 2, 3, 3]


async def test_the_loop_looks_again_when_the_rate_allows_and_not_a_tick_later(bench: Bench) -> None:
    bench.loop.bounds = DialingBounds(tick_s=1000, max_lines=None, max_calls_per_s=20.0)
    task = asyncio.create_task(bench.loop.run())
    async with asyncio.timeout(10):
        while len(bench.pbx.dialed()) < 3:
            bench.now += 0.001
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_campaigns_take_turns_to_be_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.tell(
        ev.CampaignChanged(at=bench.now, settings=replace(SETTINGS, campaign_id="c2"), state=CampaignState.RUNNING)
    )
    asked: list[str] = []

    async def note(_: DialLoop, campaign_id: str) -> None:
        asked.append(campaign_id)

    monkeypatch.setattr(DialLoop, "dial", note)
    task = asyncio.create_task(bench.loop.run())
    async with asyncio.timeout(10):
        while len(asked) < 6:
            await bench.store.flush()
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert asked[:6] == ["c1", "c2", "c2", "c1", "c1", "c2"]
