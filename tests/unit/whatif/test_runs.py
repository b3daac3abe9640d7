"""Simulated days: gathered in order, the same every time; the smallest team found."""

from dataclasses import replace

import pytest

from dialer.whatif.runs import Case, NoTeamError, agents_needed, run
from pacing.scenarios import stationary

HALF_HOUR = replace(stationary(4, 0.3, 60.0), duration_s=1800.0)


def progressive(agents: int) -> Case:
    return Case("progressive", replace(HALF_HOUR, agents=agents), 1)


def test_cases_come_back_in_order_whatever_ends_first() -> None:
    cases = [replace(progressive(4), seeds=2), progressive(1)]
    days = []
    big, small = run(cases, lambda: days.append(1))
    assert big.connected > 4 * small.connected
    assert len(days) == 3
    assert big.hours == 1.0
    assert big.occupancy_error is not None
    assert small.occupancy_error is None


def test_the_same_seeds_give_the_same_figures() -> None:
    assert run([progressive(3)])[0].to_json() == run([progressive(3)])[0].to_json()


def test_the_smallest_team_that_does_the_work_is_found() -> None:
    agents, figures = agents_needed(progressive, 150.0, 80.0)
    assert figures.connected / figures.hours >= 150.0
    fewer = run([progressive(agents - 1)])[0]
    assert fewer.connected / fewer.hours < 150.0


def test_work_that_no_team_does_is_refused() -> None:
    with pytest.raises(NoTeamError, match="reaches 100 connections"):
        agents_needed(lambda agents: Case("preview", replace(HALF_HOUR, agents=agents), 1), 100.0, 80.0)
