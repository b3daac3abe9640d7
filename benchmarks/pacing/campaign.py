"""Many short and odd days of one policy: is the law kept on each, and at any moment of a cold start?

nice python -m benchmarks.pacing.campaign --groups cold,short --seeds 101-120
nice python -m benchmarks.pacing.campaign --groups days --seeds 1001-1030 --json days.json

One line for each scenario: occupancy, abandonment, days over the limit at their end, days over it
at some end of a five-minute bin (had the window been closed there) after a hundred live answers,
and the worst excess, in calls, at any moment of the first half hour.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

import pacing
from pacing.distributions import Constant, Gamma, LogNormal, Ramp, Steps, Truncated
from pacing.scenarios import DAY_S, Scenario, Shift, lunch, public, stationary
from pacing.simulator import Simulation

HOUR_S: Final = 3600.0
HALF_HOUR_S: Final = 1800.0


class Watched(Simulation):
    """Also keeps the worst excess over the limit at any moment of the first half hour, in calls."""

    worst_early = 0.0

    def _count_early(self) -> None:
        if self.now < HALF_HOUR_S:
            live = self.connected + self.abandoned
            excess = self.abandoned - self.terms.abandonment_limit * live
            self.worst_early = max(self.worst_early, excess)

    def _abandon(self, call: Any) -> None:  # noqa: ANN401
        super()._abandon(call)
        self._count_early()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the table needs of one day."""

    scenario: str
    seed: int
    occupancy: float
    live_answers: int
    abandoned: int
    over: bool
    over_on_the_way: float
    slack: float
    worst_early: float
    early_occupancy: float
    took_s: float


def one_day(scenario: Scenario, policy: str, seed: int, options: dict[str, Any]) -> Outcome:
    """Simulate one day and judge it."""
    started = time.process_time()
    simulation = Watched(pacing.create(policy, seed=seed, **options), scenario, seed)
    day = simulation.run()
    terms = scenario.terms
    answered = terms.answered_before + np.cumsum(day.answered_by_bin)
    abandoned = terms.abandoned_before + np.cumsum(day.abandoned_by_bin)
    judged = answered >= 100
    over = abandoned > terms.abandonment_limit * answered
    return Outcome(
        scenario=scenario.name,
        seed=seed,
        occupancy=day.occupancy,
        live_answers=int(answered[-1]),
        abandoned=int(abandoned[-1]),
        over=bool(over[-1] and judged[-1]),
        over_on_the_way=float(over[judged].mean()) if judged.any() else 0.0,
        slack=float(terms.abandonment_limit * answered[-1] - abandoned[-1]),
        worst_early=simulation.worst_early,
        early_occupancy=day.occupancy_between(0.0, HALF_HOUR_S),
        took_s=time.process_time() - started,
    )


def lasting(scenario: Scenario, hours: float, **terms: Any) -> Scenario:  # noqa: ANN401
    """The scenario cut to ``hours``; the window said to be as long unless ``terms`` says otherwise."""
    duration_s = hours * HOUR_S
    given = {"window_s": duration_s, **terms}
    return replace(scenario, duration_s=duration_s, terms=replace(scenario.terms, **given))


def cold() -> Iterator[Scenario]:
    """Half hours of cold starts."""
    for agents in (5, 10, 20, 50, 100):
        for answered, talk_s in ((0.15, 120), (0.3, 120), (0.5, 120), (0.3, 45), (0.3, 300), (0.35, 120)):
            day = stationary(agents, answered, talk_s)
            yield replace(lasting(day, 0.5, window_s=DAY_S), name=f"cold-{day.name}")


def short() -> Iterator[Scenario]:
    """Windows of 1.5 to 3 hours."""
    for agents, hours in ((5, 3.0), (10, 2.0), (20, 1.5), (50, 1.5)):
        day = lasting(stationary(agents), hours)
        yield replace(day, name=f"short-{agents}-{hours}h")
        turned = replace(day, answered=Steps(((0.0, 0.25), (day.duration_s - 1800, 0.5))))
        yield replace(turned, name=f"short-doubles-at-end-{agents}")
        yield replace(day, answered=Steps(((0.0, 0.4), (day.duration_s / 2, 0.15))), name=f"short-worsens-{agents}")


def _block(agents: int, share: float, at_s: float) -> tuple[Shift, ...]:
    return tuple(Shift(a, 0.0, at_s if a < agents * share else DAY_S) for a in range(agents))


def odd() -> Iterator[Scenario]:
    """Floors that nobody published."""
    base = replace(lasting(stationary(20), 2.5), name="")

    def day(name: str, scenario: Scenario = base, **changes: Any) -> Scenario:  # noqa: ANN401
        return replace(scenario, name=f"odd-{name}", **changes)

    end_s = base.duration_s
    yield day("block-leaves", shifts=_block(20, 0.5, end_s - 1200))
    twice = [s for s in lunch(20, 0.4, 2400.0) if s.end_s != DAY_S]
    rest = [Shift(a, 6000.0, 7800.0) for a in range(8)] + [Shift(a, 0.0, DAY_S) for a in range(8, 20)]
    yield day("lunch-twice", shifts=(*(Shift(s.agent, 0.0, 2400.0) for s in twice), *rest))
    yield day("bursts", answered=Steps(tuple((600.0 * k, 0.5 if k % 2 else 0.15) for k in range(15))))
    yield day("answered-70", answered=0.7)
    yield day("talk-20", talk=LogNormal(20.0, 1.0), wrap_up=Gamma(5.0, 0.6))
    yield day("tick-2", terms=replace(base.terms, tick_s=2.0))
    yield day("patience-0", terms=replace(base.terms, connect_deadline_s=0.0))
    yield day("patience-5", terms=replace(base.terms, connect_deadline_s=5.0))
    yield day("ring-6", ring=Truncated(Gamma(6.0, 0.45), 25.0))
    yield day("ring-20", ring=Truncated(Gamma(20.0, 0.3), 25.0))
    yield day("talk-constant", talk=Constant(60.0), wrap_up=Constant(10.0))
    yield day("restart-even", terms=replace(base.terms, answered_before=1000, abandoned_before=29))
    yield day("restart-over", terms=replace(base.terms, answered_before=1000, abandoned_before=36))
    yield day("talk-ramps", talk_scale=Ramp(((0.0, 0.5), (end_s, 2.5))))
    yield day("1pct", terms=replace(base.terms, abandonment_limit=0.01))
    yield day("closed-early", terms=replace(base.terms, window_s=DAY_S))
    yield day("closed-late", terms=replace(base.terms, window_s=HOUR_S))


def days() -> Iterator[Scenario]:
    """Whole days of the public scenarios with 5, 10 and 20 agents."""
    catalogue = public()
    for name in ("stationary-5-p30-t120", "stationary-10-p30-t120", "stationary-20-p30-t120"):
        yield catalogue[name]
    for name in ("list-worsens", "list-improves", "lunch", "talk-doubles", "limit-1pct", "limit-05pct"):
        day = catalogue[f"{name}-20"]
        yield day
        yield replace(day, name=f"{name}-5", agents=5, shifts=lunch(5) if day.shifts else ())


GROUPS: Final[dict[str, Callable[[], Iterator[Scenario]]]] = {
    "cold": cold,
    "short": short,
    "odd": odd,
    "days": days,
}


def line(outcomes: list[Outcome]) -> str:
    """One row of the table."""
    occupancy = np.mean([o.occupancy for o in outcomes])
    early = np.mean([o.early_occupancy for o in outcomes])
    share = sum(o.abandoned for o in outcomes) / max(1, sum(o.live_answers for o in outcomes))
    over = [o for o in outcomes if o.over]
    return (
        f"| {outcomes[0].scenario} | {occupancy:.4f} | {100 * share:.2f} % | {len(over)} / {len(outcomes)} |"
        f" {100 * np.mean([o.over_on_the_way for o in outcomes]):.1f} % |"
        f" {min(o.slack for o in outcomes):+.1f} |"
        f" {sum(o.worst_early > 1.0 for o in outcomes)}, {max(o.worst_early for o in outcomes):+.1f} |"
        f" {early:.3f} | {np.mean([o.took_s for o in outcomes]):.1f} s |"
    )


def main() -> None:
    """Run, print, sum up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--groups", default="cold,short,odd", help=",".join(GROUPS))
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    parser.add_argument("--policy", default="predictive")
    parser.add_argument("--seeds", default="101-110", help="first-last")
    parser.add_argument("--options", default="", help="the policy's own, as name=value,name=value")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    pairs = [option.split("=") for option in chosen.options.split(",") if option]
    options = {name: float(value) for name, value in pairs}
    first, last = (int(part) for part in chosen.seeds.split("-"))
    print("| scenario | occupancy | abandoned | over | bins over | least slack | early misses, worst | early | CPU |")
    everything: list[Outcome] = []
    for scenario in (s for group in chosen.groups.split(",") for s in GROUPS[group]()):
        if chosen.only in scenario.name:
            outcomes = [one_day(scenario, chosen.policy, seed, options) for seed in range(first, last + 1)]
            everything += outcomes
            print(line(outcomes), flush=True)
    judged = [o for o in everything if o.live_answers >= 100]
    early = sum(o.worst_early > 1.0 for o in everything)
    print(f"{sum(o.over for o in judged)} of {len(judged)} days over; {early} of {len(everything)} cold starts missed")
    if chosen.json:
        fields = Outcome.__dataclass_fields__
        rows = [{name: getattr(o, name) for name in fields} for o in everything]
        chosen.json.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
