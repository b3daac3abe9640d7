"""``dialer-agent-login [SOCKET]``: an agent dials in, types id and PIN, and gets the line.

Run by the dialplan (``[dialer-agent-login]``), which goes on to the holding bridge when ``DIALER_AGENT`` is set.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from agi_scripts.daemon_socket import DEFAULT_PATH, DaemonAwayError, ask
from agi_scripts.phone import HUNG_UP, Phone, PhoneGoneError

TRIES = 3
MAX_DIGITS = 16
ENDS_AT_ONCE = frozenset({"locked_out"})

Ask = Callable[[Mapping[str, str]], dict[str, Any]]


def login(phone: Phone, ask_daemon: Ask) -> str | None:
    """The agent's id once the daemon accepts id and PIN; None after three tries, or when the daemon is away."""
    for _ in range(TRIES):
        agent_id = phone.ask("dialer/agent-id", MAX_DIGITS)
        pin = phone.ask("dialer/agent-pin", MAX_DIGITS) if agent_id else ""
        if not (agent_id.isdecimal() and pin.isdecimal()):
            phone.say("dialer/agent-refused")
            continue
        answer = ask_daemon(_request(phone, agent_id, pin))
        if answer["ok"]:
            phone.set_variable("DIALER_AGENT", agent_id)
            phone.say("dialer/agent-ready")
            return agent_id
        phone.say("dialer/agent-refused")
        if answer.get("error", {}).get("code") in ENDS_AT_ONCE:
            break
    phone.say("dialer/agent-goodbye")
    return None


def _request(phone: Phone, agent_id: str, pin: str) -> dict[str, str]:
    return {
        "command": "agent_login",
        "agent_id": agent_id,
        "pin": pin,
        "channel": phone.channel,
        "channel_id": phone.channel_id,
    }


def run(phone: Phone, ask_daemon: Ask) -> int:
    """Log in; a daemon that is away is said. Returns the exit code."""
    try:
        try:
            login(phone, ask_daemon)
        except DaemonAwayError as error:
            sys.stderr.write(f"dialer-agent-login: {error}\n")
            phone.say("dialer/agent-unavailable")
            return 1
    except PhoneGoneError:
        return HUNG_UP
    return 0


def main() -> int:
    """The console script."""
    path = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_PATH
    return run(Phone(), lambda request: ask(path, request))


if __name__ == "__main__":
    sys.exit(main())
