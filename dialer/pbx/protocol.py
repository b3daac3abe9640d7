"""panoramisk's AMI protocol with its faults shut out (design.md lists them; ``tests/protocol`` has a test for each)."""

import asyncio
from typing import TYPE_CHECKING, cast

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from dialer.pbx.errors import PbxLinkDownError, PbxTimeoutError
from dialer.pbx.wire import NotAmiError, Splitter

if TYPE_CHECKING:
    from dialer.pbx.manager import LinkManager


class LinkProtocol(AMIProtocol):  # type: ignore[misc]
    """One connection. Bytes are cut into messages here; what they mean is the manager's business."""

    transport: asyncio.Transport
    closed: bool
    responses: dict[str, Action]

    def __init__(self, manager: "LinkManager") -> None:
        self._manager = manager

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self._manager
        self._splitter = Splitter()

    def data_received(self, data: bytes) -> None:
        """Cut bytes, not text: a character split over two reads stays whole."""
        try:
            for message in self._splitter.feed(data):
                self._manager.backlog.put(message)
        except NotAmiError as error:
            self.drop(error)
        self._manager.backlog.work()

    def send_within(self, action: Action, limit_s: float) -> asyncio.Future[Message | list[Message]]:
        """Write an action now. Its future fails with PbxTimeoutError after ``limit_s``, PbxLinkDownError on loss.

        Nothing is ever sent a second time.
        """
        if self.closed:
            raise PbxLinkDownError("The AMI link is down.")
        as_list = action.as_list
        future = cast("asyncio.Future[Message | list[Message]]", self.send(action, as_list=as_list))
        timer = asyncio.get_running_loop().call_later(limit_s, self._expire, action, limit_s)
        future.add_done_callback(lambda _: timer.cancel())
        return future

    def answer(self, message: bytes) -> None:
        """Give a response, or one item of a list, to the action that asked for it, if one still waits."""
        # panoramisk's reading keeps headers that come twice, such as Status's variables.
        read = Message.from_line(message.decode("utf-8", "replace"))
        action = self.responses.get(read.actionid) if read is not None else None
        if action is None:
            return
        if read.response == "Error":
            action.as_list = None  # panoramisk waits for ever for the items of a list that was refused
        if action.add_message(read):
            del self.responses[action.id]

    def drop(self, why: Exception | None, *, abort: bool = False) -> None:
        """Close the connection, at once and without sending what is still buffered when ``abort``."""
        if not self.closed:
            self.closed = True
            self.transport.abort() if abort else self.transport.close()
        self._fail_open_actions(why)

    def close(self) -> None:
        """panoramisk queues open actions here to send them again: a person would be called twice."""
        self.drop(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._fail_open_actions(exc)
        self._manager.connection_lost(exc)

    def _expire(self, action: Action, limit_s: float) -> None:
        self.responses.pop(action.id, None)
        if not action.future.done():
            name = action["Action"]
            action.future.set_exception(PbxTimeoutError(f"Asterisk did not answer {name} within {limit_s:g} s."))

    def _fail_open_actions(self, why: Exception | None) -> None:
        actions, self.responses = list(self.responses.values()), {}
        for action in actions:
            if not action.future.done():
                name = action["Action"]
                action.future.set_exception(
                    PbxLinkDownError(f"The AMI link went down before {name} was answered ({why or 'closed'}).")
                )
