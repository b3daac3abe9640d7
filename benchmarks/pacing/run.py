"""All policies on the public scenarios, same seeds; table and plots into the documentation.

python -m benchmarks.pacing.run                     # some ten minutes on two cores
python -m benchmarks.pacing.run --full --jobs 2     # every public scenario, seeds 1 to 20
python -m benchmarks.pacing.run --scenarios lunch-20 --policies predictive --seeds 5 --no-write
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import pacing
from pacing.scenarios import public
from pacing.simulator import simulate

PAGE: Final = Path(__file__).parents[2] / "docs" / "explanation" / "pacing.md"
PICTURES: Final = PAGE.parent / "img"
BEGIN: Final = "<!-- figures: begin (written by benchmarks/pacing/run.py) -->"
END: Final = "<!-- figures: end -->"

HEAD: Final = (
    "| scenario | policy | occupancy (± standard error) | abandoned | days over / days |"
    " worst first 30 min, calls over | wait mean / p95 | dialed a day |"
)

POLICIES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "progressive": ("progressive", {}),
    "ratio 2": ("ratio", {"ratio": 2.0}),
    "ratio 3": ("ratio", {"ratio": 3.0}),
    "vicidial": ("vicidial", {}),
    "vicidial average": ("vicidial", {"mode": "average"}),
    "vicidial tapered": ("vicidial", {"mode": "tapered"}),
    "issabel": ("issabel", {}),
    "boost 2": ("boost", {"boost": 2.0}),
    "gaussian": ("gaussian", {"z": 2.4}),
    "predictive": ("predictive", {}),
    "auto": ("auto", {}),
}
QUICK_POLICIES: Final = ("progressive", "ratio 2", "vicidial", "issabel", "gaussian", "predictive")
QUICK_SCENARIOS: Final = (
    *(f"stationary-{n}-p30-t120" for n in (5, 10, 20, 50)),
    "answer-doubles-20",
    "answer-halves-20",
    "list-worsens-20",
    "list-improves-20",
    "lunch-20",
    "arriving-20",
    "talk-doubles-20",
    "speeds-20",
    "machines-20",
    "trunk-20",
    "limit-1pct-20",
    "limit-05pct-20",
    "stationary-100-p30-t120",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One simulated day, in the numbers that the table needs."""

    scenario: str
    policy: str
    seed: int
    occupancy: float
    live_answers: int
    abandoned: int
    over: bool
    slack: float
    first_half_hour: float
    early_occupancy: float
    wait_s: float
    wait_p95_s: float
    dialed: int
    took_s: float


def one_day(job: tuple[str, str, int]) -> Row:
    """Simulate one day of one policy."""
    scenario_name, label, seed = job
    scenario = public()[scenario_name]
    policy, options = POLICIES[label]
    started = time.process_time()
    day = simulate(pacing.create(policy, seed=seed, **options), scenario, seed)
    limit = scenario.terms.abandonment_limit
    early = float(day.abandoned_by_bin[:6].sum() - limit * day.answered_by_bin[:6].sum())
    return Row(
        scenario=scenario_name,
        policy=label,
        seed=seed,
        occupancy=day.occupancy,
        live_answers=day.live_answers,
        abandoned=day.abandoned,
        over=day.over(limit),
        slack=limit * day.live_answers - day.abandoned,
        first_half_hour=early,
        early_occupancy=day.occupancy_between(0.0, 1800.0),
        wait_s=day.mean_wait_s(),
        wait_p95_s=day.wait_p95_s(),
        dialed=day.dialed,
        took_s=time.process_time() - started,
    )


def run(jobs: list[tuple[str, str, int]], workers: int) -> list[Row]:
    """All days, with progress on one line."""
    rows: list[Row] = []
    with ProcessPoolExecutor(workers) as pool:
        for row in pool.map(one_day, jobs):
            rows.append(row)
            print(f"\r{len(rows)}/{len(jobs)} {row.scenario} {row.policy}        ", end="")
    print()
    return rows


def day_of(row: Row) -> tuple[str, str, int]:
    """Which day a row is of."""
    return row.scenario, row.policy, row.seed


def read_days(path: Path) -> dict[tuple[str, str, int], Row]:
    """Days that an earlier run wrote with ``--json``: those of policies that have not changed."""
    rows = [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    return {day_of(row): row for row in rows}


def table(rows: Iterable[Row]) -> str:
    """Markdown: one line for each scenario and policy."""
    cells: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        cells[row.scenario, row.policy].append(row)
    lines = [HEAD, "|---" * 8 + "|"]
    lines += [_line(scenario, policy, days) for (scenario, policy), days in cells.items()]
    return "\n".join(lines)


def _line(scenario: str, policy: str, days: list[Row]) -> str:
    occupancy = np.array([d.occupancy for d in days])
    error = occupancy.std(ddof=1) / len(days) ** 0.5 if len(days) > 1 else float("nan")
    share = sum(d.abandoned for d in days) / max(1, sum(d.live_answers for d in days))
    early = max(d.first_half_hour for d in days)
    return (
        f"| {scenario} | {policy} | {occupancy.mean():.4f} ± {error:.4f} | {100 * share:.2f} % |"
        f" {sum(d.over for d in days)} / {len(days)} | {early:+.1f} |"
        f" {np.mean([d.wait_s for d in days]):.1f} / {np.mean([d.wait_p95_s for d in days]):.0f} s |"
        f" {np.mean([d.dialed for d in days]):.0f} |"
    )


def plot(rows: list[Row], scenario: str) -> None:
    """Occupancy against abandonment, one point per policy and day."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    shown = [row for row in rows if row.scenario == scenario]
    for policy in dict.fromkeys(row.policy for row in shown):
        days = [row for row in shown if row.policy == policy]
        shares = [100 * d.abandoned / max(1, d.live_answers) for d in days]
        axes.scatter(shares, [100 * d.occupancy for d in days], s=18, label=policy)
    limit = 100 * public()[scenario].terms.abandonment_limit
    axes.axvline(limit, color="0.5", linestyle="--", linewidth=1)
    axes.set(xlabel="abandoned, % of live answers", ylabel="occupancy, %", title=scenario)
    axes.legend(fontsize=8)
    figure.tight_layout()
    PICTURES.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURES / f"pacing-{scenario}.svg", metadata={"Date": None})
    plt.close(figure)


def write_page(text: str) -> None:
    """Put ``text`` between the markers of the explanation page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--policies", default=",".join(QUICK_POLICIES), help="comma separated")
    parser.add_argument("--scenarios", default=",".join(QUICK_SCENARIOS), help="comma separated")
    parser.add_argument("--seeds", type=int, default=2, help="seeds 1 to this")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--full", action="store_true", help="everything public, seeds 1 to 20")
    parser.add_argument("--no-write", action="store_true", help="print only")
    parser.add_argument("--json", type=Path, help="also write every day's numbers here")
    parser.add_argument("--reuse", type=Path, help="take days from such a file, if they are in it")
    return parser.parse_args()


def main() -> None:
    """Run, print, write."""
    chosen = arguments()
    policies = list(POLICIES) if chosen.full else chosen.policies.split(",")
    scenarios = list(public()) if chosen.full else chosen.scenarios.split(",")
    seeds = range(1, (20 if chosen.full else chosen.seeds) + 1)
    jobs = [(s, p, seed) for s in scenarios for p in policies for seed in seeds]
    known = read_days(chosen.reuse) if chosen.reuse else {}
    known |= {day_of(row): row for row in run([job for job in jobs if job not in known], chosen.jobs)}
    rows = [known[job] for job in jobs]
    text = table(rows)
    print(text)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
    if chosen.no_write:
        return
    pictured = [s for s in ("stationary-20-p30-t120", "list-worsens-20") if s in scenarios]
    for scenario in pictured:
        plot(rows, scenario)
    pictures = "\n\n".join(f"![{s}](img/pacing-{s}.svg)" for s in pictured)
    write_page(f"Seeds 1 to {seeds[-1]}, days of 8 h.\n\n{text}\n\n{pictures}")


if __name__ == "__main__":
    main()
