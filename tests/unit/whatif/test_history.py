"""A recorded stretch: its figures, and the scenario that stands for it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dialer.floor.events import CampaignSettings
from dialer.whatif.history import History, TooLittleError
from pacing.distributions import Constant, Empirical, Steps

T0 = 1_790_000_000.0
SETTINGS = CampaignSettings("c1", "trunk", "+33162000000", wrap_up_s=7.0, max_lines=9)


def attempt(
    number: int,
    *,
    at: float,
    answer_s: float | None = None,
    talk_s: float | None = None,
    **more: Any,  # noqa: ANN401 - any column
) -> dict[str, Any]:
    """One ended attempt; without ``answer_s`` it rang out, without ``talk_s`` it was abandoned."""
    answered = None if answer_s is None else T0 + at + answer_s
    connected = answered if talk_s is not None else None
    ended = T0 + at + 25.0 if answered is None else answered + (talk_s if talk_s is not None else 2.0)
    return {
        "id": f"x{number}",
        "reserved_at": T0 + at,
        "answered_at": answered,
        "connected_at": connected,
        "ended_at": ended,
        "result": "no_answer" if answered is None else "answered",
        "answered_by": None if answered is None else "unsure",
        "abandoned": int(answered is not None and talk_s is None),
        "disposition": None,
        "agent_id": "a1",
        **more,
    }


def day() -> History:
    """50 calls a minute apart: 40 answered after 10 s (one abandoned, four machines), 10 not, four of them busy."""
    attempts = [attempt(n, at=60.0 * n, answer_s=10.0, talk_s=30.0) for n in range(35)]
    attempts += [attempt(n, at=60.0 * n, answer_s=10.0, talk_s=4.0, disposition="machine") for n in range(35, 39)]
    attempts += [attempt(39, at=60.0 * 39, answer_s=10.0)]
    attempts += [attempt(n, at=60.0 * n) for n in range(40, 46)]
    attempts += [attempt(n, at=60.0 * n, result="busy", ended_at=T0 + 60.0 * n + 2.0) for n in range(46, 50)]
    states = {
        "a1": [
            (T0 - 100, "ready"),
            (T0 + 10, "talking"),
            (T0 + 40, "wrap_up"),
            (T0 + 50, "ready"),
            (T0 + 600, "paused"),
        ],
        "a2": [(T0 - 100, "offline"), (T0 + 300, "ready"), (T0 + 900, "offline"), (T0 + 1200, "ready")],
    }
    return History(SETTINGS, attempts, states)


def test_what_was_is_counted_as_the_law_counts_it() -> None:
    figures = day().figures()
    assert (figures.dialed, figures.connected, figures.abandoned) == (50, 35, 1)
    assert figures.abandonment == pytest.approx(1 / 36)


def test_occupancy_counts_busy_time_over_time_at_work() -> None:
    end_s = day().duration_s
    at_work_s = 600 + 600 + (end_s - 1200)
    assert day().figures().occupancy == pytest.approx(40 / at_work_s)


def test_a_wait_is_a_ready_time_that_a_call_ended() -> None:
    assert day().figures().waits_s.tolist() == [10.0]


def test_shares_and_times_become_the_scenario() -> None:
    scenario = day().typical(12)
    assert scenario.agents == 12
    assert scenario.answered == pytest.approx(0.8)
    assert scenario.machines == pytest.approx(0.1)
    assert scenario.fails == pytest.approx(0.4)
    assert scenario.fail_after_s == pytest.approx(2.0)
    assert scenario.talk == Empirical((30.0,) * 35)
    assert scenario.ring == Empirical((10.0,) * 40)
    assert scenario.machine_talk == Empirical((4.0,) * 4)
    assert scenario.wrap_up == Empirical((10.0,))


def test_without_a_wrap_up_on_record_the_setting_stands_for_it() -> None:
    bare = replace(day(), states={"a1": [(T0 - 100, "ready")]})
    assert bare.typical(1).wrap_up == Constant(7.0)


def test_the_day_keeps_who_was_at_work_when_and_the_course_of_answers() -> None:
    scenario = day().day()
    shifts = [(shift.agent, shift.start_s, shift.end_s) for shift in scenario.shifts]
    assert shifts == [(0, 0.0, 600.0), (1, 300.0, 900.0), (1, 1200.0, scenario.duration_s)]
    assert scenario.trunk_lines == 9
    assert isinstance(scenario.answered, Steps)
    first, last = scenario.answered(0.0), scenario.answered(scenario.duration_s)
    assert first > 0.8 > last
    assert all(0.0 <= share <= 1.0 for _, share in scenario.answered.points)


def test_too_short_a_record_is_refused_with_what_to_do() -> None:
    with pytest.raises(TooLittleError, match=r"19 answered calls.*dialer simulate"):
        replace(day(), attempts=day().attempts[:19])


def test_many_values_are_thinned_evenly() -> None:
    attempts = [attempt(n, at=1.0 * n, answer_s=10.0, talk_s=float(n % 100)) for n in range(12_000)]
    talk = replace(day(), attempts=attempts).typical(1).talk
    assert isinstance(talk, Empirical)
    assert len(talk.values) <= 5000
    assert np.mean(talk.values) == pytest.approx(49.5, abs=0.5)
