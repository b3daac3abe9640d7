"""A daemon without Asterisk: the real floor and the real store behind the commands."""

from collections import deque

from dialer.control.services import StoreOnly
from dialer.control.status import AgentStatus, CampaignStatus, LinkStatus, StatusSnapshot
from dialer.floor.commands import (
    Command,
    RecordAgent,
    RecordCampaign,
    RecordDecision,
    RecordMemory,
    RecordOutcome,
    RecordStep,
)
from dialer.floor.events import Event
from dialer.floor.floor import Floor

RECORDS = (RecordAgent, RecordCampaign, RecordDecision, RecordMemory, RecordOutcome, RecordStep)


class LiveServices(StoreOnly):
    """Keeps the commands that the floor gave to the PBX in ``asked``."""

    live = True
    asked: deque[Command]

    def submit(self, event: Event) -> None:
        """Hand an event to the floor, and its records to the store."""
        commands = self.floor.handle(event)
        self.asked.extend(command for command in commands if not isinstance(command, RECORDS))
        self.store.record([command for command in commands if isinstance(command, RECORDS)])

    @property
    def floor(self) -> Floor:
        """The floor, made when first needed."""
        if not hasattr(self, "_floor"):
            self._floor = Floor()
            self.asked = deque()
        return self._floor

    def snapshot(self) -> StatusSnapshot:
        """The floor now, its link said to be up."""
        now = self.now()
        return StatusSnapshot(
            at=now,
            version="0",
            instance="test",
            started_at=now,
            draining=False,
            link=LinkStatus(up=True, since=now, asterisk="22.10.1"),
            campaigns=tuple(
                CampaignStatus(campaign_id=view.campaign_id, state=view.state) for view in self.floor.campaign_views()
            ),
            agents=tuple(
                AgentStatus(
                    agent_id=view.agent_id,
                    campaign_id=view.campaign_id,
                    state=view.state,
                    since=view.since,
                    reason=view.pause_reason or "",
                    last_attempt_id=view.last_attempt_id,
                )
                for view in self.floor.agent_views()
            ),
        )
