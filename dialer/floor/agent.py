"""One agent as the floor holds it in memory."""

from dataclasses import dataclass

from dialer.floor.call import Call
from dialer.floor.events import AgentSettings
from dialer.floor.words import AgentState, LineMode


@dataclass(slots=True)
class Agent:
    """An agent and the phone line. ``since`` is when the present state began, seconds since the epoch."""

    settings: AgentSettings
    state: AgentState = AgentState.OFFLINE
    since: float = 0.0
    logged_in: bool = False
    channel_id: str | None = None
    in_hold: bool = False  # the channel waits in the holding bridge
    bridge_id: str = ""  # the talk bridge the channel is in
    call: Call | None = None  # reserved for, or in talk with
    last_call: Call | None = None  # takes the disposition during wrap-up
    pause_reason: str | None = None
    leaving: bool = False  # log out after this call
    wrap_up_until: float = 0.0
    known_to_pacer: bool = False
    key_before: str = ""
    told_of_stop: bool = False
    calls_made: int = 0  # numbers the channel ids of the calls to this phone

    @property
    def id(self) -> str:
        """The id the agent types to log in."""
        return self.settings.agent_id

    @property
    def campaign_id(self) -> str:
        """The campaign whose calls come to this agent."""
        return self.settings.campaign_id

    @property
    def on_hook(self) -> bool:
        """Rung for each call instead of waiting on the line."""
        return self.settings.line_mode is LineMode.ON_HOOK

    def idle_state(self, now: float) -> AgentState:
        """The state of an agent without a call, derived from what is true of agent and line."""
        if not self.logged_in:
            return AgentState.OFFLINE
        if self.pause_reason is not None:
            return AgentState.PAUSED
        if now < self.wrap_up_until:
            return AgentState.WRAP_UP
        if self.in_hold:
            return AgentState.READY
        return self._on_the_way()

    def _on_the_way(self) -> AgentState:
        if self.on_hook and (self.channel_id is None or self.state is AgentState.CALLING):
            return AgentState.CALLING
        # The line is on its way to the holding bridge: nothing changes until it is there.
        return AgentState.WRAP_UP if self.state is AgentState.TALKING else self.state
