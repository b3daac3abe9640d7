"""panoramisk's manager with its faults shut out: one link at a time, a login that can fail, time limits everywhere."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from panoramisk.actions import Action
from panoramisk.manager import Manager
from panoramisk.message import Message

from dialer.pbx.backlog import Backlog
from dialer.pbx.errors import (
    PbxLinkDownError,
    PbxLoginRefusedError,
    PbxRefusedError,
    PbxTimeoutError,
    PbxUnreachableError,
)
from dialer.pbx.protocol import LinkProtocol
from dialer.pbx.settings import AmiSettings
from dialer.pbx.wire import Headers, check_header, event_name, parse

OnEvent = Callable[[str, Headers], None]
Answer: TypeAlias = Message | list[Message]


class LinkManager(Manager):  # type: ignore[misc]
    """One link to Asterisk, from ``open`` to ``lost``; a new one is made for each connection.

    ``on_event`` is called in order for each event whose name is in ``wanted``; the others are dropped unread.
    """

    protocol: LinkProtocol | None

    def __init__(self, settings: AmiSettings, wanted: frozenset[str], on_event: OnEvent) -> None:
        super().__init__(host=settings.host, port=settings.port, protocol_factory=LinkProtocol)
        self.settings = settings
        self.events_read = 0
        self.bytes_dropped = 0
        self.backlog = Backlog(self._handle, self._overflow, settings.max_backlog)
        self._wanted = {name.encode("ascii"): name for name in wanted}
        self._on_event = on_event
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = loop.create_future()
        self._booted: asyncio.Future[None] = loop.create_future()

    async def open(self) -> None:
        """Connect, log in and wait until Asterisk has booted.

        Raises PbxUnreachableError, PbxLoginRefusedError, PbxTimeoutError or PbxLinkDownError; the link is then closed.
        """
        try:
            await self._connect()
            await self._log_in()
            await self._wait_for_boot()
        except BaseException:
            self.close()
            raise

    async def ask(
        self, name: str, headers: Mapping[str, str] | None = None, *, limit_s: float | None = None
    ) -> Message:
        """Send an action and return its response.

        Raises PbxRefusedError when the response is an error, PbxTimeoutError after ``limit_s``, PbxLinkDownError.
        """
        answer = await self._send(_action(name, headers or {}), limit_s or self.settings.action_timeout_s)
        return cast("Message", _accepted(name, answer))

    async def ask_list(self, name: str, headers: Mapping[str, str] | None = None) -> list[Message]:
        """Send an action that answers with a list, and return its items."""
        action = _action(name, headers or {}, as_list=True)
        answer = await self._send(action, self.settings.snapshot_timeout_s)
        messages = cast("list[Message]", _accepted(name, answer))
        return [message for message in messages[1:] if not message.event.endswith("Complete")]

    def post(self, name: str, headers: Mapping[str, str | list[str]], on_answer: Callable[[Headers], None]) -> None:
        """Write an action now; ``on_answer`` gets its response, and is not called when none comes.

        Raises PbxLinkDownError, or UnsafeValueError before anything is written.
        """
        future = self._send(_action(name, headers), self.settings.action_timeout_s)
        future.add_done_callback(lambda done: None if done.exception() else on_answer(dict(done.result())))

    def close(self, *, abort: bool = False) -> None:
        """End the link after handling what was read; nothing reconnects by itself.

        ``abort`` also throws away what Asterisk has not received yet.
        """
        self.backlog.drain()
        if self.protocol is not None and not self.protocol.closed:
            if abort:
                _reset_on_close(self.protocol.transport)
            self.protocol.drop(None, abort=abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """The protocol lost its connection. panoramisk would start a reconnect here that nothing can stop."""
        self._set_lost(str(exc) if exc else "Asterisk closed the AMI link")

    def _set_lost(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)

    async def _connect(self) -> None:
        s = self.settings
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(s.connect_timeout_s):
                _, protocol = await loop.create_connection(lambda: LinkProtocol(self), s.host, s.port, ssl=s.tls)
        except (OSError, TimeoutError) as error:
            raise PbxUnreachableError(
                f"Asterisk's manager does not answer at {s.host}:{s.port} ({error or 'no answer in time'}).",
                hint="Check that Asterisk runs and that manager.conf has enabled=yes and this bindaddr and port.",
            ) from error
        self.protocol = protocol

    async def _log_in(self) -> None:
        s = self.settings
        try:
            await self.ask("Login", {"Username": s.username, "Secret": s.secret, "Events": "on"})
        except PbxRefusedError as error:
            if "shutting down" in str(error):
                raise PbxLinkDownError("Asterisk is shutting down.") from error
            raise PbxLoginRefusedError(
                f"Asterisk refused the AMI user {s.username!r} at {s.host}:{s.port}: {error.args[0]}",
                hint="Check the user, its secret and its permit line in manager.conf, then `manager reload`.",
            ) from error
        self.authenticated = True

    async def _wait_for_boot(self) -> None:
        limit_s = self.settings.boot_timeout_s
        ends: set[asyncio.Future[Any]] = {self._booted, self.lost}
        done, _ = await asyncio.wait(ends, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if self.lost in done:
            raise PbxLinkDownError(f"The AMI link went down while Asterisk booted: {self.lost.result()}.")
        if not done:
            raise PbxTimeoutError(
                f"Asterisk did not say within {limit_s:g} s that it has booted.",
                hint="Check that the AMI user has read=system and that no eventfilter hides FullyBooted.",
            )

    def _send(self, action: Action, limit_s: float) -> asyncio.Future[Answer]:
        if self.protocol is None:
            raise PbxLinkDownError("The AMI link is down.")
        return self.protocol.send_within(action, limit_s)

    def _handle(self, message: bytes) -> None:
        raw_name = event_name(message)
        if not raw_name:
            if self.protocol is not None:
                self.protocol.answer(message)
            return
        self.events_read += 1
        name = self._wanted.get(raw_name)
        if name is not None:
            self._on_event(name, parse(message))
        elif raw_name == b"FullyBooted" and not self._booted.done():
            self._booted.set_result(None)
        elif self.protocol is not None and b"\r\nActionID: " in message:
            self.protocol.answer(message)
        else:
            self.bytes_dropped += len(message)

    def _overflow(self) -> None:
        self._set_lost(f"more than {self.settings.max_backlog} messages waited to be handled")
        self.close(abort=True)


def _action(name: str, headers: Mapping[str, str | list[str]], *, as_list: bool = False) -> Action:
    for header, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            check_header(header, one)
    return Action({"Action": name, **headers}, as_list=as_list)


def _accepted(name: str, answer: Answer) -> Answer:
    first = answer[0] if isinstance(answer, list) else answer
    # `.response`, not `.success`: panoramisk calls anything with an event in it a success.
    if first.response != "Success":
        raise PbxRefusedError(f"Asterisk refused {name}: {first.message or first.response}.")
    return answer


def _reset_on_close(transport: asyncio.Transport) -> None:
    """Close with a reset, so that the kernel does not deliver actions to a frozen Asterisk later."""
    link = transport.get_extra_info("socket")
    if link is not None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
