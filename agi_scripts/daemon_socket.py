"""Ask the daemon something over its agents' socket: one JSON line each way, with a time limit."""

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

DEFAULT_PATH = "/run/dialer/agents.sock"
LIMIT_S = 4.0
_MAX_ANSWER_BYTES = 65_536


class DaemonAwayError(Exception):
    """The daemon does not answer, or not what was asked for."""


def ask(path: str, request: Mapping[str, str], limit_s: float = LIMIT_S) -> dict[str, Any]:
    """Send a request and return the answer, ``{"ok": true}`` or ``{"ok": false, "error": {...}}``.

    Raises DaemonAwayError when no whole answer comes within ``limit_s`` seconds.
    """
    deadline = time.monotonic() + limit_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(limit_s)
            link.connect(path)
            link.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(_read_line(link, deadline))
    except (OSError, ValueError) as error:
        raise DaemonAwayError(f"the daemon does not answer at {path}: {error}") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise DaemonAwayError(f"the daemon's answer at {path} is not one")
    return answer


def _read_line(link: socket.socket, deadline: float) -> bytes:
    data = b""
    while b"\n" not in data:
        link.settimeout(max(0.001, deadline - time.monotonic()))
        piece = link.recv(4096)
        if not piece or len(data) > _MAX_ANSWER_BYTES:
            raise ValueError("no whole line")
        data += piece
    return data.partition(b"\n")[0]
