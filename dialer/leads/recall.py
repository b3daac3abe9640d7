"""What becomes of a lead after an attempt. Pure; the store asks it in the unit of work that writes the outcome."""

from dataclasses import dataclass
from enum import StrEnum

from dialer.floor.commands import RecordOutcome
from dialer.floor.words import Result


class LeadState(StrEnum):
    """Whether a lead may be dialed again."""

    DUE = "due"  # from ``next_at`` on
    RESERVED = "reserved"  # an attempt is under way
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known of a lead when an attempt ends: the ``positions`` of its numbers, and that of the one dialed."""

    lead_id: int
    position: int
    positions: tuple[int, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be done with a lead: dial number ``position`` from ``at`` on, or nothing more."""

    state: LeadState
    at: float
    position: int


def after(outcome: RecordOutcome, lead: Lead) -> Next:
    """One treatment a lead: a number that does not exist gives way to the next one at once, all else finishes it.

    An attempt that never left the machine gives the lead back as it was.
    """
    if not outcome.dialed:
        return Next(LeadState.DUE, outcome.ended_at, lead.position)
    following = min((position for position in lead.positions if position > lead.position), default=None)
    if outcome.result is Result.INVALID_NUMBER and following is not None:
        return Next(LeadState.DUE, outcome.ended_at, following)
    return Next(LeadState.FINISHED, outcome.ended_at, lead.position)
