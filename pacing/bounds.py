"""The bounds that an operator sets, and which of them binds."""

from math import floor as round_down
from typing import Final

from pacing.floor import Floor
from pacing.interface import Terms

UNBOUND: Final = 1_000_000


def room(floor: Floor, terms: Terms, now: float) -> tuple[int, str]:
    """How many calls may be dialed now by the bounds alone, and the name of the tightest one."""
    serving = len(floor.agents) - floor.leaving
    if serving <= 0:
        return 0, "no_agents"
    if terms.max_lines is None and terms.max_calls_per_s is None and terms.max_ratio is None:
        return UNBOUND, "none"
    tightest, reason = UNBOUND, "none"
    for bound, name in (
        (_by_lines(floor, terms), "trunk_full"),
        (_by_calls_per_s(floor, terms, now), "calls_per_s"),
        (_by_ratio(floor, terms, serving), "max_ratio"),
    ):
        if bound is not None and bound < tightest:
            tightest, reason = bound, name
    return max(0, tightest), reason


def _by_lines(floor: Floor, terms: Terms) -> int | None:
    if terms.max_lines is None:
        return None
    return round_down(terms.max_lines) - len(floor.calls)


def _by_ratio(floor: Floor, terms: Terms, serving: int) -> int | None:
    if terms.max_ratio is None:
        return None
    return round_down(terms.max_ratio * serving) - len(floor.calls)


def _by_calls_per_s(floor: Floor, terms: Terms, now: float) -> int | None:
    rate = terms.max_calls_per_s
    if rate is None:
        return None
    if rate <= 0:
        return 0
    span_s, allowed = (1.0, round_down(rate)) if rate >= 1 else (1.0 / rate, 1)
    recent = 0
    for dialed_at in reversed(floor.recent_dials):
        if dialed_at <= now - span_s or recent >= allowed:
            break
        recent += 1
    return allowed - recent
