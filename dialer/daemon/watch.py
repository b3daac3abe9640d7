"""What `dialer status` shows: the floor now, today's counts, occupancy over the last minutes."""

import asyncio
from collections import deque
from dataclasses import dataclass

from dialer.control.status import AgentStatus, CallbackStatus, CampaignStatus, PacingStatus, Today
from dialer.control.today import start_of_day
from dialer.daemon.callbacks import waits
from dialer.daemon.engine import Engine
from dialer.floor.floor import CampaignView
from dialer.floor.reasons import sentence
from dialer.floor.words import AgentState, AttemptState
from dialer.rules.abandonment import Ledger
from dialer.store import Store
from dialer.store.calling_back import Look
from dialer.store.errors import StoreUnavailable
from dialer.store.reading import Counts

LOOK_EVERY_S = 1.0
COUNT_EVERY_S = 3.0
OCCUPANCY_WINDOW_S = 300
BUSY = (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)
AT_WORK = (*BUSY, AgentState.READY)


@dataclass(slots=True)
class _Seen:
    """Samples of one campaign: (busy agents, agents at work) each second."""

    samples: deque[tuple[int, int]]
    counts: Counts | None = None
    callbacks: Look | None = None
    counted_at: float = 0.0

    @property
    def occupancy(self) -> float | None:
        """(talking + wrap-up) / (logged in - paused) over the window; None when nobody was there."""
        at_work = sum(there for _, there in self.samples)
        return sum(busy for busy, _ in self.samples) / at_work if at_work else None


class Watch:
    """Looks at the floor and the store each second, so that a status costs nothing to ask for."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._seen: dict[str, _Seen] = {}

    async def run(self) -> None:
        """For ever; ends only when cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once at every campaign."""
        for view in self._engine.floor.campaign_views():
            await self._look(view)

    async def _look(self, view: CampaignView) -> None:
        seen = self._seen.setdefault(view.campaign_id, _Seen(deque(maxlen=OCCUPANCY_WINDOW_S)))
        busy, there = (sum(view.agents[state] for state in states) for states in (BUSY, AT_WORK))
        seen.samples.append((busy, there))
        now = self._engine.clock()
        if now - seen.counted_at < COUNT_EVERY_S:
            return
        seen.counted_at = now
        try:
            seen.counts = await self._store.counts(view.campaign_id, start_of_day(now))
            seen.callbacks = await self._store.callbacks_look(view.campaign_id, now)
        except StoreUnavailable:
            return  # the store's own trouble is told by those who write; the last counts stay on the screen

    def campaigns(self) -> tuple[CampaignStatus, ...]:
        """Every campaign."""
        return tuple(self._campaign(view) for view in self._engine.floor.campaign_views(self._engine.clock()))

    def agents(self) -> tuple[AgentStatus, ...]:
        """Every agent."""
        return tuple(
            AgentStatus(
                agent_id=view.agent_id,
                campaign_id=view.campaign_id,
                state=view.state,
                since=view.since,
                reason=view.pause_reason or "",
                attempt_id=view.attempt_id,
                last_attempt_id=view.last_attempt_id,
            )
            for view in self._engine.floor.agent_views()
        )

    def _campaign(self, view: CampaignView) -> CampaignStatus:
        seen = self._seen.get(view.campaign_id)
        counts = seen.counts if seen else None
        return CampaignStatus(
            campaign_id=view.campaign_id,
            state=view.state,
            calls={state: view.calls[state] for state in AttemptState if view.calls[state]},
            today=_today(counts, view.ledger),
            abandonment_limit=view.ledger.policy.limit,
            abandonment=view.ledger,
            occupancy=seen.occupancy if seen else None,
            leads_left=counts.leads - counts.finished if counts else None,
            pacing=pacing_status(view),
            callbacks=self._callbacks(seen.callbacks if seen else None),
        )

    def _callbacks(self, look: Look | None) -> CallbackStatus:
        if look is None:
            return CallbackStatus()
        states = {view.agent_id: str(view.state) for view in self._engine.floor.agent_views()} if look.due else {}
        return CallbackStatus(
            waiting=look.waiting,
            due=look.due_count,
            overdue=look.overdue,
            next_at=look.next_at,
            waits=waits(look, states),
        )


def pacing_status(view: CampaignView) -> PacingStatus:
    """How a campaign is paced now. ``calls_per_agent``: calls not yet with an agent, for each agent at work."""
    decision = view.decision
    at_work = sum(view.agents[state] for state in AT_WORK)
    without_agent = sum(count for state, count in view.calls.items() if state != AttemptState.CONNECTED)
    return PacingStatus(
        policy=view.policy,
        reason=decision.reason,
        sentence=sentence(decision) if decision.reason else "",
        dial=decision.dial,
        risk=decision.risk,
        inputs=decision.inputs,
        decided_at=view.decided_at,
        budget_left=view.ledger.budget_calls,
        calls_per_agent=without_agent / at_work if at_work else None,
    )


def _today(counts: Counts | None, ledger: Ledger) -> Today:
    """Attempts by the record, with who picked up of them; the rest as the law counts it, in its own time zone, at once.

    Talks that go on are in ``connected`` before their attempts are in the record: the two make no rate.
    """
    live = ledger.today
    return Today(
        attempts=counts.attempts if counts is not None else 0,
        persons=counts.persons if counts is not None else 0,
        connected=live.connected,
        abandoned=live.abandoned,
    )
