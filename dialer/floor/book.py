"""All that the floor knows, and the only two ways a state changes: ``move_call`` and ``move_agent``."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from dialer.floor.agent import Agent
from dialer.floor.call import Call
from dialer.floor.campaign import Campaign, Moment
from dialer.floor.commands import Command, RecordAgent, RecordStep
from dialer.floor.transitions import AGENT, ATTEMPT, check
from dialer.floor.trunks import Trunks
from dialer.floor.words import AgentState, AttemptState

# Which pacer event a move into a state is. RESERVED is none: the person is counted as waiting until the bridge.
PACER_KIND = {
    AgentState.READY: "agent_ready",
    AgentState.TALKING: "agent_talking",
    AgentState.WRAP_UP: "agent_wrap_up",
}
OUT_OF_PACING = frozenset({AgentState.OFFLINE, AgentState.CALLING, AgentState.PAUSED})


@dataclass(slots=True)
class Book:
    """The floor's memory. ``now`` is the time of the event being handled; ``out`` the commands it caused so far."""

    now: float = 0.0
    out: list[Command] = field(default_factory=list)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)  # open attempts only
    agent_by_channel: dict[str, Agent] = field(default_factory=dict)
    link_up: bool = False
    route_up: bool = True  # answered calls reach us over FastAGI
    draining: bool = False
    trunks: Trunks = field(default_factory=Trunks)
    day_end: str = "20:00"  # of the day's last calls, by each campaign's legal clock
    wakes: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    wake_number: int = 0

    @property
    def moment(self) -> Moment:
        """Now, as pacers are told of it."""
        return Moment(self.now, self.day_end)

    def emit(self, command: Command) -> None:
        """Ask something of the edges."""
        self.out.append(command)

    def wake(self, at: float, then: Callable[[], None]) -> None:
        """Call ``then`` on the first tick at or after ``at``. It must look again whether it still applies."""
        self.wake_number += 1
        heapq.heappush(self.wakes, (at, self.wake_number, then))

    def tick(self) -> None:
        """Run what is due."""
        while self.wakes and self.wakes[0][0] <= self.now:
            heapq.heappop(self.wakes)[2]()

    def campaign_of(self, call: Call) -> Campaign:
        """The campaign of an open call."""
        return self.campaigns[call.attempt.campaign_id]

    # --- moves -------------------------------------------------------------------------------------------------------

    def move_call(self, call: Call, state: AttemptState, reason: str) -> None:
        """Bring a call into a state, record the step, keep the waiting line true."""
        check(ATTEMPT, f"attempt {call.id}", call.state, state)
        call.state = state
        if state is not AttemptState.ANSWERED:
            self.campaign_of(call).waiting.pop(call.id, None)
        self.count(call)
        self.emit(RecordStep(call.id, self.now, state, reason, call.agent_id))

    def tell_pacer(self, call: Call, kind: str, agent: str | None = None) -> None:
        """Tell the pacer of a call of its own. Of a one-to-one call it learns only that it was abandoned."""
        if not call.one_to_one or kind == "call_abandoned":
            self.campaign_of(call).observe(self.now, kind, call=call.id, agent=agent)

    def end_call(self, call: Call, reason: str) -> None:
        """End a call whose ``result`` is set: record its outcome and forget it."""
        call.ended_at = self.now
        self.move_call(call, AttemptState.ENDED, reason)
        self.emit(call.outcome())
        del self.calls[call.id]

    def count(self, call: Call) -> None:
        """Keep the campaign's tally true to what the call counts as now; what was counted before is taken back."""
        if call.answered_at is not None and call.counts != call.counted:
            self.campaign_of(call).tally.add(call.answered_at, call.counts - call.counted)
            call.counted = call.counts

    def amend(self, call: Call) -> None:
        """Write the outcome of an ended call again, for something was learned after its end."""
        self.emit(call.outcome())

    def move_agent(self, agent: Agent, state: AgentState, reason: str) -> None:
        """Bring an agent into a state, record it, keep the ready line and the pacer true."""
        if state is agent.state:
            return
        check(AGENT, f"agent {agent.id}", agent.state, state)
        was, agent.state, agent.since = agent.state, state, self.now
        self._keep_ready_line(agent)
        self._tell_pacer(agent, was)
        call_id = agent.call.id if agent.call else None
        self.emit(RecordAgent(agent.id, self.now, state, reason, call_id, agent.channel_id))

    def _keep_ready_line(self, agent: Agent) -> None:
        campaign = self.campaigns.get(agent.campaign_id)
        if campaign is None:
            return
        if agent.state is AgentState.READY:
            campaign.ready[agent.id] = None
        else:
            campaign.ready.pop(agent.id, None)
        self.note_line_mode(agent)

    def note_line_mode(self, agent: Agent) -> None:
        """Keep the campaign's set of agents who are rung for each call true."""
        campaign = self.campaigns.get(agent.campaign_id)
        if campaign is None:
            return
        if agent.on_hook and agent.state not in (AgentState.OFFLINE, AgentState.PAUSED):
            campaign.on_hook[agent.id] = None
        else:
            campaign.on_hook.pop(agent.id, None)

    def _tell_pacer(self, agent: Agent, was: AgentState) -> None:
        campaign = self.campaigns.get(agent.campaign_id)
        if campaign is None:
            return
        if agent.state in OUT_OF_PACING or _is_kept(agent):
            if agent.known_to_pacer:
                campaign.observe(self.now, "agent_logout", agent=agent.id)
            agent.known_to_pacer = False
            return
        kind = PACER_KIND.get(agent.state)
        if not agent.known_to_pacer:
            campaign.observe(self.now, "agent_login", agent=agent.id)
            agent.known_to_pacer = True
            kind = None if agent.state is AgentState.READY else kind
        elif was is AgentState.RESERVED and agent.state is AgentState.READY:
            kind = None  # the pacer never saw the reservation
        if kind is not None:
            campaign.observe(self.now, kind, agent=agent.id, call=agent.call.id if agent.call else None)


def _is_kept(agent: Agent) -> bool:
    """Reserved for a callback that rings: for pacing as if away until the talk."""
    return agent.state is AgentState.RESERVED and agent.call is not None and agent.call.one_to_one
