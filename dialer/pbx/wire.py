"""AMI on the wire, without I/O: bytes in, messages out; values checked before they go out.

A message is lines ``Name: value`` ended by CR LF, and an empty line ends it (Asterisk ``main/manager.c``).
"""

import re
from collections.abc import Iterator

from dialer.pbx.errors import PbxError, UnsafeValueError

Headers = dict[str, str]
BANNER = b"Asterisk Call Manager/"
_EOL = b"\r\n"
_END = b"\r\n\r\n"
_MAX_MESSAGE_BYTES = 1_000_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([a-z]+(,[A-Za-z-]+)?\))?\Z")
_VARIABLE_VALUE = re.compile(r"[\w .:/@+*#-]*\Z")
_DIAL_DIGITS = re.compile(r"\+?[0-9]{2,20}\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\Z")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,149}\Z")
_SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,199}\Z")


class NotAmiError(PbxError):
    """The other side does not speak AMI."""

    code = "not_ami"


class Splitter:
    """Cuts a stream of bytes into messages; how the stream was cut into reads makes no difference."""

    def __init__(self) -> None:
        self.version: str | None = None
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each message that ``data`` completes, without the empty line at its end.

        Raises NotAmiError when the stream does not begin with Asterisk's banner or a message has no end.
        """
        data = self._rest + data if self._rest else data
        if self.version is None:
            data = self._read_banner(data)
        blocks = data.split(_END)
        self._rest = blocks.pop()
        if len(self._rest) > _MAX_MESSAGE_BYTES:
            raise NotAmiError(f"A message of more than {_MAX_MESSAGE_BYTES} bytes came over AMI.")
        for block in blocks:
            # Asterisk may send one line end too many between two messages.
            message = block.lstrip(_EOL)
            if message:
                yield message

    def _read_banner(self, data: bytes) -> bytes:
        if not data.startswith(BANNER[: len(data)]):
            raise NotAmiError(
                "What answers at the AMI address is not Asterisk's manager.", hint="Check [ami] host and port."
            )
        line, found, rest = data.partition(_EOL)
        if not found:
            return data
        self.version = line[len(BANNER) :].decode("ascii", "replace")
        return rest


def event_name(message: bytes) -> bytes:
    """The event's name, or nothing when the message is a response: enough to drop it without reading it."""
    if not message.startswith(b"Event: "):
        return b""
    end = message.find(_EOL)
    return message[7 : end if end >= 0 else None]


def parse(message: bytes) -> Headers:
    """The message's headers. A header that comes twice keeps its last value; a line without colon is left out.

    Asterisk passes on what a phone sent, in whatever encoding: bytes that are not UTF-8 become U+FFFD.
    """
    lines = message.decode("utf-8", "replace").split("\r\n")
    return {name: value for name, colon, value in (line.partition(": ") for line in lines) if colon}


def check_header(name: str, value: str) -> str:
    """Return ``value``, or raise UnsafeValueError when it could end the line or the message."""
    if not _HEADER_NAME.match(name):
        raise UnsafeValueError(f"{name!r} is not an AMI header name.")
    if _CONTROL.search(value):
        raise UnsafeValueError(f"The AMI header {name} holds a control character.", hint="Remove it from the record.")
    return value


def variable(name: str, value: str) -> str:
    """``name=value`` for a ``Variable`` header. Let through: letters, digits, space and ``. : / @ + * # - _``."""
    if not _VARIABLE_NAME.match(name):
        raise UnsafeValueError(f"{name!r} is not the name of a channel variable.")
    if not _VARIABLE_VALUE.match(value) or _CONTROL.search(value):
        raise UnsafeValueError(
            f"The channel variable {name} holds a character that the dialplan could take for syntax."
        )
    return f"{name}={value}"


def dial_digits(value: str) -> str:
    """A dial string: digits only, a leading plus sign at most."""
    return _checked(_DIAL_DIGITS, value, "a number to dial")


def name(value: str) -> str:
    """The name of a trunk, a phone or an agent in Asterisk's configuration."""
    return _checked(_NAME, value, "a name for Asterisk")


def channel_id(value: str) -> str:
    """A channel's Uniqueid (at most 149 bytes in Asterisk)."""
    return _checked(_CHANNEL_ID, value, "a channel id")


def is_channel_id(value: str) -> bool:
    """Whether a value could be one of our channels' ids."""
    return _CHANNEL_ID.match(value) is not None


def sound(value: str) -> str:
    """A sound's name below Asterisk's sounds folder."""
    if ".." in value:
        raise UnsafeValueError(f"{value!r} is not a sound's name: it leaves the sounds folder.")
    return _checked(_SOUND, value, "a sound's name")


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.match(value):
        # The length alone: the value may be a phone number.
        raise UnsafeValueError(
            f"A value of {len(value)} characters is not {what}: it holds what Asterisk could take for syntax."
        )
    return value
