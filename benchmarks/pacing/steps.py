"""After a sudden change: how soon is occupancy back at what the changed floor can have?

python -m benchmarks.pacing.steps --agents 20 --seeds 1-4

Two and a half hours, the change after one and a half. Each day is held against days of the same
seeds on which the floor was as changed from the beginning. One line for each kind of change:
steady occupancy, the first ten minutes after the change, the next thirty, their difference from
steady (± standard error), and the days over the limit.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

import pacing
from pacing import Terms
from pacing.distributions import Steps
from pacing.scenarios import Scenario, Shift, stationary
from pacing.simulator import simulate

LONG_S: Final = 9000.0
CHANGE_S: Final = 5400.0
BACK_S: Final = 600.0  # how long a pacer may take
WATCHED_S: Final = 1800.0  # and how long it is then watched


def changes(agents: int) -> Iterator[tuple[str, Scenario, Scenario]]:
    """Name, the day with the change, and the day as if it had always been so."""
    base = replace(stationary(agents), duration_s=LONG_S, terms=Terms(window_s=LONG_S))

    def step(before: float, after: float) -> Steps:
        return Steps(((0.0, before), (CHANGE_S, after)))

    yield "answers halve", replace(base, answered=step(0.3, 0.15)), replace(base, answered=0.15)
    yield "answers double", replace(base, answered=step(0.3, 0.6)), replace(base, answered=0.6)
    yield "talks double", replace(base, talk_scale=step(1.0, 2.0)), replace(base, talk_scale=2.0)
    gone = round(0.4 * agents)
    shifts = tuple(Shift(a, 0.0, CHANGE_S if a < gone else LONG_S) for a in range(agents))
    yield "40 % leave", replace(base, shifts=shifts), replace(base, agents=agents - gone)


def line(name: str, changed: Scenario, steady: Scenario, seeds: range) -> str:
    """Simulate both floors with each seed and hold them against each other."""
    first, later, always, over = [], [], [], 0
    for seed in seeds:
        day = simulate(pacing.create("predictive", seed=seed), changed, seed)
        same = simulate(pacing.create("predictive", seed=seed), steady, seed)
        back_s, end_s = CHANGE_S + BACK_S, CHANGE_S + BACK_S + WATCHED_S
        first.append(day.occupancy_between(CHANGE_S, back_s))
        later.append(day.occupancy_between(back_s, end_s))
        always.append(same.occupancy_between(back_s, end_s))
        over += day.over(changed.terms.abandonment_limit)
    apart = np.array(later) - np.array(always)
    error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else float("nan")
    return (
        f"| {name} | {np.mean(always):.4f} | {np.mean(first):.4f} | {np.mean(later):.4f} |"
        f" {100 * apart.mean():+.2f} ± {100 * error:.2f} points | {over} / {len(seeds)} |"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--seeds", default="1-4", help="first-last")
    chosen = parser.parse_args()
    low, high = (int(part) for part in chosen.seeds.split("-"))
    print("| change | steady | first 10 min | next 30 min | apart | over |")
    for name, changed, steady in changes(chosen.agents):
        print(line(name, changed, steady, range(low, high + 1)), flush=True)


if __name__ == "__main__":
    main()
