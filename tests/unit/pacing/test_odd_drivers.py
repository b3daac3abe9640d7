"""Floors and drivers that nobody foresaw: dead lines, remembered mornings, ids used again, odd numbers."""

from dataclasses import replace

import numpy as np
import pytest

import pacing
from pacing import Event, Terms
from pacing.distributions import Steps
from pacing.pacer import Pacer
from pacing.predictive import Predictive
from pacing.scenarios import Scenario, stationary
from pacing.simulator import Simulation, simulate


class Counted(Simulation):
    """Also keeps how many calls were dialed at most within the time that one may ring."""

    most_a_ring = 0

    def _ask(self) -> None:
        super()._ask()
        recent = self.pacer.floor.recent_dials
        self.most_a_ring = max(self.most_a_ring, sum(at > self.now - 25.0 for at in recent))


def new(policy: str = "progressive", agents: int = 2, terms: Terms | None = None, memory: bytes | None = None) -> Pacer:
    pacer = pacing.create(policy, seed=1, memory=memory)
    pacer.open_window(terms or Terms(), at=0.0)
    for number in range(agents):
        pacer.observe(Event(0.0, "agent_login", agent=f"a{number}"))
    return pacer


def outage(agents: int, fails: float, lasts_s: float) -> Scenario:
    """Half an hour as usual; then nobody answers; then, at once, as many as before."""
    answered = Steps(((0.0, 0.3), (1800.0, 0.0), (1800.0 + lasts_s, 0.3)))
    return replace(stationary(agents), duration_s=1800.0 + lasts_s + 600.0, answered=answered, fails=fails)


# --- lines that are dead ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fails", "most"), [(1.0, 45), (0.2, 25)])
def test_answers_that_stop_and_come_back_find_no_storm_of_calls(fails: float, most: int) -> None:
    floor = Counted(pacing.create("predictive"), outage(20, fails, 300.0), seed=1)
    day = floor.run()

    assert floor.most_a_ring <= 12 * 20
    assert day.abandoned <= most


def test_a_list_that_nobody_answers_is_dialed_within_reason() -> None:
    nobody = replace(stationary(5), duration_s=1800.0, answered=0.0)
    floor = Counted(pacing.create("predictive"), nobody, seed=1)
    floor.run()

    assert 20 < floor.most_a_ring <= 12 * 5


def test_what_is_learned_in_an_outage_is_soon_unlearned() -> None:
    pacer = Predictive()
    simulate(pacer, outage(20, 0.2, 600.0), seed=1)

    assert pacer.learner.ring.answer_chance > 0.12  # of 0.24


# --- what is remembered -----------------------------------------------------------------------------------------------


def morning(ring_timeout_s: float) -> tuple[Predictive, Predictive]:
    """A pacer that worked an hour, and its heir a minute into the next morning."""
    terms = Terms(window_s=3600.0, ring_timeout_s=ring_timeout_s)
    old = Predictive()
    simulate(old, replace(stationary(10), duration_s=3600.0, terms=terms), seed=1)
    heir = new("predictive", 10, terms, old.memory())
    assert isinstance(heir, Predictive)
    for number in range(heir.decide(0.0).dial):
        heir.observe(Event(0.0, "call_dialed", call=f"c{number}"))
    for second in range(1, 10):
        heir.decide(float(second))
    return old, heir


@pytest.mark.parametrize("ring_timeout_s", [12.0, 25.0, 40.0])
def test_a_remembered_morning_begins_with_what_was_learned(ring_timeout_s: float) -> None:
    old, heir = morning(ring_timeout_s)

    assert heir.learner.ring.matured > 50
    assert heir.learner.ring.answer_chance == pytest.approx(old.learner.ring.answer_chance, rel=0.3)
    assert heir.learner.usual_chance == pytest.approx(old.learner.ring.answer_chance, rel=0.3)


def test_a_memory_of_no_possible_ring_is_refused() -> None:
    old = Predictive()
    old.learner.ring.exposure = old.learner.ring.exposure[:3]

    with pytest.raises(pacing.PacingError, match="content is wrong"):
        pacing.create("predictive", memory=old.memory())


# --- what a driver may do ---------------------------------------------------------------------------------------------


def test_an_id_used_again_on_another_day_is_another_call() -> None:
    pacer = new()
    pacer.observe(Event(0.0, "call_dialed", "c1"))
    pacer.observe(Event(20.0, "call_no_answer", "c1"))
    pacer.decide(20.0)

    pacer.observe(Event(86_400.0, "call_dialed", "c1"))
    assert pacer.decide(86_400.0).dial == 1
    pacer.observe(Event(86_410.0, "call_abandoned", "c1"))
    assert pacer.decide(86_410.0).inputs["abandoned"] == 1


def test_a_dialing_told_again_with_its_end_is_no_new_call() -> None:
    pacer = new()
    for kind in ("call_dialed", "call_no_answer"):
        pacer.observe(Event(1.0, kind, "c1"))
    pacer.decide(1.0)
    pacer.observe(Event(1.0, "call_dialed", "c1"))

    assert pacer.decide(1.0).dial == 2


def test_a_machine_is_taken_out_of_the_live_answers_once_and_only_if_it_was_in() -> None:
    pacer = new()
    for number in range(5):
        pacer.observe(Event(number + 0.1, "call_dialed", f"c{number}"))
        pacer.observe(Event(number + 0.5, "call_connected", f"c{number}", "a0"))
        pacer.observe(Event(number + 0.7, "agent_ready", agent="a0"))
    pacer.observe(Event(10.0, "call_dialed", "machine"))
    pacer.observe(Event(11.0, "call_machine", "machine"))
    pacer.observe(Event(12.0, "call_dialed", "busy"))
    pacer.observe(Event(13.0, "call_failed", "busy"))
    for second in (14.0, 15.0):
        for call in ("machine", "busy", "c3", "never-seen"):
            pacer.observe(Event(second, "call_machine", call))

    assert pacer.decide(16.0).inputs["answered"] == 4


@pytest.mark.parametrize("kinds", [("agent_logout", "agent_login"), ("agent_login", "agent_logout")])
def test_an_agent_who_goes_and_comes_in_one_instant_is_there(kinds: tuple[str, str]) -> None:
    pacer = new()
    pacer.decide(0.0)
    for kind in kinds:
        pacer.observe(Event(5.0, kind, agent="a0"))

    assert pacer.decide(5.0).dial == 2


def test_an_agent_who_comes_and_goes_in_one_instant_is_not() -> None:
    pacer = new()
    for kind in ("agent_login", "agent_logout"):
        pacer.observe(Event(5.0, kind, agent="late"))

    assert pacer.decide(5.0).dial == 2


def test_an_agent_who_logs_in_again_no_longer_leaves() -> None:
    pacer = new(agents=1)
    pacer.observe(Event(1.0, "agent_leaving", agent="a0"))
    assert pacer.decide(1.0).dial == 0
    pacer.observe(Event(2.0, "agent_login", agent="a0"))

    assert pacer.decide(2.0).dial == 1


def test_an_agent_who_will_leave_after_the_talk_is_counted_on_by_nobody() -> None:
    pacer = new("predictive", agents=1)
    assert isinstance(pacer, Predictive)
    pacer.observe(Event(1.0, "agent_talking", agent="a0", call="c"))
    pacer.decide(20.0)
    counted_on = pacer.learner.free_sums(20.0)[0]
    pacer.observe(Event(21.0, "agent_leaving", agent="a0"))
    pacer.decide(21.0)

    assert counted_on > pacer.learner.free_sums(22.5)[0] == 0.0


@pytest.mark.parametrize("policy", sorted(pacing.POLICIES))
@pytest.mark.parametrize("lines", [3, 3.0, 3.9, np.int64(3), np.float64(3.5)])
def test_lines_may_be_told_as_any_number(policy: str, lines: float) -> None:
    decision = new(policy, 9, Terms(max_lines=lines)).decide(0.0)  # type: ignore[arg-type]

    assert type(decision.dial) is int
    assert decision.dial <= 3


def test_an_option_that_is_no_number_is_refused() -> None:
    with pytest.raises(pacing.PacingError, match="ratio must be a finite number"):
        pacing.create("ratio", ratio=float("nan"))
