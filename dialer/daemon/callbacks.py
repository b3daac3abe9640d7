"""Callbacks as the dial loop and the status see them: what is due, and what it waits for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from dialer.daemon.troubles import Troubles
from dialer.floor.decisions import Free
from dialer.leads.callbacks import Due, callers
from dialer.store import Store
from dialer.store.calling_back import Look
from dialer.store.errors import StoreUnavailable

log = structlog.get_logger(__name__)

# A promise is to the minute; a look costs one read.
LOOK_EVERY_S: Final = 1.0
MOST_TOLD: Final = 5


@dataclass(slots=True)
class Callbacks:
    """What each campaign has to call back, as it was a second ago at most. Tells once of a promise not kept in time."""

    store: Store
    troubles: Troubles
    _looks: dict[str, tuple[float, Look]] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)

    async def callers(self, campaign_id: str, free: Callable[[], Free], now: float) -> Free:
        """The free agents, where a callback may be dialed now for one of them; else nobody."""
        look = await self._look(campaign_id, now)
        if look is None or not look.due:
            return Free()
        found = free()
        return found if found.most > 0 and callers(look.due, found.agents, look.manner, now) else Free()

    def forget(self, campaign_id: str) -> None:
        """Something has changed: look again."""
        self._looks.pop(campaign_id, None)

    async def _look(self, campaign_id: str, now: float) -> Look | None:
        at, known = self._looks.get(campaign_id, (float("-inf"), None))
        if now - at < LOOK_EVERY_S:
            return known
        try:
            known = await self.store.callbacks_look(campaign_id, now)
        except StoreUnavailable:
            return None  # told by those who write
        self._looks[campaign_id] = now, known
        self._tell_overdue(campaign_id, known, now)
        return known

    def _tell_overdue(self, campaign_id: str, look: Look, now: float) -> None:
        overdue = {due.callback_id: due for due in look.due if now >= look.manner.overdue_from(due)}
        for callback_id in overdue.keys() - self._told:
            due = overdue[callback_id]
            log.warning("callback_overdue", callback=callback_id, campaign=campaign_id, agent=due.agent_id)
            whose = f" of agent {due.agent_id}" if due.agent_id else ""
            self.troubles.add(f"Callback {callback_id}{whose} of campaign {campaign_id} is overdue.")
            self._told.add(callback_id)


def waits(look: Look, states: Mapping[str, str]) -> tuple[str, ...]:
    """What the callbacks whose time has come wait for, the longest due first. ``states``: agent to state."""
    return tuple(_waits(due, look, states) for due in look.due[:MOST_TOLD])


def _waits(due: Due, look: Look, states: Mapping[str, str]) -> str:
    text = f"callback {due.callback_id}, due {_clock(due.not_before)}, waits for "
    team_from = look.manner.team_from(due)
    if due.agent_id is None:
        return f"{text}an agent who is free"
    text += f"agent {due.agent_id}, who is {states.get(due.agent_id, 'offline').replace('_', '-')}"
    return text if team_from is None else f"{text}; from {_clock(team_from)} on for anybody"


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))
