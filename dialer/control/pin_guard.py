"""Slows down whoever tries PINs on a phone."""

from dataclasses import dataclass, field
from typing import Final

MAX_REMEMBERED: Final = 10_000  # ids that failed; above it the oldest is forgotten


@dataclass(slots=True)
class PinGuard:
    """After ``tries`` wrong PINs for one id, without a right one between, that id is locked for ``lockout_s``."""

    tries: int
    lockout_s: float
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)  # id -> (wrong ones, time of the last)

    def locked(self, agent_id: str, now: float) -> bool:
        """Whether logins of this id are refused now."""
        wrong, last = self._failures.get(agent_id, (0, 0.0))
        return wrong >= self.tries and now < last + self.lockout_s

    def failed(self, agent_id: str, now: float) -> None:
        """A wrong PIN was typed."""
        wrong, last = self._failures.pop(agent_id, (0, 0.0))
        begun_anew = wrong >= self.tries and now >= last + self.lockout_s
        self._failures[agent_id] = (1 if begun_anew else wrong + 1, now)
        if len(self._failures) > MAX_REMEMBERED:
            del self._failures[next(iter(self._failures))]

    def passed(self, agent_id: str) -> None:
        """The right PIN was typed."""
        self._failures.pop(agent_id, None)
