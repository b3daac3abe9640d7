"""Where a day begins, on the days when the clocks change too."""

import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dialer.control.today import start_of_day

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def _paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-07-14", "2026-12-31"])
@pytest.mark.parametrize("clock", ["00:00:00", "01:59:59", "03:00:00", "12:00:00", "23:59:59"])
def test_the_day_begins_at_local_midnight(day: str, clock: str) -> None:
    now = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=PARIS).timestamp()

    begun = start_of_day(now)

    assert datetime.fromtimestamp(begun, PARIS).isoformat()[:19] == f"{day}T00:00:00"
    assert begun <= now
