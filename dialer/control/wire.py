"""The lines of the control socket, without the socket: bytes to requests, answers to bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dialer.errors import DialerError

JsonObject = Mapping[str, Any]

MAX_REQUEST_BYTES: Final = 65_536
MAX_ANSWER_BYTES: Final = 16_777_216
MAX_COMMAND_CHARS: Final = 64


class BadRequestError(DialerError):
    """The request is not one JSON object with a known command and the parameters that the command takes."""

    code = "bad_request"


class NotFoundError(DialerError):
    """What the request names does not exist."""

    code = "not_found"


class RefusedError(DialerError):
    """The request is understood, but cannot be done as things stand."""

    code = "refused"


class NoDaemonError(DialerError):
    """No daemon answers on the control socket."""

    code = "daemon_not_running"


class RemoteError(DialerError):
    """What the daemon answered instead of a result; ``code`` is the daemon's."""

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """One command with its parameters."""

    command: str
    params: JsonObject


def parse_request(line: bytes) -> Request:
    """One line to a request. Raises BadRequestError."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The request is not JSON.") from error
    if not isinstance(data, dict):
        raise BadRequestError("The request is not a JSON object.")
    command = data.pop("command", None)
    if not isinstance(command, str) or not 1 <= len(command) <= MAX_COMMAND_CHARS:
        raise BadRequestError("The request names no command.")
    return Request(command, data)


def encode(value: JsonObject) -> bytes:
    """One JSON line. Raises TypeError or ValueError for what JSON cannot say."""
    return (
        json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
    )


def describe(error: DialerError) -> dict[str, str | None]:
    """Code, message and hint of an error, as every JSON output tells them."""
    message = str(error).removesuffix(f" {error.hint}") if error.hint else str(error)
    return {"code": error.code, "message": message, "hint": error.hint}


def encode_error(error: DialerError) -> bytes:
    """The line that says what went wrong."""
    return encode({"ok": False, "error": describe(error)})


def parse_answer(line: bytes) -> tuple[bool, JsonObject]:
    """One line of an answer to (final, value): a part of it, or its result.

    Raises RemoteError for an error line, ValueError or KeyError for what no daemon says.
    """
    data = json.loads(line)
    if "part" in data:
        return False, data["part"]
    if data["ok"]:
        return True, data["result"]
    error = data["error"]
    raise RemoteError(error["code"], error["message"], hint=error["hint"])
