"""Sets of numbers in a sixth of the memory that Python's own take: a file may have millions of rows."""

from array import array
from bisect import bisect_left
from typing import Final

_PAGES: Final = 1 << 14
# Knuth's multiplier (The Art of Computer Programming, 6.4): neighbouring keys fall on pages far apart.
_SCATTER: Final = 2_654_435_761
_SHIFT: Final = 18


class Keys:
    """Keys of 0 to 2**64 - 1, each 8 bytes, sorted on pages of a few dozen."""

    def __init__(self) -> None:
        self._pages = [array("Q") for _ in range(_PAGES)]

    def add(self, key: int) -> bool:
        """Add a key; whether it is new."""
        page = self._pages[(key * _SCATTER >> _SHIFT) % _PAGES]
        at = bisect_left(page, key)
        if at < len(page) and page[at] == key:
            return False
        page.insert(at, key)
        return True
