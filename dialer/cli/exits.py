"""The exit codes of every command, in one place."""

from enum import IntEnum

from dialer.errors import DialerError


class Exit(IntEnum):
    """What a script may rely on; ``MEANINGS`` is printed in the reference."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NO_DAEMON = 3
    PROBLEMS = 4


MEANINGS = {
    Exit.OK: "done",
    Exit.FAILURE: "it could not be done as things stand: refused, interrupted, no permission, disk, PBX",
    Exit.USAGE: "the command, a value, a file or the configuration is wrong, or names what does not exist",
    Exit.NO_DAEMON: "the command needs the running daemon, and none answers",
    Exit.PROBLEMS: "`dialer doctor` found problems, or `dialer audit` attempts that broke a rule",
}

_OF_CODE = {
    "config": Exit.USAGE,
    "bad_request": Exit.USAGE,
    "not_found": Exit.USAGE,
    "unknown_agent": Exit.USAGE,
    "already_exists": Exit.USAGE,
    "invalid": Exit.USAGE,
    "file_refused": Exit.USAGE,
    "daemon_not_running": Exit.NO_DAEMON,
}


def exit_of(error: DialerError) -> Exit:
    """The exit code of an error, by its stable code."""
    return _OF_CODE.get(error.code, Exit.FAILURE)
