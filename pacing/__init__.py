"""How many calls to dial now: estimators, policies, simulator. Standard library and numpy only."""

from math import isfinite
from numbers import Real
from typing import Any

from pacing.errors import PacingError
from pacing.explain import explain
from pacing.interface import EVENT_KINDS, Decision, Event, Terms
from pacing.memory import unpack
from pacing.pacer import Pacer
from pacing.policies import POLICIES

__all__ = [
    "EVENT_KINDS",
    "POLICIES",
    "Decision",
    "Event",
    "Pacer",
    "PacingError",
    "Terms",
    "create",
    "explain",
]


def create(policy: str, *, seed: int = 0, memory: bytes | None = None, **options: Any) -> Pacer:  # noqa: ANN401
    """Make a pacer.

    ``memory`` is what an earlier pacer's ``memory()`` gave. ``options`` are the policy's own, as its
    class names them. Raises PacingError for an unknown policy or option, or a damaged memory.
    """
    maker = POLICIES.get(policy)
    if maker is None:
        raise PacingError(f"unknown pacing policy {policy!r}; known: {', '.join(sorted(POLICIES))}.")
    for name, value in options.items():
        if isinstance(value, Real) and not isfinite(value):
            raise PacingError(f"policy {policy}: {name} must be a finite number, not {value}.")
    learned = unpack(memory) if memory is not None else None
    try:
        pacer: Pacer = maker(seed=seed, **options)
    except TypeError as error:
        raise PacingError(f"policy {policy}: {error}.") from error
    if learned:
        pacer.recall(learned)
    return pacer
