"""Promised callbacks among paced calls, on the daemon's own floor in virtual time.

A callback keeps its agent from the dialing on. Pacing is to count those agents out, and what rings as they are taken
away is to be borne by the legal budget.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import pacing
from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.words import AgentState
from pacing.distributions import Constant
from pacing.scenarios import Scenario, stationary
from tests.simulation.test_real_floor import HOLD_S
from tests.simulation.virtual_floor import VirtualFloor

ANSWERED = 0.6  # of people who asked to be called back
OWN_TIME = 0.2  # of the agents' time


@dataclass
class Kept:
    """Agents kept for callbacks: since when, and for how long in all."""

    since: dict[str, float] = field(default_factory=dict)
    total_s: float = 0.0
    calls: int = 0
    answered: int = 0


class CallbackFloor(VirtualFloor):
    """Callbacks fall due by chance, ``every_s`` apart on the mean; the agent ready longest is kept for each."""

    def __init__(self, policy: str, scenario: Scenario, seed: int, every_s: float) -> None:
        super().__init__(policy, scenario, seed)
        self.rng = np.random.default_rng(seed)
        self.every_s, self.due_at = every_s, every_s
        self.due = 0
        self.kept = Kept()

    def _fall_due(self) -> None:
        while self.due_at <= self.now:
            self.due_at += float(self.rng.exponential(self.every_s))
            self.due += 1

    def _dial(self) -> None:
        self._fall_due()
        free = self.floor.free_agents("c")
        agents = free.agents[: min(free.most, self.due)]
        self.due -= len(agents)
        for agent in agents:
            self.kept.calls += 1
            self.kept.since[agent] = self.now
            attempt = ev.NewAttempt(f"b{self.kept.calls}", "c", 1, "+33199000002", self.now, agent_id=agent)
            self._tell(ev.AttemptsReserved(at=self.now, attempts=(attempt,)))
        super()._dial()

    def _originate(self, call: str) -> None:
        if not call.startswith("b"):
            super()._originate(call)
        elif self.rng.random() < ANSWERED:
            self.kept.answered += 1
            self._later(float(self.rng.gamma(5.0, 2.4)), "_picked_up", call)
        else:
            self._later(self.scenario.terms.ring_timeout_s, "_hung_up", call)

    def _count_agent(self, change: cmd.RecordAgent) -> None:
        super()._count_agent(change)
        if change.state is AgentState.READY and change.agent_id in self.kept.since:
            self.kept.total_s += self.now - self.kept.since.pop(change.agent_id)


class RoundHours(CallbackFloor):
    """Promised for the quarter of an hour: as many as half the team are due at once."""

    def _fall_due(self) -> None:
        while self.due_at <= self.now:
            self.due_at += 900.0
            self.due += self.scenario.agents // 2


def floor(agents: int, hours: float = 1.0) -> Scenario:
    """People wait as long as the floor lets them; no machines."""
    return replace(
        stationary(agents, 0.3, 60.0),
        duration_s=hours * 3600.0,
        machines=0.0,
        hang_up=Constant(HOLD_S),
        terms=pacing.Terms(window_s=hours * 3600.0),
    )


def paced_abandonment(day: CallbackFloor) -> float:
    """Abandoned / live answers, those of callbacks left out."""
    paced = day.counts.connected - day.kept.answered + day.counts.abandoned
    return day.counts.abandoned / paced


def test_predictive_keeps_the_limit_while_a_fifth_of_the_agents_time_goes_to_callbacks() -> None:
    day = CallbackFloor("predictive", floor(10), seed=2, every_s=33.0)
    counts = day.run()

    assert day.kept.total_s / (10 * 3600.0) == pytest.approx(OWN_TIME, abs=0.03)
    assert counts.abandoned > 0
    assert paced_abandonment(day) <= 0.03


def test_callbacks_all_due_at_once_keep_the_limit() -> None:
    day = RoundHours("predictive", floor(20), seed=1, every_s=900.0)
    day.run()

    assert day.kept.calls >= 30
    assert paced_abandonment(day) <= 0.03


@pytest.mark.parametrize("seed", [1, 3])
def test_one_to_one_a_callback_takes_no_agent_away_from_a_call_that_rings(seed: int) -> None:
    day = CallbackFloor("progressive", floor(10), seed, every_s=33.0)
    counts = day.run()

    assert day.kept.calls > 60
    assert counts.abandoned == 0
