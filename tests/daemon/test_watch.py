"""What the status counts while talks go on."""

from dialer.daemon.watch import Watch
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import Result
from tests.daemon.harness import Bench


async def _dial(bench: Bench) -> list[str]:
    await bench.loop.dial("c1")
    return [command.attempt_id for command in bench.pbx.done if isinstance(command, cmd.Originate)]


async def _connect(bench: Bench, attempt: str) -> None:
    bench.tell(ev.CallAnswered(at=bench.now, attempt_id=attempt))
    agent = await bench.engine.route(attempt, None)
    for channel in (attempt, agent):
        bench.tell(ev.BridgeEntered(at=bench.now, channel_id=str(channel), bridge_id=attempt, holding=False))


async def test_talks_that_go_on_are_counted_at_once_and_in_the_pick_up_rate_when_they_end(bench: Bench) -> None:
    watch = Watch(bench.engine, bench.store)
    first, second, third = await _dial(bench)
    bench.tell(ev.OriginateFailed(at=bench.now, attempt_id=third, result=Result.BUSY, why="test"))
    await _connect(bench, first)
    await _connect(bench, second)
    await bench.store.flush()
    await watch.look()
    (seen,) = watch.campaigns()
    assert (seen.today.connected, seen.today.attempts, seen.today.pick_up_rate) == (2, 1, 0.0)

    for attempt in (first, second):
        bench.tell(ev.HungUp(at=bench.now, channel_id=attempt, cause=16, result=Result.ANSWERED, up=True))
    await bench.store.flush()
    bench.now += 10
    await watch.look()
    (seen,) = watch.campaigns()
    assert (seen.today.connected, seen.today.attempts, seen.today.pick_up_rate) == (2, 3, 2 / 3)
