"""Progressive dialing: one call for each agent who could take it. Nobody is abandoned."""

from typing import ClassVar

from pacing.floor import Floor
from pacing.interface import Decision
from pacing.pacer import Pacer


def uncovered_agents(floor: Floor) -> int:
    """Ready agents for whom no call rings or waits; below zero when calls are too many."""
    return floor.ready - floor.waiting - floor.ringing - floor.picked_up


def floor_inputs(floor: Floor) -> dict[str, float]:
    """The numbers that every policy looks at."""
    return {
        "ready": floor.ready,
        "waiting": floor.waiting,
        "ringing": floor.ringing + floor.picked_up,
        "agents": len(floor.agents),
        "answered": floor.answered,
        "abandoned": floor.abandoned,
    }


def bounded(wanted: int, allowed: int, bound: str, reason: str) -> tuple[int, str]:
    """``wanted`` within 0 and ``allowed``; the bound's name is the reason where it binds."""
    if bound == "no_agents" or wanted > allowed:
        return max(0, min(wanted, allowed)), bound
    return max(0, wanted), reason


class Progressive(Pacer):
    """n = I − W − ringing."""

    policy: ClassVar[str] = "progressive"
    one_to_one = True

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:  # noqa: ARG002
        dial, reason = bounded(uncovered_agents(self.floor), allowed, bound, "progressive")
        return Decision(dial, (), 0.0, reason, floor_inputs(self.floor))
