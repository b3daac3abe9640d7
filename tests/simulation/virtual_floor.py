"""The daemon's own floor in virtual time, with an Asterisk that draws from the simulator's random streams.

Everything is instant but what the scenario draws: a call's fate as it is dialed, a talk as agent and person are
bridged, a wrap-up as the talk ends; in the same order as in ``pacing.simulator``, so the same seed is the same day.
"""

import time
from dataclasses import dataclass, field
from heapq import heappop, heappush

from dialer.floor import commands as cmd
from dialer.floor import events as ev
from dialer.floor.decisions import LAWFUL
from dialer.floor.floor import Floor
from dialer.floor.words import AgentState, AttemptState, CampaignState, Result
from pacing.progressive import Progressive
from pacing.scenarios import Scenario
from pacing.simulator import Simulation

BUSY = (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)
NO_LIMIT = 2.0  # more than everybody
FOREVER_S = 1e6  # wrap-up ends when the agent says so


@dataclass
class Delays:
    """What a real PBX adds; all zero for an exact comparison."""

    bridge_s: float = 0.0
    dial_s: float = 0.0


@dataclass
class Counts:
    """What the day came to."""

    dialed: int = 0
    connected: int = 0
    abandoned: int = 0
    busy_s: float = 0.0
    since: dict[str, tuple[bool, float]] = field(default_factory=dict)


class VirtualFloor:
    """One day of ``scenario`` on the real floor under ``policy``: every agent there all day, no machines."""

    def __init__(self, policy: str, scenario: Scenario, seed: int, delays: Delays | None = None) -> None:
        self.streams = Simulation(Progressive(), scenario, seed)  # for its random streams alone
        self.scenario, self.delays = scenario, delays or Delays()
        bounds = scenario.terms
        self.settings = ev.CampaignSettings(
            campaign_id="c",
            trunk="t",
            caller_id="+33162000000",
            policy=policy,
            wrap_up_s=FOREVER_S,
            ring_timeout_s=bounds.ring_timeout_s,
            connect_deadline_s=bounds.connect_deadline_s,
            # The simulator knows the pacer's steering alone: where the pacer heeds the law, the floor does not bind.
            abandonment_limit=NO_LIMIT if policy in LAWFUL else bounds.abandonment_limit,
            abandonment_target=bounds.abandonment_limit,
        )
        self.floor, self.now, self.order = Floor(), 0.0, 0
        self.counts = Counts()
        self.heap: list[tuple[float, int, str, str]] = []
        self.talks: dict[str, str] = {}  # call to agent

    def run(self) -> Counts:
        """Live the day through."""
        self._set_up()
        end_s, tick_s = self.scenario.duration_s, self.scenario.terms.tick_s
        tick, self.now = 0, 0.0
        while True:
            due = self.floor.next_deadline
            at = min(self.heap[0][0] if self.heap else end_s, tick * tick_s, due if due is not None else end_s)
            if at >= end_s:
                break
            self.now = at
            tick += at == tick * tick_s
            self._tell(ev.Tick(at=at))
            while self.heap and self.heap[0][0] <= at:
                _, _, what, whom = heappop(self.heap)
                getattr(self, what)(whom)
            self._dial()
        self._close(end_s)
        return self.counts

    def _set_up(self) -> None:
        self._tell(ev.CampaignChanged(at=0.0, settings=self.settings, state=CampaignState.RUNNING))
        ends = time.strftime("%H:%M", time.gmtime(self.scenario.terms.window_s))
        self._tell(ev.DayEndTold(at=0.0, day_end=ends))
        self._tell(ev.LinkRestored(at=0.0))
        for number in range(self.scenario.agents):
            agent = f"a{number}"
            self._tell(ev.AgentChanged(at=0.0, settings=ev.AgentSettings(agent, "c", agent)))
            self._tell(ev.AgentArrived(at=0.0, agent_id=agent, channel_id=agent, channel=agent))
            self._hold(agent)

    def _later(self, delay_s: float, what: str, whom: str) -> None:
        self.order += 1
        heappush(self.heap, (self.now + delay_s, self.order, what, whom))

    def _tell(self, event: ev.Event) -> None:
        for command in self.floor.handle(event):
            self._obey(command)

    def _obey(self, command: cmd.Command) -> None:
        match command:
            case cmd.Originate():
                self._originate(command.attempt_id)
            case cmd.AnswerRoute(attempt_id=call, agent_channel=str() as agent):
                self._bridge(call, agent)
            case cmd.RecordStep(state=AttemptState.MESSAGE):
                self.counts.abandoned += 1  # and listens to the message for the rest of the day
            case cmd.RecordAgent():
                self._count_agent(command)

    # calls

    def _dial(self) -> None:
        decision, commands = self.floor.decide("c", self.now)
        for command in commands:
            self._obey(command)
        if decision.dial > 0:
            first = self.counts.dialed + 1
            self.counts.dialed += decision.dial
            names = [f"c{number}" for number in range(first, first + decision.dial)]
            attempts = tuple(ev.NewAttempt(name, "c", 1, "+33199000001", self.now) for name in names)
            self._tell(ev.AttemptsReserved(at=self.now, attempts=attempts))
        self.floor.decided("c", decision)

    def _originate(self, call: str) -> None:
        streams, timeout_s, dial_s = self.streams, self.scenario.terms.ring_timeout_s, self.delays.dial_s
        if streams.chance.next() < streams.answered_at(self.now):
            streams.chance.next()  # person or machine: there are none here
            ring_s = streams.ring.next()
            if ring_s <= timeout_s:
                self._later(dial_s + ring_s, "_picked_up", call)
                return
        elif streams.chance.next() < self.scenario.fails:
            self._later(dial_s + self.scenario.fail_after_s, "_busy", call)
            return
        self._later(dial_s + timeout_s, "_hung_up", call)

    def _picked_up(self, call: str) -> None:
        self._tell(ev.CallAnswered(at=self.now, attempt_id=call))
        self._tell(ev.RouteAsked(at=self.now, attempt_id=call))

    def _busy(self, call: str) -> None:
        self._tell(ev.HungUp(at=self.now, channel_id=call, cause=17, result=Result.BUSY))

    def _hung_up(self, call: str) -> None:
        self._tell(ev.HungUp(at=self.now, channel_id=call, cause=16, result=Result.NO_ANSWER))

    def _bridge(self, call: str, agent: str) -> None:
        self.talks[call] = agent
        if self.delays.bridge_s:
            self._later(self.delays.bridge_s, "_bridged", call)
        else:
            self._bridged(call)

    def _bridged(self, call: str) -> None:
        agent = self.talks[call]
        self.counts.connected += 1
        self._tell(ev.BridgeLeft(at=self.now, channel_id=agent, bridge_id="hold", holding=True))
        self._tell(ev.BridgeEntered(at=self.now, channel_id=agent, bridge_id=call, holding=False))
        self._tell(ev.BridgeEntered(at=self.now, channel_id=call, bridge_id=call, holding=False))
        self._later(self.streams.talk.next(), "_talk_ends", call)

    def _talk_ends(self, call: str) -> None:
        agent = self.talks.pop(call)
        self._hung_up(call)
        self._hold(agent)
        self._later(self.streams.wrap_up.next(), "_ready", agent)

    # agents

    def _hold(self, agent: str) -> None:
        self._tell(ev.BridgeEntered(at=self.now, channel_id=agent, bridge_id="hold", holding=True))

    def _ready(self, agent: str) -> None:
        self._tell(ev.AgentReadyRequested(at=self.now, agent_id=agent))

    def _count_agent(self, change: cmd.RecordAgent) -> None:
        was_busy, since = self.counts.since.get(change.agent_id, (False, change.at))
        if was_busy:
            self.counts.busy_s += change.at - since
        self.counts.since[change.agent_id] = (change.state in BUSY, change.at)

    def _close(self, end_s: float) -> None:
        for was_busy, since in self.counts.since.values():
            if was_busy:
                self.counts.busy_s += end_s - since
