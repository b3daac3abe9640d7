"""systemd's journal, spoken to directly: each event with its fields, so that ``journalctl CALL_ID=...`` finds a call.

The protocol is one datagram an entry (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). MESSAGE is the JSON line that would
be written elsewhere; beside it stands each plain value as a field of its own, its name in capitals.
"""

import os
import re
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

SOCKET: Final = Path("/run/systemd/journal/socket")
IDENTIFIER: Final = "dialerd"
PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
# A datagram of some 200 kB is refused; a traceback is cut before it.
MAX_BYTES: Final = 60_000
_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_LENGTH: Final = struct.Struct("<Q")


def leads_to_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether systemd has connected this stream to the journal ($JOURNAL_STREAM names its device and inode)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream of a test has no descriptor
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def encode(message: str, level: str, fields: Mapping[str, Any]) -> bytes:
    """One entry as the journal reads it."""
    entry = {"MESSAGE": message, "PRIORITY": PRIORITIES.get(level, 6), "SYSLOG_IDENTIFIER": IDENTIFIER}
    for name, value in fields.items():
        if _NAME.fullmatch(name.upper()) and isinstance(value, (str, int, float, bool)) and value != "":
            entry.setdefault(name.upper(), value)
    return b"".join(_line(name, str(value).encode("utf-8", "replace")[:MAX_BYTES]) for name, value in entry.items())


def _line(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + _LENGTH.pack(len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"


class JournalLogger:
    """A structlog logger that takes ``(message, level, fields)``.

    The journal is never waited for: what it does not take at once is dropped and counted, and the count stands in the
    next entry (``LINES_DROPPED``). When there is no journal the message goes to ``spare``.
    """

    def __init__(self, spare: TextIO, path: Path = SOCKET) -> None:
        self._spare = spare
        self._path = str(path)
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._door.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        self.dropped = 0

    def msg(self, message: str, level: str, fields: Mapping[str, Any]) -> None:
        """Write one entry."""
        told = {**fields, "lines_dropped": self.dropped} if self.dropped else fields
        try:
            self._door.sendto(encode(message, level, told), self._path)
        except BlockingIOError:
            self.dropped += 1
            return
        except OSError:
            print(message, file=self._spare, flush=True)
            return
        self.dropped = 0

    debug = info = warning = error = critical = exception = msg
