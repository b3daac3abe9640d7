"""Who calls a person back, and when. Pure; docs/explanation/recalls.md tells the reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TEAM: Final = "team"


class CallbackState(StrEnum):
    """Where a promised callback stands. It is dialed once: what follows is for the recall strategy or a new promise."""

    WAITING = "waiting"
    DIALING = "dialing"  # its one call is under way
    DONE = "done"  # its one call was made
    CANCELLED = "cancelled"
    FORBIDDEN = "forbidden"  # the law forbade it when its time came


@dataclass(frozen=True, slots=True)
class Due:
    """A callback that waits: whose it is (None: anybody's), and not before when (seconds since the epoch)."""

    callback_id: int
    agent_id: str | None
    not_before: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How a campaign keeps its promises: how long a callback waits for its own agent, and what follows."""

    tolerance_s: float
    fallback: str  # "team", or "wait" for its agent however long

    def team_from(self, due: Due) -> float | None:
        """From when on anybody of the team may call; None: never."""
        if due.agent_id is None:
            return due.not_before
        return due.not_before + self.tolerance_s if self.fallback == TEAM else None

    def overdue_from(self, due: Due) -> float:
        """From when on the promise is not kept as it was made."""
        return due.not_before + self.tolerance_s


def callers(waiting: Sequence[Due], free: Sequence[str], manner: Manner, now: float) -> dict[int, str]:
    """Callback to agent, of those that are dialed now: the longest due first, each agent of ``free`` at most once.

    An agent's own callback comes before anybody else's. Another agent than its own comes only when the tolerance is
    over, if the campaign wants it; of those who are free the first, who is ready for the longest.
    """
    left = list(free)
    found: dict[int, str] = {}
    due = [each for each in sorted(waiting, key=lambda d: (d.not_before, d.callback_id)) if each.not_before <= now]
    for each in due:
        if each.agent_id is not None and each.agent_id in left:
            found[each.callback_id] = each.agent_id
            left.remove(each.agent_id)
    for each in due:
        team_from = manner.team_from(each)
        if left and each.callback_id not in found and team_from is not None and now >= team_from:
            found[each.callback_id] = left.pop(0)
    return found
