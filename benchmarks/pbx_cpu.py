"""CPU of the PBX room per answered call: recorded traffic in, floor events out, one Originate written.

Run: ``python -m benchmarks.pbx_cpu [CALLS]``. The kernel's part (socket reads and writes) is not in it.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from dialer.floor.commands import Originate
from dialer.floor.events import Event
from dialer.pbx.link import LinkState, Pbx
from dialer.pbx.manager import LinkManager
from dialer.pbx.protocol import LinkProtocol
from dialer.pbx.settings import AmiSettings
from dialer.pbx.translate import WANTED

RECORDING = Path(__file__).parents[1] / "tests" / "protocol" / "recordings" / "answered_and_bridged.ami"
BANNER = b"Asterisk Call Manager/9.0.0\r\n"
CALLS_A_READ = 5  # some 3 KB a call: what one read of a busy socket brings


class Nowhere(asyncio.Transport):
    """A connection that swallows what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Count it."""
        self.written += len(data)

    def close(self) -> None:
        """Nothing to close."""

    abort = close


def one_call() -> list[bytes]:
    """The messages of one call: the answer to its Originate, then its events and its agent's."""
    messages = RECORDING.read_bytes().replace(b"\n", b"\r\n").split(b"\r\n\r\n")
    start = next(i for i, message in enumerate(messages) if b"ActionID: call/met-1" in message)
    return [message for message in messages[start:] if message]


async def measure(calls: int) -> dict[str, float]:
    """CPU milliseconds a call, and what was counted on the way."""
    told: list[Event] = []
    pbx = Pbx(AmiSettings("dialer", "none"), told.append, time.time)
    manager = LinkManager(AmiSettings("dialer", "none"), WANTED, pbx._take)  # noqa: SLF001
    protocol = LinkProtocol(manager)
    transport = Nowhere()
    protocol.connection_made(transport)
    manager.protocol, pbx._manager, pbx.state = protocol, manager, LinkState.UP  # noqa: SLF001
    protocol.data_received(BANNER)
    messages = one_call()
    reads = [_read(messages, range(first, first + CALLS_A_READ)) for first in range(0, calls, CALLS_A_READ)]
    started = time.process_time()
    for index, read in enumerate(reads):
        for call in range(index * CALLS_A_READ, (index + 1) * CALLS_A_READ):
            pbx.carry_out(_originate(call))
        protocol.data_received(read)
        while len(manager.backlog):  # noqa: ASYNC110 -- the backlog works in the loop's own breaths
            await asyncio.sleep(0)
    spent = time.process_time() - started
    done = len(reads) * CALLS_A_READ
    return {
        "calls": done,
        "cpu_ms_per_call": round(spent / done * 1000, 4),
        "ami_events_per_call": manager.events_read / done,
        "floor_events_per_call": len(told) / done,
        "left_open": len(protocol.responses),
    }


def _read(messages: list[bytes], calls: range) -> bytes:
    text = b"\r\n\r\n".join(messages) + b"\r\n\r\n"
    return b"".join(text.replace(b"met-1", b"a-%d" % call) for call in calls)


def _originate(call: int) -> Originate:
    return Originate(f"a-{call}", "+33199000110", "carrier", "0199000000", 25.0, 2.0, "fr", "dialer/safe-harbour")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))))
