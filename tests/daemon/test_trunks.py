"""A trunk dies under the dial loop: what is dialed, told and kept, on a real store."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dialer.daemon.calls import tell_trunks
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.trunks import TrunkRules
from dialer.floor.words import Result
from dialer.store import open_store
from tests.daemon.harness import NOW, Bench, put_on_record

NUMBERS = [f"+331990000{number:02d}" for number in range(30)]
BACKED = TrunkRules({"trunk": "other"}, failures=3, probe_s=10.0)
ALONE = TrunkRules(failures=3, probe_s=10.0)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Thirty people and three agents."""
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: NOW) as store:
        made = Bench(store)
        made.engine.followers.append(partial(tell_trunks, made.troubles))
        await made.open(NUMBERS)
        await put_on_record(store, "a0", "a1", "a2")
        yield made


def sent(bench: Bench) -> list[cmd.Originate]:
    """What was dialed since the last look."""
    originates = [command for command in bench.pbx.done if isinstance(command, cmd.Originate)]
    bench.pbx.done.clear()
    return originates


async def dial(bench: Bench, after_s: float = 0.0) -> list[str]:
    """Let the loop dial; every call over the first trunk meets congestion. The trunks that were dialed over."""
    bench.now += after_s
    await bench.loop.dial("c1")
    originates = sent(bench)
    for originate in originates:
        if originate.trunk == "trunk":
            failed = ev.OriginateFailed(
                at=bench.now, attempt_id=originate.attempt_id, result=Result.CONGESTION, why="test"
            )
            bench.tell(failed)
    return [originate.trunk for originate in originates]


async def test_calls_go_over_the_other_trunk_and_the_first_is_tried_now_and_then(bench: Bench) -> None:
    bench.tell(ev.TrunksTold(at=NOW, rules=BACKED))
    with capture_logs() as journal:
        assert await dial(bench) == ["trunk"] * 3
    assert [(line["event"], line["instead"], line["lost"]) for line in journal if "trunk" in line] == [
        ("trunk_avoided", "other", 3)
    ]
    assert bench.troubles.latest()[0].text.startswith("The trunk trunk failed 3 calls in a row: calls go over other")
    assert await dial(bench, 1) == ["other"] * 3
    for call in list(bench.engine.floor._book.calls):
        bench.tell(ev.OriginateFailed(at=bench.now, attempt_id=call, result=Result.BUSY, why="test"))
    assert sorted(await dial(bench, 10)) == ["other", "other", "trunk"]


async def test_with_no_other_trunk_a_list_is_spared_until_a_call_gets_through(bench: Bench) -> None:
    bench.tell(ev.TrunksTold(at=NOW, rules=ALONE))
    assert await dial(bench) == ["trunk"] * 3
    assert await dial(bench, 5) == []
    (view,) = bench.engine.floor.campaign_views()
    assert view.decision.reason == "trunk_failing"
    assert await dial(bench, 5) == ["trunk"]
    bench.now += 10
    await bench.loop.dial("c1")
    (probe,) = sent(bench)
    with capture_logs() as journal:
        bench.tell(ev.CallRinging(at=bench.now, attempt_id=probe.attempt_id))
    assert [line["event"] for line in journal] == ["trunk_used_again"]
    await bench.loop.dial("c1")
    assert len(sent(bench)) == 2  # one for each agent, the call that rings is one


async def test_each_failed_call_is_an_attempt_of_its_own_and_what_is_told_only_is_not_recorded(bench: Bench) -> None:
    bench.tell(ev.TrunksTold(at=NOW, rules=BACKED))
    with capture_logs() as journal:
        await dial(bench)
        await dial(bench, 1)
        await bench.store.flush()
    ids = await bench.store.read(lambda db: [row[0] for row in db.execute("SELECT id FROM attempts")])
    results = await bench.store.read(
        lambda db: [row[0] for row in db.execute("SELECT result FROM attempts WHERE result IS NOT NULL")]
    )
    assert len(ids) == len(set(ids)) == 6
    assert results == ["congestion"] * 3
    assert "TrunkMoved" not in {line["kind"] for line in journal if line["event"] == "record_refused"}
