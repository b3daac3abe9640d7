"""From fact to subscriber over a real mosquitto, and what a healthy, a dead and a frozen broker do to the floor.

``python -m benchmarks.telling [none|healthy|dead|frozen ...] [--seconds 40] [--rounds 1] [--json]``

100 agents and 20 calls a second (``latency100`` of benchmarks.floor), one floor after the other. The facts are not the
daemon's own word: an agent meets a person when Asterisk says so, and an agent is paused too long so many seconds after
``pause`` was asked of the control socket.
"""

import argparse
import json
import tempfile
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from dialer_testbed.rig import PIN, Rig

from benchmarks.floor import LOADS, Beside, measure, percentile_ms
from benchmarks.witness import Witness
from tests.broker import Broker, Heard, Supervisor, free_port

PAUSED_LONG_S = 5.0  # the least that the configuration takes
IDLERS = range(1101, 1121)  # agents who take a break one after the other, beside the load
BREAK_EVERY_S = 0.35
AWAY = len(IDLERS) - 2  # so many are on a break at once, each for this many times BREAK_EVERY_S


@dataclass
class Facts:
    """What happened, and when, by somebody else's word; what a supervisor heard of it. Seconds since the epoch."""

    met: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # by agent: a person was there
    paused: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # by agent: pause was asked
    heard: list[Heard] = field(default_factory=list)


@dataclass(frozen=True)
class Told:
    """Times from fact to subscriber, milliseconds; ``untold`` facts of which nothing was heard."""

    states: int
    states_untold: int
    state_p50_ms: float
    state_p99_ms: float
    state_max_ms: float
    alerts: int
    alerts_untold: int
    alert_p50_ms: float
    alert_p99_ms: float
    alert_max_ms: float
    messages: int


def main() -> None:
    """Run the brokers that are named, or all, so many rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brokers", nargs="*", choices=[*BROKERS, []], default=[])
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for name in (given.brokers or list(BROKERS)) * given.rounds:
        figures = {"broker": name, **run(name, given.seconds)}
        print(json.dumps(figures) if given.json else "\n".join(f"{k:30} {v}" for k, v in figures.items()), flush=True)


def run(name: str, seconds: float) -> dict[str, object]:
    """One floor with that broker."""
    with BROKERS[name]() as (port, during):
        settings = {"mqtt.enabled": port > 0, "mqtt.port": port or 1883, "alerts.pause_long_s": PAUSED_LONG_S}
        settings |= {"alerts.clear_s": 0, "alerts.hold_s": 0}
        facts = Facts()
        beside = Beside(settings, len(IDLERS), partial(_beside, facts=facts, during=during))
        figures = measure(name, LOADS["latency100"], seconds, beside)
        return {**asdict(figures), **(asdict(_told(facts)) if facts.heard else {})}


# --- brokers ----------------------------------------------------------------------------------------------------------

During = Callable[[Rig, Facts], AbstractContextManager[None]]
Started = tuple[int, During]  # the broker's port (0: no MQTT), and what goes on while the floor works


def _nothing(_rig: Rig, _facts: Facts) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def _none() -> Iterator[Started]:
    yield 0, _nothing


@contextmanager
def _dead() -> Iterator[Started]:
    yield free_port(), _nothing


@contextmanager
def _mosquitto(during: Callable[[Broker, Rig, Facts], AbstractContextManager[None]]) -> Iterator[Started]:
    with tempfile.TemporaryDirectory(prefix="dialer-bench-broker-") as folder, Broker(Path(folder)) as broker:
        yield broker.port, partial(during, broker)


@contextmanager
def _listened(broker: Broker, rig: Rig, facts: Facts) -> Iterator[None]:
    witness = Witness(rig.testbed.ports.pbx_ami, "dialer", rig.testbed.ami_secret)
    with closing(Supervisor(broker.port)) as supervisor:
        supervisor.until("campaign/sample/state")
        supervisor.forget()
        witness.start()
        yield
        witness.stop()
        time.sleep(PAUSED_LONG_S + 2)
        facts.heard = list(supervisor.heard)
    for channel, at in witness.met:
        facts.met[channel.split("-")[1]].append(at)  # agent-1001-...: our own id of the agent's line


@contextmanager
def _frozen(broker: Broker, _rig: Rig, _facts: Facts) -> Iterator[None]:
    broker.freeze()
    yield


BROKERS: dict[str, Callable[[], AbstractContextManager[Started]]] = {
    "none": _none,
    "healthy": partial(_mosquitto, _listened),
    "dead": _dead,
    "frozen": partial(_mosquitto, _frozen),
}


# --- beside the load --------------------------------------------------------------------------------------------------


@contextmanager
def _beside(rig: Rig, facts: Facts, during: During) -> Iterator[None]:
    """Agents of another campaign take breaks that are too long, while ``during`` lasts."""
    rig.add_campaign("idle")
    for agent in IDLERS:
        rig.ask("agent_add", agent_id=str(agent), campaign_id="idle", name="", phone=f"agent-{agent}", pin=PIN)
    rig.call_agents(IDLERS)
    over = threading.Event()
    breaks = threading.Thread(target=_take_breaks, args=(rig, facts, over))
    with during(rig, facts):
        breaks.start()
        try:
            yield
        finally:
            over.set()
            breaks.join()


def _take_breaks(rig: Rig, facts: Facts, over: threading.Event) -> None:
    for step in count():
        if over.wait(BREAK_EVERY_S):
            return
        agent = str(IDLERS[step % len(IDLERS)])
        facts.paused[agent].append(time.time())  # before it is asked: what the asking takes counts against us
        rig.ask("agent_pause", agent_id=agent, reason="break")
        if step >= AWAY:
            rig.ask("agent_ready", agent_id=str(IDLERS[(step - AWAY) % len(IDLERS)]))


# --- figures ----------------------------------------------------------------------------------------------------------


def _told(facts: Facts) -> Told:
    """A fact is told by the first message of its kind after it and before the next fact of the same agent."""
    states: dict[str, list[float]] = defaultdict(list)
    alerts: dict[str, list[float]] = defaultdict(list)
    for at, topic, message in facts.heard:
        if not isinstance(message, dict):
            continue
        if topic.startswith("agent/") and message["state"] == "talking":
            states[message["agent_id"]].append(at)
        if topic == "alert/idle/pause_long" and message["state"] == "raised":
            alerts[message["subject"]].append(at)
    too_long = {agent: [at + PAUSED_LONG_S for at in paused] for agent, paused in facts.paused.items()}
    state, no_state = _waits(facts.met, states)
    alert, no_alert = _waits(too_long, alerts)
    return Told(
        states=len(state),
        states_untold=no_state,
        state_p50_ms=percentile_ms(state, 0.5),
        state_p99_ms=percentile_ms(state, 0.99),
        state_max_ms=percentile_ms(state, 1.0),
        alerts=len(alert),
        alerts_untold=no_alert,
        alert_p50_ms=percentile_ms(alert, 0.5),
        alert_p99_ms=percentile_ms(alert, 0.99),
        alert_max_ms=percentile_ms(alert, 1.0),
        messages=len(facts.heard),
    )


def _waits(facts: Mapping[str, list[float]], told: Mapping[str, list[float]]) -> tuple[list[float], int]:
    waits, untold = [], 0
    for agent, times in facts.items():
        heard = told.get(agent, [])
        for fact, after in zip(times, [*times[1:], float("inf")], strict=True):
            first = next((at for at in heard[bisect_left(heard, fact) :] if at < after), None)
            if first is None:
                untold += 1
            else:
                waits.append(first - fact)
    return waits, untold


if __name__ == "__main__":
    main()
