"""Preview: the agent looks at the record first; a call is dialed when the agent asks for it."""

from typing import ClassVar

from pacing.interface import Decision
from pacing.pacer import Pacer
from pacing.progressive import bounded, floor_inputs


class Preview(Pacer):
    """Dials nothing by itself; one call for each ready agent who asked since the last decision."""

    policy: ClassVar[str] = "preview"
    one_to_one = True

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.asked: set[str] = set()

    def request(self, agent: str) -> None:
        """``agent`` asks for the call they have looked at."""
        self.asked.add(agent)

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:  # noqa: ARG002
        agents = self.floor.agents
        ready = {a for a in self.asked if a in agents and agents[a].phase == "ready"}
        self.asked.clear()
        dial, reason = bounded(len(ready), allowed, bound, "preview")
        return Decision(dial, (), 0.0, reason, floor_inputs(self.floor))
