"""Whose turn it is among a campaign's lists: each gets its weight's share of the calls while leads of it are due.

Start-time fair queueing (Goyal, Vin, Cheng 1996): each call moves its list's turn on by 1 / weight, and the list whose
turn is the earliest comes next. A list that had nothing due does not make up for it: its turn begins where the others
are.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(slots=True)
class Share:
    """A list with its ``weight`` (0: it rests) and its ``turn``."""

    list_id: int
    weight: int
    turn: float


class Turns:
    """The lists of one campaign that may be called, in one choice of leads."""

    def __init__(self, shares: Collection[Share]) -> None:
        self._shares = {share.list_id: share for share in shares if share.weight > 0}
        # Where a list comes in that has waited for leads: no earlier than the latest that was called, less one call.
        self._present = max((s.turn - 1 / s.weight for s in self._shares.values()), default=0.0)

    @property
    def lists(self) -> tuple[int, ...]:
        """The lists that do not rest."""
        return tuple(self._shares)

    def next_of(self, candidates: Collection[int]) -> int:
        """Whose turn it is among lists that have leads that are due."""
        return min(candidates, key=lambda list_id: (self._now(self._shares[list_id]), list_id))

    def took(self, list_id: int) -> float:
        """One lead of this list is called: its new turn."""
        share = self._shares[list_id]
        share.turn = self._now(share) + 1 / share.weight
        self._present = max(self._present, share.turn - 1 / share.weight)
        return share.turn

    def _now(self, share: Share) -> float:
        return max(share.turn, self._present)
