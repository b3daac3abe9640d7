"""Retention: what a preset says is kept no longer goes, and nothing before its time."""

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialer.daemon.retaining import run_if_due
from dialer.floor.events import CampaignSettings
from dialer.store import Store, alerts, open_store, retention
from dialer.store.law import LawSettings
from tests.unit.store.helpers import NOW, add_leads, ended, number, rows

DAY_S = 86_400.0
RECORDS_S = 1_096 * DAY_S  # three years: every preset but that of the United States, which has five
LATER = NOW + RECORDS_S + 100 * DAY_S


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: NOW) as opened:
        await opened.create_campaign(
            CampaignSettings("one", "trunk", "+33162000000", max_attempts=9), principal="Acme", law=LawSettings("lab")
        )
        yield opened


async def call(store: Store, at: float, wanted: int = 1) -> None:
    attempts = await store.reserve("one", wanted, at)
    assert len(attempts) == wanted
    store.record([ended(attempt) for attempt in attempts])
    await store.flush()


async def imported(store: Store, first: int, list_name: str, at: float) -> None:
    """Two leads in a list read at a time."""
    await add_leads(store, [[number(first)], [number(first + 1)]], campaign_id="one", list_name=list_name)
    await store.write(
        lambda db: db.execute(
            "UPDATE imports SET ready_at = ? WHERE list_id = (SELECT id FROM lists WHERE name = ?)", (at, list_name)
        )
    )


async def test_a_day_before_the_time_is_over_nothing_goes(store: Store) -> None:
    await imported(store, 1, "old", NOW)
    await call(store, NOW, 2)

    removed = await retention.run(store, NOW + RECORDS_S - DAY_S)

    assert set(removed.values()) == {0}


async def test_records_lose_their_person_and_stay_to_be_counted(store: Store) -> None:
    await imported(store, 1, "old", NOW)
    await call(store, NOW, 2)
    before = await store.counts("one")

    removed = await retention.run(store, LATER)

    assert (removed["records"], removed["leads"]) == (2, 2)
    assert await rows(store, "SELECT DISTINCT number, result FROM attempts") == [("", "no_answer")]
    assert await rows(store, "SELECT DISTINCT inputs FROM attempt_verdicts") == [("{}",)]
    assert await rows(store, "SELECT count(*) FROM numbers") == [(0,)]
    assert await rows(store, "SELECT DISTINCT fields FROM leads") == [("{}",)]
    assert (await store.counts("one")).attempts == before.attempts


async def test_a_list_that_was_read_again_keeps_its_leads(store: Store) -> None:
    await imported(store, 1, "kept", NOW)
    await imported(store, 11, "kept", LATER - DAY_S)

    removed = await retention.run(store, LATER)

    assert removed["leads"] == 0


async def test_a_lead_that_was_called_lately_stays_and_its_old_records_go(store: Store) -> None:
    await imported(store, 1, "old", NOW)
    await call(store, NOW, 2)
    lately = LATER - 30 * DAY_S
    await store.write(lambda db: db.execute("UPDATE leads SET state = 'due', next_at = 0 WHERE id = 1"))
    await call(store, lately)

    removed = await retention.run(store, LATER)

    assert (removed["records"], removed["leads"]) == (2, 1)
    assert await rows(store, "SELECT e164 FROM numbers") == [(number(1),)]
    assert await rows(store, "SELECT number FROM attempts ORDER BY reserved_at") == [("",), ("",), (number(1),)]


async def test_proofs_go_three_years_after_they_were_given_and_wishes_never(store: Store) -> None:
    young, old = ("2027-01-16T00:00:00+01:00", "2026-12-01T00:00:00+01:00")
    at = NOW + RECORDS_S  # NOW is 15 January 2027

    def write(db: sqlite3.Connection) -> None:
        for collected in (young, old):
            db.execute(
                "INSERT INTO consents VALUES (NULL, '+33199000001', 'acme', ?, ?, 'by hand')",
                (json.dumps({"collected_at": collected}), NOW),
            )
        db.execute("INSERT INTO suppressions VALUES (NULL, x'00', '', 0, 'refusal', 'test')")

    await store.write(write)

    removed = await retention.run(store, at)

    assert removed["proofs"] == 1
    assert await rows(store, "SELECT consent ->> '$.collected_at' FROM consents") == [(young,)]
    assert await rows(store, "SELECT count(*) FROM suppressions") == [(1,)]


async def test_the_longest_time_of_a_principals_campaigns_counts_for_its_proofs(store: Store) -> None:
    await store.create_campaign(
        CampaignSettings("german", "trunk", "+4930123456"), principal="acme ", law=LawSettings("de")
    )
    consent = json.dumps({"collected_at": "2026-12-01T00:00:00+01:00"})
    await store.write(
        lambda db: db.execute("INSERT INTO consents VALUES (NULL, '+33199000001', 'acme', ?, 0, '')", (consent,))
    )

    assert (await retention.run(store, LATER))["proofs"] == 0
    assert (await retention.run(store, NOW + 1_900 * DAY_S))["proofs"] == 1


async def commanded(store: Store, *times: float) -> None:
    """Entries in the audit trail."""
    for at in times:
        entry = alerts.Audit(at, "nadia", "socket", "dnc_import", {}, "done")
        await store.write(lambda db, entry=entry: alerts.write_audit(db, entry))  # type: ignore[misc]


async def test_the_audit_trail_is_kept_as_long_as_the_records_of_calls(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    old = [LATER - RECORDS_S - late for late in (1, 2, 3, DAY_S, 40 * DAY_S)]
    await commanded(store, *old, LATER - RECORDS_S, LATER - DAY_S)

    foretold = await store.read(lambda db: retention.due(db, LATER))
    removed = await retention.run(store, LATER)

    assert removed["commands"] == foretold["commands"] == 5
    assert await rows(store, "SELECT at FROM command_audit ORDER BY at") == [(LATER - RECORDS_S,), (LATER - DAY_S,)]


async def test_the_longest_time_of_all_campaigns_counts_for_the_trail(store: Store) -> None:
    await store.create_campaign(
        CampaignSettings("american", "trunk", "+12025550100"), principal="other", law=LawSettings("us")
    )
    await commanded(store, NOW)

    assert (await retention.run(store, LATER))["commands"] == 0
    assert (await retention.run(store, NOW + 1_828 * DAY_S))["commands"] == 1


async def test_without_any_campaign_the_trail_is_kept_three_years(tmp_path: Path) -> None:
    async with open_store(tmp_path / "empty.db", create=True, clock=lambda: NOW) as store:
        await commanded(store, NOW)

        assert (await retention.run(store, NOW + RECORDS_S))["commands"] == 0
        assert (await retention.run(store, NOW + RECORDS_S + 1))["commands"] == 1


async def test_a_dry_run_counts_what_a_run_takes_and_takes_nothing(store: Store) -> None:
    await imported(store, 1, "old", NOW)
    await call(store, NOW)
    await commanded(store, NOW)

    foretold = await store.read(lambda db: retention.due(db, LATER))

    assert await rows(store, "SELECT count(*) FROM numbers") == [(2,)]
    assert await rows(store, "SELECT count(*) FROM command_audit") == [(1,)]
    assert await retention.run(store, LATER) == foretold
    assert set((await store.read(lambda db: retention.due(db, LATER))).values()) == {0}


async def test_a_lead_that_waits_for_a_callback_stays(store: Store) -> None:
    await imported(store, 1, "old", NOW)
    await store.write(
        lambda db: db.execute(
            "INSERT INTO callbacks (campaign_id, lead_id, number, at, zone, promised_by, promised_at, not_before)"
            " VALUES ('one', 1, ?, ?, 'Europe/Paris', '101', ?, ?)",
            (number(1), LATER + 60, NOW, LATER + 60),
        )
    )

    removed = await retention.run(store, LATER)

    assert (removed["leads"], removed["callbacks"]) == (1, 0)
    assert await rows(store, "SELECT lead_id FROM numbers") == [(1,)]


async def test_the_daemon_runs_it_once_a_day(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    for at in (LATER, LATER + 60, LATER + 2 * DAY_S):
        await run_if_due(store, at)

    runs = await rows(store, "SELECT at FROM erasures WHERE reason = 'retention' ORDER BY at")
    assert runs == [(LATER,), (LATER + 2 * DAY_S,)]
    assert capsys.readouterr().out.count("retention_done") == 2


async def test_what_goes_wrong_is_told_and_tried_again(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(retention, "run", None)
        await run_if_due(store, LATER)

    await run_if_due(store, LATER + 600)

    told = capsys.readouterr().out
    assert told.index("retention_failed") < told.index("retention_done")
