"""The command line's end of the control socket."""

import socket
from collections.abc import Callable
from pathlib import Path

from dialer.control.wire import MAX_ANSWER_BYTES, JsonObject, NoDaemonError, encode, parse_answer
from dialer.errors import DialerError

OnPart = Callable[[JsonObject], None]


class NotAllowedError(DialerError):
    """The control socket is there, but its file permissions keep this user out."""

    code = "not_allowed"


class NoAnswerError(DialerError):
    """The daemon took the request and did not answer in time, or broke off."""

    code = "no_answer"


class ControlClient:
    """Sends commands to the daemon at ``path``, each over a connection of its own."""

    def __init__(self, path: Path, *, timeout_s: float = 30.0) -> None:
        self._path = path
        self._timeout_s = timeout_s

    def call(self, command: str, **params: object) -> JsonObject:
        """Carry out one command and return its result.

        Raises NoDaemonError, NotAllowedError, NoAnswerError, or RemoteError with the daemon's own code.
        """
        return self.stream(command, lambda _part: None, **params)

    def stream(self, command: str, on_part: OnPart, **params: object) -> JsonObject:
        """Like ``call``, and hands each part that comes ahead of the result to ``on_part``."""
        with self._connect() as connection:
            try:
                connection.sendall(encode({"command": command, **params}))
                with connection.makefile("rb") as lines:
                    while line := lines.readline(MAX_ANSWER_BYTES):
                        final, value = parse_answer(line)
                        if final:
                            return value
                        on_part(value)
            except (OSError, ValueError, KeyError) as error:
                raise self._broken_off() from error
        raise self._broken_off()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_s)
        try:
            connection.connect(str(self._path))
        except PermissionError as error:
            connection.close()
            hint = "Use sudo, or join the group that owns it."
            raise NotAllowedError(f"You may not use the control socket {self._path}.", hint=hint) from error
        except OSError as error:
            connection.close()
            hint = "Start it with `systemctl start dialerd` or `dialer run`."
            raise NoDaemonError(f"No daemon answers on {self._path}.", hint=hint) from error
        return connection

    def _broken_off(self) -> NoAnswerError:
        return NoAnswerError(
            f"The daemon on {self._path} did not answer.", hint="See its journal: journalctl -u dialerd"
        )
