"""The unit of work that reserves attempts: choose leads that are due, write their attempts, all or nothing."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dialer.floor.commands import RecordOutcome
from dialer.floor.events import NewAttempt
from dialer.floor.words import Result
from dialer.leads.turns import Share, Turns
from dialer.store.errors import NotFound
from dialer.store.facts import Moment
from dialer.store.gate import Judged, ask, log_decision, put_off
from dialer.store.law import Law, law_of

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS = 9  # milliseconds in base 36: enough until the year 5188
_RANDOM_BYTES = 5

# Two seeks of the index leads_due for each import: the work does not grow with the number of leads.
_HIGHEST_PRIORITY = """
SELECT i.id AS import_id, lists.id AS list_id, (
    SELECT max(l.priority) FROM leads AS l INDEXED BY leads_due
    WHERE l.import_id = i.id AND l.state = 'due' AND l.priority < :below
) AS priority
FROM lists CROSS JOIN imports AS i ON i.list_id = lists.id
WHERE lists.campaign_id = :campaign AND lists.weight > 0 AND i.state = 'ready'
ORDER BY i.id
"""
# Whose number is in a call, or promised a callback in this campaign, is passed over.
_FREE = """
NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.number = n.e164 AND a.ended_at IS NULL) AND NOT EXISTS
    (SELECT 1 FROM callbacks AS c WHERE c.number = n.e164 AND c.state = 'waiting' AND c.campaign_id = :campaign)
"""
_DUE = f"""
SELECT l.id AS lead_id, l.list_id, l.import_id, l.fields, n.position, n.e164 AS number
FROM leads AS l INDEXED BY leads_due
CROSS JOIN numbers AS n ON n.lead_id = l.id AND n.position = l.next_position
WHERE l.import_id = :import AND l.state = 'due' AND l.priority = :priority AND l.next_at <= :now AND {_FREE}
ORDER BY l.next_at, l.id LIMIT :wanted
"""  # noqa: S608 - a part of our own
# The day in a lead's row on which its consent ends: the words of the index leads_consent_ends.
_ENDS = """
(CASE WHEN l.fields ->> '$.consent_expires_at' GLOB '??/??/????*'
    THEN substr(l.fields ->> '$.consent_expires_at', 7, 4) || '-' || substr(l.fields ->> '$.consent_expires_at', 4, 2)
        || '-' || substr(l.fields ->> '$.consent_expires_at', 1, 2)
    ELSE substr(l.fields ->> '$.consent_expires_at', 1, 10) END)
"""
# One day after the other, each in the order of the index: the outer tables of a CROSS JOIN are walked first.
_DUE_ENDING = f"""
SELECT l.id AS lead_id, l.list_id, l.import_id, l.fields, n.position, n.e164 AS number
FROM json_each(:days) AS day CROSS JOIN lists CROSS JOIN imports AS i ON i.list_id = lists.id
CROSS JOIN leads AS l INDEXED BY leads_consent_ends ON l.import_id = i.id
CROSS JOIN numbers AS n ON n.lead_id = l.id AND n.position = l.next_position
WHERE lists.campaign_id = :campaign AND lists.weight > 0 AND i.state = 'ready' AND l.state = 'due'
    AND l.fields ->> '$.consent_expires_at' IS NOT NULL AND {_ENDS} = day.value AND l.next_at <= :now AND {_FREE}
LIMIT :wanted
"""  # noqa: S608 - parts of our own
_SHARES = "SELECT id, weight, turn FROM lists WHERE campaign_id = ?"
_INSERT = "INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at) VALUES (?, ?, ?, ?, ?)"
_ABOVE_ALL = 1 << 31


# How many leads beyond those wanted one unit of work judges at most: everybody else who writes waits for it.
MOST_JUDGED = 200
_CHUNK = 100
# A consent that ends within so many days brings its lead to the front.
ENDING_DAYS = 7


@dataclass(slots=True)
class _Choosing:
    """One reservation under way: the law, the moment, what is still wanted and may still be judged."""

    law: Law
    campaign_id: str
    wanted: int
    now: float
    moment: Moment
    left: int
    turns: Turns
    attempts: list[NewAttempt] = field(default_factory=list)
    taken: set[int | str] = field(default_factory=set)  # their leads and numbers

    @property
    def missing(self) -> int:
        return self.wanted - len(self.attempts)

    @property
    def done(self) -> bool:
        return self.missing <= 0 or self.left <= 0


@dataclass(frozen=True, slots=True)
class _Source:
    """Leads that are due, as a statement and its parameters."""

    sql: str
    question: Mapping[str, int | str]


def reserve(
    db: sqlite3.Connection, campaign_id: str, wanted: int, now: float, clock_offset_s: float = 0.0
) -> tuple[NewAttempt, ...]:
    """Reserve up to ``wanted`` attempts. This function decides who comes first:

    1. callbacks, which the dial loop asks for before it asks here (``calling_back.reserve``);
    2. leads whose consent ends within ENDING_DAYS, the soonest first (as their own rows say it);
    3. leads of a higher priority;
    4. the campaign's lists by their weights (``dialer/leads/turns.py``); a list of weight 0 rests;
    5. of one list older imports, then who is due for the longest, as the recall strategy planned it.

    Each lead is judged by the campaign's law first, at the wall's time (``now`` and ``clock_offset_s`` together). What
    may not be called now is put off or blocked; at most MOST_JUDGED leads more are judged, so fewer than there are may
    come.
    A number with an open attempt in any campaign is passed over. Its lead stays due.
    """
    try:
        law = law_of(db, campaign_id)
    except NotFound:
        return ()
    moment = Moment(now + clock_offset_s, clock_offset_s)
    turns = Turns([Share(*row) for row in db.execute(_SHARES, (campaign_id,))])
    choosing = _Choosing(law, campaign_id, wanted, now, moment, wanted + MOST_JUDGED, turns)
    _reserve_ending(db, choosing)
    below = _ABOVE_ALL
    while not choosing.done:
        levels = db.execute(_HIGHEST_PRIORITY, {"campaign": campaign_id, "below": below}).fetchall()
        priority = max((row["priority"] for row in levels if row["priority"] is not None), default=None)
        if priority is None:
            break
        _reserve_level(db, choosing, priority, [row for row in levels if row["priority"] == priority])
        below = priority
    if len(turns.lists) > 1:
        db.executemany("UPDATE lists SET turn = ? WHERE id = ?", [(share.turn, share.list_id) for share in turns.moved])
    return tuple(choosing.attempts)


def _reserve_ending(db: sqlite3.Connection, choosing: _Choosing) -> None:
    today = datetime.fromtimestamp(choosing.moment.at, UTC).date()
    days = [(today + timedelta(days=n)).isoformat() for n in range(ENDING_DAYS + 1)]
    _reserve_due(db, choosing, _Source(_DUE_ENDING, {"days": json.dumps(days)}), choosing.missing)


def _reserve_level(db: sqlite3.Connection, choosing: _Choosing, priority: int, imports: list[sqlite3.Row]) -> None:
    """Leads of one priority: each list gets its share of what is wanted, and what others have not enough for."""
    sources: dict[int, list[_Source]] = {}
    for row in imports:
        due = _Source(_DUE, {"import": row["import_id"], "priority": priority})
        sources.setdefault(row["list_id"], []).append(due)
    while sources and not choosing.done:
        for list_id, share in choosing.turns.shares(sources, choosing.missing).items():
            before = choosing.missing
            for due in sources[list_id]:
                _reserve_due(db, choosing, due, share - (before - choosing.missing))
            if before - choosing.missing < share:
                del sources[list_id]


def is_due(db: sqlite3.Connection, campaign_id: str, now: float) -> bool:
    """Whether a lead waits to be chosen now: the last choice ended before all were judged."""
    question = {"campaign": campaign_id, "below": _ABOVE_ALL}
    while True:
        levels = db.execute(_HIGHEST_PRIORITY, question).fetchall()
        priority = max((row["priority"] for row in levels if row["priority"] is not None), default=None)
        if priority is None:
            return False
        for row in levels:
            chosen = {**question, "import": row["import_id"], "priority": priority, "now": now, "wanted": 1}
            if row["priority"] == priority and db.execute(_DUE, chosen).fetchone():
                return True
        question["below"] = priority


def _reserve_due(db: sqlite3.Connection, choosing: _Choosing, due: _Source, most: int) -> None:
    """Judge the leads that are due, in order; those allowed are written at once, so that the next ones see them."""
    size, enough = 0, choosing.missing - most
    question = {**due.question, "campaign": choosing.campaign_id, "now": choosing.now}
    while choosing.missing > enough and not choosing.done:
        size = min(max(choosing.missing - enough, size), choosing.left, _CHUNK)
        rows = db.execute(due.sql, {**question, "wanted": size}).fetchall()
        if not rows:
            return
        before = choosing.missing
        for row, judged in ask(db, choosing.law, rows, choosing.moment, choosing.taken):
            choosing.left -= 1
            if judged.verdict.verdict == "allow":
                _write_attempt(db, choosing, row, judged)
                choosing.turns.took(row["list_id"])
            else:
                put_off(db, judged, row)
            if choosing.missing <= enough or choosing.done:
                return
        # Where the law lets nobody be called, most of what is due is put off in few, large steps.
        size = 2 * size if choosing.missing == before else 0


def _write_attempt(db: sqlite3.Connection, choosing: _Choosing, row: sqlite3.Row, judged: Judged) -> None:
    now = choosing.now
    attempt = NewAttempt(new_attempt_id(now), choosing.campaign_id, row["lead_id"], row["number"], now)
    db.execute(_INSERT, (attempt.attempt_id, attempt.campaign_id, attempt.lead_id, attempt.number, now))
    db.execute("UPDATE leads SET state = 'reserved' WHERE id = ?", (attempt.lead_id,))
    log_decision(db, attempt.attempt_id, choosing.law, judged)
    choosing.attempts.append(attempt)
    choosing.taken |= {attempt.lead_id, attempt.number}


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


@lru_cache(maxsize=64)  # all attempts of a reservation have one time
def _base36(value: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        value, digit = divmod(value, 36)
        text = _DIGITS[digit] + text
    return text
