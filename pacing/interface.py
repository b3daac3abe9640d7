"""What a caller and a pacer say to each other: terms, events, decisions.

Times are seconds on one monotonic clock chosen by the caller; the pacer has no clock of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Final

from pacing.errors import PacingError

# The order is also the order in which events of one instant are applied, whatever order they came
# in: an agent finishes, is ready, and may be connected again within one instant, never the reverse.
EVENT_KINDS: Final = (
    "agent_login",
    "call_dialed",
    "call_answered",
    "call_person",
    "agent_wrap_up",
    "agent_ready",
    "call_connected",
    "agent_talking",
    "call_machine",
    "call_failed",
    "call_no_answer",
    "call_cancelled",
    "call_abandoned",
    "agent_leaving",
    "agent_logout",
)
AGENT_KINDS: Final = frozenset(kind for kind in EVENT_KINDS if kind.startswith("agent"))
EVENT_RANK: Final = {kind: rank for rank, kind in enumerate(EVENT_KINDS)}


LEAST_RING_S: Final = 1.0
MOST_RING_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a real floor sees. ``at`` in seconds; ``call`` and ``agent`` are any ids."""

    at: float
    kind: str
    call: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The law and the bounds of one legal window; may be replaced while it runs.

    ``abandonment_limit``: abandoned / (connected + abandoned) over the window, as a share.
    ``answered_before``, ``abandoned_before``: live answers (connected + abandoned) and abandoned
    calls of this same window before it was opened here, as after a restart at noon.
    ``connect_deadline_s``: how long an answered person may wait for an agent.
    ``min_ring_s``, ``may_cancel``: a call may be cancelled after that ring, if at all.
    ``max_lines``: live calls at once, talking ones included. ``max_calls_per_s``: dials a second.
    ``max_ratio``: live calls for each agent logged in. ``tick_s``: longest gap between decisions.
    """

    abandonment_limit: float = 0.03
    window_s: float = 28800.0
    answered_before: int = 0
    abandoned_before: int = 0
    connect_deadline_s: float = 2.0
    ring_timeout_s: float = 25.0
    min_ring_s: float = 15.0
    may_cancel: bool = False
    max_lines: int | None = None
    max_calls_per_s: float | None = None
    max_ratio: float | None = None
    min_agents_for_predictive: int = 1
    tick_s: float = 1.0

    def __post_init__(self) -> None:
        """Raise PacingError naming the first value that cannot be."""
        _within("abandonment_limit", self.abandonment_limit, 0.0, 1.0)
        _within("window_s", self.window_s, 1.0, 1e9)
        _within("connect_deadline_s", self.connect_deadline_s, 0.0, 600.0)
        _within("ring_timeout_s", self.ring_timeout_s, LEAST_RING_S, MOST_RING_S)
        _within("min_ring_s", self.min_ring_s, 0.0, 600.0)
        _within("tick_s", self.tick_s, 0.01, 60.0)
        _within("answered_before", self.answered_before, 0, 1e12)
        _within("abandoned_before", self.abandoned_before, 0, self.answered_before)
        _within("min_agents_for_predictive", self.min_agents_for_predictive, 0, 1e6)
        for name in ("max_lines", "max_calls_per_s", "max_ratio"):
            bound = getattr(self, name)
            if bound is not None:
                _within(name, bound, 0, 1e9)


def _within(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise PacingError(f"terms: {name} must be a number, not {value!r}.")
    if not (isfinite(value) and low <= value <= high):
        raise PacingError(f"terms: {name} is {value}; it must be between {low:g} and {high:g}.")


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now: ``dial`` calls, ``cancel`` these ringing calls.

    ``risk`` is the probability that the next call dialed, once answered by a person, finds nobody.
    ``reason`` is a stable word naming what bound the number; ``inputs`` are the numbers used.
    """

    dial: int
    cancel: tuple[str, ...] = ()
    risk: float = 0.0
    reason: str = "progressive"
    inputs: Mapping[str, float] = field(default_factory=dict)
