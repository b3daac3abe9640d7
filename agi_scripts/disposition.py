"""``dialer-agent-disposition [SOCKET] AGENT``: in wrap-up the agent types what came of the call, by its key.

Run by the dialplan (``[dialer-agent]``) between a talk and the holding bridge, when the campaign wants it.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from agi_scripts.daemon_socket import DEFAULT_PATH, DaemonAwayError, ask
from agi_scripts.phone import HUNG_UP, Phone, PhoneGoneError

TRIES = 3
MAX_DIGITS = 1
MAX_TIME_DIGITS = 6  # day, hour, minute
CALLBACK = "callback"

Ask = Callable[[Mapping[str, str]], dict[str, Any]]


def dispose(phone: Phone, agent_id: str, ask_daemon: Ask) -> bool:
    """Whether the daemon took a key; no key at all is no disposition, and no error."""
    for _ in range(TRIES):
        key = phone.ask("dialer/disposition", MAX_DIGITS)
        if not key:
            return False
        answer = ask_daemon({"command": "disposition", "agent_id": agent_id, "key": key})
        if answer["ok"]:
            if answer["result"].get("disposition") == CALLBACK:
                promise(phone, agent_id, ask_daemon)
            phone.say("dialer/disposition-saved")
            return True
        phone.say("dialer/disposition-refused")
    return False


def promise(phone: Phone, agent_id: str, ask_daemon: Ask) -> bool:
    """Whether a time to call back was promised; no time at all leaves it to the recall strategy."""
    for _ in range(TRIES):
        when = phone.ask("dialer/callback-when", MAX_TIME_DIGITS)
        if not when:
            return False
        request = {"command": "disposition", "agent_id": agent_id, "disposition": CALLBACK, "callback_at": when}
        if ask_daemon(request)["ok"]:
            return True
        phone.say("dialer/callback-refused")  # no such time, or the law forbids it
    return False


def run(phone: Phone, agent_id: str, ask_daemon: Ask) -> int:
    """Ask for the disposition; a daemon that is away is said. Returns the exit code."""
    try:
        try:
            dispose(phone, agent_id, ask_daemon)
        except DaemonAwayError as error:
            sys.stderr.write(f"dialer-agent-disposition: {error}\n")
            phone.say("dialer/agent-unavailable")
            return 1
    except PhoneGoneError:
        return HUNG_UP
    return 0


def main() -> int:
    """The console script."""
    if len(sys.argv) < 2:
        sys.stderr.write("usage: dialer-agent-disposition [SOCKET] AGENT\n")
        return 2
    path = sys.argv[1] if len(sys.argv) > 2 else DEFAULT_PATH
    return run(Phone(), sys.argv[-1], lambda request: ask(path, request))


if __name__ == "__main__":
    sys.exit(main())
