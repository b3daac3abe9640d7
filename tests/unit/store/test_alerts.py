"""Alerts, silences and commands on record; how many leads may be called."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from dialer.alerts.board import Alert, Silence
from dialer.alerts.words import Severity
from dialer.store import alerts
from dialer.store.supply import _DUE, _NEXT, supply
from tests.unit.store.helpers import NOW, add_leads, opened

ALERT = Alert(
    alert_id="a1",
    kind="trunk_failing",
    scope="system",
    subject="t1",
    severity=Severity.WARNING,
    since=NOW - 5,
    raised_at=NOW,
    value=40.0,
    threshold=30.0,
    words={"calls": 10, "congested": 3},
)


async def test_an_alert_is_kept_until_it_is_resolved_and_then_remembered(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as store:
        await store.write(lambda db: alerts.write_alert(db, ALERT))
        assert await store.read(alerts.standing) == (ALERT,)

        over = replace(ALERT, resolved_at=NOW + 9, acknowledged_by="nadia", acknowledged_at=NOW + 3)
        await store.write(lambda db: alerts.write_alert(db, over))
        assert await store.read(alerts.standing) == ()
        assert await store.read(lambda db: alerts.latest(db, NOW - 60, 10)) == (over,)
        assert await store.read(lambda db: alerts.latest(db, NOW + 1, 10)) == ()


async def test_of_silences_the_last_of_a_kind_and_scope_counts(tmp_path: Path) -> None:
    first = Silence("trunk_failing", "*", NOW + 60, "nadia")
    other = Silence("*", "acme", NOW + 60, "karim", "training")
    async with opened(tmp_path / "s.db") as store:
        for silence in (first, other, replace(first, until=NOW + 600, by="karim")):
            await store.write(lambda db, silence=silence: alerts.write_silence(db, silence, NOW))  # type: ignore[misc]
        found = await store.read(lambda db: alerts.silences(db, NOW))
        assert found == (other, replace(first, until=NOW + 600, by="karim"))

        await store.write(lambda db: alerts.write_silence(db, replace(first, until=NOW), NOW))
        assert await store.read(lambda db: alerts.silences(db, NOW)) == (other,)


async def test_commands_are_kept_with_who_and_from_where(tmp_path: Path) -> None:
    entry = alerts.Audit(NOW, "nadia", "mqtt", "pause", {"campaign_id": "acme"}, "done")
    async with opened(tmp_path / "s.db") as store:
        await store.write(lambda db: alerts.write_audit(db, entry))
        (row,) = await store.read(lambda db: [dict(row) for row in db.execute("SELECT * FROM command_audit")])
    assert (row["who"], row["origin"], row["command"], row["result"]) == ("nadia", "mqtt", "pause", "done")
    assert row["params"] == '{"campaign_id": "acme"}'


async def test_leads_that_may_be_called_now_are_counted_over_lists_and_priorities(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as store:
        await add_leads(store, [[f"+3319900010{n}"] for n in range(5)], list_name="a")
        await add_leads(store, [[f"+3319900020{n}"] for n in range(3)], list_name="b", priority=2)
        await add_leads(store, [["+33199000300"]], list_name="b", priority=1, next_at=NOW + 300)
        await add_leads(store, [["+33199000301"]], list_name="a", next_at=NOW + 200)
        found = await store.read(lambda db: supply(db, "acme", NOW))
        assert (found.due, found.next_at, found.waits_for_law) == (8, NOW + 200, False)

        def hold(db: sqlite3.Connection) -> None:
            db.execute("UPDATE leads SET next_at = ?, next_reason = 'hours: until 2027-01-16'", (NOW + 900,))

        await store.write(hold)
        found = await store.read(lambda db: supply(db, "acme", NOW))
        assert (found.due, found.next_at, found.waits_for_law) == (0, NOW + 900, True)


async def test_a_campaign_without_leads_has_none(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as store:
        assert (await store.read(lambda db: supply(db, "acme", NOW))).due == 0


@pytest.mark.parametrize("severity", list(Severity))
async def test_every_severity_can_be_kept(tmp_path: Path, severity: Severity) -> None:
    async with opened(tmp_path / "s.db") as store:
        await store.write(lambda db: alerts.write_alert(db, replace(ALERT, severity=severity)))
        assert (await store.read(alerts.standing))[0].severity is severity


def put_off(db: sqlite3.Connection, at: float, reason: str, which: str = "1") -> None:
    db.execute(f"UPDATE leads SET next_at = ?, next_reason = ? WHERE {which}", (at, reason))  # noqa: S608 - a test's own


async def test_that_one_lead_waits_for_the_law_is_not_what_the_others_wait_for(tmp_path: Path) -> None:
    """Fifty leads are recalled in twenty minutes, one waits for tomorrow's hours; whichever is looked at first."""
    async with opened(tmp_path / "s.db") as store:
        await add_leads(store, [[f"+331990001{n:02}"] for n in range(25)], list_name="a")
        await add_leads(store, [[f"+331990002{n:02}"] for n in range(25)], list_name="b", priority=9)
        await add_leads(store, [["+33199000300"]], list_name="c", priority=5)

        def wait(db: sqlite3.Connection) -> None:
            put_off(db, NOW + 1200, "busy")
            put_off(db, NOW + 43_200, "hours: until 2027-01-16T10:00:00+01:00", "priority = 5")

        await store.write(wait)
        found = await store.read(lambda db: supply(db, "acme", NOW))
        assert (found.due, found.next_at, found.waits_for_law) == (0, NOW + 1200, False)

        await store.write(lambda db: put_off(db, NOW + 900, "hours: until 2027-01-16T10:00:00+01:00", "priority = 5"))
        found = await store.read(lambda db: supply(db, "acme", NOW))
        assert (found.due, found.next_at, found.waits_for_law) == (0, NOW + 900, True)


async def test_what_waits_is_found_by_the_index(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as store:
        values = {"campaign": "acme", "now": NOW, "most": 9}

        def plan(db: sqlite3.Connection) -> list[str]:
            return [row["detail"] for ask in (_DUE, _NEXT) for row in db.execute(f"EXPLAIN QUERY PLAN {ask}", values)]

        seen = await store.read(plan)
    assert [line for line in seen if line.startswith(("SCAN l", "SCAN w", "SCAN i"))] == []
    assert sum("leads_due (import_id=? AND priority=? AND next_at" in line for line in seen) == 2
    assert not any("TEMP B-TREE" in line and "LAST TERM" in line for line in seen)
