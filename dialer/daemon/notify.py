"""What the daemon tells systemd: datagrams of ``KEY=value`` lines to $NOTIFY_SOCKET (sd_notify(3)).

Without systemd there is no such socket, and nothing is said.
"""

import os
import socket
import time
from collections.abc import Mapping
from typing import Final

import structlog

log = structlog.get_logger(__name__)

MICROSECONDS: Final = 1_000_000


class Notifier:
    """Speaks to the service manager that started this process. A manager that does not listen is never waited for."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._complained = False
        self.watchdog_s = _watchdog_s(environment)

    def ready(self) -> None:
        """Everything listens; after ``reloading``, the reload is over."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again. ``MONOTONIC_USEC`` is what Type=notify-reload waits for."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str, within_s: float) -> None:
        """The daemon stops, and is not to be killed within so many seconds from now; say it again to gain more."""
        self._send("STOPPING=1", _status(status), f"EXTEND_TIMEOUT_USEC={round(within_s * MICROSECONDS)}")

    def status(self, status: str) -> None:
        """One line for ``systemctl status``."""
        self._send(_status(status))

    def alive(self) -> None:
        """Feed the watchdog, if there is one."""
        if self.watchdog_s is not None:
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.setblocking(False)  # noqa: FBT003 - the standard library's own signature
                door.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if not self._complained:  # once: what is said each few seconds would fill the journal
                self._complained = True
                log.warning("notify_failed", why=error.strerror)


def _address(name: str) -> str | None:
    if name.startswith("@"):  # an abstract socket
        return f"\0{name[1:]}"
    return name or None


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Within which time systemd wants a sign of life; None when it does not watch this process."""
    period, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not period.isdecimal() or int(period) == 0 or (process and process != str(os.getpid())):
        return None
    return int(period) / MICROSECONDS


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"
