"""Messages read from Asterisk and not yet handled: handled in order, in short slices, never lost silently."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import structlog

from dialer.pbx.wire import event_name

log = structlog.get_logger(__name__)
_SLICE_S = 0.004  # the answered path shares this thread: never keep it longer than this


class Backlog:
    """A bounded queue in front of ``handle``.

    Overflow policy: ``on_overflow`` is told, which drops the link; a snapshot after the reconnect is right again, a
    stream of events with a hole in it is not.
    """

    def __init__(self, handle: Callable[[bytes], None], on_overflow: Callable[[], None], bound: int) -> None:
        self._handle = handle
        self._on_overflow = on_overflow
        self._bound = bound
        self._messages: deque[bytes] = deque()
        self._scheduled = False
        self.longest = 0
        self.failures = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: bytes) -> None:
        """Take a message in; ``work`` handles it in its turn."""
        if len(self._messages) >= self._bound:
            self._messages.clear()
            self._on_overflow()
            return
        self._messages.append(message)
        self.longest = max(self.longest, len(self._messages))

    def work(self) -> None:
        """Handle what waits: at once when it is little, else a slice now and the rest at the loop's next breaths."""
        if not self._scheduled:
            self._work()

    def drain(self) -> None:
        """Handle everything that waits: the link is gone, but what it brought is true."""
        while self._messages:
            self._handle_guarded(self._messages.popleft())

    def _work(self) -> None:
        end = time.perf_counter() + _SLICE_S
        while self._messages:
            self._handle_guarded(self._messages.popleft())
            if time.perf_counter() > end:
                break
        self._scheduled = bool(self._messages)
        if self._scheduled:
            asyncio.get_running_loop().call_soon(self._work)

    def _handle_guarded(self, message: bytes) -> None:
        try:
            self._handle(message)
        except Exception:  # a guard: one bad event must not cost the link nor the events behind it
            self.failures += 1
            log.exception("ami_event_failed", ami_event=event_name(message).decode("ascii", "replace") or "response")
