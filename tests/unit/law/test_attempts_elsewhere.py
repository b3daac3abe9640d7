"""Calls that others made for a principal: read from their files, counted by the law, proven by who brought them."""

import csv
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.leads.elsewhere import Request, read
from dialer.leads.errors import BadTime
from dialer.leads.when import read_past
from dialer.store.elsewhere import add_attempts
from dialer.store.opening import open_store
from tests.unit.cli.conftest import Dialer
from tests.unit.law.conftest import FIRST, ON_A_DAY, SECOND
from tests.unit.leads.test_importing import workbook

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
_FOUR_DAYS_BEFORE = [datetime.fromisoformat(ON_A_DAY) - timedelta(days=n) for n in range(4, 8)]


def calls_file(folder: Path, *rows: str, header: str = "numero,date_appel,donneur_d_ordre") -> str:
    path = folder / "lyon.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


def four_calls(folder: Path, number: str = FIRST, principal: str = "Acme") -> str:
    return calls_file(folder, *(f"{number},{at:%Y-%m-%d %H:%M:%S},{principal}" for at in _FOUR_DAYS_BEFORE))


@pytest.fixture
def loaded(french: Dialer) -> Dialer:
    """The two people with consent are leads."""
    french.ok("leads", "import", str(french.folder / "people.csv"), "--campaign", "summer")
    return french


def verdict(dialer: Dialer, lead: str = "1") -> tuple[str, str | None]:
    found = dialer.json("rules", "explain", "--lead", lead, "--at", ON_A_DAY)
    return found["verdict"], found["rule"]


def test_four_calls_of_another_centre_leave_none_for_us(loaded: Dialer) -> None:
    assert verdict(loaded) == ("allow", None)

    found = loaded.json("attempts", "import", four_calls(loaded.folder))

    assert (found["read"], found["attempts"], found["new"], found["refused"]) == (4, 4, 4, 0)
    assert found["columns"] == {"phone": "numero", "at": "date_appel", "principal": "donneur_d_ordre"}
    assert verdict(loaded) == ("postpone", "fr.max_30d")
    assert verdict(loaded, "2") == ("allow", None), "nobody called the second person"


def test_calls_for_another_principal_are_not_ours(loaded: Dialer) -> None:
    text = loaded.ok("attempts", "import", four_calls(loaded.folder, principal="Globex"))

    assert "No campaign is of a principal globex" in text
    assert verdict(loaded) == ("allow", None)


def test_a_file_that_is_imported_again_adds_what_is_new_in_it(loaded: Dialer) -> None:
    four_calls(loaded.folder)
    path = loaded.folder / "lyon.csv"
    first = loaded.json("attempts", "import", str(path))
    path.write_text(path.read_text() + f"{SECOND},2026-09-30 11:00:00,ACME\n{SECOND},30/09/2026 11h00,acme\n")

    again = loaded.json("attempts", "import", str(path))

    assert (first["new"], again["new"], again["duplicates"]) == (4, 1, 1)
    both = loaded.json("attempts", "imported", "--principal", "Acme ")["imports"]
    assert sorted(each["attempts"] for each in both) == [1, 4]
    assert all(each["source"].startswith("file lyon.csv, 2") and " by " in each["source"] for each in both)
    assert "file lyon.csv" in loaded.ok("attempts", "imported")


def test_a_dry_run_counts_and_adds_nothing(loaded: Dialer) -> None:
    path = four_calls(loaded.folder)

    assert loaded.json("attempts", "import", path, "--dry-run")["new"] == 4
    assert loaded.json("attempts", "imported")["imports"] == []
    assert verdict(loaded) == ("allow", None)


def test_refused_rows_come_back_with_line_and_reason(loaded: Dialer) -> None:
    refused = loaded.folder / "refused.csv"
    path = calls_file(
        loaded.folder,
        f"{FIRST},2026-10-12 14:03:22,acme",
        "12,2026-10-12 14:03:22,acme",
        f"{FIRST},one day,acme",
        f"{FIRST},2126-10-12 14:03:22,acme",
        f"{FIRST},2026-10-12 14:03:22,",
        f"{FIRST},2026-10-12",
    )

    found = loaded.json("attempts", "import", path, "--refused", str(refused))

    assert (found["read"], found["attempts"], found["refused"]) == (6, 1, 5)
    with refused.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "reason", "numero", "date_appel", "donneur_d_ordre"]
    assert [row[0] for row in rows] == ["3", "4", "5", "6", "7"]
    assert "is no time of a call" in rows[1][1]
    assert "is to come" in rows[2][1]
    assert rows[3][1] == "No principal is named."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("numero,nom\n0142000001,Un\n", "No column looks like the time of a call"),
        ("numero,date\n0142000001,2026-10-12\n", "No column names the principal"),
        ("nom,date\nUn,2026-10-12\n", "No column looks like a phone number"),
        ("", "The file is empty"),
    ],
)
def test_a_file_that_lacks_a_column_is_refused_whole(french: Dialer, text: str, message: str) -> None:
    path = french.folder / "bad.csv"
    path.write_text(text)

    assert message in french.fails(2, "attempts", "import", str(path))
    assert french.json("attempts", "imported")["imports"] == []


def stage(tmp_path: Path, file: Path, **how: Any) -> tuple[Any, list[tuple[str, str, float]]]:  # noqa: ANN401
    staged = tmp_path / "staged.db"
    found = read(Request(str(file), str(staged), NOW, **how))
    with closing(sqlite3.connect(staged)) as db:
        return found, db.execute("SELECT number, principal, at FROM attempts ORDER BY id").fetchall()


def test_an_export_of_vicidial_is_read_as_it_comes(tmp_path: Path) -> None:
    file = tmp_path / "calls.txt"
    file.write_text(
        "call_date\tphone_number_dialed\tstatus\tuser\tphone_code\tphone_number\n"
        "2026-10-12 14:03:22\t142000001\tNA\tVDAD\t33\t142000001\n"
    )

    found, rows = stage(tmp_path, file, principal="Acme  Ltd")

    assert found.columns == {"phone": "phone_number_dialed", "phone_code": "phone_code", "at": "call_date"}
    assert rows == [(FIRST, "acme ltd", datetime(2026, 10, 12, 14, 3, 22, tzinfo=PARIS).timestamp())]


def test_a_workbook_with_day_and_hour_apart_is_read_by_the_clock_of_its_zone(tmp_path: Path) -> None:
    # What a cell of a day, without an hour, is read as.
    table = [["Téléphone", "Date", "Heure"], ["0142000001", "2026-10-12T00:00:00", "14:03"]]
    file = workbook(tmp_path / "calls.xlsx", table)

    _, rows = stage(tmp_path, file, principal="acme", zone="Indian/Reunion")

    assert rows == [(FIRST, "acme", datetime(2026, 10, 12, 10, 3, tzinfo=UTC).timestamp())]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-10-12 14:03:22", datetime(2026, 10, 12, 14, 3, 22, tzinfo=PARIS)),
        ("2026-10-12T14:03:22+00:00", datetime(2026, 10, 12, 14, 3, 22, tzinfo=UTC)),
        ("12/10/2026 14:03", datetime(2026, 10, 12, 14, 3, tzinfo=PARIS)),
        ("2/1/2026 9h05", datetime(2026, 1, 2, 9, 5, tzinfo=PARIS)),
        ("12/10/2026 14h", datetime(2026, 10, 12, 14, tzinfo=PARIS)),
        ("12/10/2026", datetime(2026, 10, 12, 12, tzinfo=PARIS)),
        ("1791813802", datetime.fromtimestamp(1791813802, UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: datetime) -> None:
    assert read_past(text, PARIS, NOW) == meant.timestamp()


@pytest.mark.parametrize(
    "text", ["", "yesterday", "31/02/2026", "2026-13-01", "12/10/1999", "2026-11-23", "9999-01-01"]
)
def test_what_is_no_time_of_a_call_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        read_past(text, PARIS, NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_that_was_or_is_refused(text: str) -> None:
    try:
        at = read_past(text, PARIS, NOW)
    except BadTime:
        return
    assert 0 < at <= NOW


async def test_an_import_that_is_broken_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calls.csv"
    days = (f"0142000001,{1 + n % 28:02}/{1 + n // 28 % 12:02}/{2001 + n // 336}" for n in range(1_000))
    file.write_text("\n".join(["tel,date", *days]) + "\n")
    found, _ = stage(tmp_path, file, principal="acme")
    async with open_store(tmp_path / "store.db", create=True) as store:
        write, seen = store.write, list[int]()

        async def breaking(unit: Any) -> Any:  # noqa: ANN401
            seen.append(await store.read(count))
            if len(seen) == 2:
                raise TimeoutError("the asker went away")
            return await write(unit)

        monkeypatch.setattr(store, "write", breaking)
        with pytest.raises(TimeoutError):
            await add_attempts(store, tmp_path / "staged.db", found.attempts, "file calls.csv by me")

        assert seen[1], "a part of it was there"
        assert await store.read(count) == 0


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM other_attempts").fetchone()[0])
