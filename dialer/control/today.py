"""Where a calendar day begins."""

from datetime import UTC, datetime


def start_of_day(now: float) -> float:
    """Midnight of this machine's time zone before ``now``; both in seconds since the epoch."""
    local = datetime.fromtimestamp(now, UTC).astimezone()
    # Through the naive time: on the day of a clock change, midnight has another offset than now.
    return local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None).timestamp()
