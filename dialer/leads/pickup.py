"""How likely somebody picks up: learned by slot, territory and kind of number, over all campaigns of a principal.

A Beta estimate. Of a cell (territory, kind, slot) with ``answered`` of ``tries``, the estimate is
``(answered + STRENGTH * m) / (tries + STRENGTH)``, where ``m`` is the same estimate of the slot's part of the day over
all weekdays, territories and kinds, and that one leans on ``PRIOR``. So a cell that was seldom tried says what its hour
says, and an hour that was seldom tried says ``PRIOR``. See docs/explanation/recalls.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dialer.leads.slots import Slot

# An ordinary day before anything is learned: people are at home in the evening and at lunch more than at ten.
PRIOR: Final = (0.15, 0.15, 0.20, 0.16, 0.18, 0.26)
STRENGTH: Final = 30.0


class Cell(NamedTuple):
    """What is told apart."""

    territory: str
    kind: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a cell was tried and a person or machine picked up."""

    cell: Cell
    tries: int
    answered: int


@dataclass(slots=True)
class PickupRates:
    """Estimates of one principal. Empty: the prior."""

    seen: Iterable[Seen] = ()
    _cells: dict[Cell, tuple[int, int]] = field(default_factory=dict)
    _parts: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.seen:
            part = each.cell.slot.part
            tries, answered = self._parts.get(part, (0, 0))
            self._cells[each.cell] = (each.tries, each.answered)
            self._parts[part] = (tries + each.tries, answered + each.answered)

    def estimate(self, cell: Cell) -> float:
        """The probability, from 0 to 1, that a try in this cell is picked up."""
        tries, answered = self._cells.get(cell, (0, 0))
        return (answered + STRENGTH * self._of_part(cell.slot.part)) / (tries + STRENGTH)

    def _of_part(self, part: int) -> float:
        tries, answered = self._parts.get(part, (0, 0))
        return (answered + STRENGTH * PRIOR[part]) / (tries + STRENGTH)
