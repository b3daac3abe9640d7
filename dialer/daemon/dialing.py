"""The dial loop: ask pacing, reserve on record, then dial. Nothing is dialed that is not committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from dialer.clock import Clock
from dialer.daemon.callbacks import Callbacks
from dialer.daemon.engine import Engine
from dialer.daemon.standing import Standings
from dialer.daemon.troubles import Troubles
from dialer.floor import events as ev
from dialer.floor.decisions import Free, Room
from dialer.floor.words import CampaignState
from dialer.store import Store
from dialer.store.calling_back import Asking
from dialer.store.errors import StoreUnavailable
from dialer.store.reserving import never_dialed
from dialer.store.supply import waits_for_law
from pacing import Decision

log = structlog.get_logger(__name__)

Reserving = Callable[[], Awaitable[tuple[ev.NewAttempt, ...]]]

# Events come in bursts (a hang-up is four of them); one look after each burst is enough.
BURST_S = 0.02
# How long a campaign rests after the store gave less than was asked: nothing is due, or nothing is left.
REST_S = 2.0
CLOCK_LIMIT_S = 1.0
# Calls that the rate holds back leave one by one as it allows, not in heaps that are then answered in heaps: people
# would wait for each other's routing, and carriers count calls in less than a second too.
SPREAD_S = 0.05
RATE_REASON = "all_calls_per_s"


@dataclass(frozen=True, slots=True)
class DialingBounds:
    """Bounds over all campaigns together."""

    tick_s: float
    max_lines: int | None
    max_calls_per_s: float


@dataclass(slots=True)
class DialLoop:
    """Decides for each running campaign, at every event that tells and at least each tick. Callbacks come first."""

    engine: Engine
    store: Store
    bounds: DialingBounds
    troubles: Troubles
    wall: Clock = time.time
    cycles: int = 0
    draining: bool = False
    _callbacks: Callbacks = field(init=False)
    standings: Standings = field(init=False)
    _rests: dict[str, tuple[float, str]] = field(default_factory=dict)
    _allowance: float = 1.0
    _allowed_at: float = 0.0
    _held_back: bool = False
    _store_down: bool = False
    _clock_wrong: bool = False

    def __post_init__(self) -> None:
        self._callbacks = Callbacks(self.store, self.troubles)
        self.standings = Standings(self.troubles)

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        while True:
            await self._wait()
            for campaign_id in self._in_turn():
                await self.dial(campaign_id)
            self.cycles += 1

    def _in_turn(self) -> tuple[str, ...]:
        """The running campaigns, another one first each time: what the bounds leave must not go to one alone."""
        running = self.engine.floor.running()
        first = self.cycles % len(running) if running else 0
        return (*running[first:], *running[:first])

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._pause_s()):
                await self.engine.wanted.wait()
            await asyncio.sleep(BURST_S)
        except TimeoutError:
            pass  # a tick: pacing wants to be asked without news too
        self.engine.wanted.clear()

    def _pause_s(self) -> float:
        """Until pacing wants to be asked without news, or the rate that held calls back allows some again."""
        if not self._held_back:
            return self.bounds.tick_s
        self._held_back = False
        rate = self.bounds.max_calls_per_s
        some = SPREAD_S if rate * SPREAD_S > 1 else 0.0  # at high rates a few at a time
        return min(self.bounds.tick_s, max(some, (1.0 - self._allowance) / rate))

    async def dial(self, campaign_id: str) -> None:
        """Decide for one campaign, reserve, dial, and say what became of the decision."""
        await self._call_back(campaign_id)
        now = self.engine.clock()
        decision, commands = self.engine.floor.decide(campaign_id, now, self._room(campaign_id, now))
        self.engine.carry_out(commands)
        self.standings.note(campaign_id, self.engine.floor.ledger(campaign_id, now))
        self._held_back |= decision.reason == RATE_REASON
        if decision.dial > 0:
            decision = await self._carry_out(campaign_id, decision, now)
        self.engine.carry_out(self.engine.floor.decided(campaign_id, decision))

    async def _call_back(self, campaign_id: str) -> None:
        """Dial the promised callbacks whose time has come, each with an agent who is kept free for it."""
        now = self.engine.clock()
        free = await self._callbacks.callers(campaign_id, lambda: self._free_agents(campaign_id, now), now)
        if free.most <= 0:
            return
        offset_s = self.wall() - now
        asking = Asking(campaign_id, free.agents, now, offset_s, free.most)
        attempts = await self._reserve(lambda: self.store.reserve_callbacks(asking), offset_s)
        self._callbacks.forget(campaign_id)
        if attempts:
            self._launch(campaign_id, attempts)

    def _free_agents(self, campaign_id: str, now: float) -> Free:
        """Who may be kept for callbacks, no more of them than the bounds allow calls."""
        if self.draining:
            return Free()
        free = self.engine.floor.free_agents(campaign_id)
        return replace(free, most=min(free.most, self._calls_left(now)))

    async def _carry_out(self, campaign_id: str, decision: Decision, now: float) -> Decision:
        offset_s = self.wall() - now
        attempts = await self._reserve(lambda: self.store.reserve(campaign_id, decision.dial, now, offset_s), offset_s)
        if self._store_down:
            return replace(decision, dial=0, reason="store")
        if self._clock_wrong:
            self._rests[campaign_id] = now + REST_S, "clock"
            return replace(decision, dial=0, reason="clock")
        launched = self._launch(campaign_id, attempts) if attempts else 0
        if len(attempts) == decision.dial:
            return replace(decision, dial=launched)
        if await self.store.is_due(campaign_id, now):
            # The law forbade as many as one unit of work may judge: behind them others wait.
            self.engine.wanted.set()
            return replace(decision, dial=launched, reason="calling_law")
        by_law = await self.store.read(partial(waits_for_law, campaign_id=campaign_id, now=now))
        reason = "calling_law" if by_law else "no_leads"
        self._rests[campaign_id] = now + REST_S, reason
        await self._finish_if_worked(campaign_id)
        return replace(decision, dial=launched, reason=reason)

    def _room(self, campaign_id: str, now: float) -> Room:
        """How many calls may be dialed now whatever pacing says, and why no more."""
        if self.draining:
            return Room(0, "draining")
        rests_until, why = self._rests.get(campaign_id, (0.0, ""))
        if rests_until > now:
            return Room(0, why)
        allowed, left = self._allowed(now), self._calls_left(now)
        return Room(left, "all_lines") if left < allowed else Room(allowed, RATE_REASON)

    def _calls_left(self, now: float) -> int:
        """How many calls the bounds over all campaigns allow now."""
        allowed, lines = self._allowed(now), self.bounds.max_lines
        return allowed if lines is None else min(allowed, lines - self.engine.floor.open_calls)

    def _allowed(self, now: float) -> int:
        """How many calls the rate over all campaigns allows now: a token bucket as deep as one look may come late."""
        rate = self.bounds.max_calls_per_s
        self._allowance = min(1.0 + rate * SPREAD_S, self._allowance + (now - self._allowed_at) * rate)
        self._allowed_at = now
        return int(self._allowance)

    async def _reserve(self, ask: Reserving, offset_s: float) -> tuple[ev.NewAttempt, ...]:
        if not self.store.healthy:
            self._note_store("the store does not write")
            return ()
        if self._is_clock_wrong(offset_s):
            return ()
        try:
            attempts = await ask()
        except StoreUnavailable as error:
            self._note_store(str(error))
            return ()
        if self._store_down:
            self._store_down = False
            log.info("dialing_resumed")
            self.troubles.add("The store writes again: dialing goes on.")
        return attempts

    def _is_clock_wrong(self, offset_s: float) -> bool:
        """Windows end on the second: nobody is called while the floor's clock and the wall's differ by one."""
        wrong = abs(offset_s) >= CLOCK_LIMIT_S
        if wrong and not self._clock_wrong:
            log.error("clock_stepped", offset_s=round(offset_s, 3))
            text = f"Dialing has stopped: the wall's clock moved {offset_s:+.1f} s (rule clock_sync)."
            self.troubles.add(f"{text} Set it right, or restart the daemon when it is.")
        self._clock_wrong = wrong
        return wrong

    def _note_store(self, why: str) -> None:
        if not self._store_down:
            self._store_down = True
            log.error("dialing_stopped", why=why)
            self.troubles.add(f"Dialing has stopped, for the record cannot be written: {why}")

    def _launch(self, campaign_id: str, attempts: tuple[ev.NewAttempt, ...]) -> int:
        """Dial what was reserved, unless someone stopped the campaign while it was written; how many."""
        floor = self.engine.floor
        if self.draining or not floor.link_up or floor.campaign_state(campaign_id) is not CampaignState.RUNNING:
            now = self.engine.clock()
            self.store.record([never_dialed(attempt, now) for attempt in attempts])
            return 0
        self._allowance -= len(attempts)
        self.engine.submit(ev.AttemptsReserved(at=self.engine.clock(), attempts=attempts))
        return len(attempts)

    async def _finish_if_worked(self, campaign_id: str) -> None:
        """A campaign whose every lead is finished is finished itself, and says so."""
        campaign = await self.store.campaign(campaign_id)
        counts = await self.store.counts(campaign_id)
        if counts.leads == 0 or counts.finished < counts.leads:
            return
        floor = self.engine.floor
        # Who has just spoken with the last person may still promise to call back.
        if floor.campaign_state(campaign_id) is not CampaignState.RUNNING or floor.has_talks(campaign_id):
            return
        log.info("campaign_finished", campaign=campaign_id, leads=counts.leads)
        self.engine.submit(
            ev.CampaignChanged(
                at=self.engine.clock(),
                settings=campaign.settings,
                state=CampaignState.FINISHED,
                reason="every lead is finished",
            )
        )
