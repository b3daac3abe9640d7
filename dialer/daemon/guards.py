"""Steps of one work, each of which may fail without stopping the others."""

from collections.abc import Callable
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Guards:
    """Runs steps by name. A fault is logged once, until that step works again: some run many times a second."""

    def __init__(self) -> None:
        self._faulty: set[str] = set()

    def run(self, step: str, action: Callable[[], T]) -> T | None:
        """What the step answers; None when it failed. ``step`` is one of few names, for they are kept."""
        try:
            answer = action()
        except Exception:  # a guard: one faulty alert must not silence the others
            if step not in self._faulty:
                self._faulty.add(step)
                log.exception("alert_step_failed", step=step)
            return None
        if step in self._faulty:
            self._faulty.remove(step)
            log.warning("alert_step_works", step=step)
        return answer
