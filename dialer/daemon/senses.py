"""What the alerts must know beyond the floor: leads, machine, disk, certificates. Looked at slowly, told at once."""

import asyncio
import contextlib
import os
import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from dialer.alerts.facts import CampaignFigures, Machine
from dialer.config_file import Loaded
from dialer.daemon.engine import Engine
from dialer.daemon.vitals import LoopLag, StoreProbe
from dialer.floor.words import CampaignState
from dialer.rules.zones import zone
from dialer.store import Store
from dialer.store.backup import backups
from dialer.store.errors import StoreUnavailable
from dialer.store.supply import Supply, supply

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 5.0
MACHINE_EVERY_S: Final = 60.0
WEEKS: Final = 4
HOUR_S: Final = 3600.0
FEWEST_USUAL: Final = 50  # fewer attempts say nothing about what is usual
GROWTH_S: Final = 86_400.0
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Disk:
    """The store's files and the free space, at one moment."""

    at: float
    used_bytes: int
    free_bytes: int


@dataclass(slots=True)
class Senses:
    """``certificates``: name and end of what the daemon has met. ``wall``: the machine's clock."""

    engine: Engine
    store: Store
    probe: StoreProbe
    lag: LoopLag
    loaded: Callable[[], Loaded]
    ami_backlog: Callable[[], int]
    certificates: Callable[[], dict[str, float]] = dict
    wall: Callable[[], float] = time.time
    _supplies: dict[str, Supply] = field(default_factory=dict)
    _usual: dict[str, tuple[datetime, float | None]] = field(default_factory=dict)  # campaign: hour, pick-up rate
    _disks: deque[_Disk] = field(default_factory=lambda: deque(maxlen=int(GROWTH_S / MACHINE_EVERY_S)))
    _backup_at: float | None = None  # without any, when the daemon started: a day later that is told too
    _route_since: float | None = None

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        machine_at = float("-inf")
        self._backup_at = self.engine.clock()
        while True:
            now = self.engine.clock()
            with contextlib.suppress(StoreUnavailable):  # store_slow tells it; the last counts stay
                await self._look_at_leads(now)
            if now - machine_at >= MACHINE_EVERY_S:
                machine_at = now
                await self._look_at_machine(now)
            await asyncio.sleep(LOOK_EVERY_S)

    # --- leads -------------------------------------------------------------------------------------------------------

    async def _look_at_leads(self, now: float) -> None:
        for view in self.engine.floor.campaign_views():
            if view.state is not CampaignState.RUNNING:
                self._supplies.pop(view.campaign_id, None)
                continue
            unit = partial(supply, campaign_id=view.campaign_id, now=now)
            self._supplies[view.campaign_id] = await self.store.read(unit)
            await self._learn_usual(view.campaign_id, now)

    async def _learn_usual(self, campaign_id: str, now: float) -> None:
        """The pick-up rate of this hour on this weekday, over the weeks before, by the campaign's legal clock."""
        local = datetime.fromtimestamp(now, zone(self.engine.floor.legal_zone(campaign_id)))
        hour = local.replace(minute=0, second=0, microsecond=0)
        if campaign_id in self._usual and self._usual[campaign_id][0] == hour:
            return
        attempts = persons = 0
        for week in range(1, WEEKS + 1):
            since = (hour - timedelta(weeks=week)).timestamp()
            counts = await self.store.counts(campaign_id, since, since + HOUR_S)
            attempts += counts.attempts
            persons += counts.persons
        self._usual[campaign_id] = hour, persons / attempts if attempts >= FEWEST_USUAL else None

    def campaign(self, campaign_id: str, now: float) -> CampaignFigures:
        """What is known of a campaign's leads, for the tally's figures to be added."""
        known = self._supplies.get(campaign_id)
        return CampaignFigures(
            leads_callable=known.due if known else None,
            next_lead_at=known.next_at if known else None,
            waits_for_law=known is not None and known.waits_for_law,
            usual_pick_up=self._usual[campaign_id][1] if campaign_id in self._usual else None,
            day_ends_at=self.engine.floor.calls_end(campaign_id, now),
        )

    # --- machine -----------------------------------------------------------------------------------------------------

    async def _look_at_machine(self, now: float) -> None:
        try:
            disk, backup_at = await asyncio.to_thread(_look_at_disk, self.loaded(), now)
        except OSError as error:
            log.warning("disk_not_seen", why=str(error))
            return
        self._disks.append(disk)
        self._backup_at = backup_at or self._backup_at

    def machine(self) -> Machine:
        """The daemon and its machine now."""
        now = self.engine.clock()
        disk = self._disks[-1] if self._disks else None
        up = self.engine.floor.route_up
        self._route_since = None if up else (self._route_since or now)
        age_days, version = tzdata_age(now)
        return Machine(
            loop_lag_s=self.lag.worst_s,
            ami_backlog=self.ami_backlog(),
            route_up=up,
            route_since=self._route_since or now,
            store_write_s=self.probe.took_s,
            store_healthy=self.store.healthy,
            disk_free_bytes=disk.free_bytes if disk else None,
            disk_least_bytes=self.loaded().config.store.min_free_mb * MEGABYTE,
            growth_bytes_a_day=self._growth(),
            clock_offset_s=self.wall() - now,
            tzdata_days=age_days,
            tzdata=version,
            certificates=self.certificates(),
            backup_at=self._backup_at,
        )

    def _growth(self) -> float | None:
        """Bytes a day, by the last day or what has been seen of it; None in the first ten minutes, or of none.

        What the store grew by, or what the disk lost: recordings and logs fill it as well. Less than an hour counts as
        one, or an import just after a start would be the end of the disk.
        """
        if len(self._disks) < 2:
            return None
        first, last = self._disks[0], self._disks[-1]
        seconds = last.at - first.at
        grown = max(last.used_bytes - first.used_bytes, first.free_bytes - last.free_bytes)
        return grown / max(seconds, HOUR_S) * 86_400 if seconds >= 600 and grown > 0 else None


def _look_at_disk(loaded: Loaded, now: float) -> tuple[_Disk, float | None]:
    path = loaded.config.store_path
    used = sum(_size(Path(f"{path}{suffix}")) for suffix in ("", "-wal"))
    disk = _Disk(now, used, shutil.disk_usage(path.parent).free)
    made = backups(loaded.config.daemon.state_dir / loaded.config.backup.folder)
    return disk, max((backup.made_at for backup in made), default=None)


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - in a thread, and a missing WAL is no fault
    except FileNotFoundError:
        return 0


def tzdata_age(now: float) -> tuple[float | None, str]:
    """Days since the time zone rules in use were made, to about a month, and their name (2026c).

    A year's releases follow each other about every ten weeks: a is of January, d of August.
    """
    from dialer.rules.zones import TZDATA_VERSION

    year, letter = TZDATA_VERSION[:4], TZDATA_VERSION[4:5] or "a"
    if not year.isdigit():
        return None, TZDATA_VERSION
    month = min(12, 1 + (ord(letter) - ord("a")) * 2)
    made = datetime(int(year), month, 15, tzinfo=UTC).timestamp()
    return max(0.0, (now - made) / 86_400), TZDATA_VERSION
