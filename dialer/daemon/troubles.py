"""The last few things that a supervisor should know of."""

from collections import deque

from dialer.clock import Clock
from dialer.control.status import Trouble

KEPT = 20


class Troubles:
    """Newest first; older ones are in the journal."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Trouble] = deque(maxlen=KEPT)

    def add(self, text: str) -> None:
        """Note a trouble, once in a row."""
        if not self._kept or self._kept[0].text != text:
            self._kept.appendleft(Trouble(at=self._clock(), text=text))

    def latest(self) -> tuple[Trouble, ...]:
        """The kept ones."""
        return tuple(self._kept)
