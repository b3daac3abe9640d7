"""The simulator and the daemon's own floor are one floor: same seed, same day.

The exact test shares the random streams and takes away what only a real PBX has: the time a bridge takes, and a
dialplan that may fail to ask. People hang up when the floor gives up on them, 0.3 s before the deadline. The other test
puts the bridge's time back and compares means.
"""

from dataclasses import replace

import numpy as np
import pytest

import pacing
from dialer.floor import calls
from dialer.floor.routing import MESSAGE_START_S
from pacing.distributions import Constant
from pacing.interface import Terms
from pacing.scenarios import Scenario, stationary
from pacing.simulator import simulate
from tests.simulation.virtual_floor import Counts, Delays, VirtualFloor

HOUR_S = 3600.0
HOLD_S = Terms().connect_deadline_s - MESSAGE_START_S


def short(agents: int, hours: float = 1.0, talk_s: float = 60.0) -> Scenario:
    """A short day without machines, on which people wait as long as the floor lets them."""
    day = stationary(agents, 0.3, talk_s)
    return replace(
        day, duration_s=hours * HOUR_S, machines=0.0, hang_up=Constant(HOLD_S), terms=Terms(window_s=hours * HOUR_S)
    )


@pytest.mark.parametrize(("policy", "seed"), [("progressive", 1), ("progressive", 2), ("predictive", 3), ("auto", 4)])
def test_the_same_seed_is_the_same_day_to_the_call(policy: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ASK_LIMIT_S", 1e6)  # its deadlines would be moments of decision of their own
    scenario = short(6, hours=0.5)
    simulated = simulate(pacing.create(policy), scenario, seed)
    real = VirtualFloor(policy, scenario, seed).run()
    assert real.dialed == simulated.dialed > 200
    assert real.connected == simulated.connected > 50
    assert real.abandoned == simulated.abandoned
    assert real.busy_s == pytest.approx(simulated.busy_s, rel=1e-9)


def test_a_policy_that_knows_no_limit_is_held_to_it_by_the_floor() -> None:
    scenario = short(6)
    alone = simulate(pacing.create("boost"), scenario, 1)
    held = VirtualFloor("boost", scenario, 1).run()
    assert alone.abandonment > 0.03
    assert held.abandoned <= 0.03 * (held.connected + held.abandoned) + 2


def test_with_the_times_of_a_real_pbx_the_means_agree() -> None:
    """20 ms to dial and 50 ms to bridge, other random numbers: the difference of means is within 3 standard errors."""
    scenario = short(5, hours=0.5)
    simulated = [simulate(pacing.create("predictive"), scenario, seed) for seed in range(1, 6)]
    real = [VirtualFloor("predictive", scenario, seed, Delays(0.05, 0.02)).run() for seed in range(11, 16)]
    there_s = scenario.agents * scenario.duration_s
    agree([day.occupancy for day in simulated], [day.busy_s / there_s for day in real], within=0.005)
    agree([day.abandonment for day in simulated], [rate(day) for day in real], within=0.002)
    agree([float(day.dialed) for day in simulated], [float(day.dialed) for day in real], within=5.0)


def rate(day: Counts) -> float:
    """Abandoned / live answers."""
    return day.abandoned / (day.connected + day.abandoned)


def agree(one: list[float], other: list[float], *, within: float) -> None:
    """The means differ by no more than chance (3 standard errors) and what the PBX's times may change (``within``)."""
    error = np.hypot(np.std(one, ddof=1) / len(one) ** 0.5, np.std(other, ddof=1) / len(other) ** 0.5)
    assert abs(np.mean(one) - np.mean(other)) <= 3 * error + within
