"""The last gate: the rules are asked of each lead in the unit of work that reserves its attempt."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dialer.rules import Case, Verdict, judge
from dialer.rules.caseform import case_json
from dialer.store.facts import Moment, case_of, cases_of
from dialer.store.law import Law

# Somebody else calls this person just now, or the clock is wrong: not the lead's fault, asked again soon.
SOON_S = 30.0
PASSING = frozenset({"in_flight", "clock_sync"})
# These speak of one number: another number of the lead may do.
_OF_NUMBER = frozenset({"tz_resolved", "covers_number", "only_prefixes", "screening", "listed", "mobile_optin"})

_VERDICT = "INSERT INTO attempt_verdicts (attempt_id, preset, version, rule, tighten, inputs) VALUES (?, ?, ?, ?, ?, ?)"
_LATER = "UPDATE leads SET next_at = ?, next_reason = ? WHERE id = ?"
_BLOCK = "INSERT OR REPLACE INTO blocked_leads (lead_id, at, rule, why) VALUES (?, ?, ?, ?)"
_FINISH = "UPDATE leads SET state = 'finished', next_reason = ? WHERE id = ?"
_FOLLOWING = "SELECT min(position) FROM numbers WHERE lead_id = ? AND position > ?"


@dataclass(frozen=True, slots=True)
class Judged:
    """A lead's verdict with the question behind it."""

    lead_id: int
    case: Case
    verdict: Verdict


def ask(
    db: sqlite3.Connection, law: Law, rows: Sequence[sqlite3.Row], moment: Moment, taken: Collection[int | str]
) -> Iterator[tuple[sqlite3.Row, Judged]]:
    """Judge leads' rows (``lead_id``, ``number``, ``fields``) one after the other.

    Their facts are read at once. ``taken``: leads and numbers that were reserved since; whoever owns one of them is
    looked at again, so that nobody is called twice by one reservation.
    """
    for row, (case, person) in zip(rows, cases_of(db, law, rows, moment), strict=True):
        if any(key in taken for key in (*person.leads, *person.numbers)):
            case, _ = case_of(db, law, row, moment)  # noqa: PLW2901 - the facts have changed
        yield row, Judged(row["lead_id"], case, judge(law.preset, case))


def log_decision(db: sqlite3.Connection, attempt_id: str, law: Law, judged: Judged) -> None:
    """Keep the inputs, the version of the rules and the verdict of an attempt, before it is dialed."""
    found = judged.verdict
    preset, tighten = found.preset, law.settings.tighten
    db.execute(_VERDICT, (attempt_id, preset.name, preset.version, found.rule, tighten, case_json(judged.case)))


def put_off(db: sqlite3.Connection, judged: Judged, row: sqlite3.Row) -> None:
    """Do to a lead what a verdict against it says: later, another number, or not at all."""
    found, now = judged.verdict, judged.case.at.timestamp()
    rule, why = found.rule or "", _why(found)
    if found.until is not None:
        db.execute(_LATER, (found.until.timestamp(), f"{rule}: until {found.until.isoformat()}", judged.lead_id))
    elif found.answers[0][0].kind in PASSING:
        db.execute(_LATER, (now + SOON_S, f"{rule}: {why}", judged.lead_id))
    elif found.answers[0][0].kind in _OF_NUMBER and _take_next_number(db, row):
        return
    else:
        db.execute(_BLOCK, (judged.lead_id, now, rule, why))
        db.execute(_FINISH, (f"blocked by {rule}: {why}", judged.lead_id))
        db.execute("UPDATE imports SET finished = finished + 1 WHERE id = ?", (row["import_id"],))


def ask_again(db: sqlite3.Connection, campaign_id: str, now: float) -> None:
    """A campaign's law has changed: what it blocked or put off is judged anew when it is next chosen."""
    lists = "SELECT id FROM lists WHERE campaign_id = ?"
    freed = "SELECT b.lead_id FROM blocked_leads AS b JOIN leads AS l ON l.id = b.lead_id"
    _free(db, f"{freed} WHERE l.list_id IN ({lists})", (campaign_id,), now)
    db.execute(
        f"UPDATE leads SET next_at = ?, next_reason = '' WHERE list_id IN ({lists})"  # noqa: S608 - parts of our own
        " AND state = 'due' AND next_at > ? AND next_reason GLOB '*: until 2*'",
        (now, campaign_id, now),
    )


def free_leads(db: sqlite3.Connection, leads: tuple[int, ...], now: float) -> None:
    """Something that a block rests on has changed for these leads: they are judged anew."""
    which = "SELECT lead_id FROM blocked_leads WHERE lead_id IN (SELECT value FROM json_each(?))"
    _free(db, which, (json.dumps(leads),), now)


def _free(db: sqlite3.Connection, which: str, values: tuple[object, ...], now: float) -> None:
    for row in db.execute(which, values).fetchall():
        changed = db.execute(
            "UPDATE leads SET state = 'due', next_at = ?, next_reason = '' WHERE id = ? AND state = 'finished'",
            (now, row[0]),
        )
        if changed.rowcount:
            db.execute(
                "UPDATE imports SET finished = finished - 1 WHERE id = (SELECT import_id FROM leads WHERE id = ?)",
                (row[0],),
            )
        db.execute("DELETE FROM blocked_leads WHERE lead_id = ?", (row[0],))


def _take_next_number(db: sqlite3.Connection, row: sqlite3.Row) -> bool:
    following = db.execute(_FOLLOWING, (row["lead_id"], row["position"])).fetchone()[0]
    if following is None:
        return False
    db.execute("UPDATE leads SET next_position = ? WHERE id = ?", (following, row["lead_id"]))
    return True


def _why(found: Verdict) -> str:
    inputs = found.answers[0][1].inputs
    unknown = inputs.get("unknown")
    return f"{', '.join(unknown)} is not known" if unknown else str(inputs.get("why", ""))
