"""Counts what the floor does, call by call, over the last minutes: what no status shows and no table must be asked."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from dialer.alerts.facts import AgentFigures, CallerIdFigures, CampaignFigures, TrunkFigures
from dialer.alerts.lines import TALKS
from dialer.alerts.shown import ShownNumbers
from dialer.clock import Clock
from dialer.floor import commands as cmd
from dialer.floor.words import AgentState, Result

# Bounds of memory and of the time that a look takes; when full the oldest is forgotten, so a busy floor is looked at
# over a shorter time.
MOST_OF_A_TRUNK: Final = 500
MOST_OF_A_CAMPAIGN: Final = 1000
MOST_OPEN: Final = 5_000
BEFORE_PHONE: Final = (AgentState.CALLING, AgentState.OFFLINE)


@dataclass(frozen=True, slots=True)
class _Dialed:
    """A call that has not ended: what its Originate said."""

    trunk: str
    caller_id: str


@dataclass(slots=True)
class Tally:
    """Follows the floor's commands. ``clock`` and all times are seconds since the epoch."""

    clock: Clock
    window_s: float
    _open: dict[str, _Dialed] = field(default_factory=dict)
    _trunks: dict[str, deque[cmd.RecordOutcome]] = field(default_factory=dict)
    _campaigns: dict[str, deque[cmd.RecordOutcome]] = field(default_factory=dict)
    _shown: ShownNumbers = field(default_factory=ShownNumbers)
    _idles: deque[tuple[float, str, float]] = field(default_factory=lambda: deque(maxlen=MOST_OF_A_CAMPAIGN))
    _ready_since: dict[str, float] = field(default_factory=dict)
    _calling: set[str] = field(default_factory=set)
    _agents: dict[str, AgentFigures] = field(default_factory=dict)

    def follow(self, commands: Sequence[cmd.Command]) -> None:
        """Take in what the floor asked for."""
        for command in commands:
            match command:
                case cmd.Originate():
                    self._dialed(command)
                case cmd.RecordOutcome() if command.attempt_id in self._open:
                    self._ended(command)
                case cmd.RecordOutcome():
                    self._correct(command)
                case cmd.RecordAgent():
                    self._agent_moved(command)

    def trunk_of(self, attempt_id: str) -> str:
        """The trunk of a call that has not ended; empty when it is not known."""
        dialed = self._open.get(attempt_id)
        return dialed.trunk if dialed else ""

    def _dialed(self, command: cmd.Originate) -> None:
        if len(self._open) >= MOST_OPEN:
            del self._open[next(iter(self._open))]
        self._open[command.attempt_id] = _Dialed(command.trunk, command.caller_id)

    def _ended(self, outcome: cmd.RecordOutcome) -> None:
        dialed = self._open.pop(outcome.attempt_id)
        if not outcome.dialed:
            return
        self._trunks.setdefault(dialed.trunk, deque(maxlen=MOST_OF_A_TRUNK)).append(outcome)
        self._campaigns.setdefault(outcome.campaign_id, deque(maxlen=MOST_OF_A_CAMPAIGN)).append(outcome)
        self._shown.note(dialed.caller_id, outcome)
        if outcome.connected_at is not None and outcome.agent_id:
            before = self._agents.get(outcome.agent_id, AgentFigures())
            talks = (*before.talks_s, outcome.ended_at - outcome.connected_at)[-TALKS:]
            self._agents[outcome.agent_id] = replace(before, talks_s=talks)

    def _correct(self, outcome: cmd.RecordOutcome) -> None:
        """It comes again when its disposition follows, which may say that a machine picked up."""
        calls = self._campaigns.get(outcome.campaign_id, deque())
        for back, call in enumerate(reversed(calls), 1):
            if call.attempt_id == outcome.attempt_id:
                calls[-back] = outcome
                return

    def _agent_moved(self, command: cmd.RecordAgent) -> None:
        agent_id, state = command.agent_id, command.state
        self._note_idle(command)
        before = self._agents.get(agent_id, AgentFigures())
        if state is AgentState.OFFLINE and agent_id in self._calling:
            self._agents[agent_id] = replace(before, failures=before.failures + 1)
        elif state not in BEFORE_PHONE and before.failures:
            self._agents[agent_id] = replace(before, failures=0)
        (self._calling.add if state is AgentState.CALLING else self._calling.discard)(agent_id)

    def _note_idle(self, command: cmd.RecordAgent) -> None:
        since = self._ready_since.pop(command.agent_id, None)
        if command.state is AgentState.READY:
            self._ready_since[command.agent_id] = command.at
        elif since is not None and command.state in (AgentState.RESERVED, AgentState.TALKING):
            self._idles.append((command.at, command.agent_id, command.at - since))

    # --- figures -----------------------------------------------------------------------------------------------------

    def trunks(self) -> dict[str, TrunkFigures]:
        """By trunk, the calls of the window; a trunk without any is left out."""
        recent = {trunk: self._recent(calls) for trunk, calls in self._trunks.items()}
        return {trunk: _trunk(calls) for trunk, calls in recent.items() if calls}

    def campaigns(self, campaign_of: Mapping[str, str]) -> dict[str, CampaignFigures]:
        """By campaign, the calls of the window; ``campaign_of`` gives each agent's campaign."""
        idles: dict[str, list[float]] = defaultdict(list)
        for at, agent_id, idle_s in self._idles:
            if at >= self.clock() - self.window_s and agent_id in campaign_of:
                idles[campaign_of[agent_id]].append(idle_s)
        return {
            campaign_id: replace(
                _campaign(self._recent(self._campaigns.get(campaign_id, ()))),
                span_s=self._span_s(campaign_id),
                idles_s=tuple(idles[campaign_id]),
            )
            for campaign_id in {*self._campaigns, *campaign_of.values()}
        }

    def caller_ids(self) -> dict[str, CallerIdFigures]:
        """By masked number, the calls of the window and those before them of the same day."""
        return self._shown.figures(self.clock(), self.window_s)

    def agents(self) -> dict[str, AgentFigures]:
        """By agent."""
        return dict(self._agents)

    def _recent(self, calls: Iterable[cmd.RecordOutcome]) -> list[cmd.RecordOutcome]:
        oldest = self.clock() - self.window_s
        return [call for call in calls if call.ended_at >= oldest]

    def _span_s(self, campaign_id: str) -> float:
        calls = self._campaigns.get(campaign_id)
        if calls is None or len(calls) < MOST_OF_A_CAMPAIGN:
            return self.window_s
        return max(1.0, min(self.window_s, self.clock() - calls[0].ended_at))


def _trunk(calls: Sequence[cmd.RecordOutcome]) -> TrunkFigures:
    return TrunkFigures(
        calls=len(calls),
        congested=sum(call.result is Result.CONGESTION for call in calls),
        failed=sum(call.result is Result.FAILED for call in calls),
        post_dial_delays_s=tuple(call.ringing_at - call.reserved_at for call in calls if call.ringing_at),
    )


def _campaign(calls: Sequence[cmd.RecordOutcome]) -> CampaignFigures:
    connected = [call for call in calls if call.connected_at is not None]
    return CampaignFigures(
        attempts=len(calls),
        persons=sum(call.by_person for call in calls),
        connected=len(connected),
        abandoned=sum(call.abandoned for call in calls),
        waits_s=tuple(o.connected_at - o.answered_at for o in connected if o.connected_at and o.answered_at),
    )
