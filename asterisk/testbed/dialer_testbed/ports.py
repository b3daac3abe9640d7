"""Ports for one testbed: a block of 8,000 that nobody uses, so that several can run side by side."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import TestbedError

BLOCK = 8000
BLOCKS = range(10000, 58000, BLOCK)


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of one testbed, all on 127.0.0.1. ``fastagi`` is left free for the daemon."""

    base: int

    @property
    def pbx_sip(self) -> int:
        return self.base

    @property
    def carrier_sip(self) -> int:
        return self.base + 1

    @property
    def pbx_ami(self) -> int:
        return self.base + 2

    @property
    def carrier_ami(self) -> int:
        return self.base + 3

    @property
    def fastagi(self) -> int:
        return self.base + 4

    @property
    def pbx_rtp(self) -> tuple[int, int]:
        """First and last: two ports a call leg, so about 1,900 legs."""
        return self.base + 100, self.base + 3999

    @property
    def carrier_rtp(self) -> tuple[int, int]:
        return self.base + 4100, self.base + 7999


@contextmanager
def claimed(base: int | None = None) -> Iterator[Ports]:
    """Ports that stay ours until the block ends; by then both Asterisk must listen."""
    for candidate in [base] if base else BLOCKS:
        with _lock(candidate) as held:
            ports = Ports(candidate)
            if held and _all_free(ports):
                yield ports
                return
    raise TestbedError(
        f"The ports from {base} on are taken: give another base."
        if base
        else "No block of free ports is left: take down a testbed you no longer need."
    )


@contextmanager
def _lock(base: int) -> Iterator[bool]:
    """Two testbeds that start at once must not find the same ports free."""
    folder = Path(tempfile.gettempdir()) / f"dialerd-testbed-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f"{base}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _all_free(ports: Ports) -> bool:
    udp = (ports.pbx_sip, ports.carrier_sip)
    tcp = (ports.pbx_ami, ports.carrier_ami, ports.fastagi)
    return all(_free(socket.SOCK_DGRAM, port) for port in udp) and all(_free(socket.SOCK_STREAM, port) for port in tcp)


def _free(kind: int, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
