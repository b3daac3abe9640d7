"""The lookout on a real engine and store: real causes are judged, kept on record, and go on after a restart."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer.alerts.board import Alert, Silence
from dialer.alerts.facts import Facts
from dialer.alerts.words import KINDS, Reading, Text
from dialer.config_file import parse
from dialer.config_telling import Alerts
from dialer.daemon.lookout import Lookout
from dialer.daemon.senses import tzdata_age
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import Result
from dialer.store import Store
from dialer.store import alerts as records
from dialer.store.abandonment import abandon_law
from dialer.store.law import LawSettings
from dialer.store.reading import Counts
from tests.daemon.harness import NOW, Bench
from tests.daemon.room import CONFIG, Room


@pytest.fixture
def room(bench: Bench, tmp_path: Path) -> Room:
    made = Room(bench, parse(CONFIG, tmp_path / "dialer.toml"))
    made.wall = lambda: made.bench.now
    return made


async def fail(bench: Bench, result: Result) -> None:
    """Every ready agent's call is dialed and ends so."""
    await bench.loop.dial("c1")
    for attempt in [command.attempt_id for command in bench.pbx.done if isinstance(command, cmd.Originate)]:
        bench.tell(ev.OriginateFailed(at=bench.now, attempt_id=attempt, result=result, why="test"))
    bench.pbx.done.clear()


async def test_a_quiet_floor_raises_nothing(room: Room) -> None:
    assert room.look() == []


async def test_a_trunk_whose_calls_fail_is_told_and_forgotten_when_the_calls_are_old(room: Room) -> None:
    await fail(room.bench, Result.CONGESTION)
    assert room.look() == ["trunk_failing"]
    told = [message.topic for message in room.outbox.alerts._waiting]
    assert told == ["dialer/test/alert/system/trunk_failing"]
    assert "trunk_failing" not in room.look(after_s=601)


async def test_each_step_of_a_call_is_told_when_wanted(room: Room) -> None:
    await fail(room.bench, Result.BUSY)
    topics = {message.topic for message in room.outbox.events._waiting}
    assert {"dialer/test/attempt/c1/dialing", "dialer/test/attempt/c1/ended"} <= topics


async def test_a_lost_link_is_told_and_its_return(room: Room) -> None:
    room.bench.tell(ev.LinkLost(at=NOW, why="cut"))
    assert "ami_lost" in room.look(after_s=2)
    room.bench.tell(ev.LinkRestored(at=room.bench.now))
    assert "ami_lost" not in room.look()


async def test_a_clock_that_moved_is_told(room: Room) -> None:
    room.wall = lambda: room.bench.now + 0.8
    assert room.look() == ["clock_off"]
    room.wall = lambda: room.bench.now
    assert room.look() == []


async def test_fastagi_that_is_not_reached_is_told_until_it_is(room: Room) -> None:
    await room.bench.loop.dial("c1")
    attempt = next(command.attempt_id for command in room.bench.pbx.done if isinstance(command, cmd.Originate))
    room.bench.tell(ev.CallAnswered(at=room.bench.now, attempt_id=attempt))
    room.bench.tell(ev.ServedAlone(at=room.bench.now, attempt_id=attempt))
    assert "fastagi_failing" in room.look()
    room.bench.tell(ev.RouteReached(at=room.bench.now))
    assert "fastagi_failing" not in room.look()


async def test_what_was_told_is_on_record_and_goes_on_after_a_restart(room: Room, tmp_path: Path) -> None:
    keeping = asyncio.create_task(room.lookout.keep())
    room.bench.tell(ev.LinkLost(at=NOW, why="cut"))
    room.look(after_s=2)
    (alert,) = room.lookout.board.standing
    room.lookout.acknowledge(alert.alert_id, "nadia")
    await room.lookout.silence(Silence("ami_lost", "*", room.bench.now + 60, "karim"))
    await until_kept(room, alert)
    keeping.cancel()

    after = Room(room.bench, room.loaded, wall=room.wall)
    await after.lookout.restore()
    (again,) = after.lookout.board.standing
    assert (again.alert_id, again.acknowledged_by) == (alert.alert_id, "nadia")
    assert [silence.by for silence in after.lookout.board.silences] == ["karim"]
    after.look()
    assert after.lookout.board.standing[0].alert_id == alert.alert_id


async def until_kept(room: Room, alert: Alert) -> None:
    """Wait until the acknowledgement is on record."""
    async with asyncio.timeout(20):
        while True:
            found = await room.bench.store.read(partial(records.latest, since=0.0, most=10))
            if any(each.alert_id == alert.alert_id and each.acknowledged_by for each in found):
                return
            await asyncio.sleep(0.01)


async def test_leads_disk_and_backups_are_looked_at(room: Room) -> None:
    await room.senses._look_at_leads(NOW)
    await room.senses._look_at_machine(NOW)
    seen = room.senses.campaign("c1", NOW)
    machine = room.senses.machine()
    assert seen.leads_callable == 5
    assert seen.day_ends_at is not None
    assert machine.disk_free_bytes
    assert machine.growth_bytes_a_day is None  # one look tells of no growth


async def test_growth_is_told_from_ten_minutes_on(room: Room) -> None:
    await room.senses._look_at_machine(NOW)
    await room.bench.store.write(
        lambda db: db.execute("CREATE TABLE filler AS SELECT zeroblob(500000) AS x").fetchall()
    )
    await room.senses._look_at_machine(NOW + 3600)
    growth = room.senses.machine().growth_bytes_a_day
    assert growth is not None
    assert growth >= 500_000 * 24


def test_the_age_of_the_time_zone_rules_is_about_right() -> None:
    days, version = tzdata_age(1_795_000_000.0)  # 2026-11-18
    assert version.startswith("20")
    assert days is not None
    assert 0 <= days < 3000


async def test_a_fault_while_looking_is_a_guards_and_the_loop_goes_on(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        raise ValueError("boom")

    monkeypatch.setattr(Lookout, "look", lambda _self: look())
    task = asyncio.create_task(room.lookout.run())
    async with asyncio.timeout(20):
        while looks < 2:  # noqa: ASYNC110 - two looks of the loop itself
            await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()


def broken(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The rule of this kind has a fault."""

    def rule(_facts: Facts, _settings: Alerts) -> Iterator[Reading]:
        raise ZeroDivisionError

    monkeypatch.setitem(KINDS, kind, replace(KINDS[kind], rule=rule))


async def test_a_faulty_rule_silences_its_own_kind_alone(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "abandonment_budget")
    room.bench.tell(ev.LinkLost(at=NOW, why="cut"))
    assert "ami_lost" in room.look(after_s=2)


async def test_a_fault_is_logged_once_until_the_rule_works_again(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as faulty:
        broken(faulty, "clock_off")
        for _ in range(10):
            room.look()
    assert capsys.readouterr().out.count("alert_step_failed") == 1
    room.look()
    room.look()
    assert capsys.readouterr().out.count("alert_step_works") == 1


async def test_what_stands_is_not_called_resolved_while_its_rule_is_faulty(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.wall = lambda: room.bench.now + 0.8
    assert room.look() == ["clock_off"]
    with monkeypatch.context() as faulty:
        broken(faulty, "clock_off")
        assert room.look() == ["clock_off"]
    room.wall = lambda: room.bench.now
    assert room.look() == []


async def test_an_alert_that_cannot_be_told_keeps_no_other_from_being_told(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Text("{value:.0d}", "hint")
    monkeypatch.setitem(KINDS, "ami_lost", replace(KINDS["ami_lost"], texts={"en": wrong, "fr": wrong}))
    room.bench.tell(ev.LinkLost(at=NOW, why="cut"))
    room.wall = lambda: room.bench.now + 0.8
    assert {"ami_lost", "clock_off"} == set(room.look(after_s=2))
    assert [message.topic.rpartition("/")[2] for message in room.outbox.alerts._waiting] == ["clock_off"]
    assert {alert.kind for alert in room.lookout._unwritten} == {"ami_lost", "clock_off"}


async def test_an_alert_of_a_kind_that_this_version_lacks_ends_with_the_restart(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    """So it is after a step back to an older version."""
    room.bench.tell(ev.LinkLost(at=NOW, why="cut"))
    room.look(after_s=2)
    (known,) = room.lookout.board.standing
    future = replace(known, alert_id="f1", kind="of_the_future")
    for alert in (known, future):
        await room.bench.store.write(lambda db, alert=alert: records.write_alert(db, alert))  # type: ignore[misc]

    after = Room(room.bench, room.loaded, wall=room.wall)
    await after.lookout.restore()
    assert [alert.kind for alert in after.lookout.board.standing] == ["ami_lost"]
    assert "alert_kind_unknown" in capsys.readouterr().out
    keeping = asyncio.create_task(after.lookout.keep())
    async with asyncio.timeout(20):
        while len(await room.bench.store.read(records.standing)) > 1:  # noqa: ASYNC110 - the disk's own pace
            await asyncio.sleep(0.01)
    keeping.cancel()


async def test_an_alert_of_another_version_is_told_though_a_word_is_missing(room: Room) -> None:
    room.bench.tell(ev.LinkLost(at=NOW, why="cut"))
    room.look(after_s=2)
    (alert,) = room.lookout.board.standing
    assert replace(alert, kind="disk_full_soon", words={}).text("en")[0].startswith("The store's disk has ? MB free")


def reload(room: Room, settings: str) -> None:
    """The configuration is read again, with these settings of the alerts as well."""
    room.loaded = parse(CONFIG.replace("[alerts]\n", f"[alerts]\n{settings}\n"), room.loaded.path)


async def test_a_new_window_is_in_force_when_the_configuration_is_read_again(room: Room) -> None:
    await fail(room.bench, Result.CONGESTION)
    assert room.look() == ["trunk_failing"]
    reload(room, "window_s = 60")
    assert room.look(after_s=30) == ["trunk_failing"]
    assert room.look(after_s=31) == []


async def test_what_stood_is_resolved_when_alerts_are_turned_off(room: Room) -> None:
    await fail(room.bench, Result.CONGESTION)
    room.look()
    reload(room, "enabled = false")
    assert room.look() == []
    states = [json.loads(message.payload)["state"] for message in room.outbox.alerts._waiting]
    assert states == ["raised", "resolved"]
    reload(room, "enabled = true")
    assert room.look() == ["trunk_failing"]


async def test_what_is_usual_is_of_the_same_local_hour_though_the_clocks_changed(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """France set its clocks back on 25 October 2026; the campaign's legal clock is that of France."""
    law = abandon_law(LawSettings("fr"))
    room.bench.tell(ev.LawTold(at=NOW, campaign_id="c1", law=law, counted={}))
    asked: list[float] = []

    async def counts(_store: Store, _campaign_id: str, since: float, until: float) -> Counts:
        asked.append(since)
        assert until - since == 3600
        return Counts(0, 0, 0, attempts=100, results={}, answered_by={}, persons=25, connected=20, abandoned=1)

    monkeypatch.setattr(Store, "counts", counts)
    monday = datetime(2026, 10, 26, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))
    await room.senses._look_at_leads(monday.timestamp())
    local = [datetime.fromtimestamp(at, ZoneInfo("Europe/Paris")).isoformat() for at in asked]
    assert local == [
        "2026-10-19T10:00:00+02:00",
        "2026-10-12T10:00:00+02:00",
        "2026-10-05T10:00:00+02:00",
        "2026-09-28T10:00:00+02:00",
    ]
    assert room.senses.campaign("c1", monday.timestamp()).usual_pick_up == 0.25
    await room.senses._look_at_leads(monday.timestamp() + 1700)
    assert len(asked) == 4  # it is asked once an hour


async def test_who_hangs_up_first_counts_in_what_is_usual_as_it_does_now(room: Room) -> None:
    """One hangs up before an agent is there, one is a machine as the agent says afterwards, one line is busy."""
    bench = room.bench
    await bench.loop.dial("c1")
    gone, machine, busy = (each.attempt_id for each in bench.pbx.done if isinstance(each, cmd.Originate))
    for attempt_id, result in ((gone, Result.ANSWERED), (machine, Result.ANSWERED), (busy, Result.BUSY)):
        if result is Result.ANSWERED:
            bench.tell(ev.CallAnswered(at=bench.now, attempt_id=attempt_id))
        if attempt_id == machine:
            agent = await bench.engine.route(attempt_id, None)
            for channel in (attempt_id, agent):
                bench.tell(ev.BridgeEntered(at=bench.now, channel_id=str(channel), bridge_id="b", holding=False))
        bench.tell(ev.HungUp(at=bench.now, channel_id=attempt_id, cause=16, result=result))
    bench.tell(ev.Disposed(at=bench.now, agent_id=str(agent).replace("line-", "a"), disposition="machine"))
    await bench.store.flush()
    now = room.lookout.tally.campaigns({})["c1"]
    assert (now.attempts, now.persons) == (3, 1)
    assert (await bench.store.counts("c1")).persons == now.persons
