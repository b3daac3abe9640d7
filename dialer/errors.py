"""The one base of every error that an operator may read."""


class DialerError(Exception):
    """Says in one sentence what is wrong, where, and what to do.

    ``code`` is stable and machine readable; it appears in ``--json`` output.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message} {self.hint}" if self.hint else message
