"""Policies on short simulated floors: what each must reach and must never do. Seeds are fixed."""

from dataclasses import replace

import pytest

import pacing
from pacing import Event, Terms
from pacing.day import Day
from pacing.distributions import Gamma, LogNormal, Steps, Uniform
from pacing.interface import Decision
from pacing.scenarios import Scenario, stationary
from pacing.simulator import Simulation, simulate

TWO_HOURS = 7200.0


def short(scenario: Scenario, **terms: float | bool | None) -> Scenario:
    return replace(
        scenario,
        duration_s=TWO_HOURS,
        terms=Terms(window_s=TWO_HOURS, **terms),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def predictive_day() -> Day:
    return simulate(pacing.create("predictive"), short(stationary(20)), seed=1)


def test_predictive_keeps_agents_busy_within_the_limit(predictive_day: Day) -> None:
    progressive = simulate(pacing.create("progressive"), short(stationary(20)), seed=1)

    assert not predictive_day.over(0.03)
    assert predictive_day.occupancy > progressive.occupancy + 0.15
    assert predictive_day.occupancy_between(3600.0, 7200.0) > 0.8


def test_the_first_half_hour_of_a_cold_day_is_within_one_call_of_the_limit(
    predictive_day: Day,
) -> None:
    answered = predictive_day.answered_by_bin[:6].sum()
    abandoned = predictive_day.abandoned_by_bin[:6].sum()

    assert abandoned <= 0.03 * answered + 1.0
    assert predictive_day.occupancy_between(0.0, 1800.0) > 0.66


class ColdStart(Simulation):
    """Keeps the worst excess over the limit, in calls, at any moment."""

    worst_excess = 0.0

    def _ask(self) -> None:
        allowed = self.terms.abandonment_limit * (self.connected + self.abandoned)
        self.worst_excess = max(self.worst_excess, self.abandoned - allowed)
        super()._ask()


@pytest.mark.parametrize(
    ("agents", "answered", "seed"), [(10, 0.15, 104), (10, 0.3, 704), (20, 0.3, 631), (50, 0.3, 102), (50, 0.3, 104)]
)
def test_a_cold_half_hour_is_within_one_call_of_the_limit_at_every_moment(
    agents: int, answered: float, seed: int
) -> None:
    cold = replace(stationary(agents, answered), duration_s=1800.0)
    simulation = ColdStart(pacing.create("predictive"), cold, seed)
    simulation.run()

    assert simulation.worst_excess <= 1.0


def test_a_window_closed_long_before_its_announced_end_keeps_its_limit() -> None:
    cut_short = replace(stationary(20), duration_s=5400.0)  # of eight hours announced
    day = simulate(pacing.create("predictive"), cut_short, seed=3)
    answered, abandoned = day.answered_by_bin.cumsum(), day.abandoned_by_bin.cumsum()

    assert (abandoned[6:] <= 0.03 * answered[6:]).all()


@pytest.mark.parametrize("seed", [611, 1004])
def test_answers_that_jump_every_ten_minutes_keep_the_limit(seed: int) -> None:
    """From 15 % to 50 % and back: what rings as they jump finds nobody."""
    jumps = Steps(tuple((600.0 * k, 0.5 if k % 2 else 0.15) for k in range(15)))
    window = replace(stationary(20), duration_s=9000.0, terms=Terms(window_s=9000.0), answered=jumps)
    day = simulate(pacing.create("predictive", seed=seed), window, seed=seed)

    assert not day.over(0.03)


def test_vicidial_as_shipped_is_where_its_formulas_put_it() -> None:
    day = simulate(pacing.create("vicidial"), stationary(20), seed=2)

    assert day.occupancy == pytest.approx(0.654, abs=0.03)
    assert day.abandonment == pytest.approx(0.031, abs=0.004)


def test_a_limit_of_zero_abandons_nobody() -> None:
    day = simulate(pacing.create("predictive"), short(stationary(10), abandonment_limit=0.0), seed=1)

    assert day.abandoned == 0


class Recorder(Simulation):
    """Keeps how many lines were ever used, and how old cancelled calls were."""

    most_lines = 0

    def _dial(self) -> None:
        super()._dial()
        self.most_lines = max(self.most_lines, len(self.calls))

    def _cancel(self, decision: Decision) -> None:
        dialed_at = {c: call.dialed_at for c, call in self.pacer.floor.calls.items()}
        ages = [self.now - dialed_at[call] for call in decision.cancel]
        assert all(age >= self.terms.min_ring_s for age in ages)
        super()._cancel(decision)


def test_the_trunk_is_never_asked_for_more_than_it_has() -> None:
    simulation = Recorder(pacing.create("predictive"), short(stationary(10), max_lines=13), seed=1)
    simulation.run()

    assert 0 < simulation.most_lines <= 13


def test_only_calls_past_their_minimum_ring_are_cancelled() -> None:
    simulation = Recorder(pacing.create("predictive"), short(stationary(10), may_cancel=True), seed=1)
    day = simulation.run()

    assert day.cancelled > 0
    assert not day.over(0.03)


def test_automatic_choice_predicts_where_it_gains() -> None:
    pacer = pacing.create("auto")
    day = simulate(pacer, short(stationary(20)), seed=1)

    assert day.occupancy > 0.8
    assert not day.over(0.03)


def test_automatic_choice_stays_progressive_where_nothing_is_to_gain() -> None:
    easy = Scenario(
        name="easy",
        agents=5,
        answered=0.95,
        machines=0.0,
        ring=Uniform(1.0, 4.0),
        talk=LogNormal(400.0, 1.0),
        wrap_up=Gamma(20.0, 0.6),
    )
    day = simulate(pacing.create("auto"), short(easy), seed=1)

    assert day.abandoned == 0


def test_preview_dials_for_the_agent_who_asks() -> None:
    from pacing.preview import Preview

    pacer = pacing.create("preview")
    pacer.open_window(Terms(), at=0.0)
    pacer.observe(Event(0.0, "agent_login", agent="a"))
    before = pacer.decide(0.0).dial
    assert isinstance(pacer, Preview)
    pacer.request("a")

    assert (before, pacer.decide(0.0).dial, pacer.decide(0.5).dial) == (0, 1, 0)


def test_minimum_agents_for_predictive_means_progressive_below() -> None:
    day = simulate(pacing.create("predictive"), short(stationary(5), min_agents_for_predictive=6), seed=1)

    assert day.abandoned == 0
