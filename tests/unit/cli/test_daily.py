"""The files of each day, for who fetches them every morning."""

import asyncio
import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dialer.store.opening import open_store
from tests.unit.cli.conftest import Dialer
from tests.unit.control.live_services import LiveServices
from tests.unit.store.helpers import add_leads, ended, number

TODAY = date.today()  # noqa: DTZ011 - the command goes by the machine's own day
pytestmark = pytest.mark.usefixtures("_lab")


@pytest.fixture
def _lab(dialer: Dialer) -> None:
    for campaign_id in ("summer", "winter"):
        dialer.ok("campaign", "create", campaign_id, "--preset", "lab")


def day(ago: int) -> str:
    return (TODAY - timedelta(days=ago)).isoformat()


def call(dialer: Dialer, campaign_id: str, days_ago: int, index: int, hour: int = 12) -> None:
    """One call of a campaign at that hour, so many days ago."""
    then = TODAY - timedelta(days=days_ago)
    at = datetime(then.year, then.month, then.day, hour).astimezone().timestamp()

    async def work() -> None:
        async with open_store(dialer.folder / "dialer.db", clock=lambda: at) as store:
            await add_leads(store, [[number(index)]], campaign_id=campaign_id, list_name=f"list-{index}")
            (attempt,) = await store.reserve(campaign_id, 1, at)
            store.record([ended(attempt)])
            await store.flush()

    asyncio.run(work())


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_each_campaign_that_called_has_a_file_of_its_day_and_no_other(dialer: Dialer) -> None:
    for index, (campaign_id, days_ago, hour) in enumerate(
        (("summer", 1, 0), ("summer", 1, 23), ("winter", 1, 12), ("summer", 2, 12), ("summer", 0, 0))
    ):
        call(dialer, campaign_id, days_ago, index, hour)

    told = dialer.json("outcomes", "daily")

    exports = dialer.folder / "exports"
    assert files(exports) == [f"{day(2)}/summer.csv", f"{day(1)}/summer.csv", f"{day(1)}/winter.csv"]
    assert [each["campaigns"] for each in told["days"][-2:]] == [{"summer": 1}, {"summer": 2, "winter": 1}]
    with (exports / day(1) / "summer.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["campaign_id"] for row in rows] == ["summer", "summer"]
    assert {row["reserved_at"][:10] for row in rows} == {day(1)}


def test_a_day_is_written_once_and_days_that_were_missed_are_made_up_for(dialer: Dialer) -> None:
    call(dialer, "summer", 1, 0)
    assert f"{day(1)}: summer 1" in dialer.ok("outcomes", "daily")
    assert f"{day(3)}: nobody was called" not in dialer.ok("outcomes", "daily")
    assert "Nothing new: the last 7 days are in" in dialer.ok("outcomes", "daily")

    (dialer.folder / "exports" / day(3)).rmdir()
    call(dialer, "winter", 3, 1)

    assert [each["day"] for each in dialer.json("outcomes", "daily")["days"]] == [day(3)]
    assert files(dialer.folder / "exports") == [f"{day(3)}/winter.csv", f"{day(1)}/summer.csv"]


def test_nothing_is_left_of_a_day_that_could_not_be_written(dialer: Dialer, monkeypatch: pytest.MonkeyPatch) -> None:
    call(dialer, "winter", 1, 0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("dialer.cli.rows.CsvRows._cells", full)
        assert "cannot be written: No space left" in dialer.fails(1, "outcomes", "daily")
    assert not (dialer.folder / "exports" / day(1)).exists()
    assert not list((dialer.folder / "exports").glob(".*.part"))

    assert {"winter": 1} in [each["campaigns"] for each in dialer.json("outcomes", "daily")["days"]]


def test_what_a_killed_export_left_is_no_hindrance(dialer: Dialer) -> None:
    call(dialer, "summer", 1, 0)
    left = dialer.folder / "exports" / f".{day(1)}.part"
    left.mkdir(parents=True)
    (left / "summer.csv").write_text("half")

    dialer.ok("outcomes", "daily")

    assert files(dialer.folder / "exports") == [f"{day(1)}/summer.csv"]
    assert "half" not in (dialer.folder / "exports" / day(1) / "summer.csv").read_text()


def test_old_days_are_removed_and_nothing_else(dialer: Dialer) -> None:
    exports = dialer.folder / "exports"
    for name in ("2020-01-31", "2020-01-31-notes", "20200131", "letters", day(30)):
        (exports / name).mkdir(parents=True)
    (exports / "2020-01-30").write_text("a file")

    told = dialer.json("outcomes", "daily")

    assert told["removed"] == [str(exports / "2020-01-31")]
    assert {path.name for path in exports.iterdir()} >= {"2020-01-30", "2020-01-31-notes", "20200131", day(30)}


def test_another_folder_and_form(dialer: Dialer, tmp_path: Path) -> None:
    call(dialer, "summer", 1, 0)
    (dialer.folder / "conf.d").mkdir()
    (dialer.folder / "conf.d/export.toml").write_text('[export]\nformat = "excel"\n')

    dialer.ok("outcomes", "daily", "--to", str(tmp_path / "out"))

    assert (tmp_path / "out" / day(1) / "summer.csv").read_bytes().startswith(b"\xef\xbb\xbfattempt_id;")


def test_it_asks_a_running_daemon(dialer: Dialer, daemon: LiveServices) -> None:
    assert f"{day(1)}: nobody was called" in dialer.ok("outcomes", "daily")
