"""A day of floor time on real Asterisk and a real mosquitto: nothing of the daemon grows.

``DIALER_SOAK_HOURS=0.5 pytest -m soak tests/asterisk/test_endurance.py`` for a shorter one. The samples are written to
``DIALER_SOAK_FOLDER`` (or the test's own folder) as CSV and as a picture.
"""

import csv
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import count
from pathlib import Path
from statistics import fmean, linear_regression

import pytest
from dialer_testbed.world import crowd

from tests.asterisk.floor_rig import Bed, House, scraped
from tests.broker import Broker, free_port

HOURS = float(os.environ.get("DIALER_SOAK_HOURS", "24"))
EVERY_S = max(5.0, HOURS * 3600 / 2000)
AGENTS = range(1001, 1017)
PEOPLE = [*crowd(ring_s=1, talk_s=5), *crowd(ring_s=0, talk_s=2), *crowd(ring_s=0.5, talk_s=1)]
LEFT_BY_A_CALL_BYTES = 300  # some 6 MB a day of a floor of ten
LOG_BOUND_MB = 72.0  # of commits: the bound of ``connection.LONGEST_LOG_PAGES``, and some

pytestmark = [pytest.mark.asterisk, pytest.mark.soak, pytest.mark.timeout(HOURS * 3600 + 900)]


@dataclass(frozen=True)
class Sample:
    """The daemon at one moment. ``lag_ms``: mean delay of its event loop since the sample before."""

    minute: float
    calls: float
    memory_mb: float
    descriptors: float
    tasks: float
    log_of_commits_mb: float
    lag_ms: float


def test_nothing_grows_in_a_day(bed: Bed, tmp_path: Path) -> None:
    with (
        Broker(tmp_path / "broker") as broker,
        bed.house("endurance", **_settings(broker, port := free_port())) as house,
    ):
        house.start()
        house.add_campaign("sample", wrap_up_s=1)
        house.hire("sample", AGENTS)
        house.call_agents(AGENTS)
        folder = Path(os.environ.get("DIALER_SOAK_FOLDER", tmp_path))
        samples = list(_written(_work(house, port), folder / "endurance.csv"))
        _draw(samples, folder / "endurance.svg")
        house.expect_no_fault()
    _expect_flat(samples)


def _settings(broker: Broker, port: int) -> dict[str, object]:
    told = {"mqtt__enabled": True, "mqtt__port": broker.port, "mqtt__tls": False, "mqtt__attempts": True}
    return {"metrics__port": port, "dialing__max_calls_per_s": 4.0, **told}


def _work(house: House, port: int) -> Iterator[Sample]:
    """Sample while lists are worked, one after the other."""
    began, lists, before = time.monotonic(), count(), (0.0, 0.0)
    while (seconds := time.monotonic() - began) < HOURS * 3600:
        if house.left() == 0:
            house.import_numbers(PEOPLE, "sample", f"list-{next(lists)}")
            house.cli("campaign", "start", "sample")
        told = scraped(port)
        lags = told["dialer_loop_lag_seconds_sum"], told["dialer_loop_lag_seconds_count"]
        yield Sample(
            minute=seconds / 60,
            calls=told["dialer_originates_total"],
            memory_mb=told["process_resident_memory_bytes"] / 1e6,
            descriptors=told["process_open_fds"],
            tasks=told["dialer_tasks"],
            log_of_commits_mb=house.store.with_name("dialer.db-wal").stat().st_size / 1e6,
            lag_ms=1000 * (lags[0] - before[0]) / max(1.0, lags[1] - before[1]),
        )
        before = lags
        time.sleep(EVERY_S)


def _written(samples: Iterable[Sample], path: Path) -> Iterator[Sample]:
    """Each sample on disk as it is taken: a run that is cut off still tells what it saw."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [each.name for each in fields(Sample)])
        writer.writeheader()
        for sample in samples:
            writer.writerow({name: round(value, 3) for name, value in asdict(sample).items()})
            file.flush()
            yield sample


def _draw(samples: list[Sample], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    names = [each.name for each in fields(Sample)]
    figure, axes = plt.subplots(len(names) - 1, 1, sharex=True, figsize=(8, 10), layout="constrained")
    for axis, name in zip(axes, names[1:], strict=True):
        axis.plot([each.minute for each in samples], [getattr(each, name) for each in samples], linewidth=0.8)
        axis.set_ylabel(name)
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel("minute")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _expect_flat(samples: list[Sample]) -> None:
    """The last third against the one before; the first is for caches to fill.

    Each of the store's connections keeps up to ``connection.CACHE_KIB`` of its pages, which takes the memory a few ten
    thousand calls to fill: so of memory it is asked what a call of the last third leaves behind.
    """
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    assert last[-1].calls > middle[-1].calls > middle[0].calls, "calls were made all the time"
    left = linear_regression([each.calls for each in last], [each.memory_mb for each in last]).slope
    assert left * 1e6 <= LEFT_BY_A_CALL_BYTES, f"a call leaves {left * 1e6:.0f} bytes"
    for name, share, some in (("descriptors", 1.1, 2), ("tasks", 1.1, 5), ("lag_ms", 2.0, 5)):
        was, now = (fmean(getattr(each, name) for each in part) for part in (middle, last))
        assert now <= was * share + some, f"{name} grew from {was:.1f} to {now:.1f}"
    assert max(each.log_of_commits_mb for each in samples) <= LOG_BOUND_MB
