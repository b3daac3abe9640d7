"""What can be wrong with a file of leads, or with what people say of leads."""
# ruff: noqa: N818 - a refusal is named as one

from dialer.errors import DialerError


class FileRefused(DialerError):
    """A file cannot be imported at all; nothing of it was. ``line`` counts from 1, the header being the first."""

    code = "file_refused"

    def __init__(self, message: str, *, hint: str | None = None, line: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line

    def __str__(self) -> str:
        return super().__str__() if self.line is None else f"Line {self.line}: {super().__str__()}"


class BadTime(DialerError):
    """A text that should say when somebody is to be called back does not."""

    code = "bad_time"
