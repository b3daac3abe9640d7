"""How long a decision takes: 100 agents as they come, and 500 agents with 2,000 calls ringing.

    python -m benchmarks.pacing.decision_time

Times are of this thread's processor clock, decision by decision, so that a busy machine does not
count as a slow policy; events are taken in apart.
"""

import time
from dataclasses import replace

import numpy as np

import pacing
from pacing.interface import Decision, Event
from pacing.scenarios import stationary
from pacing.simulator import simulate


def timed(pacer: pacing.Pacer) -> list[float]:
    """Make ``pacer`` note how long each of its decisions takes, in seconds."""
    took: list[float] = []
    plain = pacer.decide

    def decide(now: float) -> Decision:
        started = time.thread_time()
        decision = plain(now)
        took.append(time.thread_time() - started)
        return decision

    pacer.decide = decide  # type: ignore[method-assign]
    return took


def report(what: str, took: list[float]) -> None:
    """Print median, p99 and worst."""
    ms = 1000 * np.asarray(took)
    p50, p99 = np.quantile(ms, [0.5, 0.99])
    print(f"{what}: {ms.size} decisions, median {p50:.3f} ms, p99 {p99:.3f} ms, max {ms.max():.2f}")


def floor_of_100() -> None:
    """An hour and a half of a floor of 100."""
    pacer = pacing.create("predictive")
    took = timed(pacer)
    simulate(pacer, replace(stationary(100), duration_s=3600.0), seed=1)
    report("100 agents", took)


def floor_of_500() -> None:
    """500 agents, some 2,000 calls ringing, an answer or an end every few milliseconds."""
    rng = np.random.default_rng(1)
    pacer = pacing.create("predictive")
    took = timed(pacer)
    pacer.open_window(pacing.Terms(), at=0.0)
    for number in range(500):
        pacer.observe(Event(0.0, "agent_login", agent=f"a{number}"))
        pacer.observe(Event(0.0, "agent_talking", agent=f"a{number}"))
    now, dialed = 0.0, 0
    ends: list[tuple[float, str]] = []
    while now < 60.0:
        now += 0.0125
        dialed += 1
        pacer.observe(Event(now, "call_dialed", call=f"c{dialed}"))
        ends.append((now + 25.0, f"c{dialed}"))
        while ends and ends[0][0] <= now:
            kind = "call_person" if rng.random() < 0.05 else "call_no_answer"
            _, call = ends.pop(0)
            pacer.observe(Event(now, kind, call=call))
            if kind == "call_person":
                pacer.observe(Event(now, "call_abandoned", call=call))
        agent = f"a{int(rng.integers(500))}"
        kinds = ("agent_wrap_up", "agent_ready", "agent_talking")
        pacer.observe(Event(now, kinds[int(rng.integers(3))], agent=agent))
        pacer.decide(now)
    report(f"500 agents, {pacer.floor.ringing} calls ringing", took[2000:])


if __name__ == "__main__":
    floor_of_100()
    floor_of_500()
