"""The interface as other programs drive it: windows, events, bounds, odd input."""

from typing import Any

import pytest

import pacing
from pacing import Event, Terms
from pacing.preview import Preview


def opened(policy: str = "progressive", **terms: Any) -> pacing.Pacer:  # noqa: ANN401
    pacer = pacing.create(policy, seed=1)
    pacer.open_window(Terms(**terms), at=0.0)
    return pacer


def log_in(pacer: pacing.Pacer, count: int, at: float = 0.0) -> None:
    for number in range(count):
        pacer.observe(Event(at=at, kind="agent_login", agent=f"a{number}"))


def test_progressive_dials_one_call_for_each_ready_agent() -> None:
    pacer = opened()
    log_in(pacer, 3)

    assert pacer.decide(0.0).dial == 3


def test_progressive_counts_ringing_and_waiting_calls() -> None:
    pacer = opened()
    log_in(pacer, 3)
    pacer.observe(Event(0.0, "call_dialed", call="c1"))
    pacer.observe(Event(0.0, "call_dialed", call="c2"))
    pacer.observe(Event(5.0, "call_person", call="c2"))

    assert pacer.decide(5.0).dial == 1


def test_no_agents_dials_nothing_and_says_so() -> None:
    decision = opened().decide(1.0)

    assert (decision.dial, decision.reason) == (0, "no_agents")


def test_a_leaving_agent_gets_no_call() -> None:
    pacer = opened()
    log_in(pacer, 2)
    pacer.observe(Event(1.0, "agent_leaving", agent="a0"))

    assert pacer.decide(1.0).dial == 1


@pytest.mark.parametrize(
    ("terms", "dial", "reason"),
    [
        ({"max_lines": 4}, 4, "trunk_full"),
        ({"max_calls_per_s": 2.9}, 2, "calls_per_s"),
        ({"max_calls_per_s": 0.5}, 1, "calls_per_s"),
        ({"max_ratio": 0.5}, 5, "max_ratio"),
    ],
)
def test_each_bound_binds_and_is_named(terms: dict[str, Any], dial: int, reason: str) -> None:
    pacer = opened(**terms)
    log_in(pacer, 10)

    decision = pacer.decide(0.0)

    assert (decision.dial, decision.reason) == (dial, reason)


def test_calls_per_second_are_counted_over_the_last_second() -> None:
    pacer = opened(max_calls_per_s=2)
    log_in(pacer, 10)
    pacer.observe(Event(0.0, "call_dialed", call="x"))
    pacer.observe(Event(0.5, "call_dialed", call="y"))

    assert [pacer.decide(at).dial for at in (0.5, 0.9, 1.0, 1.5)] == [0, 0, 1, 2]


def test_calls_that_nobody_can_take_are_given_up_even_where_nothing_may_be_dialed() -> None:
    pacer = opened("predictive", may_cancel=True, max_lines=2)
    log_in(pacer, 1)
    for number in range(2):
        pacer.observe(Event(0.0, "call_dialed", call=f"c{number}"))
    pacer.observe(Event(1.0, "agent_logout", agent="a0"))

    assert pacer.decide(14.9).cancel == ()
    assert pacer.decide(15.0).cancel == ("c0", "c1")


def test_bounds_may_change_while_running() -> None:
    pacer = opened(max_lines=1)
    log_in(pacer, 5)
    before = pacer.decide(0.0).dial
    pacer.set_terms(Terms(max_lines=3))

    assert (before, pacer.decide(0.0).dial) == (1, 3)


def test_a_connected_call_holds_its_line_until_its_agent_is_done() -> None:
    pacer = opened(max_lines=1)
    log_in(pacer, 2)
    pacer.observe(Event(0.0, "call_dialed", call="c"))
    pacer.observe(Event(1.0, "call_connected", call="c", agent="a0"))
    pacer.observe(Event(1.0, "agent_talking", call="c", agent="a0"))
    during = pacer.decide(2.0).dial
    pacer.observe(Event(60.0, "agent_wrap_up", agent="a0"))

    assert (during, pacer.decide(60.0).dial) == (0, 1)


@pytest.mark.parametrize(
    "event",
    [
        Event(1.0, "call_exploded", call="c"),
        Event(1.0, "call_dialed"),
        Event(1.0, "agent_ready", call="c"),
        Event(-1.0, "agent_ready", agent="a"),
        Event(float("nan"), "agent_ready", agent="a"),
    ],
)
def test_wrong_events_are_refused_in_one_sentence(event: Event) -> None:
    pacer = opened()

    with pytest.raises(pacing.PacingError):
        pacer.observe(event)


def test_decide_before_open_is_refused() -> None:
    with pytest.raises(pacing.PacingError, match="open_window"):
        pacing.create("progressive").decide(0.0)


def test_a_second_window_needs_the_first_closed() -> None:
    pacer = opened()
    with pytest.raises(pacing.PacingError, match="close"):
        pacer.open_window(Terms(), at=5.0)
    pacer.close_window(at=9.0)
    pacer.open_window(Terms(), at=10.0)

    assert pacer.decide(10.0).dial == 0


def test_a_new_clock_begins_with_an_empty_floor() -> None:
    pacer = opened()
    log_in(pacer, 3, at=100.0)
    pacer.close_window(at=200.0)
    pacer.open_window(Terms(), at=0.0)

    assert pacer.decide(0.0).reason == "no_agents"


def test_repeated_and_unknown_ids_do_not_stop_a_live_floor() -> None:
    pacer = opened()
    log_in(pacer, 2)
    log_in(pacer, 2)
    pacer.observe(Event(0.0, "call_dialed", call="c"))
    for kind in ("call_dialed", "call_abandoned", "call_abandoned", "call_dialed"):
        pacer.observe(Event(3.0, kind, call="c"))
        pacer.decide(3.0)
    pacer.observe(Event(3.0, "agent_logout", agent="nobody"))
    pacer.observe(Event(3.0, "call_no_answer", call="ghost"))

    decision = pacer.decide(3.0)

    assert (decision.dial, decision.inputs["abandoned"], decision.inputs["answered"]) == (2, 1, 1)
    assert pacer.floor.oddities > 0


def test_a_machine_found_by_the_agent_is_no_live_answer() -> None:
    pacer = opened()
    log_in(pacer, 1)
    pacer.observe(Event(0.0, "call_dialed", call="c"))
    pacer.observe(Event(1.0, "call_connected", call="c", agent="a0"))
    pacer.observe(Event(4.0, "call_machine", call="c"))

    assert pacer.decide(4.0).inputs["answered"] == 0


def test_a_call_whose_end_is_never_told_is_forgotten() -> None:
    pacer = opened()
    log_in(pacer, 1)
    pacer.observe(Event(0.0, "call_dialed", call="lost"))

    assert (pacer.decide(100.0).dial, pacer.decide(300.0).dial) == (0, 1)


def test_unknown_policy_and_options_are_refused() -> None:
    with pytest.raises(pacing.PacingError, match="known"):
        pacing.create("magic")
    with pytest.raises(pacing.PacingError, match="speed"):
        pacing.create("progressive", speed=3)


def test_damaged_memory_is_refused() -> None:
    blob = pacing.create("progressive").memory()
    for wrong in (b"", b"x" * 40, blob[:-1], blob[:20] + b"\x01" + blob[21:]):
        with pytest.raises(pacing.PacingError, match="memory"):
            pacing.create("progressive", memory=wrong)
    pacing.create("progressive", memory=blob)


@pytest.mark.parametrize(
    "terms",
    [{"abandonment_limit": 2}, {"window_s": 0}, {"max_lines": -1}, {"abandoned_before": 1}],
)
def test_impossible_terms_are_refused(terms: dict[str, float]) -> None:
    with pytest.raises(pacing.PacingError, match="terms"):
        Terms(**terms)  # type: ignore[arg-type]


def test_explanations_are_in_both_languages() -> None:
    decision = opened().decide(0.0)

    assert "agent" in pacing.explain(decision)
    assert "aucun agent" in pacing.explain(decision, language="fr")
    with pytest.raises(pacing.PacingError):
        pacing.explain(decision, language="de")


@pytest.mark.parametrize("policy", sorted(pacing.POLICIES))
def test_a_new_day_on_a_new_clock_dials_again(policy: str) -> None:
    pacer = opened(policy)
    log_in(pacer, 4, at=20000.0)
    pacer.observe(Event(20000.0, "call_dialed", call="old"))
    pacer.close_window(at=28800.0)
    pacer.open_window(Terms(ring_timeout_s=30.0), at=0.0)
    log_in(pacer, 4)
    if isinstance(pacer, Preview):
        pacer.request("a1")

    assert pacer.decide(0.0).dial > 0


def test_the_ring_limit_may_change_while_calls_ring() -> None:
    pacer = opened("predictive")
    log_in(pacer, 4)
    for number in range(4):
        pacer.observe(Event(0.0, "call_dialed", call=f"c{number}"))
    pacer.decide(20.0)
    pacer.set_terms(Terms(ring_timeout_s=12.0))
    for number in range(4):
        pacer.observe(Event(21.0, "call_no_answer", call=f"c{number}"))

    assert pacer.decide(21.0).dial > 0
    assert pacer.learner.ages.counts.sum() == 0  # type: ignore[attr-defined]


def test_memory_of_another_shape_is_refused() -> None:
    from pacing.memory import pack

    shapes: list[dict[str, Any]] = [{"ring": {}}, {"ring": 3, "integral": "x"}]
    for learned in shapes:
        with pytest.raises(pacing.PacingError, match="memory"):
            pacing.create("predictive", memory=pack("predictive", learned))
