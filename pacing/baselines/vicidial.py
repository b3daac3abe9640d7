"""VICIdial's adaptive dial level, by its source of 2024: hard limit, average, tapered."""

from collections import deque
from statistics import fmean
from typing import ClassVar, Final

from pacing.errors import PacingError
from pacing.floor import TALKING, Watcher
from pacing.interface import Decision
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs

MODES: Final = ("hard_limit", "average", "tapered")
_SAMPLES: Final = 15
_ADAPT_S: Final = 15.0
_HOPPER_S: Final = 2.5
_DROPS_S: Final = 60.0
_CALLS_PER_S: Final = 5.0


class _LastMinute(Watcher):
    """Live answers of the last minute, dropped or not."""

    def __init__(self) -> None:
        self.answers: deque[tuple[float, bool]] = deque()

    def new_clock(self) -> None:
        self.answers.clear()

    def live_answer(self, at: float, abandoned: bool) -> None:
        self.answers.append((at, abandoned))

    def half_dropped(self, now: float) -> bool:
        while self.answers and self.answers[0][0] < now - 60.0:
            self.answers.popleft()
        dropped = sum(abandoned for _, abandoned in self.answers)
        return len(self.answers) > 20 and dropped > len(self.answers) / 2


class Vicidial(Pacer):
    """Level L adapted each 15 s; round(L (ready + in call)) calls kept in progress."""

    policy: ClassVar[str] = "vicidial"

    def __init__(
        self,
        *,
        seed: int = 0,
        mode: str = "hard_limit",
        max_level: float = 3.0,
        target: float = 0.0,
        intensity: float = 0.0,
        opens_at_h: float = 9.0,
    ) -> None:
        if mode not in MODES:
            raise PacingError(f"vicidial mode {mode!r}; known: {', '.join(MODES)}.")
        self._minute = _LastMinute()
        super().__init__(seed=seed)
        self.mode, self.max_level, self.target = mode, max_level, target
        self.intensity, self.opens_at_h = intensity / 100.0, opens_at_h
        self.level, self.drop_share = 1.0, 0.0
        self.samples: deque[tuple[int, int, int]] = deque(maxlen=_SAMPLES)
        self.next_sample = self.next_adapt = self.next_drops = self.next_calls = -1e300

    def _watcher(self) -> Watcher:
        return self._minute

    def _opened(self, at: float) -> None:
        self.level, self.drop_share = 1.0, 0.0
        self.next_sample = self.next_calls = at
        self.next_adapt, self.next_drops = at + _ADAPT_S, at + _DROPS_S

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        self._measure(now)
        inputs = {**floor_inputs(self.floor), "ratio": self.level}
        if now < self.next_calls:
            return Decision(0, (), 0.0, "interval", inputs)
        self.next_calls = now + _HOPPER_S
        wanted = round(self.level * (self.floor.ready + self._in_call())) - len(self.floor.calls)
        wanted = min(wanted, int(_CALLS_PER_S * _HOPPER_S))
        dial, reason = bounded(wanted, allowed, bound, "ratio")
        return Decision(dial, (), 0.0, reason, inputs)

    def _in_call(self) -> int:
        return sum(agent.phase == TALKING for agent in self.floor.agents.values())

    def _measure(self, now: float) -> None:
        floor = self.floor
        if now >= self.next_sample:
            self.next_sample = now + 1.0
            self.samples.append((floor.ready, floor.waiting, len(floor.agents)))
        if now >= self.next_drops:
            self.next_drops = now + _DROPS_S
            self.drop_share = floor.abandoned / floor.answered if floor.answered else 0.0
        if now >= self.next_adapt:
            self.next_adapt = now + _ADAPT_S
            self._adapt(now)

    def _adapt(self, now: float) -> None:
        ready, waiting, agents = (fmean(column) for column in zip(*self.samples, strict=True))
        if agents == 0:
            return
        excess = (ready - waiting + self.target) / agents
        excess *= 1.0 + self.intensity if excess >= 0 else abs(self.intensity - 1.0)
        level = min(self.max_level, max(1.0, self.level * (1.0 + excess)))
        if self._minute.half_dropped(now):
            level /= 2.0
        if self.floor.answered > 50 and self.drop_share > self.terms.abandonment_limit:
            level = self._over_limit(level, now)
        self.level = max(1.0, level)

    def _over_limit(self, level: float, now: float) -> float:
        if self.mode == "hard_limit":
            return 1.0
        if self.mode == "average":
            return level / 2.0
        hours = self.opens_at_h + (now - (self.opened_at or 0.0)) / 3600.0
        clock = int(hours) * 100 + int(hours % 1 * 60)
        return 1.0 if clock >= 2100 else level * min(1.0, (2100 - clock) / 1000.0)
