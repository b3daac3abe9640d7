"""An independent witness of a PBX: reads its manager events beside the daemon, and times answers and bridges.

Times are Asterisk's own (``timestampevents``), so that a busy witness measures nothing of itself.
"""

import socket
import threading
from dataclasses import dataclass, field


@dataclass
class Witnessed:
    """What was seen of one attempt's channel; seconds since the epoch."""

    answered_at: float | None = None
    bridge_id: str = ""


@dataclass
class Witness:
    """Listens from ``start`` to ``stop``. ``waits`` are seconds from answer to both in one bridge.

    ``met``: channel of the agent and time, each time that one met a person.
    """

    port: int
    user: str
    secret: str
    waits: list[float] = field(default_factory=list)
    met: list[tuple[str, float]] = field(default_factory=list)
    answered: int = 0
    ended: int = 0

    def start(self) -> None:
        """Log in and listen in a thread of its own."""
        self._calls: dict[str, Witnessed] = {}
        self._in_bridge: dict[str, set[str]] = {}
        self._socket = socket.create_connection(("127.0.0.1", self.port), 5)
        self._socket.settimeout(None)
        login = f"Action: Login\r\nUsername: {self.user}\r\nSecret: {self.secret}\r\n\r\n"
        self._socket.sendall(login.encode())
        self._thread = threading.Thread(target=self._listen, name="witness", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the session."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def _listen(self) -> None:
        rest = b""
        while data := self._socket.recv(65536):
            *messages, rest = (rest + data).split(b"\r\n\r\n")
            for message in messages:
                self._take(dict(line.partition(": ")[::2] for line in message.decode("utf-8", "replace").split("\r\n")))

    def _take(self, event: dict[str, str]) -> None:
        match event.get("Event"):
            case "Newstate" if event["ChannelState"] == "6" and not event["Uniqueid"].startswith("agent-"):
                self._calls[event["Uniqueid"]] = Witnessed(float(event["Timestamp"]))
                self.answered += 1
            case "BridgeEnter" if event["BridgeTechnology"] != "holding_bridge":
                self._entered(event)
            case "Hangup":
                self.ended += 1
                self._calls.pop(event["Uniqueid"], None)

    def _entered(self, event: dict[str, str]) -> None:
        inside = self._in_bridge.setdefault(event["BridgeUniqueid"], set())
        inside.add(event["Uniqueid"])
        if len(inside) != 2:
            return
        self.met += [(channel, float(event["Timestamp"])) for channel in inside - self._calls.keys()]
        for channel in inside & self._calls.keys():
            call = self._calls[channel]
            if call.answered_at is not None:
                self.waits.append(float(event["Timestamp"]) - call.answered_at)
                call.answered_at = None
        del self._in_bridge[event["BridgeUniqueid"]]
