"""The unit of work that reserves attempts: choose leads that are due, write their attempts, all or nothing."""

import secrets
import sqlite3

from dialer.floor.commands import RecordOutcome
from dialer.floor.events import NewAttempt
from dialer.floor.words import Result

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS = 9  # milliseconds in base 36: enough until the year 5188
_RANDOM_BYTES = 5

# Two seeks of the index leads_due for each import: the work does not grow with the number of leads.
_HIGHEST_PRIORITY = """
SELECT i.id AS import_id, (
    SELECT max(l.priority) FROM leads AS l INDEXED BY leads_due
    WHERE l.import_id = i.id AND l.state = 'due' AND l.priority < :below
) AS priority
FROM lists CROSS JOIN imports AS i ON i.list_id = lists.id
WHERE lists.campaign_id = :campaign AND i.state = 'ready'
ORDER BY i.id
"""
_DUE = """
SELECT l.id AS lead_id, n.e164 AS number
FROM leads AS l INDEXED BY leads_due
CROSS JOIN numbers AS n ON n.lead_id = l.id AND n.position = l.next_position
WHERE l.import_id = :import AND l.state = 'due' AND l.priority = :priority AND l.next_at <= :now
    AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.number = n.e164 AND a.ended_at IS NULL)
ORDER BY l.next_at, l.id LIMIT :wanted
"""
_INSERT = "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at) VALUES (?, ?, ?, ?, ?)"
_ABOVE_ALL = 1 << 31


def reserve(db: sqlite3.Connection, campaign_id: str, wanted: int, now: float) -> tuple[NewAttempt, ...]:
    """Reserve up to ``wanted`` attempts: higher priority first, then older imports, then the longest due.

    A number with an open attempt in any campaign is passed over. Its lead stays due.
    """
    attempts: list[NewAttempt] = []
    below = _ABOVE_ALL
    while len(attempts) < wanted:
        levels = db.execute(_HIGHEST_PRIORITY, {"campaign": campaign_id, "below": below}).fetchall()
        priority = max((row["priority"] for row in levels if row["priority"] is not None), default=None)
        if priority is None:
            break
        for row in levels:
            if row["priority"] == priority and len(attempts) < wanted:
                chosen = {
                    "import": row["import_id"],
                    "priority": priority,
                    "now": now,
                    "wanted": wanted - len(attempts),
                }
                attempts += _reserve_due(db, campaign_id, chosen)
        below = priority
    return tuple(attempts)


def _reserve_due(db: sqlite3.Connection, campaign_id: str, chosen: dict[str, float]) -> list[NewAttempt]:
    # Written at once, so that a second list with the same number finds it taken.
    now = chosen["now"]
    attempts = [
        NewAttempt(new_attempt_id(now), campaign_id, row["lead_id"], row["number"], now)
        for row in db.execute(_DUE, chosen).fetchall()
    ]
    db.executemany(_INSERT, [(a.attempt_id, a.campaign_id, a.lead_id, a.number, a.reserved_at) for a in attempts])
    db.executemany("UPDATE leads SET state = 'reserved' WHERE id = ?", [(a.lead_id,) for a in attempts])
    return attempts


def never_dialed(attempt: NewAttempt, now: float) -> RecordOutcome:
    """The outcome of an attempt that was reserved and then not wanted: its lead is given back."""
    return RecordOutcome(
        attempt_id=attempt.attempt_id,
        campaign_id=attempt.campaign_id,
        lead_id=attempt.lead_id,
        number=attempt.number,
        result=Result.CANCELLED,
        answered_by=None,
        abandoned=False,
        agent_id=None,
        cause=None,
        reserved_at=attempt.reserved_at,
        ringing_at=None,
        answered_at=None,
        connected_at=None,
        ended_at=now,
        disposition=None,
        dialed=False,
        opted_out=False,
    )


def new_attempt_id(now: float) -> str:
    """An id that sorts by time, is never used twice and is safe as a channel id: ``[0-9a-z]`` and one dash."""
    return f"{_base36(int(now * 1000), _TIME_DIGITS)}-{secrets.token_hex(_RANDOM_BYTES)}"


def _base36(value: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        value, digit = divmod(value, 36)
        text = _DIGITS[digit] + text
    return text
