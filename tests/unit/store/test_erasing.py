"""Erasure: the person is gone from every file of the store, whole or not at all; what must be proven stays."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.floor.events import CampaignSettings
from dialer.store import Store, compacting, dnc, erasing, open_store, personal, schema
from dialer.store.connection import set_up_writer
from dialer.store.errors import Refused
from dialer.store.seal import add_seal
from tests.unit.store.helpers import LAB, NOW, add_leads, ended, number, opened, rows

MARY = {
    "name": "Zyxwena Quorvath",
    "postcode": "75001",
    "person_id": "crm-88172",
    "consent_at": "2026-10-01T09:00:00+02:00",
    "consent_principal": "Acme",
    "consent_object": "furniture",
    "consent_proof": "web-form-17",
}
HERS = (number(4_242), number(14_242))
TRACES = (b"Zyxwena", b"crm-88172", *(each[3:].encode() for each in HERS), *(each[1:].encode() for each in HERS))


async def fill(store: Store) -> int:
    """A crowd, and Mary among them in two lists, called, promised a callback, with consents; her first lead."""
    await store.create_campaign(CampaignSettings("one", "trunk", "+33162000000"), principal="Acme", law=LAB)
    await add_leads(store, [[number(n)] for n in range(300)], campaign_id="one", list_name="crowd")
    (first,) = await add_leads(store, [[*HERS]], campaign_id="one", list_name="first", priority=9)
    (second,) = await add_leads(store, [[HERS[1]]], campaign_id="one", list_name="second")
    text = json.dumps(MARY)
    await store.write(lambda db: db.execute("UPDATE leads SET fields = ? WHERE id IN (?, ?)", (text, first, second)))
    (attempt,) = await store.reserve("one", 1, NOW)
    store.record([ended(attempt, abandoned=True)])
    await store.flush()
    await store.write(lambda db: _more(db, first))
    return first


def _more(db: sqlite3.Connection, lead: int) -> None:
    db.execute(
        "INSERT INTO callbacks (campaign_id, lead_id, number, at, zone, note, promised_by, promised_at, not_before)"
        " VALUES ('one', ?, ?, 0, 'Europe/Paris', 'ask for Zyxwena', '101', 0, 0)",
        (lead, HERS[0]),
    )
    consent = json.dumps({"collected_at": "2026-10-02T09:00:00+02:00", "proof": "call-5", "withdrawn_at": None})
    for who in (HERS[0], "person:crm-88172"):
        db.execute("INSERT INTO consents VALUES (NULL, ?, 'acme', ?, 0, 'by hand')", (who, consent))
    db.execute("INSERT INTO other_attempts VALUES ('acme', ?, 5.0, 'other centre')", (HERS[1],))
    db.execute("INSERT OR REPLACE INTO blocked_leads VALUES (?, 0, 'a rule', 'Zyxwena')", (lead + 1,))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "dialer.db", create=True, clock=lambda: NOW) as opened_store:
        yield opened_store


def erase_mary(db: sqlite3.Connection) -> dict[str, int]:
    return erasing.erase(db, HERS[0], NOW + 100, "erased by test")


def found_in_files(folder: Path) -> set[bytes]:
    """Which of Mary's traces any file of the store holds."""
    contents = [path.read_bytes() for path in folder.glob("dialer.db*")]
    return {trace for trace in TRACES for content in contents if trace in content}


async def test_no_file_holds_a_trace_of_an_erased_person(store: Store, tmp_path: Path) -> None:
    await fill(store)
    assert found_in_files(tmp_path) == set(TRACES)

    await store.write(erase_mary)
    assert await compacting.compact(store)
    assert await compacting.clear_wal(store)

    assert found_in_files(tmp_path) == set()


async def test_what_is_deleted_is_overwritten_before_the_file_is_rewritten(store: Store, tmp_path: Path) -> None:
    await fill(store)

    await store.write(erase_mary)
    assert await compacting.clear_wal(store)

    assert found_in_files(tmp_path) == set()


async def test_what_must_be_proven_stays_without_the_person(store: Store) -> None:
    lead = await fill(store)
    before = await store.counts("one")

    removed = await store.write(erase_mary)

    after = await store.counts("one")
    assert (after.attempts, after.abandoned, after.leads) == (before.attempts, before.abandoned, before.leads)
    kept = await rows(store, "SELECT number, abandoned, result, lead_id FROM attempts")
    assert kept == [("", 1, "no_answer", lead)]
    ((preset, version, inputs),) = await rows(store, "SELECT preset, version, inputs FROM attempt_verdicts")
    assert (preset, inputs) == ("lab", "{}")
    assert version
    proofs = await rows(store, "SELECT who, consent ->> '$.proof' FROM consents ORDER BY id")
    assert {proof for _, proof in proofs} == {"call-5", "web-form-17"}
    assert all(who.startswith("sealed:") for who, _ in proofs)
    assert removed["attempts"] == 1
    assert removed["leads"] == 2


async def test_whoever_gives_the_number_again_finds_the_proofs_and_the_wish(store: Store) -> None:
    await fill(store)
    await store.write(erase_mary)

    held = await store.read(lambda db: personal.held_on(db, HERS[0]))

    assert [consent["consent"]["proof"] for consent in held["consents"]] == ["call-5", "web-form-17"]
    assert [(wish["principal"], wish["reason"]) for wish in held["suppressions"]] == [("", "erasure")]
    assert len(held["erasures"]) == 1
    assert held["leads"] == held["attempts"] == held["callbacks"] == held["other_attempts"] == []


async def test_everything_that_is_held_is_shown(store: Store) -> None:
    await fill(store)

    held = await store.read(lambda db: personal.held_on(db, HERS[1]))

    assert sorted(held["numbers_known"]) == sorted(HERS)
    assert [lead["fields"]["name"] for lead in held["leads"]] == [MARY["name"]] * 2
    assert held["attempts"][0]["inputs"]["consent"]["proof"] == "web-form-17"
    assert {len(held[name]) for name in ("callbacks", "blocks", "other_attempts")} == {1}
    assert len(held["consents"]) == 2


async def test_an_erased_person_who_is_imported_again_is_never_called(store: Store) -> None:
    await fill(store)
    await store.write(erase_mary)
    await add_leads(store, [[HERS[1]]], campaign_id="one", list_name="third", priority=10)

    attempts = await store.reserve("one", 1, NOW + 200)

    assert attempts[0].number not in HERS
    ((rule,),) = await rows(store, "SELECT rule FROM blocked_leads")
    assert rule == "internal_suppression"


async def test_nobody_is_erased_in_the_middle_of_a_call(store: Store) -> None:
    await add_leads_of_one(store)
    (attempt,) = await store.reserve("one", 1, NOW)

    with pytest.raises(Refused, match="under way"):
        await store.write(lambda db: erasing.erase(db, attempt.number, NOW, "test"))

    assert await rows(store, "SELECT count(*) FROM numbers") == [(1,)]


async def test_a_late_word_on_an_erased_call_puts_nobody_else_on_the_list(store: Store) -> None:
    await fill(store)
    await store.write(erase_mary)
    ((attempt_id,),) = await rows(store, "SELECT id FROM attempts")
    before = await rows(store, "SELECT count(*) FROM suppressions")

    await store.write(lambda db: dnc.heed_attempt(db, attempt_id, NOW + 200, "refusal"))

    assert await rows(store, "SELECT count(*) FROM suppressions") == before


async def add_leads_of_one(store: Store) -> None:
    await store.create_campaign(CampaignSettings("one", "trunk", "+33162000000"), law=LAB)
    await add_leads(store, [[HERS[0]]], campaign_id="one")


async def test_the_counts_of_an_import_add_up_after_an_erasure(store: Store) -> None:
    await add_leads_of_one(store)

    await store.write(lambda db: erasing.erase(db, HERS[0], NOW, "test"))

    assert await rows(store, "SELECT leads, finished FROM imports") == [(1, 1)]


# --- every table -----------------------------------------------------------------------------------------------------

# Where a person may stand. A new table with such a column must be stripped by erasing.py, or its test says why not.
PERSONAL = {
    "number": {"attempts", "callbacks", "other_attempts", "migrations"},  # of a migration: its place
    "e164": {"numbers"},
    "raw": {"numbers"},
    "who": {"consents", "callback_changes", "command_audit"},  # of the others: which of our own people
    "fields": {"leads"},
    "inputs": {"attempt_verdicts", "decisions"},  # of a decision: agents and calls in numbers
    "note": {"callbacks"},
    "evidence": {"callbacks"},
    "source_id": {"leads"},
    "lead_id": {"numbers", "attempts", "blocked_leads", "callbacks"},
}


async def test_no_table_holds_persons_that_erasure_does_not_know_of(store: Store) -> None:
    columns = await rows(
        store,
        "SELECT c.name, t.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'",
    )
    found = {name: {table for column, table in columns if column == name} for name in PERSONAL}
    assert found == PERSONAL


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    set_up_writer(db)
    schema.migrate(db, schema.migrations(), 0.0)
    add_seal(db, b"k" * 32)
    db.execute(
        "INSERT INTO campaigns (id, name, trunk, caller_id, ring_timeout_s, connect_deadline_s, wrap_up_s,"
        " abandonment_limit, policy, language, message, created_at)"
        " VALUES ('one', 'one', 't', '+33162000000', 20, 2, 10, 0.03, 'progressive', 'fr', 'm', 0)"
    )
    for each in range(1, 5):
        db.execute("INSERT INTO lists (id, campaign_id, name, created_at) VALUES (?, 'one', ?, 0)", (each, f"l{each}"))
        db.execute(
            "INSERT INTO imports (id, list_id, file, state, columns, started_at, first_lead_id, last_lead_id)"
            " VALUES (?, ?, 'f', 'ready', '[]', 0, 0, 0)",
            (each, each),
        )
    yield db
    db.close()


PEOPLE = st.lists(
    st.tuples(st.integers(1, 4), st.sets(st.integers(0, 12), min_size=1, max_size=3), st.integers(0, 4)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people=PEOPLE, erased=st.integers(0, 12))
def test_an_erasure_takes_one_person_whole_and_touches_nobody_else(
    people: list[tuple[int, set[int], int]], erased: int
) -> None:
    """Rows share numbers and ids of persons at will; who is not the same person stays as they are."""
    with database() as db:
        for lead, (of_list, numbers, person) in enumerate(people, 1):
            _write_lead(db, lead, of_list, {number(n) for n in numbers}, person)
        subject = erasing.subject_of(db, number(erased))
        others = _all(db, exclude=subject.leads)

        erasing.erase(db, number(erased), NOW, "test")

        assert _all(db, exclude=subject.leads) == others
        gone = json.dumps(subject.numbers)
        left = "SELECT count(*) FROM {} WHERE {} IN (SELECT value FROM json_each(?))"
        for table, column in (("numbers", "e164"), ("attempts", "number"), ("consents", "who")):
            assert db.execute(left.format(table, column), (gone,)).fetchone()[0] == 0
        assert erasing.subject_of(db, number(erased)).leads == ()


def _write_lead(db: sqlite3.Connection, lead: int, of_list: int, numbers: set[str], person: int) -> None:
    fields = json.dumps({"name": f"n{lead}", **({"person_id": f"p{person}"} if person else {})})
    db.execute(
        "INSERT INTO leads (id, list_id, import_id, source_id, fields) VALUES (?, ?, ?, ?, ?)",
        (lead, of_list, of_list, f"s{lead}", fields),
    )
    for position, each in enumerate(sorted(numbers)):
        db.execute(
            "INSERT OR IGNORE INTO numbers VALUES (?, ?, ?, ?, 'mobile', 'FR', ?)",
            (lead, position, of_list, each, each),
        )
        db.execute(
            "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ended_at, result, dialed)"
            " SELECT ?, 'one', lead_id, e164, 0, 1, 'no_answer', 1 FROM numbers WHERE lead_id = ? AND position = ?",
            (f"{lead}-{position}", lead, position),
        )
        db.execute("INSERT INTO consents VALUES (NULL, ?, '', '{}', 0, '')", (each,))


def _all(db: sqlite3.Connection, exclude: tuple[int, ...]) -> list[tuple[object, ...]]:
    question = """SELECT l.*, n.*, a.* FROM leads AS l LEFT JOIN numbers AS n ON n.lead_id = l.id
        LEFT JOIN attempts AS a ON a.lead_id = l.id
        WHERE l.id NOT IN (SELECT value FROM json_each(?)) ORDER BY l.id, n.position, a.id"""
    return [tuple(row) for row in db.execute(question, (json.dumps(exclude),))]


# --- a crash ---------------------------------------------------------------------------------------------------------

_CRASHING = """
import asyncio, os, signal, sys
from pathlib import Path
from dialer.store import erasing, open_store

async def main():
    async with open_store(Path(sys.argv[1]), clock=lambda: 1_800_000_000.0) as store:
        def unit(db):
            # After so many steps of SQLite's own machine, wherever that is.
            db.set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGKILL), int(sys.argv[3]))
            erasing.erase(db, sys.argv[2], 1_800_000_100.0, "crash")
            os.kill(os.getpid(), signal.SIGKILL)
        await store.write(unit)

asyncio.run(main())
"""


@pytest.mark.parametrize("steps", [100, 400, 900, 1_500, 1_000_000_000])
async def test_a_process_killed_while_it_erases_leaves_everything_as_it_was(tmp_path: Path, steps: int) -> None:
    path = tmp_path / "dialer.db"
    async with opened(path) as store:
        await fill(store)
        before = await store.read(lambda db: personal.held_on(db, HERS[0]))

    script = [sys.executable, "-c", _CRASHING, str(path), HERS[0], str(steps)]
    killed = await asyncio.to_thread(subprocess.run, script, capture_output=True, timeout=120, check=False)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    async with opened(path) as store:
        assert await store.read(lambda db: personal.held_on(db, HERS[0])) == before
        assert await store.read(lambda db: dnc.check(db, HERS[0])) == []
        await store.write(erase_mary)
        assert (await store.read(lambda db: personal.held_on(db, HERS[0])))["leads"] == []
