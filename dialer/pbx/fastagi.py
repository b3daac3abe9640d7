"""The FastAGI server: panoramisk's, with what would hang or leak the daemon shut out.

Its handler spins for ever when Asterisk closes during the headers, has no time limit and no bound, and its request
writes what it is given and parses an end of file as a number. Those parts are replaced here; routes, commands and the
parser of results are used as they are.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import structlog
from panoramisk.fast_agi import Application, Request
from panoramisk.utils import parse_agi_result

from agi_scripts.route import Script
from dialer.pbx.errors import PbxError, UnsafeValueError

log = structlog.get_logger(__name__)
_MAX_HEADER_BYTES = 16_384


class AgiGoneError(PbxError):
    """Asterisk closed the connection: the person hung up, or the dialplan waits no more."""

    code = "agi_gone"


class AgiFailedError(PbxError):
    """Asterisk could not do what an AGI command asked."""

    code = "agi_failed"


class PortTakenError(PbxError):
    """The FastAGI port cannot be listened on."""

    code = "port_taken"


class CheckedRequest(Request):  # type: ignore[misc]
    """A request whose commands are one line and whose failures are errors."""

    headers: Mapping[str, str]

    async def send_command(self, command: str) -> Mapping[str, Any]:
        """Send one command; raises AgiGoneError, AgiFailedError, or UnsafeValueError before anything is sent."""
        if any(ord(character) < 32 for character in command):
            raise UnsafeValueError("An AGI command holds a control character.")
        result = cast("Mapping[str, Any]", await super().send_command(command))
        match result.get("error"):
            case None:
                return result
            case "AGIResultHangup":
                raise AgiGoneError("The person hung up while Asterisk was told what to do.")
            case error:
                raise AgiFailedError(f"Asterisk answered {error} to {command.split(' ', 1)[0]}: {result['msg']}")

    async def _read_result(self) -> Mapping[str, Any]:
        line: bytes = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise AgiGoneError("Asterisk closed the FastAGI connection before it answered.")
        if not (line[:3].isdigit() or line == b"HANGUP\n"):
            raise AgiFailedError("Asterisk sent a FastAGI answer without a code.")
        return cast("Mapping[str, Any]", parse_agi_result(line.decode(self.encoding, "replace")[:-1]))


class FastAgiServer(Application):  # type: ignore[misc]
    """Runs scripts for Asterisk. One connection is one run, and ends within ``limit_s`` whatever happens.

    More than ``max_runs`` at a time are closed at once: the dialplan then plays the message by itself.
    """

    def __init__(self, scripts: Mapping[str, Script], *, limit_s: float = 20.0, max_runs: int = 1000) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        for path, script in scripts.items():
            self.add_route(path, script)
        self._limit_s = limit_s
        self._max_runs = max_runs
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._counts = dict.fromkeys(("runs", "refused", "gone", "timeouts", "failures"), 0)

    async def start(self, host: str = "127.0.0.1", port: int = 4573) -> int:
        """Listen; returns the port, which the system chooses when ``port`` is 0. Raises PortTakenError."""
        try:
            self._server = await asyncio.start_server(self.handler, host, port, limit=_MAX_HEADER_BYTES)
        except OSError as error:
            raise PortTakenError(
                f"FastAGI cannot listen at {host}:{port} ({error.strerror}).",
                hint="Stop what listens there, or change [fastagi] port and DIALER_FASTAGI in the dialplan.",
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end every run: their dialplans play the message."""
        if self._server is not None:
            self._server.close()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def stats(self) -> dict[str, int]:
        """Counters since the start, and how many runs are open now."""
        return {**self._counts, "open": len(self._running)}

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One run, from connection to close."""
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._running.add(task)
        try:
            if len(self._running) > self._max_runs:
                self._counts["refused"] += 1
                return
            self._counts["runs"] += 1
            async with asyncio.timeout(self._limit_s):
                await self._run(reader, writer)
        except TimeoutError:
            self._counts["timeouts"] += 1
            log.warning("fastagi_timeout", limit_s=self._limit_s)
        except (AgiGoneError, ConnectionError, asyncio.IncompleteReadError):
            self._counts["gone"] += 1
        except asyncio.CancelledError:
            # The run ends here anyway, and asyncio 3.11 reports a connection's task that ends cancelled as an error.
            self._counts["gone"] += 1
        except Exception:  # a guard: a run that fails is one call's message, not the server's end
            self._counts["failures"] += 1
            log.exception("fastagi_failed")
        finally:
            self._running.discard(task)
            writer.close()

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        headers = _headers(await reader.readuntil(b"\n\n"), self.default_encoding)
        path = headers.get("agi_network_script", "")
        script = self._route.get(path)
        if script is None:
            raise AgiFailedError(f"The dialplan asks for the FastAGI script {path!r}, which the daemon does not have.")
        await script(CheckedRequest(self, headers, reader, writer, self.default_encoding))


def _headers(block: bytes, encoding: str) -> dict[str, str]:
    lines = block.decode(encoding, "replace").split("\n")
    return {name: value for name, colon, value in (line.partition(": ") for line in lines) if colon}
