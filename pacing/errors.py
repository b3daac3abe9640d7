"""The one error of the pacing core."""


class PacingError(ValueError):
    """Says in one sentence what was wrong with what the pacer was given, and what to do.

    ``pacing`` knows nothing of the daemon, so this is not one of its errors; the daemon wraps it.
    """

    code = "pacing"
