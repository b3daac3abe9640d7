"""Whose turn it is among a campaign's lists: each gets its weight's share of the calls while leads of it are due.

Start-time fair queueing (Goyal, Vin, Cheng 1996): each call moves its list's turn on by 1 / weight, and the list whose
turn is the earliest comes next. A list that had nothing due does not make up for it: its turn begins where the others
are.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace


@dataclass(slots=True)
class Share:
    """A list with its ``weight`` (0: it rests) and its ``turn``."""

    list_id: int
    weight: int
    turn: float


class Turns:
    """The lists of one campaign that may be called, in one choice of leads."""

    def __init__(self, shares: Collection[Share]) -> None:
        awake = [share for share in shares if share.weight > 0]
        # Where the others are: the beginning of the latest call. A list that had nothing to call comes in there.
        present = max((share.turn - 1 / share.weight for share in awake), default=0.0)
        self._shares = {share.list_id: replace(share, turn=max(share.turn, present)) for share in awake}
        self._moved: set[int] = set()

    @property
    def lists(self) -> tuple[int, ...]:
        """The lists that do not rest."""
        return tuple(self._shares)

    @property
    def moved(self) -> tuple[Share, ...]:
        """The lists of which leads were called."""
        return tuple(self._shares[list_id] for list_id in self._moved)

    def shares(self, candidates: Collection[int], count: int) -> Counter[int]:
        """How many of the next ``count`` calls each of some lists gets, if all have enough; nothing is taken."""
        if len(candidates) == 1:
            return Counter(dict.fromkeys(candidates, count))
        turn = {list_id: self._shares[list_id].turn for list_id in candidates}
        found: Counter[int] = Counter()
        for _ in range(count):
            chosen = min(turn, key=lambda list_id: (turn[list_id], list_id))
            turn[chosen] += 1 / self._shares[chosen].weight
            found[chosen] += 1
        return found

    def took(self, list_id: int) -> None:
        """One lead of this list is called."""
        self._shares[list_id].turn += 1 / self._shares[list_id].weight
        self._moved.add(list_id)
