"""The whole floor on the testbed: answer to bridge, calls a second, the daemon's CPU, reservation to Originate.

``python -m benchmarks.floor [latency20|latency100|throughput ...] [--seconds 120] [--json]``

Two Asterisk, the daemon and the witness share this machine's cores; nothing else should run.
"""

import argparse
import json
import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from itertools import chain, islice, product
from pathlib import Path

from dialer_testbed.rig import Rig, rig_options
from dialer_testbed.testbed import Testbed

from benchmarks.witness import Witness

TALKS_5_S, TALKS_2_S = "3", "2"  # classes of the crowd 02 61 91 c xxx: ring 0, talk 5 s or 2 s
DRAIN_S = 120  # longer than anyone talks: every attempt settles
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """One experiment: so many agents, calls begun a second, and who is called."""

    agents: int
    calls_per_s: float
    numbers: str  # crowd or fast
    policy: str = "progressive"
    ring_timeout_s: float = 25.0


LOADS = {
    "latency20": Load(agents=20, calls_per_s=3, numbers="crowd"),
    "latency100": Load(agents=100, calls_per_s=20, numbers="crowd"),
    # One call a ready agent, so the ring limit bounds calls a second (Little's law): 22 % ring to the limit.
    "throughput": Load(agents=250, calls_per_s=100, numbers="fast", ring_timeout_s=5.0),
}


@dataclass(frozen=True)
class Figures:
    """What was measured. Times in milliseconds."""

    load: str
    seconds: float
    attempts: int
    settled_per_s: float
    answers: int
    bridged: int
    answer_to_bridge_p50_ms: float
    answer_to_bridge_p99_ms: float
    answer_to_bridge_max_ms: float
    reserve_to_originate_p50_ms: float
    reserve_to_originate_p99_ms: float
    daemon_cpu_ms_per_call: float
    abandoned: int
    unsettled: int
    carrier_calls: int
    not_on_record: int
    not_at_carrier: dict[str, int]  # attempts that the carrier never saw, by how they ended


def main() -> None:
    """Run the loads that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", choices=[*LOADS, []], default=[])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for name in given.loads or LOADS:
        figures = asdict(measure(name, LOADS[name], given.seconds))
        if given.json:
            print(json.dumps(figures), flush=True)
        else:
            print("\n".join(f"{key:30} {value}" for key, value in figures.items()), flush=True)


@dataclass(frozen=True)
class Beside:
    """What else goes on: settings of the daemon, phones beyond the load's agents, and what runs with the load."""

    settings: Mapping[str, object] = field(default_factory=dict)
    phones: int = 0
    during: Callable[[Rig], AbstractContextManager[object]] = nullcontext


def measure(name: str, load: Load, seconds: float, beside: Beside = Beside()) -> Figures:
    """Set up a floor of its own, run the load, take it down."""
    with tempfile.TemporaryDirectory(prefix="dialer-bench-") as folder:
        rig_folder = Path(folder) / "dialer"
        options = rig_options(rig_folder, agents=load.agents + beside.phones, phone_sound=False)
        with Testbed(Path(folder) / "testbed", options) as testbed:
            rig = Rig(testbed, rig_folder, max_calls_per_s=load.calls_per_s, drain_timeout_s=DRAIN_S)
            rig.set_up(beside.settings)
            return _run(name, load, rig, seconds, beside)


def _run(name: str, load: Load, rig: Rig, seconds: float, beside: Beside) -> Figures:
    rig.add_campaign(wrap_up_s=0, policy=load.policy, ring_timeout_s=load.ring_timeout_s)
    wanted = int(load.calls_per_s * seconds * 1.2) + 100
    rig.import_numbers(islice(_numbers(load.numbers), wanted))
    rig.start()
    rig.call_agents(rig.add_agents(load.agents))
    witness = Witness(rig.testbed.ports.pbx_ami, "dialer", rig.testbed.ami_secret)
    witness.start()
    with beside.during(rig):
        before, began = _cpu_s(rig), time.monotonic()
        rig.cli("campaign", "start", "sample")
        time.sleep(seconds)
        rig.cli("campaign", "pause", "sample")
        spent, took = _cpu_s(rig) - before, time.monotonic() - began
    rig.stop()
    witness.stop()
    return _figures(name, rig, witness, took, spent)


def _numbers(kind: str) -> Iterator[str]:
    if kind == "fast":
        return (f"{area}{n:04d}" for area, n in product(("046571", "053649", "063998"), range(10_000)))
    crowd: Iterable[str] = (f"026191{c}{n:03d}" for c in (TALKS_2_S, TALKS_5_S) for n in range(1000))
    return chain(crowd, (f"0199000{t}{x}{y}{z}" for t in "34" for x, y, z in product("0123456789", repeat=3)))


def _cpu_s(rig: Rig) -> float:
    """CPU seconds, user and system, that the daemon and its threads have used."""
    assert rig.daemon is not None
    fields = Path(f"/proc/{rig.daemon.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _figures(name: str, rig: Rig, witness: Witness, took: float, spent: float) -> Figures:
    with sqlite3.connect(f"file:{rig.store}?mode=ro", uri=True) as db:
        attempts, unsettled, abandoned = db.execute(
            "SELECT count(*), sum(ended_at IS NULL), coalesce(sum(abandoned), 0) FROM attempts"
        ).fetchone()
        launches = [
            row[0]
            for row in db.execute(
                "SELECT s.at - a.reserved_at FROM attempts a JOIN attempt_steps s ON s.attempt_id = a.id"
                " WHERE s.state = 'dialing'"
            )
        ]
        on_record = dict(db.execute("SELECT number, coalesce(result, 'open') FROM attempts"))
    carrier = rig.testbed.carrier_cdr(wait_s=10)
    reached = {"+33" + row.number.removeprefix("0") for row in carrier}
    return Figures(
        load=name,
        seconds=round(took, 1),
        attempts=attempts,
        settled_per_s=round(attempts / took, 1),
        answers=witness.answered,
        bridged=len(witness.waits),
        answer_to_bridge_p50_ms=percentile_ms(witness.waits, 0.5),
        answer_to_bridge_p99_ms=percentile_ms(witness.waits, 0.99),
        answer_to_bridge_max_ms=percentile_ms(witness.waits, 1.0),
        reserve_to_originate_p50_ms=percentile_ms(launches, 0.5),
        reserve_to_originate_p99_ms=percentile_ms(launches, 0.99),
        daemon_cpu_ms_per_call=round(spent / max(1, attempts) * 1000, 2),
        abandoned=abandoned,
        unsettled=unsettled or 0,
        carrier_calls=len(carrier),
        not_on_record=len(reached - on_record.keys()),
        not_at_carrier=dict(Counter(result for number, result in on_record.items() if number not in reached)),
    )


def percentile_ms(seconds: list[float], share: float) -> float:
    """The value that this share of the times does not exceed, in milliseconds; NaN when there are none."""
    if not seconds:
        return float("nan")
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2)


if __name__ == "__main__":
    main()
