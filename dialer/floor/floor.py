"""The floor: one event in, the commands that follow out."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pacing
from dialer.floor import agents, calls, campaigns, decisions, keys, reach, settle
from dialer.floor import events as ev
from dialer.floor.book import Book
from dialer.floor.commands import Command
from dialer.floor.decisions import Room
from dialer.floor.trunks import TrunkView
from dialer.floor.words import AgentState, AttemptState, CampaignState, Result
from dialer.rules.abandonment import Ledger

ALL_ROOM: Final = Room()
WITH_A_CALL: Final = (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)


@dataclass(frozen=True, slots=True)
class CampaignView:
    """What a supervisor sees of one campaign now."""

    campaign_id: str
    state: CampaignState
    agents: Mapping[str, int]  # by AgentState
    calls: Mapping[str, int]  # by AttemptState, open ones only
    policy: str
    decision: pacing.Decision  # the last one
    decided_at: float
    ledger: Ledger
    longest_ready_s: float


@dataclass(frozen=True, slots=True)
class AgentView:
    """What a supervisor sees of one agent now."""

    agent_id: str
    campaign_id: str
    state: AgentState
    since: float
    pause_reason: str | None
    attempt_id: str | None
    last_attempt_id: str | None  # what a disposition would be of


class Floor:
    """Calls, agents and campaigns of one dialer. Not thread safe; never waits."""

    def __init__(self) -> None:
        self._book = Book()

    def handle(self, event: ev.Event) -> list[Command]:
        """Take in one event and answer the commands that follow, in order.

        Raises DialerError when a person asked for something that cannot be; nothing has changed then.
        """
        book = self._book
        book.now = max(book.now, event.at)
        book.out = []
        HANDLERS[type(event)](book, event)
        book.tick()
        if book.draining:
            agents.tell_stop(book)
        return book.out

    def decide(self, campaign_id: str, now: float, room: Room = ALL_ROOM) -> tuple[pacing.Decision, list[Command]]:
        """How many calls the campaign should dial now within ``room``, and the cancellations that follow."""
        book = self._book
        book.now = max(book.now, now)
        book.out = []
        return decisions.decide(book, campaign_id, room), book.out

    def decided(self, campaign_id: str, decision: pacing.Decision) -> list[Command]:
        """What became of the last decision: ``dial`` calls were dialed, ``reason`` bound them. To be recorded."""
        self._book.out = []
        decisions.decided(self._book, campaign_id, decision)
        return self._book.out

    def free_agents(self, campaign_id: str) -> decisions.Free:
        """Agents for whom callbacks may be dialed now, the longest ready first, and how many callbacks."""
        return decisions.free_agents(self._book, campaign_id)

    @property
    def next_deadline(self) -> float | None:
        """When the next Tick is due, seconds since the epoch; None when nothing waits for time."""
        return self._book.wakes[0][0] if self._book.wakes else None

    @property
    def open_calls(self) -> int:
        """Attempts that have not ended."""
        return len(self._book.calls)

    @property
    def link_up(self) -> bool:
        """Whether Asterisk is known."""
        return self._book.link_up

    @property
    def route_up(self) -> bool:
        """Whether answered calls reach us over FastAGI, as far as we know."""
        return self._book.route_up

    def running(self) -> list[str]:
        """The campaigns that may dial."""
        return [name for name, c in self._book.campaigns.items() if c.state is CampaignState.RUNNING]

    def campaign_state(self, campaign_id: str) -> CampaignState:
        """The state of one campaign; DialerError when there is none of this id."""
        return campaigns.the_campaign(self._book, campaign_id).state

    def has_talks(self, campaign_id: str) -> bool:
        """Whether an agent of the campaign is given a call, talks, or wraps one up."""
        return any(a.campaign_id == campaign_id and a.state in WITH_A_CALL for a in self._book.agents.values())

    def campaign_of(self, attempt_id: str) -> str | None:
        """The campaign of an open attempt; None when there is none of this id."""
        call = self._book.calls.get(attempt_id)
        return call.attempt.campaign_id if call else None

    def calls_end(self, campaign_id: str, now: float) -> float:
        """When the day's last calls of a campaign end, by its legal clock; seconds since the epoch."""
        return campaigns.the_campaign(self._book, campaign_id).tally.calls_end(now, self._book.day_end)

    def legal_zone(self, campaign_id: str) -> str:
        """The name of the time zone of a campaign's legal clock."""
        return campaigns.the_campaign(self._book, campaign_id).tally.law.zone

    def ledger(self, campaign_id: str, now: float) -> Ledger:
        """The campaign's standing in every window of abandonment."""
        return campaigns.the_campaign(self._book, campaign_id).tally.ledger(now)

    def campaign_views(self, now: float = 0.0) -> list[CampaignView]:
        """Every campaign as it stands at ``now``, or at the last event if that is later."""
        at = max(now, self._book.now)
        return [self._campaign_view(campaign_id, at) for campaign_id in self._book.campaigns]

    def agent_views(self) -> list[AgentView]:
        """Every agent as it stands now."""
        return [
            AgentView(
                a.id,
                a.campaign_id,
                a.state,
                a.since,
                a.pause_reason,
                a.call.id if a.call else None,
                a.last_call.id if a.last_call else None,
            )
            for a in self._book.agents.values()
        ]

    def trunk_views(self) -> list[TrunkView]:
        """Every trunk that was dialed over, as it stands now."""
        return self._book.trunks.views()

    def _campaign_view(self, campaign_id: str, at: float) -> CampaignView:
        campaign = self._book.campaigns[campaign_id]
        team = [a for a in self._book.agents.values() if a.campaign_id == campaign_id]
        open_calls = [c for c in self._book.calls.values() if c.attempt.campaign_id == campaign_id]
        first = next(iter(campaign.ready), None)
        return CampaignView(
            campaign_id=campaign_id,
            state=campaign.state,
            agents=_count(AgentState, (a.state for a in team)),
            calls=_count(AttemptState, (c.state for c in open_calls)),
            policy=campaign.settings.policy,
            decision=campaign.decision,
            decided_at=campaign.decided_at,
            ledger=campaign.tally.ledger(at),
            longest_ready_s=at - self._book.agents[first].since if first else 0.0,
        )


def _count(words: Any, found: Any) -> dict[str, int]:  # noqa: ANN401
    counted = Counter(found)
    return {str(word): counted.get(word, 0) for word in words}


def _hung_up(book: Book, event: ev.HungUp) -> None:
    if (call := book.calls.get(event.channel_id)) is not None:
        calls.hung_up(book, call, event)
    elif (agent := book.agent_by_channel.get(event.channel_id)) is not None:
        agents.line_gone(book, agent, event)


def _bridge_entered(book: Book, event: ev.BridgeEntered) -> None:
    if (call := book.calls.get(event.channel_id)) is not None:
        calls.entered_bridge(book, call, event)
    elif (agent := book.agent_by_channel.get(event.channel_id)) is not None:
        agents.entered_bridge(book, agent, event)


def _bridge_left(book: Book, event: ev.BridgeLeft) -> None:
    if (agent := book.agent_by_channel.get(event.channel_id)) is not None:
        agents.left_bridge(agent, event)


def _key_pressed(book: Book, event: ev.KeyPressed) -> None:
    if (agent := book.agent_by_channel.get(event.channel_id)) is not None:
        keys.pressed(book, agent, event.digit)


def _phone_failed(book: Book, event: ev.OriginateFailed | ev.OriginateRefused) -> bool:
    """A call to an agent's phone that came to nothing."""
    agent = book.agent_by_channel.get(event.attempt_id)
    if agent is None:
        return False
    gone = ev.HungUp(at=event.at, channel_id=event.attempt_id, cause=0, result=Result.FAILED)
    agents.line_gone(book, agent, gone)
    return True


def _originate_failed(book: Book, event: ev.OriginateFailed) -> None:
    if not _phone_failed(book, event):
        calls.originate_failed(book, event)


def _originate_refused(book: Book, event: ev.OriginateRefused) -> None:
    if not _phone_failed(book, event):
        calls.refused(book, event)


def _drain(book: Book, event: ev.DrainRequested) -> None:
    _ = event
    book.draining = True


def _tick(book: Book, event: ev.Tick) -> None:
    """Only time passed; ``Floor.handle`` runs what is due after every event."""


HANDLERS: Mapping[type[ev.Event], Callable[[Book, Any], None]] = {
    ev.CallRinging: calls.ringing,
    ev.CallAnswered: calls.answered,
    ev.RouteAsked: calls.route_asked,
    ev.OriginateRefused: _originate_refused,
    ev.OriginateFailed: _originate_failed,
    ev.HungUp: _hung_up,
    ev.BridgeEntered: _bridge_entered,
    ev.BridgeLeft: _bridge_left,
    ev.KeyPressed: _key_pressed,
    ev.OptedOut: calls.opted_out,
    ev.ServedAlone: reach.served_alone,
    ev.RouteReached: reach.reached,
    ev.AgentArrived: agents.arrived,
    ev.LinkLost: settle.lost,
    ev.LinkRestored: settle.restored,
    ev.AttemptsReserved: calls.reserved,
    ev.AttemptsRecovered: settle.recovered,
    ev.CampaignChanged: campaigns.changed,
    ev.LawTold: campaigns.law_told,
    ev.DayEndTold: campaigns.day_end_told,
    ev.TrunksTold: campaigns.trunks_told,
    ev.OutcomeCorrected: campaigns.outcome_corrected,
    ev.AgentChanged: agents.changed,
    ev.AgentCallRequested: agents.call_requested,
    ev.AgentPauseRequested: agents.pause_requested,
    ev.AgentReadyRequested: agents.ready_requested,
    ev.AgentLogoutRequested: agents.logout_requested,
    ev.Disposed: agents.disposed,
    ev.CallWanted: agents.call_wanted,
    ev.MemoryWanted: campaigns.memory_wanted,
    ev.DrainRequested: _drain,
    ev.Tick: _tick,
}
