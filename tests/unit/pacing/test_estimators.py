"""The estimators against truths that are known."""

import numpy as np
import pytest

from pacing.budget import Budget, Steering, clumped_tail, poisson_tail
from pacing.distributions import Gamma, LogNormal, Ramp, Steps, Truncated
from pacing.errors import PacingError
from pacing.floor import TALKING, WRAP_UP, Agent
from pacing.hazards import EDGES, PhaseTable
from pacing.interface import Terms
from pacing.level import Level
from pacing.ring import BIN_S, RingAges, RingCurve
from pacing.supply import AgentBoard, SupplyTable


def test_the_ring_curve_finds_share_and_shape_from_ended_calls() -> None:
    rng = np.random.default_rng(1)
    curve = RingCurve(25.0, 5)
    ring_s = Truncated(Gamma(12.0, 0.45), 25.0).draw(rng, 4000)
    for age in ring_s:
        answered = rng.random() < 0.24
        curve.ended(float(age) if answered else 25.0, "person" if answered else "other")
    level = curve.answered / curve.expected_answers(np.zeros(curve.bins))
    curve.tables(level, np.zeros(curve.bins))

    assert curve.answer_chance == pytest.approx(0.24, abs=0.02)
    assert curve.node_s == pytest.approx(np.quantile(ring_s, [0.1, 0.3, 0.5, 0.7, 0.9]), abs=0.6)


def test_calls_counted_many_at_a_time_are_counted_as_one_at_a_time() -> None:
    rng = np.random.default_rng(6)
    together, apart = RingCurve(25.0, 5), RingCurve(25.0, 5)
    ages_s = rng.uniform(0.0, 26.9, 1500)
    for age_s, how in zip(ages_s, rng.choice(["person", "other", "censored"], 1500), strict=True):
        for curve in (together, apart):
            curve.ended(float(age_s), str(how))
        apart.learned()  # counts what it holds back

    together.learned()
    rang_s = together.exposure.sum() - RingCurve(25.0, 5).exposure.sum()
    for name in ("exposure", "persons", "others"):
        assert together.learned()[name] == pytest.approx(apart.learned()[name])
    assert rang_s == pytest.approx(ages_s.sum())


def test_phases_counted_many_at_a_time_are_counted_as_one_at_a_time() -> None:
    together, apart = PhaseTable(100.0), PhaseTable(100.0)
    for talk_s in LogNormal(120.0, 1.5).draw(np.random.default_rng(7), 2000):
        for table in (together, apart):
            table.ended(float(talk_s))
        apart.learned()

    assert together.learned()["ends"] == pytest.approx(apart.learned()["ends"])
    assert together.learned()["exposure"] == pytest.approx(apart.learned()["exposure"])


def test_one_node_is_the_middle_one_of_five() -> None:
    """So a policy with one horizon needs no more tables than it looks at."""
    rng = np.random.default_rng(8)
    one, five = RingCurve(25.0, 1), RingCurve(25.0, 5)
    for age_s in rng.uniform(2.0, 25.0, 300):
        for curve in (one, five):
            curve.ended(float(age_s), "person" if age_s < 12 else "other")
    for curve in (one, five):
        curve.tables(1.3, np.ones(curve.bins))

    assert one.node_s[0] == pytest.approx(five.node_s[2])
    assert one.new_list[0] == pytest.approx(five.new_list[2])
    assert one.by_age[:, 0] == pytest.approx(five.by_age[:, 2])


def test_calls_still_ringing_count_as_exposure() -> None:
    """After ten seconds only the quick have ended; they must not look like all there are."""
    curve = RingCurve(25.0, 5)
    ringing = np.zeros(curve.bins)
    ringing[20] = 90
    for _ in range(10):
        curve.ended(5.0, "person")
    naive = curve.expected_answers(np.zeros(curve.bins))

    assert curve.expected_answers(ringing) > 3 * naive


def test_ring_ages_move_with_time_and_keep_the_oldest() -> None:
    ages = RingAges(10)
    ages.advance(100.0)
    ages.add(100.0, 1)
    ages.add(99.0, 1)
    ages.advance(101.0)
    assert ages.counts[[2, 4]].tolist() == [1, 1]
    ages.advance(150.0)

    assert ages.counts[9] == 2
    ages.add(100.0, -1)
    assert ages.counts.sum() == 1


def test_the_level_follows_a_step_within_tens_of_events() -> None:
    rng = np.random.default_rng(2)
    level = Level(4.0)
    for _ in range(2000):
        level.observe(int(rng.poisson(0.5)), 0.5)
    calm = level.mean
    for _ in range(160):
        level.observe(int(rng.poisson(1.0)), 0.5)

    assert calm == pytest.approx(1.0, abs=0.12)
    assert level.mean == pytest.approx(2.0, abs=0.4)


def test_a_calm_level_is_surer_than_a_young_one() -> None:
    rng = np.random.default_rng(3)
    level = Level(4.0)
    young = level.relative_variance
    for _ in range(3000):
        level.observe(int(rng.poisson(0.5)), 0.5)

    assert level.relative_variance < 0.1 * young


def test_phase_tables_find_the_mean_with_running_talks_censored() -> None:
    rng = np.random.default_rng(4)
    talks = LogNormal(120.0, 1.0).draw(rng, 3000)
    table = PhaseTable(150.0)
    for talk_s in talks[:2000]:
        table.ended(float(talk_s))
    table.refresh(np.minimum(talks[2000:], 60.0))

    assert table.mean_s() == pytest.approx(120.0, rel=0.45)
    assert (table.hazard >= 0).all()
    assert table.hazard.size == EDGES.size - 1


@pytest.mark.parametrize("rounds", [1, 4000])
def test_what_is_forgotten_for_weeks_leaves_hazards_behind(rounds: int) -> None:
    """A busy floor forgets thousands of times; ages that nothing reaches must still have a hazard, and no warning."""
    table, curve = PhaseTable(100.0), RingCurve(25.0, 5)
    for _ in range(rounds):
        table.ended(60.0)
        table.count = 3000.0
        table.refresh(np.empty(0))
        curve.ended(12.0, "person")
        curve.exposure *= 7000.0 / curve.exposure[0]
        curve.tables(1.0, np.zeros(curve.bins))

    assert np.isfinite(table.hazard).all()
    assert (table.hazard > 0).all()
    assert np.isfinite(curve.hazard).all()
    assert (curve.exposure > 0).all()


def test_supply_matches_a_simulated_talk_then_wrap_up() -> None:
    rng = np.random.default_rng(5)
    talk, wrap_up = PhaseTable(100.0), PhaseTable(20.0)
    for _ in range(6000):
        talk.ended(float(rng.exponential(100.0)))
        wrap_up.ended(float(rng.exponential(20.0)))
    talk.refresh(np.empty(0))
    wrap_up.refresh(np.empty(0))
    board, table = AgentBoard(), SupplyTable()
    agent = Agent("a", 0.0)
    board.put(agent, TALKING, 0.0)
    table.refresh(talk.hazard, wrap_up.hazard, np.array([12.0, 20.0]))
    rows = board.rows(60.0)
    total = rng.exponential(100.0, 200_000) + rng.exponential(20.0, 200_000)

    found = table.free[rows][board.place["a"]]

    assert found == pytest.approx([(total <= 12).mean(), (total <= 20).mean()], abs=0.012)


def test_the_board_forgets_who_leaves_and_grows() -> None:
    board = AgentBoard()
    for number in range(40):
        board.put(Agent(str(number), 0.0), TALKING, 0.0)
    board.put(Agent("3", 0.0), None, 9.0)
    leaving = Agent("4", 0.0)
    leaving.leaving = True
    board.put(leaving, TALKING, 0.0)
    rows = board.rows(10.0)

    assert (rows > 0).sum() == 38
    assert board.elapsed_s(TALKING, 10.0).tolist() == [10.0] * 38


def test_a_sum_over_the_board_follows_agents_who_move() -> None:
    board, table = AgentBoard(), SupplyTable()
    talk = PhaseTable(100.0)
    table.refresh(talk.hazard, talk.hazard, np.array([12.0, 20.0]))
    for number in range(20):
        board.put(Agent(str(number), 0.0), TALKING, 0.0)
    followed = board.total(table.sums, 50.0)
    board.put(Agent("20", 50.0), TALKING, 50.0)
    board.put(Agent("3", 50.0), WRAP_UP, 50.0)
    board.put(Agent("7", 50.0), None, 50.0)
    board.add_moved(followed, table.sums)

    assert followed == pytest.approx(board.total(table.sums, 50.0))


def opened_budget(**steering: float) -> Budget:
    budget = Budget(Steering(**steering))
    budget.open(Terms(), 0.0)
    for second in range(3600):
        budget.advance(float(second))
        if second % 8 == 0:
            budget.live_answer(abandoned=False)
    return budget


def test_the_price_falls_as_the_budget_is_spent() -> None:
    budget = opened_budget()
    prices = [budget.standing(450, abandoned, 3600.0).price for abandoned in (0, 8, 14, 40)]

    assert prices == sorted(prices, reverse=True)
    assert prices[-1] == 0.0


def test_no_allowance_is_lent_at_the_end_of_the_window() -> None:
    budget = opened_budget()

    midway, end = budget.standing(450, 13, 3600.0), budget.standing(450, 13, 28800.0)

    assert midway.allowance > 1.5
    assert end.allowance == pytest.approx(0.5)
    assert end.tail < midway.tail


def test_a_run_of_abandons_makes_the_rest_of_the_window_careful() -> None:
    """Answers that jump once may jump again: less is lent, less chance taken, more kept back."""
    calm, jumped = opened_budget(), opened_budget()
    for budget in (calm, jumped):
        for number in range(40):
            budget.live_answer(abandoned=number % 5 == 0 if budget is calm else number < 8)
        budget.integral = 0.0
    before, after = (budget.standing(2600, 60, 21600.0) for budget in (calm, jumped))

    assert after.tail < before.tail
    assert after.allowance < before.allowance
    assert after.price < before.price


def test_a_limit_of_zero_is_progressive() -> None:
    budget = Budget(Steering())
    budget.open(Terms(abandonment_limit=0.0), 0.0)

    assert budget.standing(100, 0, 60.0).price == 0.0


@pytest.mark.parametrize(("mean", "above"), [(0.3, 0), (2.0, 3), (50.0, 60), (5.0, -1)])
def test_the_poisson_tail_is_right(mean: float, above: int) -> None:
    from scipy.stats import poisson

    assert poisson_tail(mean, above) == pytest.approx(float(poisson.sf(above, mean)), abs=1e-9)


def test_curves_step_and_slope() -> None:
    assert [Steps(((0.0, 1.0), (5.0, 2.0)))(t) for t in (0, 4.9, 5, 9)] == [1, 1, 2, 2]
    assert [Ramp(((0.0, 1.0), (10.0, 2.0)))(t) for t in (-1, 0, 5, 10, 11)] == [1, 1, 1.5, 2, 2]


def test_unknown_vicidial_modes_and_steering_are_refused() -> None:
    import pacing

    with pytest.raises(PacingError, match="mode"):
        pacing.create("vicidial", mode="wild")
    with pytest.raises(PacingError, match="courage"):
        pacing.create("predictive", courage=9.0)


def test_the_half_second_is_the_ring_bin() -> None:
    assert RingCurve(25.0, 5).edges[1] == BIN_S


def test_the_clumped_tail_is_that_of_poisson_clumps_of_geometric_size() -> None:
    rng = np.random.default_rng(5)
    clumps = rng.poisson(2.0 / 2.5, 20_000)
    sums = np.array([rng.geometric(1 / 2.5, size=count).sum() for count in clumps])

    for above in (0, 2, 6, 10):
        assert clumped_tail(2.0, 2.5, above) == pytest.approx(float((sums > above).mean()), abs=0.012)
    assert clumped_tail(1.3, 1.0, 3) == pytest.approx(poisson_tail(1.3, 3), abs=1e-12)
    assert clumped_tail(0.0, 2.0, 0) == 0.0
    assert clumped_tail(0.1, 2.0, -1) == 1.0
