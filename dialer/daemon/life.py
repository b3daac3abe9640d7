"""The life of the daemon: open the store, settle what was left open, run, drain, stop."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from agi_scripts.route import AgiRequest, route_script
from dialer import __version__
from dialer import log as journal
from dialer.clock import Clock, steady_clock
from dialer.config_file import Loaded
from dialer.config_live import Reread
from dialer.control.handlers import agent_handlers, control_handlers
from dialer.control.server import ControlServer
from dialer.control.services import AlertDesk
from dialer.control.status import LinkStatus, StatusSnapshot
from dialer.control.trail import Trail
from dialer.control.wire import RefusedError
from dialer.daemon import memories, retaining
from dialer.daemon.calls import tell_calls, tell_trunks
from dialer.daemon.dialing import DialingBounds, DialLoop
from dialer.daemon.engine import Engine
from dialer.daemon.measuring import Measuring
from dialer.daemon.notify import Notifier
from dialer.daemon.reloading import Reloading
from dialer.daemon.telling import House, open_telling
from dialer.daemon.troubles import Troubles
from dialer.daemon.vitals import LoopLag, Pulse, StoreProbe, Vital, Vitals
from dialer.daemon.watch import Watch
from dialer.errors import DialerError
from dialer.floor import events as ev
from dialer.floor.floor import Floor
from dialer.floor.trunks import TrunkRules
from dialer.metrics.figures import Figures
from dialer.mqtt.link import MqttLink
from dialer.pbx.connect import ami_settings
from dialer.pbx.fastagi import FastAgiServer
from dialer.pbx.link import Pbx
from dialer.store import Store, open_store
from dialer.store.abandonment import recorded

log = structlog.get_logger(__name__)

DRAIN_LOOK_S = 0.2
FLUSH_LIMIT_S = 10.0
# systemd gets this much more time while the drain goes on, and for the end of everything after it.
STOP_GRACE_S = 45.0
# How long a part may stand still before the watchdog starves. The link waits 30 s after a refused login, and as long
# for an Asterisk that boots.
STILL_S = {"dialing": 20.0, "deadlines": 10.0, "link": 120.0, "store": 30.0}


class TaskEndedError(DialerError):
    """A task that must run for ever has ended: the daemon stops, visibly."""

    code = "task_ended"


def run(loaded: Loaded) -> None:
    """Run the daemon until it is told to stop. Raises DialerError when it cannot start."""
    asyncio.run(Daemon(loaded).run())


class Daemon:
    """All parts of one dialer. ``Services`` for the commands of the control socket."""

    live = True

    def __init__(self, loaded: Loaded, clock: Clock | None = None) -> None:
        self.loaded = loaded
        self.changing = asyncio.Lock()
        self.store: Store
        self.engine: Engine
        self._clock = clock or steady_clock()
        self._troubles = Troubles(self._clock)
        self._started_at = self._clock()
        self._link_since = self._started_at
        self._stopping = asyncio.Event()
        self._cut_short = asyncio.Event()
        self._notifier = Notifier()
        self._reloading = Reloading(self._notifier, self._troubles, self._put_in_force)
        self._lag = LoopLag()
        self._mqtt: MqttLink | None = None
        self._pbx = Pbx(ami_settings(loaded), self._on_pbx_event, self._clock)

    async def run(self) -> None:
        """Start every part, run until SIGTERM or SIGINT, drain, stop in the reverse order."""
        config = self.loaded.config
        async with contextlib.AsyncExitStack() as parts:
            self.store = await parts.enter_async_context(open_store(config.store_path, clock=self._clock))
            self.engine = Engine(Floor(), self._pbx, self.store, self._clock)
            await self._load()
            await self._listen(parts)
            self._loop = DialLoop(self.engine, self.store, _bounds(self.loaded), self._troubles)
            self._watch = Watch(self.engine, self.store)
            self._probe = StoreProbe(self.store)
            await self._measure(parts)
            self._telling = await open_telling(self._house(), parts)
            self._mqtt = self._telling.link
            self._catch_signals()
            log.info("daemon_started", version=__version__, store=str(config.store_path))
            self._notifier.ready()
            await self._run_tasks()
            async with asyncio.timeout(FLUSH_LIMIT_S):
                await self.store.flush()
        log.info("daemon_stopped")

    async def _load(self) -> None:
        """Tell the floor what is on record: campaigns and their law, agents and their pauses, open attempts."""
        now = self._clock()
        self._tell_dialing(self.loaded)
        campaigns = await self.store.campaigns()
        memory = await memories.remembered(self.store, campaigns)
        for campaign in campaigns:
            learned = memory.get(campaign.settings.campaign_id)
            self.engine.submit(
                ev.CampaignChanged(at=now, settings=campaign.settings, state=campaign.state, memory=learned)
            )
            await self._tell_law(campaign.settings.campaign_id, now)
        paused = await self.store.paused_agents()
        for agent in await self.store.agents():
            reason = paused.get(agent.settings.agent_id)
            self.engine.submit(ev.AgentChanged(at=now, settings=agent.settings, paused=reason))
        recovered = await self.store.open_attempts(now)
        if recovered.attempts:
            log.warning("attempts_left_open", attempts=len(recovered.attempts))
        self.engine.submit(recovered)

    def _tell_dialing(self, loaded: Loaded) -> None:
        """What the floor must know of [dialing], at the start and when it was read again."""
        now, dialing = self._clock(), loaded.config.dialing
        rules = TrunkRules(dialing.backup_trunks, dialing.trunk_failures, dialing.trunk_probe_s)
        self.engine.submit(ev.DayEndTold(at=now, day_end=dialing.day_end))
        self.engine.submit(ev.TrunksTold(at=now, rules=rules))

    async def _tell_law(self, campaign_id: str, now: float) -> None:
        """The record says how many were abandoned in each window; from here on the floor counts by itself."""
        kept = await self.store.read(partial(recorded, campaign_id=campaign_id, now=now))
        self.engine.submit(
            ev.LawTold(at=now, campaign_id=campaign_id, law=kept.law, counted=kept.counted, started_at=kept.started_at)
        )

    async def _listen(self, parts: contextlib.AsyncExitStack) -> None:
        config = self.loaded.config
        self._fastagi = FastAgiServer({"route": route_script(self.engine.route), "try": self._route_tried})
        await self._fastagi.start(config.fastagi.host, config.fastagi.port)
        parts.push_async_callback(self._fastagi.close)
        sockets = config.daemon
        for server in (
            ControlServer(
                config.control_path,
                Trail(self, "socket").over(control_handlers(self)),
                mode=sockets.control_mode,
                group=sockets.control_group,
            ),
            ControlServer(
                config.agents_path, agent_handlers(self), mode=sockets.agents_mode, group=sockets.agents_group
            ),
        ):
            await server.start()
            parts.push_async_callback(server.close)

    async def _measure(self, parts: contextlib.AsyncExitStack) -> None:
        figures = Figures()
        self.engine.followers += [figures.follow, tell_calls, partial(tell_trunks, self._troubles)]
        measuring = Measuring(
            loaded=lambda: self.loaded,
            status=self.snapshot,
            pbx=self._pbx,
            fastagi=self._fastagi,
            engine=self.engine,
            store=self.store,
            loop=self._loop,
            lag=self._lag,
            figures=figures,
        )
        parts.push_async_callback((await measuring.listen()).close)

    # --- running ------------------------------------------------------------------------------------------------------

    async def _run_tasks(self) -> None:
        """Run the eternal tasks; the end of any of them by itself is an error that stops the daemon."""
        eternal: dict[str, Coroutine[Any, Any, None]] = {
            "pbx": self._pbx.run(),
            "dialing": self._loop.run(),
            "time": self.engine.keep_time(),
            "watch": self._watch.run(),
            "memories": memories.keep(self.engine, self._clock),
            "retention": retaining.keep(self.store, self._clock),
            "probe": self._probe.run(),
            "lag": self._lag.run(),
            **self._telling.works(),
            "pulse": Pulse(self._notifier, self._vitals(), self._troubles, self._headline).run(),
        }
        tasks = [asyncio.create_task(work, name=name) for name, work in eternal.items()]
        stop = asyncio.create_task(self._stopped(), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, stop):
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
        for task in done - {stop}:
            raise TaskEndedError(f"The daemon's task {task.get_name()!r} has ended.") from task.exception()

    def _house(self) -> House:
        return House(
            services=self,
            engine=self.engine,
            store=self.store,
            probe=self._probe,
            lag=self._lag,
            ami_backlog=lambda: int(self._pbx.stats()["backlog"] or 0),
            clock=self._clock,
        )

    def _vitals(self) -> Vitals:
        marks: dict[str, Callable[[], object]] = {
            "dialing": lambda: self._loop.cycles,
            "deadlines": self.engine.timekeeping,
            "link": lambda: self._pbx.turns,
            "store": lambda: self._probe.answers,
        }
        return Vitals({name: Vital(mark, STILL_S[name]) for name, mark in marks.items()})

    def _headline(self) -> str:
        return self.snapshot().headline()

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reloading.ask, self._reloadable)

    def _ask_to_stop(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            log.warning("drain_cut_short", signal=number.name)
            self._cut_short.set()
            return
        log.info("draining", signal=number.name, calls=self.engine.floor.open_calls)
        self._stopping.set()

    async def _stopped(self) -> None:
        """Wait for the wish to stop, then drain: no new calls, talks end, records settle. A second signal ends it."""
        await self._stopping.wait()
        self._loop.draining = True
        self.engine.submit(ev.DrainRequested(at=self._clock()))
        deadline = self._clock() + self.loaded.config.dialing.drain_timeout_s
        while self.engine.floor.open_calls and self._clock() < deadline and not self._cut_short.is_set():
            self._notifier.stopping(self._headline(), STOP_GRACE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_LOOK_S):
                    await self._cut_short.wait()
        if left := self.engine.floor.open_calls:
            log.warning("drain_left_calls", calls=left)
        self._notifier.stopping("writing what is left", STOP_GRACE_S)
        self.engine.submit(ev.MemoryWanted(at=self._clock()))

    def _on_pbx_event(self, event: ev.Event) -> None:
        match event:
            case ev.LinkLost():
                self._link_since = event.at
                self._troubles.add(f"Asterisk is out of reach: {event.why}")
            case ev.LinkRestored():
                self._link_since = event.at
        was_reached = self.engine.floor.route_up
        self.engine.submit(event)
        if was_reached and not self.engine.floor.route_up:
            log.error("route_unreachable")
            self._troubles.add(
                "Dialing has stopped: answered calls do not reach the daemon over FastAGI."
                " DIALER_FASTAGI of the dialplan must name the [fastagi] host and port."
            )

    async def _route_tried(self, _request: AgiRequest) -> None:
        if not self.engine.floor.route_up:
            log.info("route_reached")
            self._troubles.add("Answered calls reach the daemon again over FastAGI: dialing goes on.")
        self.engine.submit(ev.RouteReached(at=self._clock()))

    # --- Services -----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """The floor's clock."""
        return self._clock()

    @property
    def alerts(self) -> AlertDesk:
        """The alerts that stand."""
        return self._telling.lookout

    def submit(self, event: ev.Event) -> None:
        """Hand an event to the floor."""
        self.engine.submit(event)

    async def reload(self) -> Reread:
        """Read the configuration again. Raises DialerError; nothing has changed then."""
        return await self._reloading.reload(self._reloadable)

    def _reloadable(self) -> Loaded:
        if self._stopping.is_set():
            raise RefusedError("The daemon is stopping.", hint="It reads its configuration when it starts.")
        return self.loaded

    def _put_in_force(self, loaded: Loaded) -> None:
        self._pbx.change_settings(ami_settings(loaded))
        self._loop.bounds = _bounds(loaded)
        self._tell_dialing(loaded)
        journal.change_level(loaded.config.log.level)
        self.loaded = loaded

    def snapshot(self) -> StatusSnapshot:
        """The floor now."""
        link = self._pbx.stats()
        return StatusSnapshot(
            at=self._clock(),
            version=__version__,
            instance=self.loaded.config.daemon.instance,
            started_at=self._started_at,
            draining=self._stopping.is_set(),
            link=LinkStatus(
                up=self.engine.floor.link_up,
                since=self._link_since,
                why=str(link["problem"] or ""),
                asterisk=self._pbx.version,
            ),
            mqtt=self._mqtt.status() if self._mqtt is not None else None,
            campaigns=self._watch.campaigns(),
            agents=self._watch.agents(),
            trunks=tuple(self.engine.floor.trunk_views()),
            troubles=self._troubles.latest(),
        )


def _bounds(loaded: Loaded) -> DialingBounds:
    dialing = loaded.config.dialing
    return DialingBounds(dialing.tick_s, dialing.max_lines, dialing.max_calls_per_s)
