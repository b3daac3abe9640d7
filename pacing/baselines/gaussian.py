"""One horizon, two normal laws: dial while mean(A) − mean(D) >= z sqrt(var A + var D)."""

from math import erfc, sqrt
from typing import ClassVar

from pacing.floor import Watcher
from pacing.interface import Decision
from pacing.learner import Learner
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs
from pacing.risk import most


class Gaussian(Pacer):
    """Learns as the predictive policy does; no budget, a fixed z."""

    policy: ClassVar[str] = "gaussian"

    def __init__(self, *, seed: int = 0, z: float = 2.0) -> None:
        self.learner = Learner(nodes=1)  # the median of the time from dialing to a person's answer
        super().__init__(seed=seed)
        self.z = z

    def _watcher(self) -> Watcher:
        return self.learner

    def _opened(self, at: float) -> None:
        self.learner.prepare(self.terms, at)

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        floor, learner = self.floor, self.learner
        learner.advance(now)
        learner.live.clear()
        free, (demanded, _) = learner.free_sums(now), learner.demanded_sums()
        mean = floor.ready - floor.waiting + free[0] - demanded[0]
        mean -= floor.picked_up * learner.ring.person_share
        variance = free[1] + demanded[1]
        f = learner.ring.new_list[0]

        def enough(n: int) -> bool:
            return mean - n * f >= self.z * sqrt(variance + n * f * (1.0 - f))

        dial, reason = bounded(most(enough, allowed), allowed, bound, "risk")
        return Decision(dial, (), 0.5 * erfc(self.z / sqrt(2.0)), reason, floor_inputs(floor))
