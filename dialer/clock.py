"""One clock for the daemon: seconds since the epoch that never go back."""

import time
from collections.abc import Callable

Clock = Callable[[], float]


def steady_clock() -> Clock:
    """A clock anchored to the wall once: it runs with the monotonic clock, so a step of the wall cannot move it."""
    anchor = time.time() - time.monotonic()
    return lambda: anchor + time.monotonic()
