"""``GET /metrics`` over a loopback port or a Unix socket, and nothing else; size, time and number are bounded."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog
from prometheus_client.exposition import choose_encoder

from dialer.control.listen import Listener, open_listener
from dialer.errors import DialerError
from dialer.metrics.collector import registry_of
from dialer.metrics.reading import Reading

log = structlog.get_logger(__name__)

PATH: Final = "/metrics"
LIMIT_S: Final = 10.0  # of a whole scrape
REQUEST_BYTES: Final = 8192
# Scrapes at a time; more are closed unanswered. Prometheus itself asks one at a time.
CONNECTIONS: Final = 8
_HEAD: Final = "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n{more}\r\n"


class MetricsPortError(DialerError):
    """The port of [metrics] cannot be listened on."""

    code = "port_taken"


class MetricsServer:
    """Answers scrapes with what ``look`` reads at that moment."""

    def __init__(self, look: Callable[[], Awaitable[Reading]]) -> None:
        self._look = look
        self._servers: list[asyncio.Server] = []
        self._listeners: list[Listener] = []
        self._scrapes: set[asyncio.Task[None]] = set()

    async def listen_at(self, host: str, port: int) -> int:
        """Listen on a loopback port; returns it. Raises MetricsPortError."""
        try:
            server = await asyncio.start_server(self._serve, host, port, limit=REQUEST_BYTES)
        except OSError as error:
            hint = "Change [metrics] port, or stop what listens there."
            raise MetricsPortError(f"Metrics cannot listen at {host}:{port} ({error.strerror}).", hint=hint) from error
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def listen_on(self, path: Path, mode: int, group: str) -> None:
        """Listen on a Unix socket. Raises AlreadyRunningError or ListenError."""
        listener = open_listener(path, mode, group)
        self._listeners.append(listener)
        self._servers.append(await asyncio.start_unix_server(self._serve, sock=listener.socket, limit=REQUEST_BYTES))

    async def close(self) -> None:
        """Stop listening and end every scrape."""
        for server in self._servers:
            server.close()
        for task in self._scrapes:
            task.cancel()
        await asyncio.gather(*self._scrapes, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as a task
        self._scrapes.add(task)
        try:
            if len(self._scrapes) <= CONNECTIONS:
                async with asyncio.timeout(LIMIT_S):
                    writer.write(await self._answer(await reader.readuntil(b"\r\n\r\n")))
                    await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # who scrapes has gone away, is too slow, or speaks no HTTP
        except asyncio.CancelledError:
            pass  # the server closes; asyncio 3.11 reports a connection's task that ends cancelled as an error
        except Exception:  # a guard: a scrape that fails costs no call
            log.exception("scrape_failed")
        finally:
            self._scrapes.discard(task)
            writer.close()

    async def _answer(self, request: bytes) -> bytes:
        first, *lines = request.decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        if method not in {"GET", "HEAD"}:
            return _response("405 Method Not Allowed", b"Only GET and HEAD.\n", more="Allow: GET, HEAD\r\n")
        if rest.split(" ")[0].partition("?")[0] != PATH:
            return _response("404 Not Found", b"Metrics are at /metrics.\n")
        encode, kind = choose_encoder(_header(lines, "accept"))
        reading = await self._look()
        # In a thread: the page of many campaigns takes longer to write than an answered person may wait.
        body = await asyncio.to_thread(lambda: encode(registry_of(reading)))
        return _response("200 OK", body, kind, head_only=method == "HEAD")


def _header(lines: list[str], name: str) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(f"{name}:")), "")


def _response(
    status: str, body: bytes, kind: str = "text/plain; charset=utf-8", *, more: str = "", head_only: bool = False
) -> bytes:
    head = _HEAD.format(status=status, kind=kind, size=len(body), more=more).encode()
    return head if head_only else head + body
