"""Fixed multiples of the ready agents: power ratio, and WombatDialer's boost factor."""

from typing import ClassVar

from pacing.interface import Decision
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs


class Ratio(Pacer):
    """n = round(r (I − W)) − ringing."""

    policy: ClassVar[str] = "ratio"

    def __init__(self, *, seed: int = 0, ratio: float = 2.0) -> None:
        super().__init__(seed=seed)
        self.ratio = ratio

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:  # noqa: ARG002
        floor = self.floor
        free = max(0, floor.ready - floor.waiting)
        wanted = round(self.ratio * free) - floor.ringing - floor.picked_up
        dial, reason = bounded(wanted, allowed, bound, "ratio")
        return Decision(dial, (), 0.0, reason, {**floor_inputs(floor), "ratio": self.ratio})


class Boost(Pacer):
    """n = round(b I) − ringing; nothing while more than ``max_waiting`` persons wait."""

    policy: ClassVar[str] = "boost"

    def __init__(self, *, seed: int = 0, boost: float = 2.0, max_waiting: int = 0) -> None:
        super().__init__(seed=seed)
        self.boost, self.max_waiting = boost, max_waiting

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:  # noqa: ARG002
        floor = self.floor
        wanted = round(self.boost * floor.ready) - floor.ringing - floor.picked_up
        if floor.waiting > self.max_waiting:
            wanted = 0
        dial, reason = bounded(wanted, allowed, bound, "ratio")
        return Decision(dial, (), 0.0, reason, {**floor_inputs(floor), "ratio": self.boost})
