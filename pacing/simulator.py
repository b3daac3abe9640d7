"""A calling floor in virtual time: drives any pacer through its public interface alone.

Discrete events on one heap. A call's fate is drawn as it is dialed and hidden until it happens; the
pacer is told what a real floor would see, and is asked after each instant's events and every tick.
Persons and agents meet first come, first served; the agent ready longest takes the call.
"""

from collections import deque
from heapq import heappop, heappush
from math import ceil
from typing import Final

import numpy as np

from pacing.day import BIN_S, Day, spread
from pacing.distributions import Distribution, curve
from pacing.interface import Decision, Event
from pacing.pacer import Pacer
from pacing.scenarios import Scenario, Shift

_BLOCK: Final = 4096


class _Stream:
    """Draws one at a time, made in blocks because numpy is slow for single values."""

    def __init__(self, distribution: Distribution | None, rng: np.random.Generator) -> None:
        self.distribution, self.rng = distribution, rng
        self.block: list[float] = []

    def next(self) -> float:
        if not self.block:
            source = self.distribution
            block = self.rng.random(_BLOCK) if source is None else source.draw(self.rng, _BLOCK)
            self.block = block.tolist()
        return self.block.pop()


class _Agent:
    __slots__ = ("busy", "call", "id", "leaves", "logged_in", "since", "speed")

    def __init__(self, number: int, speed: float) -> None:
        self.id = f"a{number}"
        self.speed = speed
        self.logged_in = False
        self.busy = False
        self.leaves = False
        self.since = 0.0
        self.call = ""


class _Call:
    __slots__ = ("id", "person", "state")

    def __init__(self, id: str) -> None:  # noqa: A002
        self.id = id
        self.state = "ringing"
        self.person = True


class Simulation:
    """One day of ``scenario`` under ``pacer``. Use ``run``."""

    def __init__(self, pacer: Pacer, scenario: Scenario, seed: int) -> None:
        self.pacer, self.scenario, self.seed = pacer, scenario, seed
        self.terms = scenario.terms
        seeds = np.random.SeedSequence(seed).spawn(7)
        rngs = [np.random.default_rng(s) for s in seeds]
        self.chance = _Stream(None, rngs[0])
        self.ring = _Stream(scenario.ring, rngs[1])
        self.talk = _Stream(scenario.talk, rngs[2])
        self.wrap_up = _Stream(scenario.wrap_up, rngs[3])
        self.machine_talk = _Stream(scenario.machine_talk, rngs[4])
        self.hang_up = _Stream(scenario.hang_up, rngs[5]) if scenario.hang_up else None
        self.answered_at = curve(scenario.answered)
        self.machines_at = curve(scenario.machines)
        self.talk_scale_at = curve(scenario.talk_scale)
        self.agents = self._make_agents(rngs[6])
        self.calls: dict[str, _Call] = {}
        self.ready: deque[_Agent] = deque()
        self.waiting: deque[_Call] = deque()
        self.heap: list[tuple[float, int, str, object]] = []
        self.order = 0
        self.now = 0.0
        self._start_counts()

    def _start_counts(self) -> None:
        bins = ceil(self.scenario.duration_s / BIN_S)
        self.busy_by_bin_s, self.logged_in_by_bin_s = np.zeros(bins), np.zeros(bins)
        self.answered_by_bin, self.abandoned_by_bin = np.zeros(bins), np.zeros(bins)
        self.busy_s = self.logged_in_s = 0.0
        self.dialed = self.connected = self.abandoned = self.cancelled = self.decisions = 0
        self.waits: list[float] = []

    def _make_agents(self, rng: np.random.Generator) -> list[_Agent]:
        cv, count = self.scenario.speed_cv, self.scenario.agents
        speeds = rng.gamma(1 / cv**2, cv**2, count) if cv else np.ones(count)
        return [_Agent(number, float(speed)) for number, speed in enumerate(speeds)]

    def run(self) -> Day:
        """Live the day through and say what it came to."""
        end_s, tick_s = self.scenario.duration_s, self.terms.tick_s
        self.pacer.open_window(self.terms, at=0.0)
        for shift in self.scenario.all_shifts():
            self._plan_shift(shift)
        tick, heap = 0, self.heap
        while True:
            next_tick = tick * tick_s
            at = min(heap[0][0], next_tick) if heap else next_tick
            if at >= end_s:
                break
            self.now = at
            if at == next_tick:
                tick += 1
            while heap and heap[0][0] <= at:
                _, _, what, whom = heappop(heap)
                getattr(self, what)(whom)
            self._ask()
        self._close(end_s)
        return self._day()

    def _ask(self) -> None:
        decision = self.pacer.decide(self.now)
        self.decisions += 1
        if decision.cancel:
            self._cancel(decision)
        lines = self.scenario.trunk_lines
        dial = decision.dial if lines is None else min(decision.dial, lines - len(self.calls))
        for _ in range(dial):
            self._dial()

    def _tell(self, kind: str, call: str | None = None, agent: str | None = None) -> None:
        self.pacer.observe(Event(self.now, kind, call, agent))

    def _later(self, delay_s: float, what: str, whom: object) -> None:
        self.order += 1
        heappush(self.heap, (self.now + delay_s, self.order, what, whom))

    # calls

    def _dial(self) -> None:
        self.dialed += 1
        call = _Call(f"c{self.dialed}")
        self.calls[call.id] = call
        self._tell("call_dialed", call.id)
        scenario, timeout_s = self.scenario, self.terms.ring_timeout_s
        if self.chance.next() < self.answered_at(self.now):
            call.person = self.chance.next() >= self.machines_at(self.now)
            ring_s = self.ring.next()
            if ring_s <= timeout_s:
                self._later(ring_s, "_picked_up", call)
                return
        elif self.chance.next() < scenario.fails:
            self._later(min(scenario.fail_after_s, timeout_s), "_failed", call)
            return
        self._later(timeout_s, "_no_answer", call)

    def _failed(self, call: _Call) -> None:
        self._end_ringing(call, "call_failed")

    def _no_answer(self, call: _Call) -> None:
        self._end_ringing(call, "call_no_answer")

    def _end_ringing(self, call: _Call, kind: str) -> None:
        if call.state == "ringing":
            del self.calls[call.id]
            self._tell(kind, call.id)

    def _cancel(self, decision: Decision) -> None:
        for call_id in decision.cancel:
            call = self.calls.get(call_id)
            if call is not None and call.state == "ringing":
                call.state = "cancelled"
                self.cancelled += 1
                del self.calls[call_id]
                self._tell("call_cancelled", call_id)

    def _picked_up(self, call: _Call) -> None:
        if call.state != "ringing":
            return
        call.state = "answered"
        takes_s = self.scenario.detection.takes_s
        if takes_s:
            self._tell("call_answered", call.id)
            self._later(takes_s, "_classify", call)
        else:
            self._classify(call)

    def _classify(self, call: _Call) -> None:
        detection = self.scenario.detection
        wrong = detection.persons_taken_for_machines if call.person else detection.machines_taken_for_persons
        if call.person == (wrong == 0 or self.chance.next() >= wrong):
            self._person(call)
            return
        del self.calls[call.id]
        self._tell("call_machine", call.id)

    def _person(self, call: _Call) -> None:
        self._tell("call_person", call.id)
        call.state = "waiting"
        self.waiting.append(call)
        if self.ready:
            self._connect()
            return
        patience_s = self.terms.connect_deadline_s
        if self.hang_up is not None:
            patience_s = min(patience_s, self.hang_up.next())
        self._later(patience_s, "_abandon", call)

    def _abandon(self, call: _Call) -> None:
        if call.state != "waiting":
            return
        self.waiting.remove(call)
        del self.calls[call.id]
        self.abandoned += 1
        self.answered_by_bin[int(self.now / BIN_S)] += 1
        self.abandoned_by_bin[int(self.now / BIN_S)] += 1
        self._tell("call_abandoned", call.id)

    def _connect(self) -> None:
        call, agent = self.waiting.popleft(), self.ready.popleft()
        self.waits.append(self.now - agent.since)
        call.state = "connected"
        self.connected += 1
        self.answered_by_bin[int(self.now / BIN_S)] += 1
        agent.busy, agent.since, agent.call = True, self.now, call.id
        self._tell("call_connected", call.id, agent.id)
        self._tell("agent_talking", call.id, agent.id)
        if call.person:
            talk_s = self.talk.next() * self.talk_scale_at(self.now) * agent.speed
            self._later(talk_s, "_talk_ends", agent)
        else:
            self._later(self.machine_talk.next(), "_machine_found", agent)

    # agents

    def _talk_ends(self, agent: _Agent) -> None:
        del self.calls[agent.call]
        self._tell("agent_wrap_up", agent=agent.id)
        self._later(self.wrap_up.next() * agent.speed, "_free", agent)

    def _machine_found(self, agent: _Agent) -> None:
        self._tell("call_machine", agent.call)
        self.connected -= 1
        del self.calls[agent.call]
        self._free(agent)

    def _free(self, agent: _Agent) -> None:
        self._count_busy(agent)
        agent.busy = False
        if agent.leaves:
            self._log_out(agent)
            return
        agent.since = self.now
        self._tell("agent_ready", agent=agent.id)
        self.ready.append(agent)
        if self.waiting:
            self._connect()

    def _plan_shift(self, shift: Shift) -> None:
        agent = self.agents[shift.agent]
        self._later(shift.start_s, "_log_in", agent)
        if shift.end_s >= self.scenario.duration_s:
            return
        if shift.announced_s is not None:
            self._later(max(0.0, shift.end_s - shift.announced_s), "_announce", agent)
        self._later(shift.end_s, "_leave", agent)

    def _log_in(self, agent: _Agent) -> None:
        agent.leaves = False
        if agent.logged_in:
            return
        agent.logged_in, agent.since = True, self.now
        self._shift_began()
        self._tell("agent_login", agent=agent.id)
        self.ready.append(agent)
        if self.waiting:
            self._connect()

    def _announce(self, agent: _Agent) -> None:
        if not agent.logged_in or agent.leaves:
            return
        self._tell("agent_leaving", agent=agent.id)
        self._leave(agent)

    def _leave(self, agent: _Agent) -> None:
        if not agent.logged_in:
            return
        agent.leaves = True
        if not agent.busy:
            self.ready.remove(agent)
            self._log_out(agent)

    def _log_out(self, agent: _Agent) -> None:
        agent.logged_in = agent.leaves = False
        self._tell("agent_logout", agent=agent.id)
        self._shift_ended()

    # counting

    def _shift_began(self) -> None:
        self.logged_in_s -= self.now
        spread(self.logged_in_by_bin_s, self.now, self.scenario.duration_s)

    def _shift_ended(self) -> None:
        self.logged_in_s += self.now
        rest = np.zeros_like(self.logged_in_by_bin_s)
        spread(rest, self.now, self.scenario.duration_s)
        self.logged_in_by_bin_s -= rest

    def _count_busy(self, agent: _Agent) -> None:
        self.busy_s += self.now - agent.since
        spread(self.busy_by_bin_s, agent.since, self.now)

    def _close(self, end_s: float) -> None:
        self.now = end_s
        for agent in self.agents:
            if agent.logged_in:
                self.logged_in_s += end_s
                if agent.busy:
                    self._count_busy(agent)
        self.pacer.close_window(at=end_s)

    def _day(self) -> Day:
        return Day(
            scenario=self.scenario.name,
            policy=self.pacer.policy,
            seed=self.seed,
            dialed=self.dialed,
            connected=self.connected,
            abandoned=self.abandoned,
            cancelled=self.cancelled,
            busy_s=self.busy_s,
            logged_in_s=self.logged_in_s,
            agent_waits_s=np.asarray(self.waits),
            busy_by_bin_s=self.busy_by_bin_s,
            logged_in_by_bin_s=self.logged_in_by_bin_s,
            answered_by_bin=self.answered_by_bin,
            abandoned_by_bin=self.abandoned_by_bin,
            decisions=self.decisions,
        )


def simulate(pacer: Pacer, scenario: Scenario, seed: int) -> Day:
    """One day of ``scenario`` under ``pacer``; the same seed gives the same day."""
    return Simulation(pacer, scenario, seed).run()
