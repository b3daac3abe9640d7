"""Whether the daemon really works: the dial loop turns, deadlines fire, the link is tended, the store answers.

A process that is alive and dials nothing is worse than one that has ended, for nobody restarts it. So the watchdog of
the service manager is fed only while every vital part moves. That Asterisk is away or the disk is full is no reason to
be restarted: the parts then move all the same, and tell it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from dialer.clock import Clock
from dialer.daemon.notify import Notifier
from dialer.daemon.troubles import Troubles
from dialer.store import Store, schema
from dialer.store.errors import StoreUnavailable
from dialer.timings import Timings

log = structlog.get_logger(__name__)

FEEDS_A_PERIOD: Final = 3  # so often the watchdog is fed in its period
LONGEST_PAUSE_S: Final = 5.0
PROBE_EVERY_S: Final = 5.0
LAG_EVERY_S: Final = 0.1
RECENT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Vital:
    """One part. ``mark`` gives a value that changes as it moves; standing still longer than ``within_s`` is stuck."""

    mark: Callable[[], object]
    within_s: float


class Vitals:
    """Remembers when each part last moved."""

    def __init__(self, parts: Mapping[str, Vital], clock: Clock = time.monotonic) -> None:
        self._parts = parts
        self._clock = clock
        self._seen = {name: (part.mark(), clock()) for name, part in parts.items()}

    def stuck(self) -> tuple[str, ...]:
        """The parts that have not moved for too long."""
        return tuple(name for name, part in self._parts.items() if self._is_stuck(name, part))

    def _is_stuck(self, name: str, part: Vital) -> bool:
        mark, now = part.mark(), self._clock()
        before, since = self._seen[name]
        if mark != before:
            self._seen[name] = mark, now
            return False
        return now - since > part.within_s


@dataclass(slots=True)
class LoopLag:
    """How much later than asked the event loop wakes a task: what every answered call waits on top."""

    lags: Timings = field(default_factory=Timings)
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=round(RECENT_S / LAG_EVERY_S)))

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        while True:
            asked = time.monotonic()
            await asyncio.sleep(LAG_EVERY_S)
            lag_s = max(0.0, time.monotonic() - asked - LAG_EVERY_S)
            self.lags.add(lag_s)
            self._recent.append(lag_s)

    @property
    def worst_s(self) -> float:
        """The worst of the last seconds."""
        return max(self._recent, default=0.0)


@dataclass(slots=True)
class StoreProbe:
    """Writes something that changes nothing every few seconds: a disk that hangs is noticed on a quiet night too."""

    store: Store
    clock: Clock = time.monotonic
    answers: int = 0
    _last_s: float | None = None
    _asked: float | None = None

    @property
    def took_s(self) -> float | None:
        """The last write, commit and wait in the queue included; or the present one, once that has taken longer."""
        if self._asked is None:
            return self._last_s
        return max(self._last_s or 0.0, self.clock() - self._asked)

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        while True:
            asked = self._asked = self.clock()
            with suppress(StoreUnavailable):  # an answer all the same: a full disk is not cured by a restart
                await self.store.write(schema.touch)
            self._last_s, self._asked = self.clock() - asked, None
            self.answers += 1
            await asyncio.sleep(PROBE_EVERY_S)


@dataclass(slots=True)
class Pulse:
    """Feeds the watchdog and keeps the status line of ``systemctl status``."""

    notifier: Notifier
    vitals: Vitals
    troubles: Troubles
    sentence: Callable[[], str]
    _stuck: tuple[str, ...] = ()

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        period = self.notifier.watchdog_s
        pause_s = LONGEST_PAUSE_S if period is None else min(LONGEST_PAUSE_S, period / FEEDS_A_PERIOD)
        while True:
            self.beat()
            await asyncio.sleep(pause_s)

    def beat(self) -> None:
        """Look once."""
        stuck = self.vitals.stuck()
        if stuck != self._stuck:
            self._tell(stuck)
        if stuck:
            self.notifier.status(f"STUCK: {', '.join(stuck)}")
            return
        self.notifier.alive()
        self.notifier.status(self.sentence())

    def _tell(self, stuck: Sequence[str]) -> None:
        self._stuck = tuple(stuck)
        if stuck:
            log.error("parts_stuck", parts=list(stuck), watchdog_s=self.notifier.watchdog_s)
            self.troubles.add(f"The daemon stands still: {', '.join(stuck)}. It is restarted if systemd watches it.")
        else:
            log.warning("parts_move_again")
