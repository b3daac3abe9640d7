"""What must hold on any floor whatsoever, tried on random floors."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pacing
from pacing import Event, Terms
from pacing.distributions import LogNormal, Steps
from pacing.risk import Demand, ExactRisk, NormalRisk, cumulants, most
from pacing.scenarios import Scenario, Shift, lunch
from pacing.simulator import simulate

POLICIES = sorted(pacing.POLICIES)

Step = tuple[float, str, int]
KINDS = st.sampled_from(pacing.EVENT_KINDS)
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 7.0]), KINDS, st.integers(0, 6)), max_size=60)


def play(pacer: pacing.Pacer, steps: list[Step], prefix: str = "") -> list[pacing.Decision]:
    """Any events in any order, a decision after each instant."""
    now, decisions = 0.0, []
    for gap, kind, number in steps:
        if gap:
            decisions.append(pacer.decide(now))
            now += gap
        name = f"{prefix}{number}"
        if kind.startswith("agent"):
            pacer.observe(Event(now, kind, agent=name, call=f"{prefix}c{number}"))
        else:
            pacer.observe(Event(now, kind, call=f"{prefix}c{number}", agent=name))
    decisions.append(pacer.decide(now))
    return decisions


def new(policy: str, terms: Terms | None = None) -> pacing.Pacer:
    pacer = pacing.create(policy, seed=3)
    pacer.open_window(terms or Terms(), at=0.0)
    return pacer


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=40, deadline=None)
@given(
    steps=STEPS,
    lines=st.integers(0, 8),
    per_s=st.floats(0, 5),
    ratio=st.floats(0, 3),
)
def test_any_events_never_break_a_policy_nor_its_bounds(
    policy: str, steps: list[Step], lines: int, per_s: float, ratio: float
) -> None:
    pacer = new(policy, Terms(max_lines=lines, max_calls_per_s=per_s, max_ratio=ratio))
    for decision in play(pacer, steps):
        assert 0 <= decision.dial <= min(lines, max(per_s, 1.0))
        assert 0.0 <= decision.risk <= 1.0
        assert pacing.explain(decision, "fr")
        assert pacing.explain(decision, "en")
    floor = pacer.floor
    assert floor.ringing == sum(c.phase == "ringing" for c in floor.calls.values())
    assert floor.waiting == sum(c.phase == "waiting" for c in floor.calls.values())
    assert floor.ready == sum(a.phase == "ready" and not a.leaving for a in floor.agents.values())


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_names_of_calls_and_agents_do_not_matter(policy: str, steps: list[Step]) -> None:
    plain = [d.dial for d in play(new(policy), steps)]
    renamed = [d.dial for d in play(new(policy), steps, prefix="other-")]

    assert plain == renamed


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_event_order_within_an_instant_does_not_matter(policy: str, data: st.DataObject) -> None:
    def events(at: float) -> list[Event]:
        return [
            Event(at, "agent_wrap_up", agent="a0"),
            Event(at, "agent_ready", agent="a0"),
            Event(at, "call_person", call="c1"),
            Event(at, "call_connected", call="c1", agent="a0"),
            Event(at, "agent_talking", call="c1", agent="a0"),
            Event(at, "call_no_answer", call="c2"),
            Event(at, "agent_login", agent="a9"),
            Event(at, "agent_leaving", agent="a3"),
        ]

    outcomes = []
    for order in (list(range(8)), data.draw(st.permutations(range(8)))):
        pacer = new(policy)
        for number in range(5):
            pacer.observe(Event(0.0, "agent_login", agent=f"a{number}"))
        for number in range(4):
            pacer.observe(Event(0.0, "call_dialed", call=f"c{number}"))
        pacer.observe(Event(1.0, "agent_talking", agent="a0", call="c0"))
        told = events(9.0)
        for index in order:
            pacer.observe(told[index])
        outcomes.append((pacer.decide(9.0).dial, pacer.floor.ready, len(pacer.floor.calls)))

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("policy", POLICIES)
def test_without_agents_nothing_is_dialed(policy: str) -> None:
    pacer = new(policy)
    pacer.observe(Event(0.0, "agent_login", agent="a"))
    pacer.observe(Event(5.0, "agent_logout", agent="a"))

    assert [pacer.decide(at).dial for at in (5.0, 20.0, 60.0)] == [0, 0, 0]


@cache
def yesterday() -> bytes:
    """What an hour of ten agents taught: with it the price decides, no longer what is not known."""
    pacer = pacing.create("predictive")
    simulate(pacer, Scenario(name="yesterday", agents=10, duration_s=3600.0), seed=1)
    return pacer.memory()


def noon(limit: float) -> pacing.Pacer:
    """A pacer that knows its campaign, at noon of a day on which nobody was abandoned."""
    pacer = pacing.create("predictive", memory=yesterday(), cautious_s=0.0)
    terms = Terms(abandonment_limit=limit, window_s=14400.0, answered_before=1000)
    pacer.open_window(terms, at=0.0)
    return pacer


AGENTS_AND_TALKS = st.tuples(st.integers(1, 12), st.integers(0, 12), st.floats(0, 300))


@settings(max_examples=100, deadline=None)
@given(floor=AGENTS_AND_TALKS, limits=st.tuples(st.floats(0, 0.2), st.floats(0, 0.2)))
def test_a_higher_limit_never_dials_less(floor: tuple[int, int, float], limits: tuple[float, float]) -> None:
    """The same floor under two laws: the looser pays at least as much for one more call."""
    agents, talking, elapsed_s = floor
    dialed = []
    for limit in sorted(limits):
        pacer = noon(limit)
        for number in range(agents):
            pacer.observe(Event(0.0, "agent_login", agent=f"a{number}"))
        for number in range(min(agents, talking)):
            pacer.observe(Event(0.0, "agent_talking", agent=f"a{number}"))
        dialed.append(pacer.decide(elapsed_s).dial)

    assert dialed[0] <= dialed[1]


def test_a_limit_of_zero_dials_one_call_for_each_ready_agent() -> None:
    dialed = []
    for limit in (0.0, 0.03):
        pacer = noon(limit)
        for number in range(10):
            pacer.observe(Event(0.0, "agent_login", agent=f"a{number}"))
        dialed.append(pacer.decide(0.0).dial)

    assert dialed[0] == 10
    assert dialed[1] > 10


TERMS_OF_CHANCE = st.lists(st.floats(0.01, 0.95), min_size=0, max_size=12)


def risks(
    sure: int, free: list[float], calls: list[float], new_call: float, variance: float = 0.0
) -> tuple[ExactRisk, NormalRisk]:
    g = np.array(free).reshape(-1, 1)
    p = np.array(calls).reshape(-1, 1)
    demand = Demand(np.ones(len(calls)), p, np.array([new_call]), variance, 0.0)
    sums = cumulants(g).sum(axis=0).tolist(), cumulants(p).sum(axis=0).tolist()
    return ExactRisk(sure, g, demand), NormalRisk(sure, *sums, [new_call], (variance, 0.0))


@given(
    sure=st.integers(-3, 5),
    free=TERMS_OF_CHANCE,
    calls=TERMS_OF_CHANCE,
    new_call=st.floats(0.05, 0.9),
    prices=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_more_is_dialed_at_a_higher_price_and_risk_grows_with_calls(
    sure: int, free: list[float], calls: list[float], new_call: float, prices: tuple[float, float]
) -> None:
    exact, normal = risks(sure, free, calls, new_call)
    for risk in (exact, normal):
        low, high = (most(lambda n, r=risk, x=x: r.of(n) <= x, 30) for x in sorted(prices))  # type: ignore[misc]
        assert low <= high
    found = [exact.of(n) for n in range(1, 8)]
    assert all(b >= a - 1e-12 for a, b in pairwise(found))


@given(sure=st.integers(0, 2), free=TERMS_OF_CHANCE, calls=TERMS_OF_CHANCE)
def test_the_exact_risk_is_the_law_of_the_sum(sure: int, free: list[float], calls: list[float]) -> None:
    """Against a plain convolution of the two laws, one value at a time."""
    exact, _ = risks(sure, free, calls, 0.3)
    supply, demand = np.ones(1), np.ones(1)
    for g in free:
        supply = np.convolve(supply, [1 - g, g])
    for p in calls:
        demand = np.convolve(demand, [1 - p, p])
    nobody = sum(s * d for i, s in enumerate(supply) for j, d in enumerate(demand) if sure + i - j <= 0)

    assert exact.of(1) == pytest.approx(nobody, abs=1e-9)


def test_the_normal_risk_is_near_the_exact_one_where_it_takes_over() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        free = rng.uniform(0.02, 0.5, 14).tolist()
        calls = rng.uniform(0.02, 0.3, 14).tolist()
        exact, normal = risks(int(rng.integers(0, 4)), free, calls, 0.2)
        assert normal.of(1) == pytest.approx(exact.of(1), abs=0.012)


def test_a_floor_that_is_no_number_is_all_risk() -> None:
    nothing = float("nan")
    broken = NormalRisk(3, [nothing] * 3, [0.5, 0.4, 0.1], [0.2], (0.0, 0.0))

    assert broken.of(1) == 1.0


def test_uncertainty_of_the_level_makes_calls_riskier() -> None:
    sure_exact, sure_normal = risks(3, [0.1] * 8, [0.2] * 8, 0.2)
    unsure_exact, unsure_normal = risks(3, [0.1] * 8, [0.2] * 8, 0.2, variance=0.3)

    assert unsure_exact.of(1) > sure_exact.of(1)
    assert unsure_normal.of(1) > sure_normal.of(1)


def test_memory_carries_what_was_learned_to_the_next_morning() -> None:
    scenario = Scenario(name="short", agents=10, duration_s=3600.0)
    pacer = pacing.create("predictive")
    simulate(pacer, scenario, seed=1)
    heir = pacing.create("predictive", memory=pacer.memory())
    heir.open_window(Terms(), at=0.0)
    for number in range(10):
        heir.observe(Event(0.0, "agent_login", agent=f"a{number}"))
    novice = new("predictive")
    for number in range(10):
        novice.observe(Event(0.0, "agent_login", agent=f"a{number}"))

    assert heir.decide(0.0).dial > novice.decide(0.0).dial


def adversarial(rng: np.random.Generator, index: int) -> Scenario:
    """A day whose lists, talks and teams jump at random times."""

    def jumps(low: float, high: float) -> Steps:
        times = [0.0, *sorted(rng.uniform(0, 28800, 4).tolist())]
        return Steps(tuple((t, float(rng.uniform(low, high))) for t in times))

    agents = int(rng.choice([8, 12, 20]))
    shifts: tuple[Shift, ...] = ()
    if rng.random() < 0.5:
        shifts = lunch(agents, share=0.4, start_s=float(rng.uniform(3600, 25000)))
    return replace(
        Scenario(name=f"adversarial-{index}", agents=agents),
        answered=jumps(0.08, 0.6),
        talk=LogNormal(float(rng.uniform(40, 250)), 1.0),
        talk_scale=jumps(0.6, 1.8),
        shifts=shifts,
    )


def broken_days(count: int, seed: int, **changes: Any) -> list[Any]:  # noqa: ANN401
    rng = np.random.default_rng(seed)
    days = [
        simulate(pacing.create("predictive"), replace(adversarial(rng, i), **changes), seed=i) for i in range(count)
    ]
    return [d for d in days if d.over(0.03)]


@pytest.mark.soak
@pytest.mark.timeout(36000)
def test_a_thousand_days_of_adversarial_drift_keep_the_limit() -> None:
    """At most 1 day in 100 over the limit, with 99 % confidence of a binomial count."""
    assert len(broken_days(1000, seed=77)) <= 17


def test_short_days_of_adversarial_drift_keep_the_limit() -> None:
    two_hours = Terms(window_s=7200.0)

    assert broken_days(3, seed=78, duration_s=7200.0, terms=two_hours) == []
