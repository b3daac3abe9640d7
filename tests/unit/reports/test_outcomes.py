"""Outcomes as they leave the dialer."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.floor.events import CampaignSettings
from dialer.floor.words import AnsweredBy, Result
from dialer.reports.outcomes import COLUMNS, as_csv, as_json_lines, disarmed
from dialer.store import Period, Store, open_reader, reading
from dialer.store.errors import NotFound
from tests.unit.store.helpers import LAB, NOW, add_leads, ended, number, opened

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "dialer.db") as store:
        yield store


async def treat(store: Store, count: int, *, campaign_id: str = "acme", at: float = NOW) -> None:
    await add_leads(store, [[number(n + int(at))] for n in range(count)], campaign_id=campaign_id, list_name=f"l{at}")
    attempts = await store.reserve(campaign_id, count, at)
    store.record(
        ended(attempt, Result.ANSWERED, answered_by=AnsweredBy.PERSON, disposition="=HYPERLINK(1)", agent_id="zoe")
        for attempt in attempts
    )
    await store.flush()


async def text(pieces: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in pieces])


async def table(pieces: AsyncIterator[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await text(pieces), newline="")))


async def test_a_csv_has_every_outcome_with_its_lead(store: Store) -> None:
    await treat(store, 1)

    (row,) = await table(as_csv(store, Period("acme"), PARIS))

    assert list(row) == [*COLUMNS, "lead.name"]
    assert row["number"] == f"'{number(int(NOW))}"
    assert row["disposition"] == "'=HYPERLINK(1)"
    assert row["reserved_at"] == "2027-01-15T09:00:00.000+01:00"
    assert row["connected_at"] == ""
    assert (row["result"], row["answered_by"], row["lead.name"], row["abandoned"]) == ("answered", "person", "Zoé", "0")


async def test_json_lines_have_values_as_they_are(store: Store) -> None:
    await treat(store, 2)

    lines = (await text(as_json_lines(store, Period("acme")))).splitlines()

    first = json.loads(lines[0])
    assert len(lines) == 2
    assert first["number"] in (number(int(NOW)), number(int(NOW) + 1))
    assert first["disposition"] == "=HYPERLINK(1)"
    assert first["reserved_at"] == "2027-01-15T08:00:00.000+00:00"
    assert (first["abandoned"], first["lead"]) == (False, {"name": "Zoé"})


async def test_a_period_is_half_open_and_of_one_campaign_or_all(store: Store) -> None:
    await store.create_campaign(CampaignSettings("other", "trunk", "+33162000000"), law=LAB)
    for at in (NOW, NOW + 10, NOW + 20):
        await treat(store, 1, at=at)
    await treat(store, 1, campaign_id="other", at=NOW + 5)

    assert len(await table(as_csv(store, Period("acme", NOW, NOW + 20)))) == 2
    assert len(await table(as_csv(store, Period(None, NOW, NOW + 20)))) == 3
    with pytest.raises(NotFound):
        await text(as_csv(store, Period("nobody")))


async def test_pages_leave_nothing_out_and_repeat_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await treat(store, 25)
    whole = await text(as_csv(store, Period("acme")))

    for size in (1, 5, 7, 25):
        monkeypatch.setattr(reading, "PAGE", size)
        assert await text(as_csv(store, Period("acme"))) == whole
    assert len(whole.splitlines()) == 26


async def test_open_and_never_dialed_attempts_are_no_outcomes(store: Store) -> None:
    await add_leads(store, [[number(1)], [number(2)]])
    first, _ = await store.reserve("acme", 2, NOW)
    store.record([ended(first, dialed=False)])
    await store.flush()

    assert await table(as_csv(store, Period("acme"))) == []


async def test_a_reader_exports_while_the_store_is_written(store: Store) -> None:
    await treat(store, 3)

    async with open_reader(store.path) as reader:
        assert len(await table(as_csv(reader, Period()))) == 3


@given(st.text())
def test_no_cell_begins_like_a_formula(cell: str) -> None:
    assert not disarmed(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert disarmed(cell).removeprefix("'") == cell.removeprefix("'")


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "database.md").read_text(encoding="utf-8")

    assert all(f"`{name}`" in page for name in COLUMNS)
