"""The simulator against queueing theory: Erlang B, Erlang C, M/M/n+M, and against ciw.

Calls are dialed at each tick in Poisson numbers and ring for a uniform time of whole ticks, so
persons answer as an exact Poisson process; the floor behind them is then a known queue.
"""

from math import exp, factorial
from typing import ClassVar

import ciw
import numpy as np
import pytest

import pacing
from pacing.day import Day
from pacing.distributions import Distribution, Exponential, Gamma, LogNormal, Uniform
from pacing.interface import Decision
from pacing.scenarios import Scenario
from pacing.simulator import simulate

AGENTS = 10
TALK_S = 60.0


class PoissonDialer(pacing.Pacer):
    """Dials a Poisson number each tick, whatever the floor looks like."""

    policy: ClassVar[str] = "poisson"

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__(seed=seed)
        self.rng, self.rate, self.next_tick = np.random.default_rng(seed), rate, 0.0

    def _decide(self, now: float, allowed: int, bound: str) -> Decision:
        if now < self.next_tick:
            return Decision(0)
        self.next_tick += 1.0
        return Decision(int(self.rng.poisson(self.rate)))


def queue_day(
    load: float,
    patience_s: float,
    talk: Distribution,
    hang_up: Distribution | None = None,
    hours: float = 60.0,
) -> Day:
    scenario = Scenario(
        name="queue",
        agents=AGENTS,
        answered=1.0,
        machines=0.0,
        duration_s=hours * 3600,
        ring=Uniform(0.0, 10.0),
        talk=talk,
        wrap_up=Gamma(1e-6, 0.5),
        hang_up=hang_up,
        terms=pacing.Terms(connect_deadline_s=patience_s, window_s=hours * 3600),
    )
    return simulate(PoissonDialer(load * AGENTS / TALK_S, seed=5), scenario, seed=11)


def erlang_b(load: float, servers: int) -> float:
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, servers: int) -> float:
    blocked = erlang_b(load, servers)
    return blocked / (1 - load / servers * (1 - blocked))


def erlang_a_abandonment(load: float, servers: int, impatience: float) -> float:
    """M/M/n+M: share of persons who hang up; ``impatience`` = hang-up rate / service rate."""
    weights = [load**n / factorial(n) for n in range(servers + 1)]
    last, hung_up = weights[-1], 0.0
    for waiting in range(1, 400):
        last *= load / (servers + waiting * impatience)
        weights.append(last)
        hung_up += waiting * impatience * last
    return hung_up / (load * sum(weights))


@pytest.mark.parametrize("talk", [Exponential(TALK_S), LogNormal(TALK_S, 1.0)])
def test_without_patience_the_floor_loses_by_erlang_b_whatever_the_talk_law(
    talk: Distribution,
) -> None:
    day = queue_day(0.8, 0.0, talk)

    assert day.abandonment == pytest.approx(erlang_b(8.0, AGENTS), abs=0.012)
    assert day.occupancy == pytest.approx(0.8 * (1 - erlang_b(8.0, AGENTS)), abs=0.012)


def test_with_endless_patience_persons_wait_by_erlang_c() -> None:
    day = queue_day(0.7, 600.0, Exponential(TALK_S))
    at_once = float((day.agent_waits_s > 0).mean())

    assert day.abandoned == 0
    assert 1 - at_once == pytest.approx(erlang_c(7.0, AGENTS), abs=0.02)


def test_with_exponential_patience_persons_hang_up_by_the_palm_model() -> None:
    day = queue_day(0.9, 600.0, Exponential(TALK_S), hang_up=Exponential(30.0))

    assert day.abandonment == pytest.approx(erlang_a_abandonment(9.0, AGENTS, 2.0), abs=0.01)


def test_with_a_fixed_deadline_the_floor_agrees_with_ciw() -> None:
    rate, deadline_s = 0.9 * AGENTS / TALK_S, 10.0
    ciw.seed(3)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate)],
        service_distributions=[ciw.dists.Exponential(1 / TALK_S)],
        number_of_servers=[AGENTS],
        reneging_time_distributions=[ciw.dists.Deterministic(deadline_s)],
    )
    other = ciw.Simulation(network)
    other.simulate_until_max_time(40 * 3600.0)
    records = other.get_all_records()
    reneged = sum(record.record_type == "renege" for record in records) / len(records)

    day = queue_day(0.9, deadline_s, Exponential(TALK_S))

    assert day.abandonment == pytest.approx(reneged, abs=0.012)


def test_a_progressive_floor_idles_as_long_as_its_calls_take() -> None:
    """Mean idle time per talk = mean time of an attempt / share that a person answers."""
    from pacing.scenarios import stationary

    day = simulate(pacing.create("progressive"), stationary(50), seed=2)
    attempt_s = 0.3 * 11.8 + 0.7 * (0.8 * 25.0 + 0.2 * 3.0)
    idle_s = attempt_s / 0.24

    assert day.occupancy == pytest.approx(140.0 / (140.0 + idle_s), abs=0.012)
    assert day.abandoned == 0


def test_the_same_seed_gives_the_same_day() -> None:
    from pacing.scenarios import special

    scenario = special(20)[8]
    days = [simulate(pacing.create("ratio"), scenario, seed=4) for _ in range(2)]

    assert days[0].dialed == days[1].dialed
    assert days[0].busy_s == days[1].busy_s


def test_every_public_scenario_runs_and_counts_add_up() -> None:
    from dataclasses import replace

    from pacing.scenarios import public

    assert exp(0) == 1.0
    for scenario in public().values():
        if scenario.agents > 20:
            continue
        day = simulate(pacing.create("boost"), replace(scenario, duration_s=900.0, shifts=()), seed=1)
        assert 0 < day.live_answers <= day.dialed
        assert 0 < day.occupancy <= 1
