"""Callbacks as they are dialed: which are due, the unit of work that reserves them, what their calls come to."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dialer.floor.commands import RecordOutcome
from dialer.floor.events import NewAttempt
from dialer.leads.callbacks import Due, Manner, callers
from dialer.rules import Verdict, judge
from dialer.store import callbacks
from dialer.store.errors import NotFound
from dialer.store.facts import Moment, case_of
from dialer.store.gate import PASSING, SOON_S, Judged, log_decision
from dialer.store.law import Law, law_of
from dialer.store.reserving import new_attempt_id

# One look takes the longest due first; a campaign with more is behind in any case, and the next look takes the next.
MOST_DUE: Final = 500

_LOOK = """
SELECT count(*) AS waiting, min(not_before) AS next_at, total(not_before <= ?2) AS due,
    total(not_before + ?3 <= ?2) AS overdue
FROM callbacks WHERE campaign_id = ?1 AND state = 'waiting'
"""
_DUE = """
SELECT c.id, c.agent_id, c.not_before FROM callbacks AS c
WHERE c.campaign_id = ? AND c.state = 'waiting' AND c.not_before <= ? ORDER BY c.not_before, c.id LIMIT ?
"""
_ONE = """
SELECT c.*, l.fields FROM callbacks AS c JOIN leads AS l ON l.id = c.lead_id
WHERE c.id = ? AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.number = c.number AND a.ended_at IS NULL)
"""
_MANNER = "SELECT callback_tolerance_s, callback_fallback FROM campaigns WHERE id = ?"
_INSERT = "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, agent_id) VALUES (?, ?, ?, ?, ?, ?)"
_HELD = "SELECT id, at, zone FROM callbacks WHERE lead_id = ? AND state = 'waiting'"


@dataclass(frozen=True, slots=True)
class Look:
    """A campaign's callbacks at a moment: those that are due, how many wait and are overdue, when the next is due."""

    manner: Manner
    due: tuple[Due, ...] = ()
    waiting: int = 0
    due_count: int = 0
    overdue: int = 0
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """A reservation of callbacks: for which campaign's free agents, at what time (``now`` of the floor's clock).

    ``most``: how many, though more agents may be free.
    """

    campaign_id: str
    free: tuple[str, ...]
    now: float
    clock_offset_s: float = 0.0
    most: int = MOST_DUE


def look(db: sqlite3.Connection, campaign_id: str, now: float) -> Look:
    """What there is to call back. NotFound when there is no such campaign."""
    manner = _manner(db, campaign_id)
    row = db.execute(_LOOK, (campaign_id, now, manner.tolerance_s)).fetchone()
    due = _due(db, campaign_id, now) if row["due"] else ()
    return Look(manner, due, row["waiting"], int(row["due"]), int(row["overdue"]), row["next_at"])


def reserve(db: sqlite3.Connection, asking: Asking) -> tuple[NewAttempt, ...]:
    """Reserve the callbacks that may be dialed for these free agents, each judged by the law; all or nothing.

    What the law puts off waits until it allows; what it forbids is dialed no more, and its lead is given back.
    """
    law, now = law_of(db, asking.campaign_id), asking.now
    due = _due(db, asking.campaign_id, now)
    chosen = callers(due, asking.free, _manner(db, asking.campaign_id), now)
    attempts: list[NewAttempt] = []
    for callback_id, agent_id in chosen.items():
        if len(attempts) >= asking.most:
            break
        row = db.execute(_ONE, (callback_id,)).fetchone()
        if row is None:  # its number is in another call
            continue
        judged = _ask(db, law, row, Moment(now + asking.clock_offset_s, asking.clock_offset_s))
        if judged.verdict.verdict == "allow":
            attempts.append(_write(db, law, row, judged, NewAttemptFor(agent_id, now)))
        else:
            _put_off(db, row, judged.verdict, now)
    return tuple(attempts)


@dataclass(frozen=True, slots=True)
class NewAttemptFor:
    """For whom an attempt is written, and when."""

    agent_id: str
    now: float


def _due(db: sqlite3.Connection, campaign_id: str, now: float) -> tuple[Due, ...]:
    return tuple(Due(*row) for row in db.execute(_DUE, (campaign_id, now, MOST_DUE)))


def _manner(db: sqlite3.Connection, campaign_id: str) -> Manner:
    row: Sequence[float | str] | None = db.execute(_MANNER, (campaign_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    return Manner(float(row[0]), str(row[1]))


def _ask(db: sqlite3.Connection, law: Law, row: sqlite3.Row, moment: Moment) -> Judged:
    case, _ = case_of(db, law, row, moment)
    case = callbacks.one_to_one(case, row["at"], row["evidence"])
    return Judged(row["lead_id"], case, judge(law.preset, case))


def _write(db: sqlite3.Connection, law: Law, row: sqlite3.Row, judged: Judged, made: NewAttemptFor) -> NewAttempt:
    attempt = NewAttempt(
        new_attempt_id(made.now), row["campaign_id"], row["lead_id"], row["number"], made.now, made.agent_id
    )
    values = (attempt.attempt_id, attempt.campaign_id, attempt.lead_id, attempt.number, made.now, made.agent_id)
    db.execute(_INSERT, values)
    db.execute("UPDATE leads SET state = 'reserved' WHERE id = ?", (attempt.lead_id,))
    db.execute("UPDATE callbacks SET state = 'dialing', attempt_id = ? WHERE id = ?", (attempt.attempt_id, row["id"]))
    log_decision(db, attempt.attempt_id, law, judged)
    return attempt


def _put_off(db: sqlite3.Connection, row: sqlite3.Row, found: Verdict, now: float) -> None:
    why = callbacks.words(found)
    if found.until is not None:
        _wait(db, row["id"], found.until.timestamp(), why)
    elif found.answers[0][0].kind in PASSING:
        _wait(db, row["id"], now + SOON_S, why)
    else:
        db.execute("UPDATE callbacks SET state = 'forbidden', reason = ? WHERE id = ?", (why, row["id"]))
        callbacks.give_back(db, row["lead_id"], now, f"callback {row['id']} was forbidden by {why}")


def _wait(db: sqlite3.Connection, callback_id: int, until: float, why: str) -> None:
    db.execute("UPDATE callbacks SET not_before = ?, reason = ? WHERE id = ?", (until, why, callback_id))


# --- what becomes of them ----------------------------------------------------------------------------------------


def settle(db: sqlite3.Connection, outcome: RecordOutcome) -> None:
    """An attempt has ended: its callback is kept, or waits again when nothing left this machine."""
    if outcome.dialed:
        db.execute("UPDATE callbacks SET state = 'done' WHERE attempt_id = ?", (outcome.attempt_id,))
    else:
        db.execute(
            "UPDATE callbacks SET state = 'waiting', attempt_id = NULL WHERE attempt_id = ? AND state = 'dialing'",
            (outcome.attempt_id,),
        )


def held(db: sqlite3.Connection, lead_id: int) -> str | None:
    """Why a lead waits for its callback; None when it has none."""
    row = db.execute(_HELD, (lead_id,)).fetchone()
    return None if row is None else callbacks.held_reason(row["id"], callbacks.told(row["at"], row["zone"]))


def take_back(db: sqlite3.Connection, attempt_id: str, disposition: str | None, now: float) -> None:
    """The agent's last word on a talk is not that somebody calls back: what was promised in it is cancelled."""
    row = db.execute("SELECT id FROM callbacks WHERE promised_in = ? AND state = 'waiting'", (attempt_id,)).fetchone()
    if row is not None:
        callbacks.cancel(db, row["id"], f"disposition {disposition}", "disposition", now)
