"""Predictive where it gains over progressive with this team, this list and this law."""

from math import erfc, exp, log, pi, sqrt
from typing import ClassVar, Final

from pacing.budget import Standing
from pacing.interface import Decision
from pacing.predictive import Predictive
from pacing.progressive import floor_inputs

_EVERY_S: Final = 60.0
_KNOWN_CALLS: Final = 100.0
_GAIN_ON, _GAIN_OFF = 0.01, 0.002  # occupancy; apart, so that it does not flicker
_RAMP_S: Final = 120.0
_IDLE_FACTOR: Final = 0.65  # set by eye, so that known-parameter occupancies come out roughly right


class Auto(Predictive):
    """Progressive until enough is known; then whichever is worth more, changed over gently."""

    policy: ClassVar[str] = "auto"

    def __init__(self, *, seed: int = 0, **steering: float) -> None:
        super().__init__(seed=seed, **steering)
        self.predicting_since: float | None = None
        self.next_at = -1e300
        self.gain = 0.0

    def _opened(self, at: float) -> None:
        super()._opened(at)
        self.next_at = at

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        self._learn(now)
        if now >= self.next_at:
            self.next_at = now + _EVERY_S
            self._choose(now)
        if self.predicting_since is None:
            return self._progressive(allowed, bound, {**floor_inputs(self.floor), "gain": self.gain})
        decision = super()._decide(now, allowed, bound)
        return Decision(
            decision.dial,
            decision.cancel,
            decision.risk,
            decision.reason,
            {**decision.inputs, "gain": self.gain},
        )

    def _standing(self, now: float) -> Standing:
        since = now if self.predicting_since is None else self.predicting_since
        standing = super()._standing(now)
        return standing._replace(price=standing.price * min(1.0, (now - since) / _RAMP_S))

    def _choose(self, now: float) -> None:
        agents = len(self.floor.agents) - self.floor.leaving
        if self.learner.ring.matured < _KNOWN_CALLS or agents == 0:
            return
        limit = self.terms.abandonment_limit
        self.gain = self._gain(agents, limit)
        left = self.budget.answers_to_come(now)
        affordable = limit * left + self.budget.surplus(self.floor.answered, self.floor.abandoned)
        wanted = self.gain > (_GAIN_ON if self.predicting_since is None else _GAIN_OFF)
        if not wanted or affordable < 1.0:
            self.predicting_since = None
        elif self.predicting_since is None:
            self.predicting_since = now

    def _gain(self, agents: int, limit: float) -> float:
        """Occupancy of predictive less progressive, by formulas.

        Progressive: an agent idles for (mean time of an attempt) / (share answered by persons).
        Predictive: free agents at the horizon h are about normal around their mean, with the
        variance of the talks that end and of the calls that are answered within h; the mean is set
        where the chance of none is the limit, and those free above none are idle.
        """
        ring, learner = self.learner.ring, self.learner
        busy_s = learner.talk.mean_s() / learner.talk_level.mean + learner.wrap_up.mean_s()
        share = max(ring.answer_chance, 1e-3)
        progressive = busy_s / (busy_s + ring.mean_attempt_s / share)
        if limit <= 0.0:
            return 0.0
        flow = agents * float(ring.node_s[ring.nodes // 2]) / busy_s
        sd = sqrt(flow * (2.0 - share))
        z = _quantile(limit)
        idle = sd * (exp(-z * z / 2) / sqrt(2 * pi) + z * (1.0 - 0.5 * erfc(z / sqrt(2))))
        return max(0.0, 1.0 - _IDLE_FACTOR * idle / agents) - progressive


def _quantile(tail: float) -> float:
    """z with P(N > z) = ``tail`` <= 0.5 (Abramowitz and Stegun 26.2.23)."""
    t = sqrt(-2.0 * log(min(0.5, tail)))
    above = 2.515517 + t * (0.802853 + t * 0.010328)
    below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return t - above / below
