"""Pacing in the daemon: what bound the dial loop is on record; memories survive."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

import pacing
from dialer.daemon.memories import remembered
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.store import pacing as records
from dialer.store.errors import StoreUnavailable
from tests.daemon.harness import Bench


async def last(bench: Bench) -> tuple[int, str]:
    """Dial and reason of the last decision on record."""
    await bench.store.flush()
    found = await bench.store.read(lambda db: records.decision(db, "c1", bench.now))
    assert found is not None
    return found["dial"], found["reason"]


async def test_a_list_that_has_no_more_leads_is_the_reason(bench: Bench) -> None:
    await bench.loop.dial("c1")
    assert await last(bench) == (3, "progressive")
    for number in range(4):
        bench.tell(ev.AgentChanged(at=bench.now, settings=ev.AgentSettings(f"b{number}", "c1", "p")))
        bench.tell(ev.AgentArrived(at=bench.now, agent_id=f"b{number}", channel_id=f"l{number}", channel="c"))
        bench.tell(ev.BridgeEntered(at=bench.now, channel_id=f"l{number}", bridge_id="hold", holding=True))
    await bench.loop.dial("c1")
    assert await last(bench) == (2, "no_leads")
    bench.now += 0.5
    await bench.loop.dial("c1")
    assert await last(bench) == (2, "no_leads")  # resting: nothing new to record


async def test_leads_that_wait_for_a_lawful_hour_are_the_reason(bench: Bench) -> None:
    put_off = "UPDATE leads SET next_at = ?, next_reason = 'hours: until 2026-09-22T10:00:00+02:00'"
    await bench.store.write(lambda db: db.execute(put_off, (bench.now + 3600,)))
    await bench.loop.dial("c1")
    assert await last(bench) == (0, "calling_law")
    assert bench.engine.floor.campaign_views()[0].decision.reason == "calling_law"


async def test_a_clock_that_was_moved_is_the_reason_and_the_loop_rests(bench: Bench) -> None:
    bench.loop.wall = lambda: bench.now + 5.0
    bench.engine.wanted.clear()
    await bench.loop.dial("c1")
    assert await last(bench) == (0, "clock")
    assert bench.pbx.dialed() == []
    assert not bench.engine.wanted.is_set()
    bench.loop.wall = lambda: bench.now
    bench.now += 3.0
    await bench.loop.dial("c1")
    assert await last(bench) == (3, "progressive")


async def test_a_store_that_does_not_write_is_the_reason(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> tuple[ev.NewAttempt, ...]:
        raise StoreUnavailable("The disk is full.")

    monkeypatch.setattr(bench.store, "reserve", full)
    await bench.loop.dial("c1")
    assert await last(bench) == (0, "store")
    assert bench.engine.floor.campaign_views()[0].decision.reason == "store"


async def test_the_bound_over_all_campaigns_is_the_reason(bench: Bench) -> None:
    bench.loop.bounds = replace(bench.loop.bounds, max_lines=2)
    await bench.loop.dial("c1")
    assert await last(bench) == (2, "all_lines")


async def test_the_decision_on_record_is_the_one_that_dialed_the_call(bench: Bench) -> None:
    await bench.loop.dial("c1")
    await bench.store.flush()
    attempt = (await bench.store.open_attempts(bench.now)).attempts[0]
    life = await bench.store.explain(attempt.attempt_id)
    assert life.decision is not None
    assert life.decision["at"] == attempt.reserved_at


async def test_what_was_learned_comes_back_at_the_next_start(bench: Bench) -> None:
    bench.tell(ev.MemoryWanted(at=bench.now))
    bench.tell(ev.MemoryWanted(at=bench.now))
    await bench.store.flush()
    found = await remembered(bench.store, await bench.store.campaigns())
    assert pacing.create("auto", memory=found["c1"])
    rows = await bench.store.read(lambda db: db.execute("SELECT count(*) FROM pacing_memory").fetchone()[0])
    assert rows == 1


@pytest.mark.parametrize("damage", [b"", b"noise", b"dialerd-pacing\x00\x00\x00\x00\x00"])
async def test_a_damaged_memory_is_left_out_with_a_line_in_the_log(bench: Bench, damage: bytes) -> None:
    bench.store.record([cmd.RecordMemory("c1", bench.now, "auto", damage)])
    await bench.store.flush()
    with capture_logs() as lines:
        assert await remembered(bench.store, await bench.store.campaigns()) == {}
    assert [(line["event"], line["campaign"]) for line in lines] == [("pacing_memory_refused", "c1")]
