"""The store: everything the dialer keeps, behind units of work."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from dialer.clock import Clock
from dialer.floor.commands import Command, RecordCampaign
from dialer.floor.events import AttemptsRecovered, CampaignSettings, NewAttempt
from dialer.floor.words import CampaignState
from dialer.store import calling_back, campaigns, pins, reading, recording, reserving, schema
from dialer.store.calling_back import Asking, Look
from dialer.store.campaigns import Agent, Campaign, LeadList
from dialer.store.connection import Connection, Unit
from dialer.store.errors import StoreUnavailable
from dialer.store.law import Law, LawSettings, law_of
from dialer.store.reading import Counts, LeadRecord, Life, OutcomeRow, Period
from dialer.store.recorder import BUFFER_BOUND, Recorder
from dialer.store.writer import Writer
from dialer.timings import Timings

T = TypeVar("T")

PROBE_S = 1.0
CLOSE_S = 10.0


def passing_folders(store: Path) -> str:
    """The beginning of the names of folders that outlive no process."""
    return f".{store.name}-passing-"


class Reader:
    """Reads a store, beside the process that writes it if there is one. Never writes and takes no lock."""

    def __init__(self, connection: Connection) -> None:
        self._reading = connection

    async def read(self, unit: Unit[T]) -> T:
        """Run ``unit`` on the read-only connection, as one moment of the store."""
        try:
            return await self._reading.run(lambda db: _one_moment(db, unit))
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The store cannot be read: {error}.") from error

    async def campaigns(self) -> tuple[Campaign, ...]:
        """Every campaign, by id."""
        return await self.read(campaigns.campaigns)

    async def campaign(self, campaign_id: str) -> Campaign:
        """One campaign; NotFound when there is none of that id."""
        return (await self.read(lambda db: campaigns.campaigns(db, campaign_id)))[0]

    async def law(self, campaign_id: str) -> Law:
        """A campaign's law; NotFound when there is no such campaign."""
        return await self.read(lambda db: law_of(db, campaign_id))

    async def lists(self, campaign_id: str) -> tuple[LeadList, ...]:
        """A campaign's lists in the order in which they are called."""
        return await self.read(lambda db: campaigns.lists(db, campaign_id))

    async def agents(self, campaign_id: str | None = None) -> tuple[Agent, ...]:
        """Every agent, or those of one campaign, by id."""
        return await self.read(lambda db: campaigns.agents(db, campaign_id))

    async def paused_agents(self) -> dict[str, str]:
        """Agent id and reason of every agent whose last state on record is a pause."""
        return await self.read(reading.paused_agents)

    async def lead(self, lead_id: int) -> LeadRecord:
        """A lead's record as an agent sees it; NotFound when there is none of that id."""
        return await self.read(lambda db: reading.lead(db, lead_id))

    async def counts(self, campaign_id: str, since: float = 0.0, until: float = float("inf")) -> Counts:
        """Where a campaign stands, with its attempts reserved from ``since`` to before ``until``."""
        return await self.read(lambda db: reading.counts(db, campaign_id, since, until))

    async def explain(self, attempt_id: str) -> Life:
        """The whole life of an attempt; NotFound when there is none of that id."""
        return await self.read(lambda db: reading.explain(db, attempt_id))

    async def lead_columns(self, campaign_id: str | None = None) -> tuple[str, ...]:
        """The names of the lead fields that ``outcomes`` may bring."""
        return await self.read(lambda db: reading.lead_columns(db, campaign_id))

    async def outcomes(self, period: Period) -> AsyncIterator[OutcomeRow]:
        """Ended attempts that were really dialed, by campaign and time of reservation; a page in memory at a time."""
        known = [campaign.settings.campaign_id for campaign in await self.campaigns()]
        if period.campaign_id is not None:
            known = [(await self.campaign(period.campaign_id)).settings.campaign_id]
        for campaign_id in known:
            last = (float("-inf"), "")
            while page := await self._page(campaign_id, period, last):
                for row in page:
                    yield row
                last = (page[-1].values["reserved_at"], page[-1].values["attempt_id"])

    async def _page(self, campaign_id: str, period: Period, last: tuple[float, str]) -> list[OutcomeRow]:
        return await self.read(lambda db: reading.outcomes_page(db, campaign_id, period, last))


class Store(Reader):
    """The store of the one process that writes it; made by ``open_store``."""

    def __init__(self, path: Path, writing: Connection, connection: Connection, clock: Clock) -> None:
        super().__init__(connection)
        self.path = path
        self.clock = clock
        self._writer = Writer(writing)
        self._recorder = Recorder(self._writer)
        self._probe: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """Whether the last commit succeeded and the record follows. While False nothing may be dialed."""
        return self._writer.healthy and self._recorder.waiting < BUFFER_BOUND // 2

    @property
    def recorder(self) -> Recorder:
        """The follower's own figures: ``waiting``, ``dropped``, ``refused``."""
        return self._recorder

    @property
    def carried_out(self) -> int:
        """How many units of work were carried out since the store was opened."""
        return self._writer.carried_out

    @property
    def commits(self) -> Timings:
        """How long the commits took, from the thread's first statement to the disk."""
        return self._writer.commits

    @property
    def folder_prefix(self) -> str:
        """How the names of passing folders beside the store begin; what a crash leaves is removed at the next start."""
        return passing_folders(self.path)

    async def write(self, unit: Unit[T]) -> T:
        """Carry out a unit of work; returns after its commit, StoreUnavailable when nothing was written."""
        return await self._writer.do(unit)

    async def between(self, unit: Unit[T]) -> T:
        """Run ``unit`` on the writing connection outside any transaction: only what cannot run inside one."""
        return await self._writer.between(unit)

    # --- attempts ----------------------------------------------------------------------------------------------------

    async def reserve(
        self, campaign_id: str, wanted: int, now: float, clock_offset_s: float = 0.0
    ) -> tuple[NewAttempt, ...]:
        """Reserve up to ``wanted`` attempts, committed when this returns. StoreUnavailable: nothing is handed out.

        ``clock_offset_s``: the wall's time less ``now``. Fewer may come although more is due: ask ``is_due``.

        When the caller is cancelled meanwhile, what was reserved for it is given back.
        """
        offset_s = clock_offset_s
        return await self._reserve(lambda db: reserving.reserve(db, campaign_id, wanted, now, offset_s))

    async def reserve_callbacks(self, asking: Asking) -> tuple[NewAttempt, ...]:
        """Reserve promised callbacks for agents who are free, in the same manner as ``reserve``."""
        return await self._reserve(lambda db: calling_back.reserve(db, asking))

    async def callbacks_look(self, campaign_id: str, now: float) -> Look:
        """A campaign's callbacks that wait, and which of them are due."""
        return await self.read(lambda db: calling_back.look(db, campaign_id, now))

    async def _reserve(self, unit: Unit[tuple[NewAttempt, ...]]) -> tuple[NewAttempt, ...]:
        future = await self._writer.hand_over(unit)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(self._give_back)
            raise

    async def is_due(self, campaign_id: str, now: float) -> bool:
        """Whether a lead waits to be chosen now."""
        return await self.read(lambda db: reserving.is_due(db, campaign_id, now))

    def _give_back(self, reserved: asyncio.Future[tuple[NewAttempt, ...]]) -> None:
        if not reserved.cancelled() and reserved.exception() is None:
            self.record(reserving.never_dialed(attempt, self.clock()) for attempt in reserved.result())

    async def open_attempts(self, now: float) -> AttemptsRecovered:
        """Attempts that the record shows as not ended: at the start, what the last process left behind."""
        return await self.read(lambda db: reading.open_attempts(db, now))

    def record(self, records: Iterable[Command]) -> None:
        """Hand Record* commands over without waiting; they are written in order, and kept while they cannot be."""
        self._recorder.record(records)

    async def flush(self) -> None:
        """Wait until all that was recorded is on the disk; set a time limit around it."""
        await self._recorder.flush()

    # --- campaigns and agents ----------------------------------------------------------------------------------------

    async def create_campaign(
        self, settings: CampaignSettings, name: str = "", principal: str = "", law: LawSettings | None = None
    ) -> Campaign:
        """Write a new, stopped campaign under ``law`` (unset: France). Invalid or AlreadyExists: not with this id."""
        identity = name or settings.campaign_id
        campaign = Campaign(settings, CampaignState.STOPPED, identity, principal, self.clock(), law or LawSettings())
        return await self.write(lambda db: campaigns.create_campaign(db, campaign))

    async def change_campaign(self, settings: CampaignSettings) -> None:
        """Replace a campaign's settings; NotFound when there is no such campaign."""
        await self.write(lambda db: campaigns.change_campaign(db, settings))

    async def change_law(self, campaign_id: str, law: LawSettings) -> None:
        """Replace a campaign's law; whom the old one blocked or put off is judged anew."""
        await self.write(lambda db: campaigns.change_law(db, campaign_id, law, self.clock()))

    async def set_campaign_state(self, campaign_id: str, state: CampaignState, reason: str) -> None:
        """Change a campaign's state, with its reason on record; NotFound when there is no such campaign."""
        change = RecordCampaign(campaign_id, self.clock(), state, reason)
        await self.write(lambda db: recording.write_campaign(db, change))

    async def ensure_list(self, campaign_id: str, name: str) -> int:
        """The id of a campaign's list, created when it is new; NotFound when there is no such campaign."""
        return await self.write(lambda db: campaigns.ensure_list(db, campaign_id, name, self.clock()))

    async def create_agent(self, agent: Agent, pin: str) -> None:
        """Write a new agent; the PIN (4 to 12 digits) is kept as a hash."""
        hashed = await pins.hash_pin(pin)
        await self.write(lambda db: campaigns.create_agent(db, agent, hashed, self.clock()))

    async def change_agent(self, agent: Agent) -> None:
        """Replace an agent's name and settings; the PIN stays."""
        await self.write(lambda db: campaigns.change_agent(db, agent))

    async def set_pin(self, agent_id: str, pin: str) -> None:
        """Give an agent another PIN."""
        hashed = await pins.hash_pin(pin)
        await self.write(lambda db: campaigns.set_pin(db, agent_id, hashed))

    async def verify_pin(self, agent_id: str, pin: str) -> bool:
        """Whether the PIN is that agent's; takes the same time for an agent that does not exist."""
        return await pins.is_right(pin, await self.read(lambda db: campaigns.pin_hash(db, agent_id)))

    # --- life --------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._writer.start()
        self._recorder.start()
        self._probe = asyncio.create_task(self._probe_while_unwell(), name="store-probe")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)
        await self._recorder.close(CLOSE_S)
        await self._writer.close()

    async def _probe_while_unwell(self) -> None:
        # With nothing to write, nobody would notice that the disk is back. Waiting records are tried by themselves.
        while True:
            await asyncio.sleep(PROBE_S)
            if not self._writer.healthy and not self._recorder.waiting:
                with suppress(StoreUnavailable):
                    await self.write(schema.touch)


def _one_moment(db: sqlite3.Connection, unit: Unit[T]) -> T:
    db.execute("BEGIN")
    try:
        return unit(db)
    finally:
        db.execute("COMMIT")
