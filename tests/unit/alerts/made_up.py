"""Facts made up for the rules."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from dialer.alerts.facts import CampaignFigures, Facts
from dialer.alerts.kinds import KINDS
from dialer.alerts.words import Reading
from dialer.config_telling import Alerts
from dialer.control.status import AgentStatus, CampaignStatus, LinkStatus, StatusSnapshot, Today
from dialer.floor.words import AgentState, CampaignState

NOW = 1_790_000_000.0
LINK = LinkStatus(up=True, since=NOW - 3600)


def campaign(**values: Any) -> CampaignStatus:  # noqa: ANN401 - its fields
    """A running campaign ``c1`` in which all is well."""
    well = CampaignStatus(campaign_id="c1", state=CampaignState.RUNNING, today=Today(attempts=300, connected=100))
    return replace(well, **values)


def agent(state: AgentState = AgentState.READY, for_s: float = 1.0, reason: str = "") -> AgentStatus:
    """Agent 101 of ``c1`` in this state since so many seconds."""
    return AgentStatus(agent_id="101", campaign_id="c1", state=state, since=NOW - for_s, reason=reason)


def facts(
    there: tuple[CampaignStatus, ...] = (),
    team: tuple[AgentStatus, ...] = (),
    /,
    link: LinkStatus = LINK,
    **values: Any,  # noqa: ANN401 - fields of Facts
) -> Facts:
    """Facts of a floor whose link is up."""
    status = StatusSnapshot(
        at=NOW,
        version="0",
        instance="test",
        started_at=NOW - 3600,
        draining=False,
        link=link,
        campaigns=there,
        agents=team,
    )
    return Facts(at=NOW, status=status, **values)


def read_all(there: Facts, settings: Alerts) -> Iterator[tuple[str, Reading]]:
    """What each rule sees, with the name of its kind."""
    return chain.from_iterable(kind.read(there, settings) for kind in KINDS.values())


def figures(**values: Any) -> dict[str, CampaignFigures]:  # noqa: ANN401 - its fields
    """Figures of ``c1``."""
    return {"c1": CampaignFigures(**values)}
