"""The daemon's end of a control socket: one line in, one or more lines out, everything bounded."""

import asyncio
import pwd
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from dialer.control.listen import Listener, open_listener
from dialer.control.wire import (
    MAX_REQUEST_BYTES,
    BadRequestError,
    JsonObject,
    RefusedError,
    encode,
    encode_error,
    parse_request,
)
from dialer.errors import DialerError

_log = structlog.get_logger()

# These change nothing and hand out no file of people: of no interest to the journal (a screen looks each second), and
# not in the trail. Whatever is not named here is in both.
LOOKING: Final = frozenset(
    {
        *("abandonment", "agent_list", "alert_list", "audit", "callback_list", "campaign_list", "campaign_show"),
        *("consent_show", "dnc_check", "dnc_list", "doctor", "explain", "leads_lists", "pacing_explain"),
        *("pacing_history", "rules_explain", "status", "status_watch", "trail_list"),
    }
)
_JOURNAL: Final = "See its journal: journalctl -u dialerd"
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


class OverdueError(DialerError):
    """The command took longer than its time limit."""

    code = "overdue"


class InternalError(DialerError):
    """A fault of the program itself."""

    code = "internal"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server. A connection above ``connections`` is told that the daemon is busy, and closed."""

    connections: int = 64
    request_bytes: int = MAX_REQUEST_BYTES
    idle_s: float = 60.0  # from one request to the end of the next
    write_s: float = 10.0  # a reader slower than this is dropped
    command_s: float = 3600.0  # an import or export of a large list; each part of it is bounded by write_s


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the kernel says; ``name`` is of somebody whom another door has let in."""

    pid: int
    uid: int
    name: str = ""

    @property
    def user(self) -> str:
        """The user's name, for the record."""
        if self.name:
            return self.name
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


@dataclass(frozen=True, slots=True)
class Call:
    """One command on its way: parameters, who asks, and a way to send parts ahead of the result."""

    params: JsonObject
    peer: Peer
    send: Callable[[JsonObject], Awaitable[None]]


Handler = Callable[[Call], Awaitable[JsonObject]]


class ControlServer:
    """Serves ``handlers`` (command name to handler) on a Unix socket.

    ``start`` replaces a socket that a killed daemon left. Errors of a handler are answered; the server lives on.
    """

    def __init__(
        self,
        path: Path,
        handlers: Mapping[str, Handler],
        *,
        mode: int = 0o660,
        group: str = "",
        limits: Limits | None = None,
    ) -> None:
        self._path = path
        self._handlers = handlers
        self._mode = mode
        self._group = group
        self._limits = limits or Limits()
        self._connections: set[asyncio.Task[None]] = set()
        self._listener: Listener | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises AlreadyRunningError or ListenError."""
        self._listener = open_listener(self._path, self._mode, self._group)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=self._listener.socket, limit=self._limits.request_bytes
        )

    async def close(self) -> None:
        """Stop listening, end every connection, remove the socket."""
        if self._server is None or self._listener is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._listener.close()
        self._server = self._listener = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as a task
        self._connections.add(task)
        try:
            if len(self._connections) > self._limits.connections:
                await self._write(
                    writer, encode_error(RefusedError("The daemon is busy.", hint="Try again in a moment."))
                )
            else:
                await self._converse(reader, writer)
        except (ConnectionError, TimeoutError):
            _log.debug("control_connection_dropped", path=str(self._path))
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _peer(writer)
        while True:
            try:
                async with asyncio.timeout(self._limits.idle_s):
                    line = await reader.readline()
            except ValueError:  # longer than the limit: what follows cannot be told apart from it
                await self._write(writer, encode_error(BadRequestError("The request is too long.")))
                return
            if not line.endswith(b"\n"):
                return
            await self._write(writer, await self._answer(line, peer, writer))

    async def _answer(self, line: bytes, peer: Peer, writer: asyncio.StreamWriter) -> bytes:
        async def send(part: JsonObject) -> None:
            await self._write(writer, encode({"part": part}))

        started = time.monotonic()
        command, code = "?", "dropped"
        try:
            request = parse_request(line)
            handler = self._find(request.command)
            command = request.command
            async with asyncio.timeout(self._limits.command_s):
                answer = encode({"ok": True, "result": await handler(Call(request.params, peer, send))})
            code = "ok"
        except DialerError as error:
            answer, code = encode_error(error), error.code
        except TimeoutError:
            answer, code = encode_error(OverdueError(f"{command} was not done in time.")), OverdueError.code
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - guard: a fault in one command must not take the calls in progress down with it
            _log.exception("control_command_failed", command=command, uid=peer.uid)
            answer, code = encode_error(InternalError("The daemon failed at this command.", hint=_JOURNAL)), "internal"
        finally:
            took_ms = round((time.monotonic() - started) * 1000, 1)
            tell = _log.debug if command in LOOKING and code == "ok" else _log.info
            tell("control_command", command=command, code=code, uid=peer.uid, pid=peer.pid, took_ms=took_ms)
        return answer

    def _find(self, command: str) -> Handler:
        handler = self._handlers.get(command)
        if handler is None:
            raise BadRequestError("The daemon knows no such command.", hint="Are daemon and command of one version?")
        return handler

    async def _write(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        writer.write(line)
        try:
            async with asyncio.timeout(self._limits.write_s):
                await writer.drain()
        except TimeoutError as error:
            writer.transport.abort()  # close() would wait for a reader that does not read
            raise ConnectionAbortedError("slow reader") from error


def _peer(writer: asyncio.StreamWriter) -> Peer:
    connection = writer.get_extra_info("socket")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _gid = _CREDENTIALS.unpack(raw)
    return Peer(pid, uid)
