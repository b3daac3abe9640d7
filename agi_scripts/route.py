"""What the dialplan of an answered call asks: which agent's line, or the safe-harbour message?

Asterisk runs ``AGI(agi://daemon/route,<attempt>,<failed channel>)`` and goes on with the variables set here:
``DIALER_ROUTE`` is ``bridge`` (with ``DIALER_AGENT_CHANNEL``) or ``message``.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

RouteAsk = Callable[[str, str | None], Awaitable[str | None]]
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/;-]{0,199}\Z")


class AgiRequest(Protocol):
    """One run of a script by Asterisk: what it was given, and commands back."""

    headers: Mapping[str, str]

    async def send_command(self, command: str) -> Mapping[str, Any]:
        """Send one AGI command and return Asterisk's parsed answer."""


Script = Callable[[AgiRequest], Awaitable[None]]


def route_script(ask: RouteAsk) -> Script:
    """The script ``route``. ``ask(attempt_id, failed_channel)`` returns an agent's channel, or None for the message."""

    async def route(request: AgiRequest) -> None:
        failed_channel = request.headers.get("agi_arg_2") or None
        agent_channel = await ask(request.headers["agi_arg_1"], failed_channel)
        await request.send_command(route_command(agent_channel))

    return route


def route_command(agent_channel: str | None) -> str:
    """One command sets both variables: each command is a round trip that a person waits for.

    Raises ValueError when the channel holds what the dialplan could take for syntax.
    """
    if agent_channel is None:
        return "SET VARIABLE DIALER_ROUTE message"
    if not _CHANNEL.match(agent_channel):
        raise ValueError("an agent's channel holds characters that no channel name has")
    return f"EXEC MSet DIALER_ROUTE=bridge,DIALER_AGENT_CHANNEL={agent_channel}"
