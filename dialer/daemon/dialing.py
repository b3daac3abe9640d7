"""The dial loop: ask pacing, reserve on record, then dial. Nothing is dialed that is not committed."""

import asyncio
from dataclasses import dataclass, field

import structlog

from dialer.daemon.engine import Engine
from dialer.daemon.troubles import Troubles
from dialer.floor import events as ev
from dialer.floor.words import CampaignState
from dialer.store import Store
from dialer.store.errors import StoreUnavailable
from dialer.store.reserving import never_dialed

log = structlog.get_logger(__name__)

# Events come in bursts (a hang-up is four of them); one look after each burst is enough.
BURST_S = 0.01
# How long a campaign rests after the store gave less than was asked: nothing is due, or nothing is left.
REST_S = 2.0


@dataclass(frozen=True, slots=True)
class DialingBounds:
    """Bounds over all campaigns together."""

    tick_s: float
    max_lines: int | None
    max_calls_per_s: float


@dataclass(slots=True)
class DialLoop:
    """Decides for each running campaign, at every event that tells and at least each tick."""

    engine: Engine
    store: Store
    bounds: DialingBounds
    troubles: Troubles
    cycles: int = 0
    draining: bool = False
    _rests: dict[str, float] = field(default_factory=dict)
    _allowance: float = 1.0
    _allowed_at: float = 0.0
    _store_down: bool = False

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        while True:
            await self._wait()
            for campaign_id in self.engine.floor.running():
                await self.dial(campaign_id)
            self.cycles += 1

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self.bounds.tick_s):
                await self.engine.wanted.wait()
            await asyncio.sleep(BURST_S)
        except TimeoutError:
            pass  # a tick: pacing wants to be asked without news too
        self.engine.wanted.clear()

    async def dial(self, campaign_id: str) -> None:
        """Decide for one campaign, reserve, dial."""
        now = self.engine.clock()
        decision, commands = self.engine.floor.decide(campaign_id, now)
        self.engine.carry_out(commands)
        wanted = min(decision.dial, self._room(now))
        if wanted <= 0 or self.draining or self._rests.get(campaign_id, 0.0) > now:
            return
        attempts = await self._reserve(campaign_id, wanted, now)
        if attempts:
            self._launch(campaign_id, attempts)
        if len(attempts) < wanted and not self._store_down:
            self._rests[campaign_id] = now + REST_S
            await self._finish_if_worked(campaign_id)

    def _room(self, now: float) -> int:
        """How many calls the bounds over all campaigns allow now (a token bucket of one second's calls)."""
        rate = self.bounds.max_calls_per_s
        self._allowance = min(max(1.0, rate), self._allowance + (now - self._allowed_at) * rate)
        self._allowed_at = now
        lines = self.bounds.max_lines
        free = lines - self.engine.floor.open_calls if lines is not None else 1_000_000
        return min(int(self._allowance), free)

    async def _reserve(self, campaign_id: str, wanted: int, now: float) -> tuple[ev.NewAttempt, ...]:
        if not self.store.healthy:
            self._note_store("the store does not write")
            return ()
        try:
            attempts = await self.store.reserve(campaign_id, wanted, now)
        except StoreUnavailable as error:
            self._note_store(str(error))
            return ()
        if self._store_down:
            self._store_down = False
            log.info("dialing_resumed")
            self.troubles.add("The store writes again: dialing goes on.")
        return attempts

    def _note_store(self, why: str) -> None:
        if not self._store_down:
            self._store_down = True
            log.error("dialing_stopped", why=why)
            self.troubles.add(f"Dialing has stopped, for the record cannot be written: {why}")

    def _launch(self, campaign_id: str, attempts: tuple[ev.NewAttempt, ...]) -> None:
        """Dial what was reserved, unless someone stopped the campaign while it was written."""
        floor = self.engine.floor
        if self.draining or not floor.link_up or floor.campaign_state(campaign_id) is not CampaignState.RUNNING:
            now = self.engine.clock()
            self.store.record([never_dialed(attempt, now) for attempt in attempts])
            return
        self._allowance -= len(attempts)
        self.engine.submit(ev.AttemptsReserved(at=self.engine.clock(), attempts=attempts))

    async def _finish_if_worked(self, campaign_id: str) -> None:
        """A campaign whose every lead is finished is finished itself, and says so."""
        campaign = await self.store.campaign(campaign_id)
        counts = await self.store.counts(campaign_id)
        if counts.leads == 0 or counts.finished < counts.leads:
            return
        if self.engine.floor.campaign_state(campaign_id) is not CampaignState.RUNNING:
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
