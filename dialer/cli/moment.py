"""Days and times as people type them."""

from datetime import date, datetime, timedelta
from typing import Any

import click


def midnight(day: date) -> float:
    """When a day begins by local time, seconds since the epoch."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


class Moment(click.ParamType[float]):
    """A day or a moment in ISO 8601, as seconds since the epoch; local time unless an offset is given."""

    name = "day or time"

    def __init__(self, *, end: bool) -> None:
        self._end = end  # a day as an end means: to its midnight

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """Seconds since the epoch."""
        if isinstance(value, float):
            return value
        try:
            if len(value) == len("2026-11-30"):
                return midnight(date.fromisoformat(value) + timedelta(days=1 if self._end else 0))
            return datetime.fromisoformat(value).astimezone().timestamp()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not like 2026-11-30 or 2026-11-30T14:00.", param, ctx)
