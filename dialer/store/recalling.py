"""What an attempt's outcome makes of its lead, and what a principal learns from it."""

import json
import sqlite3

from dialer.floor.commands import RecordOutcome
from dialer.floor.words import AnsweredBy, Result
from dialer.leads.pickup import Cell, PickupRates, Seen
from dialer.leads.recall import (
    CALLBACK,
    HELD_AT,
    WRONG_NUMBER,
    Lead,
    LeadNumber,
    LeadState,
    Next,
    Strategy,
    Try,
    after,
)
from dialer.leads.slots import Slot, slot_of
from dialer.rules import locate
from dialer.store import calling_back
from dialer.store.law import preset_of

_LEAD = """
SELECT l.id, l.import_id, l.state, l.next_at, l.next_position, l.attempts, l.fields, c.*
FROM attempts AS a JOIN leads AS l ON l.id = a.lead_id JOIN campaigns AS c ON c.id = a.campaign_id WHERE a.id = ?
"""
_TRIES = """
SELECT a.number, a.reserved_at, a.result, a.disposition FROM attempts AS a
WHERE a.lead_id = ? AND a.dialed = 1 AND a.result IS NOT NULL ORDER BY a.reserved_at, a.id
"""
_LATEST = "SELECT id FROM attempts WHERE lead_id = ? ORDER BY reserved_at DESC, id DESC LIMIT 1"
_LEARN = """
INSERT INTO pickup_rates (principal, territory, kind, weekday, part, tries, answered) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET tries = tries + excluded.tries, answered = max(0, answered + excluded.answered)
"""
_KNOWN = "SELECT territory, kind, weekday, part, tries, answered FROM pickup_rates WHERE principal = ?"
# They say nothing about whether somebody is at home.
_TELLS_NOTHING = frozenset({Result.INVALID_NUMBER, Result.CONGESTION, Result.FAILED, Result.CANCELLED, Result.UNKNOWN})


def settle(db: sqlite3.Connection, outcome: RecordOutcome) -> None:
    """Decide about the lead of an attempt that has just ended, and learn from it."""
    calling_back.settle(db, outcome)
    row = db.execute(_LEAD, (outcome.attempt_id,)).fetchone()
    lead = _lead(db, row)
    if outcome.dialed and outcome.result not in _TELLS_NOTHING:
        answered = outcome.result == Result.ANSWERED and outcome.answered_by is not AnsweredBy.MACHINE
        _learn(db, row, lead, outcome, (1, int(answered)))
    _write(db, outcome, row, lead, row["attempts"] + outcome.dialed)


def correct(db: sqlite3.Connection, outcome: RecordOutcome, before: str | None) -> None:
    """A disposition came, or changed, after the end: decide anew while nothing else has happened to the lead."""
    if outcome.disposition == before or not outcome.dialed:
        return
    if outcome.disposition != CALLBACK:
        calling_back.take_back(db, outcome.attempt_id, outcome.disposition, outcome.ended_at)
    row = db.execute(_LEAD, (outcome.attempt_id,)).fetchone()
    lead = _lead(db, row)
    if outcome.disposition == AnsweredBy.MACHINE and outcome.result == Result.ANSWERED:
        _learn(db, row, lead, outcome, (0, -1))
    latest = db.execute(_LATEST, (row["id"],)).fetchone()[0]
    if latest == outcome.attempt_id and row["state"] != "reserved" and row["next_at"] != HELD_AT:
        _write(db, outcome, row, lead, row["attempts"])


def _write(db: sqlite3.Connection, outcome: RecordOutcome, row: sqlite3.Row, lead: Lead, attempts: int) -> None:
    strategy = Strategy(preset_of(row["preset"], row["tighten"]), row["max_attempts"], rates(db, row["principal"]))
    what = after(outcome, lead, strategy)
    if (promised := calling_back.held(db, lead.lead_id)) is not None:
        what = Next(LeadState.DUE, HELD_AT, lead.position, promised)
    db.execute(
        "UPDATE leads SET state = ?, next_at = ?, next_position = ?, next_reason = ?, attempts = ? WHERE id = ?",
        (what.state, what.at, what.position, what.reason, attempts, lead.lead_id),
    )
    finished = (what.state == "finished") - (row["state"] == "finished")
    db.execute("UPDATE imports SET finished = finished + ? WHERE id = ?", (finished, row["import_id"]))


def rates(db: sqlite3.Connection, principal: str) -> PickupRates:
    """What a principal's campaigns have learned about when people pick up."""
    rows = db.execute(_KNOWN, (principal,))
    return PickupRates([Seen(Cell(t, kind, Slot(day, part)), tries, n) for t, kind, day, part, tries, n in rows])


def _lead(db: sqlite3.Connection, row: sqlite3.Row) -> Lead:
    tries = db.execute(_TRIES, (row["id"],)).fetchall()
    dead = {t["number"] for t in tries if t["result"] == Result.INVALID_NUMBER or t["disposition"] == WRONG_NUMBER}
    postcode = json.loads(row["fields"]).get("postcode")
    numbers = db.execute("SELECT * FROM numbers WHERE lead_id = ? ORDER BY position", (row["id"],)).fetchall()
    position = {number["e164"]: number["position"] for number in numbers}
    return Lead(
        lead_id=row["id"],
        position=row["next_position"],
        numbers=tuple(
            LeadNumber(n["position"], n["kind"], n["territory"], locate(n["e164"], postcode), n["e164"] in dead)
            for n in numbers
        ),
        # A number that a later import took away has no position.
        tries=tuple(Try(t["reserved_at"], position.get(t["number"], -1), Result(t["result"])) for t in tries),
    )


def _learn(
    db: sqlite3.Connection, row: sqlite3.Row, lead: Lead, outcome: RecordOutcome, counts: tuple[int, int]
) -> None:
    number = db.execute(
        "SELECT position FROM numbers WHERE lead_id = ? AND e164 = ?", (lead.lead_id, outcome.number)
    ).fetchone()
    dialed = next((n for n in lead.numbers if number is not None and n.position == number[0]), None)
    if dialed is None or not dialed.place.known:
        return
    slot = slot_of(outcome.reserved_at, dialed.place.zones[0])
    db.execute(_LEARN, (row["principal"], dialed.territory, dialed.kind, *slot, *counts))
