"""Runs simulated days on every core and gathers them."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

import pacing
from dialer.errors import DialerError
from dialer.whatif.figures import Figures, of_days
from pacing.day import Day
from pacing.scenarios import Scenario
from pacing.simulator import simulate

MOST_AGENTS: Final = 1000
OnDay = Callable[[], None]


class NoTeamError(DialerError):
    """However many agents there are, they do not do it."""

    code = "invalid"


@dataclass(frozen=True)
class Case:
    """One policy on one scenario, over ``seeds`` days."""

    policy: str
    scenario: Scenario
    seeds: int
    options: dict[str, Any] = field(default_factory=dict)

    def day(self, seed: int) -> Day:
        """One simulated day."""
        pacer = pacing.create(self.policy, seed=seed, **self.options)
        return simulate(pacer, self.scenario, seed)


def run(cases: Sequence[Case], on_day: OnDay = lambda: None) -> list[Figures]:
    """The figures of each case, in order; ``on_day`` is called after each simulated day.

    The same seeds everywhere, so that differences between cases are theirs and not luck's.
    """
    days: list[list[Day]] = [[] for _ in cases]
    work = [(number, seed) for number, case in enumerate(cases) for seed in range(1, case.seeds + 1)]
    if len(work) == 1:
        days[0].append(cases[0].day(1))
        on_day()
    else:
        # Spawned, not forked: the caller may have threads (a progress bar is one).
        with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
            running = {pool.submit(cases[number].day, seed): number for number, seed in work}
            for done in as_completed(running):
                days[running[done]].append(done.result())
                on_day()
    gathered = [sorted(found, key=lambda day: day.seed) for found in days]
    return [of_days(found, case.scenario.duration_s) for case, found in zip(cases, gathered, strict=True)]


def agents_needed(
    case: Callable[[int], Case], connected_per_h: float, busy_s: float, on_day: OnDay = lambda: None
) -> tuple[int, Figures]:
    """The smallest team that has ``connected_per_h``, by bisection; ``busy_s`` is the mean talk with its wrap-up.

    Raises NoTeamError when no team up to ``MOST_AGENTS`` has it.
    """

    def tried(agents: int) -> Figures:
        return run([case(agents)], on_day)[0]

    too_few = ceil(connected_per_h * busy_s / 3600) - 1  # busy without a pause, one more would just do
    enough = max(1, too_few + 1)
    figures = tried(enough)
    while figures.connected / figures.hours < connected_per_h:
        if figures.connected == 0 or enough > MOST_AGENTS:
            raise NoTeamError(f"No team of up to {enough} agents reaches {connected_per_h:g} connections an hour.")
        too_few, enough = enough, max(enough + 1, ceil(enough * 1.25))
        figures = tried(enough)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        found = tried(middle)
        if found.connected / found.hours >= connected_per_h:
            enough, figures = middle, found
        else:
            too_few = middle
    return enough, figures
