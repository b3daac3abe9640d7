"""A floor as the daemon tells it, for tests of what people see."""

from typing import Any

from dialer.control.status import (
    AgentStatus,
    CampaignStatus,
    LinkStatus,
    MqttStatus,
    PacingStatus,
    StatusSnapshot,
    Today,
    Trouble,
)
from dialer.floor.words import AgentState, AttemptState, CampaignState

NOW = 1_763_800_000.0
STATES = (AgentState.TALKING, AgentState.READY, AgentState.WRAP_UP, AgentState.PAUSED, AgentState.OFFLINE)


def floor(
    *, agents: int = 12, campaigns: int = 2, up: bool = True, troubles: int = 1, mqtt: bool = True
) -> dict[str, Any]:
    """A busy floor; ``up``: whether Asterisk is reached; ``mqtt``: whether the broker is."""
    return StatusSnapshot(
        at=NOW,
        version="0.1.0",
        instance="dialer",
        started_at=NOW - 3725,
        draining=False,
        link=LinkStatus(up=up, since=NOW - 75, why="" if up else "connection refused", asterisk="22.10.1"),
        mqtt=MqttStatus(up=mqtt, since=NOW - 75, why="" if mqtt else "Connection refused"),
        campaigns=tuple(_campaign(number) for number in range(campaigns)),
        agents=tuple(_agent(number) for number in range(agents)),
        troubles=tuple(Trouble(at=NOW - 60 * n, text=f"trouble number {n}") for n in range(troubles)),
    ).to_json()


def _campaign(number: int) -> CampaignStatus:
    return CampaignStatus(
        campaign_id=f"summer-{number}",
        state=CampaignState.RUNNING,
        calls={AttemptState.RINGING: 8, AttemptState.DIALING: 2, AttemptState.CONNECTED: 5, AttemptState.ANSWERED: 1},
        today=Today(attempts=1000, persons=310, connected=300, abandoned=8 + 3 * number),
        abandonment_limit=0.03,
        occupancy=0.874,
        leads_left=812,
        pacing=PacingStatus(
            policy="auto",
            reason="progressive",
            sentence="Dial nothing: every ready agent has a call.",
            dial=0,
            risk=0.0,
            inputs={"ready": 2},
            decided_at=NOW - 1,
            budget_left=1,
            calls_per_agent=1.25,
        ),
    )


def _agent(number: int) -> AgentStatus:
    state = STATES[number % len(STATES)]
    return AgentStatus(
        agent_id=f"{101 + number}",
        campaign_id=f"summer-{number % 2}",
        state=state,
        since=NOW - 10 * number,
        reason="lunch" if state is AgentState.PAUSED else "",
        attempt_id="a1763779725-17" if state is AgentState.TALKING else None,
    )
