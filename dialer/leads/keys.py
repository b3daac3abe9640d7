"""Sets of numbers in a quarter of the memory that Python's own take: a file may have millions of rows."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Final

_FIRST_SLOTS: Final = 1 << 12
# Knuth's multiplier (The Art of Computer Programming, 6.4): neighbouring keys fall on slots far apart.
_SCATTER: Final = 2_654_435_761
_SHIFT: Final = 18


class Keys:
    """Keys of 1 to 2**64 - 1, each in a slot of 8 bytes; half of the slots and more are empty (linear probing)."""

    def __init__(self) -> None:
        self._slots = _empty(_FIRST_SLOTS)
        self._count = 0

    def add(self, keys: Sequence[int]) -> list[bool]:
        """Add keys, one after the other; of each whether it is new."""
        while 2 * (self._count + len(keys)) > len(self._slots):
            self._grow()
        new = _put(self._slots, keys)
        self._count += sum(new)
        return new

    def _grow(self) -> None:
        slots = _empty(2 * len(self._slots))
        _put(slots, filter(None, self._slots))
        self._slots = slots


def _empty(slots: int) -> "array[int]":
    return array("Q", bytes(8 * slots))


def _put(slots: "array[int]", keys: Iterable[int]) -> list[bool]:
    new, last = [], len(slots) - 1
    for key in keys:
        at = key * _SCATTER >> _SHIFT & last
        while (there := slots[at]) and there != key:
            at = at + 1 & last
        slots[at] = key
        new.append(not there)
    return new
