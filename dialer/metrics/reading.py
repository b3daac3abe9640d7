"""All that a scrape tells of one moment. Gathered by the daemon, made up by tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.control.status import StatusSnapshot
from dialer.metrics.figures import Figures
from dialer.timings import Timings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``pbx`` and ``fastagi`` are what those rooms call their ``stats``. ``backup_at``: seconds since the epoch."""

    status: StatusSnapshot
    pbx: Mapping[str, float | int | str | None]
    fastagi: Mapping[str, int]
    figures: Figures = field(default_factory=Figures)
    commits: Timings = field(default_factory=Timings)
    lags: Timings = field(default_factory=Timings)
    tasks: int = 0
    route_up: bool = True
    store_up: bool = True
    records_waiting: int = 0
    records_dropped: int = 0
    records_refused: int = 0
    dial_cycles: int = 0
    backup_at: float | None = None
