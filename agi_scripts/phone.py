"""A phone's line as an AGI program sees it: pyst2, quiet and with errors that mean one thing."""

import io
import sys
from collections.abc import Callable
from typing import TextIO

from asterisk.agi import AGI, AGIException

_KEY_WAIT_MS = 7000  # how long a person may think before the first key and between two
HUNG_UP = 0  # exit code: a caller who hangs up is no error


class PhoneGoneError(Exception):
    """The caller hung up, or Asterisk is gone."""


class _Nowhere(io.TextIOBase):
    """pyst2 writes each line it reads to its stderr, which Asterisk shows on its console: the PIN, too."""

    def write(self, text: str) -> int:
        """Forget it."""
        return len(text)


class Phone:
    """Prompts out, keys in. Every method raises PhoneGoneError once the caller is gone."""

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
        self._agi = AGI(stdin or sys.stdin, stdout or sys.stdout, _Nowhere())
        env: dict[str, str] = self._agi.env
        self.channel = env.get("agi_channel", "")
        self.channel_id = env.get("agi_uniqueid", "")

    def ask(self, sound: str, max_digits: int) -> str:
        """Play a prompt and return the keys typed until ``#``; nothing when none came in time."""
        return self._do(lambda: self._agi.get_data(sound, _KEY_WAIT_MS, max_digits))

    def say(self, sound: str) -> None:
        """Play a prompt to its end."""
        self._do(lambda: self._agi.stream_file(sound))

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; the value is digits and letters only."""
        if not value.isalnum():
            raise ValueError(f"the value of {name} holds more than letters and digits")
        self._do(lambda: str(self._agi.set_variable(name, value)))

    def _do(self, work: Callable[[], str]) -> str:
        try:
            return work()
        except (AGIException, OSError, ValueError) as error:
            # ValueError: pyst2 reads the end of its input as a number.
            raise PhoneGoneError(str(error)) from error
