"""A manager interface of bytes: what it says, when, and in which pieces, is the test's choice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

BANNER = b"Asterisk Call Manager/9.0.0\r\n"
Headers = dict[str, str]
Answer = Callable[[Headers], bytes | None]


def message(*lines: str, **headers: str) -> bytes:
    """One AMI message."""
    return "".join(f"{line}\r\n" for line in [*lines, *(f"{k}: {v}" for k, v in headers.items())]).encode() + b"\r\n"


def event(name: str, **headers: str) -> bytes:
    """One AMI event."""
    return message(f"Event: {name}", "Privilege: call,all", **headers)


def response(action: Headers, kind: str = "Success", **headers: str) -> bytes:
    """A response to an action."""
    return message(f"Response: {kind}", f"ActionID: {action['ActionID']}", **headers)


def listed(action: Headers, item: str, *items: bytes) -> bytes:
    """A list: the start, the items' headers (as ``message`` makes them), the end."""
    action_id = f"ActionID: {action['ActionID']}"
    start = message("Response: Success", action_id, "EventList: start", "Message: A list will follow")
    body = b"".join(f"Event: {item}\r\n{action_id}\r\n".encode() + headers for headers in items)
    return start + body + message(f"Event: {item}Complete", action_id, "EventList: Complete")


class FakeAmi:
    """Asterisk's manager. ``answers`` maps an action's name to what is said; None says nothing at all."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.actions: list[Headers] = []
        self.raw = b""
        self.channels: list[bytes] = []
        self.bridges: list[bytes] = []
        self.notes: dict[str, list[str]] = {}
        self.answers: dict[str, Answer] = {
            "Login": lambda a: (
                response(a, Message="Authentication accepted") + event("FullyBooted", Status="Fully Booted")
            ),
            "Ping": lambda a: response(a, Ping="Pong"),
            "CoreSettings": lambda a: response(a, AsteriskVersion="22.10.1"),
            "Status": lambda a: listed(a, "Status", *self.channels),
            "BridgeList": lambda a: listed(a, "BridgeListItem", *self.bridges),
            "DBGetTree": self._tree,
            "Originate": lambda a: response(a, Message="Originate successfully queued"),
            "Hangup": lambda a: response(a, Message="Channel Hungup"),
            "Redirect": lambda a: response(a, Message="Redirect successful"),
        }
        self.frozen = False
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    def _tree(self, action: Headers) -> bytes:
        family = action["Family"]
        if family not in self.notes:
            return response(action, "Error", Message="Database entry not found")
        items = [message(Key=f"/{family}/{key}", Val="1") for key in self.notes[family]]
        return listed(action, "DBGetTreeResponse", *items)

    async def start(self) -> None:
        """Listen on a free port, or again on the same one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and cut those there are."""
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def say(self, data: bytes) -> None:
        """Send bytes on the newest connection."""
        self._writers[-1].write(data)

    async def say_in_pieces(self, data: bytes, size: int) -> None:
        """Send bytes so that each piece is a read of its own."""
        for start in range(0, len(data), size):
            self._writers[-1].write(data[start : start + size])
            await self._writers[-1].drain()
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was received makes the condition true."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(condition)

    def names(self) -> list[str]:
        """The names of the actions received."""
        return [action["Action"] for action in self.actions]

    def got(self, name: str) -> list[Headers]:
        """The actions of one name received."""
        return [action for action in self.actions if action["Action"] == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(BANNER)
        await self._note(lambda: setattr(self, "connections", self.connections + 1))
        try:
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                self.raw += block
                action = _headers(block)
                await self._note(lambda action=action: self.actions.append(action))  # type: ignore[misc]
                answer = self.answers[action["Action"]](action)
                if answer is not None and not self.frozen:
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        except asyncio.CancelledError:
            writer.close()

    async def _note(self, change: Callable[[], None]) -> None:
        async with self._changed:
            change()
            self._changed.notify_all()


def _headers(block: bytes) -> Headers:
    headers: Headers = {}
    for line in block.decode().split("\r\n"):
        name, colon, value = line.partition(": ")
        if colon:
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return headers


@asynccontextmanager
async def fake_ami() -> AsyncIterator[FakeAmi]:
    """A running fake, stopped at the end."""
    ami = FakeAmi()
    await ami.start()
    try:
        yield ami
    finally:
        await ami.stop()
