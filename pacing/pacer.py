"""What every policy shares: the window, the order of events, the bounds."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import isfinite
from typing import Any, ClassVar

from pacing.bounds import room
from pacing.errors import PacingError
from pacing.floor import Floor, Watcher
from pacing.interface import AGENT_KINDS, EVENT_RANK, Decision, Event, Terms
from pacing.memory import pack

_LOST_CALL_CHECK_S = 30.0


class Pacer(ABC):
    """A pacing policy, driven by ``observe`` and ``decide``; never reads a clock.

    Events of one instant are kept until the next instant or decision and applied in one fixed
    order, so the order in which they are told does not matter.
    """

    policy: ClassVar[str]
    one_to_one = False  # whether, as last decided, no more calls are dialed than agents are free

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed
        self.floor = Floor(self._watcher())
        self.terms = Terms()
        self.opened_at: float | None = None
        self._now = -1e300
        self._batch: list[Event] = []
        self._next_check = -1e300

    # the interface

    def open_window(self, terms: Terms, at: float) -> None:
        """Begin a legal window. A time before the last one seen begins a new clock and floor."""
        if self.opened_at is not None:
            raise PacingError("a window is already open; close it before opening the next.")
        self._flush()
        if _time(at) < self._now:
            self.floor = Floor(self.floor.watcher)
            self.floor.watcher.new_clock()
            self._next_check = -1e300
        self._now = at
        self.terms, self.opened_at = terms, at
        self.floor.answered = terms.answered_before
        self.floor.abandoned = terms.abandoned_before
        self._opened(at)

    def close_window(self, at: float) -> None:
        """End the legal window; what was learned stays."""
        self._advance(at)
        self._require_window()
        self._flush()
        self.opened_at = None

    def set_terms(self, terms: Terms) -> None:
        """Replace law and bounds while the window runs; counts so far are kept."""
        self.terms = terms

    def observe(self, event: Event) -> None:
        """Take in one event. Raises PacingError for an unknown kind, a missing id, or past time."""
        rank = EVENT_RANK.get(event.kind)
        if rank is None:
            raise PacingError(f"unknown event kind {event.kind!r}; see pacing.EVENT_KINDS.")
        if (event.agent if event.kind in AGENT_KINDS else event.call) is None:
            raise PacingError(f"event {event.kind} at {event.at} names no call or agent.")
        if event.at != self._now:
            self._advance(event.at)
        self._batch.append(event)

    def decide(self, now: float) -> Decision:
        """How many calls to dial now, which to cancel, and why."""
        if now != self._now:
            self._advance(now)
        self._require_window()
        if self._batch:
            self._flush()
        if now >= self._next_check:
            self._next_check = now + _LOST_CALL_CHECK_S
            self.floor.forget_lost_calls(now, 4 * self.terms.ring_timeout_s + 60)
        allowed, bound = room(self.floor, self.terms, now)
        return self._decide(now, allowed, bound)

    def floor_now(self) -> Floor:
        """The floor by all that was told, though nobody asked for a decision since."""
        self._flush()
        return self.floor

    def memory(self) -> bytes:
        """What was learned, for ``create(memory=...)`` next morning; empty for fixed policies."""
        return pack(self.policy, {})

    # for policies

    def recall(self, learned: Mapping[str, Any]) -> None:  # noqa: B027
        """Take back what ``memory`` gave; fixed policies learn nothing."""

    def _watcher(self) -> Watcher:
        return Watcher()

    def _opened(self, at: float) -> None:  # noqa: B027
        """Called as a window opens; most policies have nothing to prepare."""

    @abstractmethod
    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        """Decide within ``allowed`` new calls, the tightest bound being ``bound``."""

    def _require_window(self) -> None:
        if self.opened_at is None:
            raise PacingError("no window is open; call open_window(terms, at) first.")

    def _advance(self, at: float) -> None:
        if _time(at) < self._now:
            raise PacingError(f"time went back from {self._now} to {at}; tell events in order.")
        if self._batch:
            self._flush()
        self._now = at

    def _move_logouts_first(self, batch: list[Event]) -> None:
        """Who is here and both goes and comes in one instant is here afterwards."""
        back = {event.agent for event in batch if event.kind == "agent_login"} & self.floor.agents.keys()
        if back:
            batch.sort(key=lambda event: not (event.kind == "agent_logout" and event.agent in back))

    def _flush(self) -> None:
        batch = self._batch
        if len(batch) > 1:
            batch.sort(key=_rank)
            self._move_logouts_first(batch)
        for event in batch:
            self.floor.apply(event)
        batch.clear()


def _rank(event: Event) -> int:
    return EVENT_RANK[event.kind]


def _time(at: float) -> float:
    if not isfinite(at):
        raise PacingError(f"a time must be a finite number of seconds, not {at}.")
    return at
