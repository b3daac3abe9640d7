"""Hands for tests on the real Asterisk: originate as the daemon does, and answer FastAGI in its place."""

import itertools
import socketserver
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dialer_testbed import Testbed
from dialer_testbed.ami import Ami, Message

_ids = itertools.count(1)
LIMIT_S = 15.0


class Caller:
    """Calls people and agents through the PBX as the manager user ``dialer``."""

    def __init__(self, ami: Ami, testbed: Testbed) -> None:
        self.ami = ami
        self._testbed = testbed
        self._agents: list[str] = []

    def call(self, number: str, *, ring_ms: int = 10_000) -> str:
        """Originate a call to a person; returns the attempt's id at once."""
        attempt = f"attempt-{next(_ids)}"
        variables = {
            "DIALER_ATTEMPT": attempt,
            "DIALER_LANGUAGE": "fr",
            "PJSIP_HEADER(add,X-Dialer-Attempt)": attempt,
        }
        channel = f"PJSIP/{number}@{self._testbed.trunk}"
        self._originate(channel, attempt, "dialer-answer", ring_ms, variables)
        return attempt

    def ask_agent(self, agent_id: int, *, ring_ms: int = 3_000) -> str:
        """Originate a call to an agent's phone; returns the channel id at once."""
        channel_id = f"agent-{agent_id}-{next(_ids)}"
        variables = {"DIALER_AGENT": str(agent_id)}
        channel = f"PJSIP/agent-{agent_id}"
        self._originate(channel, channel_id, "dialer-agent", ring_ms, variables)
        return channel_id

    def agent(self, agent_id: int) -> str:
        """Bring an agent into the holding bridge; returns the channel's name."""
        return self.event("BridgeEnter", self.ask_agent(agent_id))["Channel"]

    def _originate(self, channel: str, channel_id: str, context: str, ring_ms: int, variables: dict[str, str]) -> None:
        self.ami.send(
            "Originate",
            variables,
            Channel=channel,
            ChannelId=channel_id,
            Context=context,
            Exten="s",
            Priority="1",
            Timeout=str(ring_ms),
            CallerID="0199000000",
            Account="dialer",
            Async="true",
        )

    def event(self, name: str, uniqueid: str = "", **fields: str) -> Message:
        """The next event of that name on that channel, with those headers."""

        def wanted(message: Message) -> bool:
            return (
                message.get("Event") == name
                and message.get("Uniqueid") in (uniqueid, uniqueid or message.get("Uniqueid"))
                and all(message.get(key) == value for key, value in fields.items())
            )

        return self.ami.wait(wanted, LIMIT_S)

    def hang_up(self, channel: str) -> None:
        self.ami.action("Hangup", Channel=channel, Cause="16")

    def channels(self) -> list[Message]:
        return self.ami.listed("CoreShowChannels", "CoreShowChannelsComplete")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the dialplan: which agent for this attempt, after this channel failed?"""

    attempt: str
    failed: str


class RouteStub:
    """Answers FastAGI with ``route`` and ``agents``, in turn; ``frozen`` accepts and never answers."""

    def __init__(self, port: int) -> None:
        self.asked: list[Asked] = []
        self.agents: list[str] = []
        self.frozen = threading.Event()
        self._released = threading.Event()
        stub = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                stub.answer(self)

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def answer(self, request: socketserver.StreamRequestHandler) -> None:
        headers = dict(
            line.decode().rstrip("\n").split(": ", 1) for line in iter(request.rfile.readline, b"\n") if b": " in line
        )
        self.asked.append(Asked(headers["agi_arg_1"], headers.get("agi_arg_2", "")))
        if self.frozen.is_set():
            self._released.wait(LIMIT_S)
            return
        agent = self.agents.pop(0) if self.agents else ""
        command = f"DIALER_ROUTE=bridge,DIALER_AGENT_CHANNEL={agent}" if agent else "DIALER_ROUTE=message"
        request.wfile.write(f"EXEC MSet {command}\n".encode())
        request.rfile.readline()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
