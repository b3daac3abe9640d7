"""Each alert from its real cause: on the real floor, dial loop and store, heard from a real broker, and resolved.

Time is virtual: the bench's clock. What Asterisk would say is said by the test; disk, clock and certificates are the
machine's own.
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dialer.alerts.kinds import KINDS
from dialer.config_file import parse
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.trunks import TrunkRules
from dialer.floor.words import CampaignState, Result
from dialer.mqtt.link import MqttLink
from dialer.mqtt.outbox import Outbox
from dialer.pbx.backlog import Backlog
from dialer.rules import zones
from dialer.rules.abandonment import Counts
from dialer.rules.tally import local_date
from dialer.store import open_store
from dialer.store.abandonment import abandon_law
from dialer.store.backup import back_up
from dialer.store.law import LawSettings
from tests.broker import Broker, Ears, ears
from tests.daemon.harness import NOW, SETTINGS, Bench, put_on_record
from tests.daemon.room import CONFIG, Room
from tests.daemon.test_mqtt_link import until
from tests.unit.store.helpers import add_leads, number

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S
WINDOW_S = 601.0  # a little more than the window that calls are looked at over
FR = abandon_law(LawSettings("fr"))
AGENTS = ("a0", "a1", "a2")
# Proven from their real cause on real Asterisk, in tests/asterisk/test_alert_story.py, or in test_lookout.py.
ELSEWHERE = {"ami_lost", "clock_off", "fastagi_failing", "trunk_failing"}


@dataclass
class Stage:
    """A floor of three agents and many leads whose alerts a supervisor hears."""

    room: Room
    heard: Ears
    link: MqttLink

    @property
    def bench(self) -> Bench:
        return self.room.bench

    # --- what happens ------------------------------------------------------------------------------------------------

    async def dial(self) -> list[str]:
        """The dial loop's turn a second later; the attempts that it dialed."""
        self.bench.now += 1.0
        await self.bench.loop.dial("c1")
        dialed = [command.attempt_id for command in self.bench.pbx.done if isinstance(command, cmd.Originate)]
        self.bench.pbx.done.clear()
        return dialed

    def end(self, attempt_id: str, result: Result = Result.NO_ANSWER) -> None:
        self.bench.tell(ev.HungUp(at=self.bench.now, channel_id=attempt_id, cause=16, result=result))

    def answer(self, attempt_id: str) -> None:
        """Somebody picks up, and the dialplan asks for an agent."""
        self.bench.tell(ev.CallAnswered(at=self.bench.now, attempt_id=attempt_id))
        self.bench.tell(ev.RouteAsked(at=self.bench.now, attempt_id=attempt_id))

    def bridge(self, attempt_id: str) -> None:
        """Asterisk brings person and agent together."""
        agent = next(view for view in self.bench.engine.floor.agent_views() if view.attempt_id == attempt_id)
        line = f"line-{agent.agent_id.removeprefix('a')}"
        bridge = f"b-{attempt_id}"
        self.bench.tell(ev.BridgeLeft(at=self.bench.now, channel_id=line, bridge_id="hold", holding=True))
        for channel in (line, attempt_id):
            entered = ev.BridgeEntered(at=self.bench.now, channel_id=channel, bridge_id=bridge, holding=False)
            self.bench.tell(entered)

    async def talk(self, seconds: float) -> None:
        """Every ready agent speaks with somebody for so long, and is ready again."""
        dialed = await self.dial()
        for attempt_id in dialed:
            self.answer(attempt_id)
            self.bridge(attempt_id)
        self.bench.now += seconds
        for attempt_id in dialed:
            self.end(attempt_id, Result.ANSWERED)
        self.resume(*AGENTS)

    def pause(self, *agents: str, reason: str = "lunch") -> None:
        for agent in agents:
            self.bench.tell(ev.AgentPauseRequested(at=self.bench.now, agent_id=agent, reason=reason))

    def resume(self, *agents: str) -> None:
        """Back on hold, and ready."""
        for agent in agents:
            line = f"line-{agent.removeprefix('a')}"
            self.bench.tell(ev.BridgeEntered(at=self.bench.now, channel_id=line, bridge_id="hold", holding=True))
            self.bench.tell(ev.AgentReadyRequested(at=self.bench.now, agent_id=agent))

    async def abandon(self) -> None:
        """One person picks up while every agent is away, and hears the message."""
        attempt_id, *others = await self.dial()
        for other in others:
            self.end(other)
        self.pause(*AGENTS)
        self.answer(attempt_id)
        self.bench.now += 2.0
        self.bench.tell(ev.Tick(at=self.bench.now))
        self.end(attempt_id, Result.ANSWERED)
        self.resume(*AGENTS)

    def change(self, **settings: Any) -> None:  # noqa: ANN401 - fields of CampaignSettings
        changed = replace(SETTINGS, **settings)
        self.bench.tell(ev.CampaignChanged(at=self.bench.now, settings=changed, state=CampaignState.RUNNING))

    # --- what is heard -----------------------------------------------------------------------------------------------

    async def raised(self, kind: str, after_s: float = 1.0) -> dict[str, Any]:
        """The supervisor hears that it is raised; the message."""
        assert kind in self.room.look(after_s), self.room.lookout.board.standing
        told: dict[str, Any] = json.loads(await self.heard.until(f"/{kind}", '"state":"raised"'))
        assert "{" not in told["cause"] + told["hint"]
        return told

    async def resolved(self, told: dict[str, Any], after_s: float = 1.0) -> None:
        """And that it is over: the same alert."""
        self.room.look(after_s)
        assert told["alert_id"] not in {alert.alert_id for alert in self.room.lookout.board.standing}
        await self.heard.until(f"/{told['kind']}", '"state":"resolved"', f'"alert_id":"{told["alert_id"]}"')


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@asynccontextmanager
async def staged(folder: Path, broker: Broker, law: LawSettings | None = None, more: str = "") -> AsyncIterator[Stage]:
    """A stage whose leads are called under a law; else under the laboratory's. ``more``: settings of the link."""
    loaded = parse(f"{CONFIG}enabled = true\nport = {broker.port}\n{more}", folder / "dialer.toml")
    async with open_store(folder / "dialer.db", create=True, clock=lambda: NOW) as store:
        bench = Bench(store)
        await bench.open([number(n) for n in range(60)])
        await put_on_record(store, *AGENTS, "a9")
        if law is not None:
            await store.change_law("c1", law)
        room = Room(bench, loaded, outbox=Outbox(f"dialer/{folder.name}/"))
        room.wall = lambda: bench.now
        link = MqttLink(loaded, room.outbox, clock=lambda: bench.now)
        room.mqtt = link.status
        async with ears(broker, f"dialer/{folder.name}/alert/#") as heard, link:
            await until(lambda: link.up)
            yield Stage(room, heard, link)


@pytest.fixture
async def stage(broker: Broker, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, broker) as made:
        yield made


# --- people ----------------------------------------------------------------------------------------------------------


async def test_abandonment_budget(stage: Stage) -> None:
    """100 people were answered today, one of them abandoned; more follow. The next day begins anew."""
    day = local_date(stage.bench.now, FR.zone)
    counted = {day: Counts(connected=99, abandoned=1)}
    stage.bench.tell(ev.LawTold(at=stage.bench.now, campaign_id="c1", law=FR, counted=counted))
    assert stage.room.look() == []
    await stage.abandon()
    told = await stage.raised("abandonment_budget")
    assert (told["severity"], told["subject"]) == ("info", "calendar_day")
    await stage.abandon()
    stage.room.look()
    await stage.heard.until("/abandonment_budget", '"state":"changed"', '"severity":"warning"')
    await stage.abandon()
    stage.room.look()
    await stage.heard.until("/abandonment_budget", '"state":"changed"', '"severity":"critical"')
    await stage.resolved(told, after_s=DAY_S)


async def test_abandonment_forecast(stage: Stage) -> None:
    await stage.talk(20)
    await stage.abandon()
    told = await stage.raised("abandonment_forecast")
    await stage.resolved(told, after_s=WINDOW_S)


async def test_answer_to_agent(stage: Stage) -> None:
    """Three people wait a second and a half for agents who come back."""
    dialed = await stage.dial()
    stage.pause(*AGENTS)
    for attempt_id in dialed:
        stage.answer(attempt_id)
    stage.bench.now += 1.5
    stage.resume(*AGENTS)
    for attempt_id in dialed:
        stage.bridge(attempt_id)
        stage.end(attempt_id, Result.ANSWERED)
    told = await stage.raised("answer_to_agent")
    assert told["value"] == 1500
    await stage.resolved(told, after_s=WINDOW_S)


async def test_pick_up_fell(stage: Stage) -> None:
    """At this hour a week ago every call found somebody; today none does, then people are at home again."""
    for _ in range(20):
        await stage.talk(20)
    await stage.bench.store.flush()
    await add_leads(stage.bench.store, [[number(n)] for n in range(200, 260)], campaign_id="c1", list_name="more")
    stage.bench.now = NOW + WEEK_S
    await stage.room.senses._look_at_leads(stage.bench.now)
    for attempt_id in await stage.dial():
        stage.end(attempt_id)
    told = await stage.raised("pick_up_fell")
    assert told["value"] == 0
    await stage.talk(20)
    await stage.talk(20)
    await stage.resolved(told)


# --- agents ----------------------------------------------------------------------------------------------------------


async def test_agents_idle(stage: Stage) -> None:
    """The dial loop stands still while there are leads; then everybody has a call."""
    await stage.room.senses._look_at_leads(stage.bench.now)
    told = await stage.raised("agents_idle", after_s=121)
    for attempt_id in await stage.dial():
        stage.answer(attempt_id)
        stage.bridge(attempt_id)
    await stage.resolved(told)


async def test_no_agent_ready(stage: Stage) -> None:
    for attempt_id in await stage.dial():
        stage.bench.tell(ev.CallRinging(at=stage.bench.now, attempt_id=attempt_id))
    stage.pause(*AGENTS)
    assert stage.room.look() == []  # for some seconds that may be
    told = await stage.raised("no_agent_ready", after_s=21)
    assert (told["severity"], told["value"]) == ("critical", 3)
    stage.resume("a1")
    await stage.resolved(told)


async def test_agent_unreachable(stage: Stage) -> None:
    new = ev.AgentSettings("a9", "c1", "a9")
    stage.bench.tell(ev.AgentChanged(at=stage.bench.now, settings=new))
    for _ in range(2):
        stage.bench.tell(ev.AgentCallRequested(at=stage.bench.now, agent_id="a9"))
        (rung,) = [command for command in stage.bench.pbx.done if isinstance(command, cmd.CallAgent)]
        stage.bench.pbx.done.clear()
        stage.end(rung.channel_id, Result.FAILED)
    told = await stage.raised("agent_unreachable")
    assert told["subject"] == "a9"
    arrived = ev.AgentArrived(at=stage.bench.now, agent_id="a9", channel_id="line-9", channel="line-9")
    stage.bench.tell(arrived)
    stage.bench.tell(ev.BridgeEntered(at=stage.bench.now, channel_id="line-9", bridge_id="hold", holding=True))
    await stage.resolved(told)


async def test_wrap_up_long(stage: Stage) -> None:
    stage.change(wrap_up_s=3600.0)
    dialed = await stage.dial()
    for attempt_id in dialed:
        stage.answer(attempt_id)
        stage.bridge(attempt_id)
        stage.end(attempt_id, Result.ANSWERED)
    stage.resume("a1", "a2")
    told = await stage.raised("wrap_up_long", after_s=301)
    assert told["subject"] == "a0"
    stage.resume("a0")
    await stage.resolved(told)


async def test_pause_long(stage: Stage) -> None:
    stage.pause("a2", reason="briefing")
    told = await stage.raised("pause_long", after_s=1801)
    assert (told["subject"], "briefing" in told["cause"]) == ("a2", True)
    stage.resume("a2")
    await stage.resolved(told)


async def test_agent_hangs_up(stage: Stage) -> None:
    """Of ten talks ten are over within a second; then the headset is mended."""
    stage.pause("a1", "a2")
    for _ in range(10):
        await stage.talk(1)
        stage.pause("a1", "a2")
    told = await stage.raised("agent_hangs_up")
    assert told["subject"] == "a0"
    for _ in range(6):
        await stage.talk(60)
        stage.pause("a1", "a2")
    await stage.resolved(told)


# --- leads -----------------------------------------------------------------------------------------------------------


async def test_list_runs_out(stage: Stage) -> None:
    for _ in range(6):
        for attempt_id in await stage.dial():
            stage.end(attempt_id)
    await stage.bench.store.flush()
    await stage.room.senses._look_at_leads(stage.bench.now)
    told = await stage.raised("list_runs_out")
    assert "42 leads may be called now" in told["cause"]
    await add_leads(stage.bench.store, [[number(n)] for n in range(500, 600)], campaign_id="c1", list_name="more")
    await stage.room.senses._look_at_leads(stage.bench.now)
    await stage.resolved(told)


async def test_all_postponed(tmp_path: Path, broker: Broker) -> None:
    """French leads at nine in the evening: every one is put off to ten the next morning."""
    french = LawSettings("fr", sector="furniture", basis="contract_in_progress")
    async with staged(tmp_path, broker, french) as stage:
        evening = datetime(2026, 9, 21, 21, 0, tzinfo=ZoneInfo("Europe/Paris")).timestamp()
        stage.bench.now = evening
        while await stage.bench.store.is_due("c1", evening):
            assert await stage.dial() == []
        await stage.room.senses._look_at_leads(evening)
        told = await stage.raised("all_postponed")
        assert "22/09" in told["cause"]
        stage.bench.now = evening + 13 * HOUR_S
        await stage.room.senses._look_at_leads(stage.bench.now)
        await stage.resolved(told)
        assert len(await stage.dial()) == 3


# --- trunks and numbers ----------------------------------------------------------------------------------------------


async def test_trunk_avoided(stage: Stage) -> None:
    stage.bench.tell(ev.TrunksTold(at=NOW, rules=TrunkRules(failures=3, probe_s=10)))
    for attempt_id in await stage.dial():
        stage.end(attempt_id, Result.CONGESTION)
    told = await stage.raised("trunk_avoided")
    assert (told["severity"], told["subject"]) == ("critical", "trunk")
    stage.bench.now += 10
    (probe,) = await stage.dial()
    stage.bench.tell(ev.CallRinging(at=stage.bench.now, attempt_id=probe))
    await stage.resolved(told)


async def test_trunk_slow(stage: Stage) -> None:
    dialed = await stage.dial()
    stage.bench.now += 9
    for attempt_id in dialed:
        stage.bench.tell(ev.CallRinging(at=stage.bench.now, attempt_id=attempt_id))
        stage.end(attempt_id)
    told = await stage.raised("trunk_slow")
    assert told["value"] == 9
    await stage.resolved(told, after_s=WINDOW_S)


async def test_caller_id_blocked(stage: Stage) -> None:
    """Somebody picked up at every call of ten minutes, nobody does in the next ten, then the number is cleared."""
    for picked_up in (True, False, True):
        for _ in range(2):
            if picked_up:
                await stage.talk(20)
                continue
            for attempt_id in await stage.dial():
                stage.end(attempt_id)
        if not picked_up:
            told = await stage.raised("caller_id_blocked")
            assert "000000" not in told["subject"]
        stage.bench.now += WINDOW_S
    await stage.resolved(told)


# --- the machine -----------------------------------------------------------------------------------------------------


async def test_event_loop_lag(stage: Stage) -> None:
    """Something keeps the daemon's only thread busy for a third of a second."""
    lag = stage.room.lag
    looking = asyncio.create_task(lag.run())
    async with asyncio.timeout(60):
        while not lag.lags.count:  # noqa: ASYNC110 - the lag's own pace
            await asyncio.sleep(0.01)
        time.sleep(0.5)  # noqa: ASYNC251 - this is the cause
        while lag.worst_s < 0.25:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        told = await stage.raised("event_loop_lag")
        while lag.worst_s > 0.2:  # noqa: ASYNC110 - it is forgotten with time
            await asyncio.sleep(0.01)
    looking.cancel()
    await stage.resolved(told)


async def test_mqtt_down(tmp_path: Path) -> None:
    """The broker hangs; what was told meanwhile, this alert too, is heard when it goes on."""
    with Broker(tmp_path / "own") as own:
        async with staged(tmp_path, own, more="timeout_s = 0.5\nreconnect_max_s = 0.5\n") as stage:
            stage.bench.now += 60
            own.freeze()
            stage.room.outbox.tell_alert("alert/system/x", {"alert_id": "x"}, NOW)
            await until(lambda: not stage.link.up)
            assert stage.room.look(after_s=29) == []  # a broker that is restarted is nobody's business
            assert "mqtt_down" in stage.room.look(after_s=2)
            own.thaw()
            told = await stage.raised("mqtt_down", after_s=0)
            await until(lambda: stage.link.up)
            await stage.resolved(told)


async def test_ami_backlog(stage: Stage) -> None:
    backlog = Backlog(lambda _message: None, lambda: None, bound=10_000)
    stage.room.backlog = backlog
    for _ in range(1_500):
        backlog.put(b"Event: Newchannel\r\n")
    told = await stage.raised("ami_backlog")
    backlog.drain()
    await stage.resolved(told)


async def test_store_slow(stage: Stage) -> None:
    """A unit of work holds the writer for two thirds of a second; the probe waits behind it."""
    store, probe = stage.bench.store, stage.room.probe
    holding = asyncio.create_task(store.write(lambda _db: time.sleep(0.7)))
    await asyncio.sleep(0)  # it is in the queue
    probing = asyncio.create_task(probe.run())
    async with asyncio.timeout(60):
        while not probe.answers:  # noqa: ASYNC110 - whenever the disk is through
            await asyncio.sleep(0.01)
        await holding
        told = await stage.raised("store_slow")
        probing.cancel()
        while (probe.took_s or 1.0) > 0.4:
            probing = asyncio.create_task(probe.run())
            before = probe.answers
            while probe.answers == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            probing.cancel()
    await stage.resolved(told)


def free(megabytes: int) -> SimpleNamespace:
    """A disk with so much space left."""
    return SimpleNamespace(free=megabytes * 10**6)


async def test_disk_full_soon(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store grows by 4 MB in an hour, and 500 MB more than it needs are free; then it grows no more."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free(1_000))
    senses, store = stage.room.senses, stage.bench.store
    await senses._look_at_machine(NOW)
    await store.write(lambda db: db.execute("CREATE TABLE filler AS SELECT zeroblob(4000000) AS x").fetchall())
    await senses._look_at_machine(NOW + HOUR_S)
    told = await stage.raised("disk_full_soon")
    assert "1000 MB free" in told["cause"]
    for hour in range(2, 24):
        await senses._look_at_machine(NOW + hour * HOUR_S)
    await stage.resolved(told)


async def test_disk_full_soon_by_what_others_write(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings take 50 GB of 200 GB in a day; then the disk is all but full, until somebody makes room."""
    senses = stage.room.senses
    for hour in range(25):
        left = free(200_000 - hour * 2_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, left=left: left)
        await senses._look_at_machine(NOW + hour * HOUR_S)
    told = await stage.raised("disk_full_soon")
    assert (told["severity"], "152000 MB free" in told["cause"]) == ("warning", True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free(400))
    await senses._look_at_machine(NOW + 25 * HOUR_S)
    stage.room.look()
    worse = json.loads(await stage.heard.until("/disk_full_soon", '"state":"changed"'))
    assert (worse["severity"], worse["value"], "400 MB free" in worse["cause"]) == ("critical", 0.0, True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free(900_000))
    await senses._look_at_machine(NOW + 26 * HOUR_S)
    await stage.resolved(told)


async def test_disk_full_soon_from_the_first_look(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that starts on a disk that is all but full says so, though no growth is known yet."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free(400))
    await stage.room.senses._look_at_machine(NOW)
    told = await stage.raised("disk_full_soon")
    assert told["severity"] == "critical"


async def test_tzdata_old(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was updated for two years; then the newest release is installed."""
    stage.bench.now += 730 * DAY_S
    told = await stage.raised("tzdata_old")
    monkeypatch.setattr(zones, "TZDATA_VERSION", "2028c")
    await stage.resolved(told)


async def test_certificate_ending(stage: Stage, tmp_path: Path) -> None:
    """The broker's certificate of ten days; then one of a year takes its place, and the link comes again."""
    stage.bench.now = time.time()
    with Broker(tmp_path / "short", tls=True) as first, Broker(tmp_path / "long", tls=True) as second:
        second._make_certificates(days=365)
        second.stop()
        second.start()
        stage.room.senses.certificates = await _met(first)
        told = await stage.raised("certificate_ending")
        assert (told["subject"], told["severity"]) == ("mqtt", "warning")
        stage.room.senses.certificates = await _met(second)
        await stage.resolved(told)


async def _met(broker: Broker) -> Any:  # noqa: ANN401 - a function of certificates
    settings = f'[mqtt]\nenabled = true\nport = {broker.port}\ntls = true\ntls_ca_file = "{broker.ca}"\n'
    made = MqttLink(parse(settings, broker.folder / "dialer.toml"), Outbox("dialer/test/"))
    async with made, asyncio.timeout(30):
        while made.certificate_ends_at is None:  # noqa: ASYNC110 - the handshake's own pace
            await asyncio.sleep(0.01)
        ends_at = made.certificate_ends_at
    return lambda: {"mqtt": ends_at}


async def test_backup_old(stage: Stage) -> None:
    store = stage.bench.store
    folder = stage.room.loaded.config.backup_folder
    await asyncio.to_thread(back_up, store.path, folder, NOW)
    await stage.room.senses._look_at_machine(NOW)
    assert stage.room.look() == []
    told = await stage.raised("backup_old", after_s=31 * HOUR_S)
    await asyncio.to_thread(back_up, store.path, folder, stage.bench.now)
    await stage.room.senses._look_at_machine(stage.bench.now)
    await stage.resolved(told)


def test_every_kind_of_alert_has_a_real_cause_somewhere() -> None:
    here = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(KINDS) - here == ELSEWHERE
