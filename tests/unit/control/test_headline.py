"""The one line of ``systemctl status``."""

from typing import Any

import pytest

from dialer.control.status import AgentStatus, CampaignStatus, LinkStatus, PacingStatus, StatusSnapshot
from dialer.floor.words import AgentState, AttemptState, CampaignState

NOW = 1_790_000_000.0
UP = LinkStatus(up=True, since=NOW)


def campaign(
    budget_left: float, calls_per_agent: float | None, state: CampaignState = CampaignState.RUNNING
) -> CampaignStatus:
    """A campaign that is paced, with three open calls."""
    pacing = PacingStatus(
        policy="auto", reason="r", sentence="s", dial=0, risk=0.0, inputs={}, decided_at=NOW,
        budget_left=budget_left, calls_per_agent=calls_per_agent,  # type: ignore[arg-type]
    )  # fmt: skip
    calls = {AttemptState.RINGING: 2, AttemptState.CONNECTED: 1}
    return CampaignStatus(campaign_id="c", state=state, calls=calls, pacing=pacing)


def headline(*campaigns: CampaignStatus, ready: int = 0, offline: int = 0, **changes: Any) -> str:  # noqa: ANN401
    states = [AgentState.READY] * ready + [AgentState.OFFLINE] * offline
    agents = tuple(AgentStatus(agent_id=str(n), campaign_id="c", state=s, since=NOW) for n, s in enumerate(states))
    said: dict[str, Any] = {"link": UP, "draining": False, **changes}
    return StatusSnapshot(
        at=NOW, version="1", instance="d", started_at=NOW, campaigns=campaigns, agents=agents, **said
    ).headline()


def test_a_running_floor_tells_campaigns_agents_ratio_and_what_abandonment_is_left() -> None:
    stopped = campaign(0, 9.0, CampaignState.STOPPED)
    told = headline(campaign(9, 1.2), campaign(4, 1.84), campaign(6, None), stopped, ready=41, offline=7)
    assert told == "3 campaigns, 41 agents, ratio 1.8, 4 calls of abandonment left"


@pytest.mark.parametrize(
    ("campaigns", "ready", "told"),
    [
        ((campaign(1, 2.0),), 1, "1 campaign, 1 agent, ratio 2.0, 1 call of abandonment left"),
        ((campaign(-0.5, None),), 0, "1 campaign, 0 agents, 0 calls of abandonment left"),
        ((), 0, "0 campaigns, 0 agents"),
    ],
)
def test_one_is_one_and_what_is_not_known_is_not_told(
    campaigns: tuple[CampaignStatus, ...], ready: int, told: str
) -> None:
    assert headline(*campaigns, ready=ready) == told


def test_a_lost_link_and_a_drain_are_told_in_place_of_the_floor() -> None:
    down = LinkStatus(up=False, since=NOW, why="refused")
    assert headline(campaign(1, 1.0), link=down) == "no link to Asterisk: refused"
    assert headline(link=LinkStatus(up=False, since=NOW)) == "no link to Asterisk: not reached yet"
    assert headline(campaign(1, 1.0), link=down, draining=True) == "draining: 3 calls go on"
