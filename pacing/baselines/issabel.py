"""Issabel's predictor: busy agents who by an exponential law will soon be free count as free."""

from collections import deque
from math import exp
from typing import ClassVar, Final

from pacing.floor import TALKING, Agent, Call, Watcher
from pacing.interface import Decision
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs

_EVERY_S: Final = 5.0
_SURE: Final = 0.97
_SHARE_S: Final = 1800.0
_LEAST_SHARE: Final = 0.2


class _Means(Watcher):
    """Mean answer delay, mean talk, and how calls of the last half hour ended."""

    def __init__(self) -> None:
        self.delay_s, self.talk_s = 10.0, 120.0
        self.ends: deque[tuple[float, bool]] = deque()
        self.persons = 0  # of those ends

    def new_clock(self) -> None:
        self.ends.clear()
        self.persons = 0

    def call_classified(self, call: Call, at: float, person: bool) -> None:
        self.ends.append((at, person))
        self.persons += person
        if person:
            self.delay_s += (at - call.dialed_at - self.delay_s) / 50.0

    def call_ended_ringing(self, call: Call, at: float, kind: str) -> None:  # noqa: ARG002
        self.ends.append((at, False))

    def agent_changed(self, agent: Agent, at: float, phase: str | None) -> None:
        if agent.phase == TALKING and phase != TALKING:
            self.talk_s += (at - agent.since - self.talk_s) / 50.0

    def answered_share(self, now: float) -> float:
        while self.ends and self.ends[0][0] < now - _SHARE_S:
            self.persons -= self.ends.popleft()[1]
        return self.persons / len(self.ends) if self.ends else 1.0


class Issabel(Pacer):
    """n = (free + soon free − waiting) / answered share − ringing, every 5 s."""

    policy: ClassVar[str] = "issabel"

    def __init__(self, *, seed: int = 0) -> None:
        self._means = _Means()
        super().__init__(seed=seed)
        self.next_at = -1e300

    def _watcher(self) -> Watcher:
        return self._means

    def _opened(self, at: float) -> None:
        self.next_at = at

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        floor, means = self.floor, self._means
        inputs = floor_inputs(floor)
        if now < self.next_at:
            return Decision(0, (), 0.0, "interval", inputs)
        self.next_at = now + _EVERY_S
        soon = sum(
            1.0 - exp(-(means.delay_s + now - agent.since) / max(1.0, means.talk_s)) >= _SURE
            for agent in floor.agents.values()
            if agent.phase == TALKING and not agent.leaving
        )
        share = max(_LEAST_SHARE, means.answered_share(now))
        wanted = round((floor.ready + soon - floor.waiting) / share)
        wanted -= floor.ringing + floor.picked_up
        dial, reason = bounded(wanted, allowed, bound, "ratio")
        return Decision(dial, (), 0.0, reason, inputs)
