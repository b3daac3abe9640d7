"""A small, blocking AMI client: the testbed's hand on its Asterisk, and a witness for tests.

Not the daemon's: that one is ``dialer/pbx/``, and a witness must share no code with it.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Mapping

from .errors import TestbedError

Message = dict[str, str]
CONNECT_LIMIT_S = 5.0


class Ami:
    """One logged-in session. ``action`` waits for the response; events are kept for ``events``."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), CONNECT_LIMIT_S)
        self._buffer = b""
        self._kept: list[Message] = []
        self._ids = itertools.count(1)
        self._read_until(b"\r\n", time.monotonic() + CONNECT_LIMIT_S)  # the banner
        answer = self.action("Login", Username=user, Secret=secret)
        if answer.get("Response") != "Success":
            raise TestbedError(f"The manager of port {port} refuses {user}: {answer.get('Message')}")

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Ami:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def action(self, name: str, variables: Mapping[str, str] | None = None, **fields: str) -> Message:
        """Send an action and wait for its response (up to 10 s)."""
        action_id = self.send(name, variables, **fields)
        return self.wait(lambda m: m.get("ActionID") == action_id and "Response" in m, 10)

    def send(self, name: str, variables: Mapping[str, str] | None = None, **fields: str) -> str:
        """Send an action and return its ActionID without waiting."""
        action_id = f"testbed-{next(self._ids)}"
        lines = [f"Action: {name}", f"ActionID: {action_id}"]
        lines += [f"{key}: {value}" for key, value in fields.items()]
        lines += [f"Variable: {key}={value}" for key, value in (variables or {}).items()]
        if any(set(line) & {"\r", "\n"} for line in lines):
            raise TestbedError("A line break inside an AMI value.")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return action_id

    def listed(self, name: str, complete: str, **fields: str) -> list[Message]:
        """The events that answer a list action, up to the event named ``complete``."""
        action_id = self.send(name, None, **fields)
        rows: list[Message] = []
        while True:
            message = self.wait(lambda m: m.get("ActionID") == action_id, 10)
            if message.get("Event") == complete or message.get("Response") == "Error":
                return rows
            if "Event" in message:
                rows.append(message)

    def wait(self, wanted: Callable[[Message], bool], limit_s: float) -> Message:
        """The first message, kept or new, that is wanted; others are kept, in order."""
        for index, message in enumerate(self._kept):
            if wanted(message):
                return self._kept.pop(index)
        deadline = time.monotonic() + limit_s
        while True:
            message = self._next(deadline)
            if wanted(message):
                return message
            self._kept.append(message)

    def events(self, for_s: float = 0) -> list[Message]:
        """Take everything kept, after reading for ``for_s`` seconds. Each has ``At``, a monotonic time."""
        deadline = time.monotonic() + for_s
        try:
            while True:
                self._kept.append(self._next(deadline))
        except TimeoutError:
            taken, self._kept = self._kept, []
            return taken

    def _next(self, deadline: float) -> Message:
        lines = self._read_until(b"\r\n\r\n", deadline).decode(errors="replace").split("\r\n")
        message = {"At": repr(time.monotonic())}
        for line in lines:
            key, found, value = line.partition(": ")
            if found:
                message[key] = value
        return message

    def _read_until(self, end: bytes, deadline: float) -> bytes:
        while end not in self._buffer:
            left = deadline - time.monotonic()
            self._socket.settimeout(max(left, 0.0001))
            chunk = self._socket.recv(65536)
            if not chunk:
                raise ConnectionError("The manager closed the connection.")
            self._buffer += chunk
        taken, self._buffer = self._buffer.split(end, 1)
        return taken
