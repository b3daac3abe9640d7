"""What is read from the store: counts, lives of attempts, outcomes page by page."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialer.floor.events import AttemptsRecovered, NewAttempt
from dialer.floor.words import AttemptState
from dialer.store.errors import NotFound

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Counts:
    """Where a campaign stands. ``results`` counts the attempts of the period that ended, by result."""

    leads: int
    finished: int
    open_attempts: int
    attempts: int
    results: Mapping[str, int]
    answered_by: Mapping[str, int]
    persons: int  # answered by a person, or unsure
    connected: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A lead as an agent sees it: its fields as they were in the file, and its numbers in E.164."""

    lead_id: int
    list_name: str
    source_id: str
    fields: Mapping[str, str]
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of an attempt."""

    at: float
    state: str
    reason: str
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """The whole life of an attempt: the row of `attempts`, its steps, and the last pacing decision before it."""

    attempt: Mapping[str, Any]
    steps: tuple[Step, ...]
    decision: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Period:
    """Attempts reserved at ``since`` or later and before ``until``, seconds since the epoch, of one campaign or all."""

    campaign_id: str | None = None
    since: float = 0.0
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One ended attempt with its lead, for exports."""

    values: Mapping[str, Any]
    fields: Mapping[str, str]


_COUNTS = """
SELECT result, answered_by, count(*) AS attempts,
    total(connected_at IS NOT NULL) AS connected, total(abandoned) AS abandoned
FROM attempts WHERE campaign_id = ? AND reserved_at >= ? AND reserved_at < ? AND dialed = 1
GROUP BY result, answered_by
"""
_LEADS = """
SELECT coalesce(sum(i.leads), 0) AS leads, coalesce(sum(i.finished), 0) AS finished
FROM imports AS i JOIN lists ON lists.id = i.list_id WHERE lists.campaign_id = ? AND i.state = 'ready'
"""
_OPEN = "SELECT * FROM attempts INDEXED BY attempts_open WHERE ended_at IS NULL ORDER BY id"
_OPEN_STEPS = """
SELECT s.attempt_id, s.at, s.state, s.agent_id FROM attempts AS a INDEXED BY attempts_open
JOIN attempt_steps AS s ON s.attempt_id = a.id
WHERE a.ended_at IS NULL AND s.state IN ('answered', 'connected') ORDER BY s.id
"""
OUTCOME_COLUMNS = (
    *(
        "attempt_id",
        "campaign_id",
        "list",
        "lead_id",
        "source_id",
        "number",
        "reserved_at",
        "ringing_at",
        "answered_at",
    ),
    *(
        "connected_at",
        "ended_at",
        "result",
        "answered_by",
        "abandoned",
        "disposition",
        "cause",
        "agent_id",
        "opted_out",
    ),
)
_OUTCOMES = """
SELECT a.id AS attempt_id, a.campaign_id, lists.name AS list, a.lead_id, l.source_id, a.number, a.reserved_at,
    a.ringing_at, a.answered_at, a.connected_at, a.ended_at, a.result, a.answered_by, a.abandoned, a.disposition,
    a.cause, a.agent_id, a.opted_out, l.fields
FROM attempts AS a JOIN leads AS l ON l.id = a.lead_id JOIN lists ON lists.id = l.list_id
WHERE a.campaign_id = :campaign AND (a.reserved_at, a.id) > (:reserved_at, :id) AND a.reserved_at >= :since
    AND a.reserved_at < :until AND a.ended_at IS NOT NULL AND a.dialed = 1
ORDER BY a.reserved_at, a.id LIMIT :page
"""


def counts(db: sqlite3.Connection, campaign_id: str, since: float, until: float) -> Counts:
    """Counts of a campaign; attempts are those reserved in the period."""
    rows = db.execute(_COUNTS, (campaign_id, since, until)).fetchall()
    leads = db.execute(_LEADS, (campaign_id,)).fetchone()
    opened = db.execute(f"SELECT count(*) FROM ({_OPEN}) WHERE campaign_id = ?", (campaign_id,)).fetchone()[0]  # noqa: S608
    return Counts(
        leads=leads["leads"],
        finished=leads["finished"],
        open_attempts=opened,
        attempts=sum(row["attempts"] for row in rows),
        results=_sums(rows, "result"),
        answered_by=_sums(rows, "answered_by"),
        persons=sum(row["attempts"] for row in rows if row["result"] == "answered" and row["answered_by"] != "machine"),
        connected=int(sum(row["connected"] for row in rows)),
        abandoned=int(sum(row["abandoned"] for row in rows)),
    )


def _sums(rows: list[sqlite3.Row], column: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        if row[column] is not None:
            sums[row[column]] = sums.get(row[column], 0) + row["attempts"]
    return sums


def open_attempts(db: sqlite3.Connection, now: float) -> AttemptsRecovered:
    """Attempts that the record shows as not ended, with what their steps say of them."""
    attempts = tuple(
        NewAttempt(row["id"], row["campaign_id"], row["lead_id"], row["number"], row["reserved_at"], row["agent_id"])
        for row in db.execute(_OPEN)
    )
    answered: dict[str, float] = {}
    connected: dict[str, float] = {}
    agents: dict[str, str] = {}
    for step in db.execute(_OPEN_STEPS):
        if step["state"] == AttemptState.ANSWERED:
            answered.setdefault(step["attempt_id"], step["at"])
        elif step["agent_id"] is not None:
            connected.setdefault(step["attempt_id"], step["at"])
            agents[step["attempt_id"]] = step["agent_id"]
    return AttemptsRecovered(at=now, attempts=attempts, answered_at=answered, connected_at=connected, agents=agents)


def explain(db: sqlite3.Connection, attempt_id: str) -> Life:
    """The whole life of an attempt. NotFound when there is none of that id."""
    attempt = db.execute("SELECT * FROM attempts WHERE id = ?", (attempt_id,)).fetchone()
    if attempt is None:
        raise NotFound(f"There is no attempt {attempt_id}.")
    steps = db.execute("SELECT * FROM attempt_steps WHERE attempt_id = ? ORDER BY at, id", (attempt_id,))
    decision = db.execute(
        "SELECT * FROM decisions WHERE campaign_id = ? AND at <= ? ORDER BY at DESC, id DESC LIMIT 1",
        (attempt["campaign_id"], attempt["reserved_at"]),
    ).fetchone()
    return Life(
        attempt=dict(attempt),
        steps=tuple(Step(s["at"], s["state"], s["reason"], s["agent_id"]) for s in steps),
        decision=None if decision is None else {**dict(decision), "inputs": json.loads(decision["inputs"])},
    )


def lead(db: sqlite3.Connection, lead_id: int) -> LeadRecord:
    """A lead's record. NotFound when there is none of that id."""
    row = db.execute(
        "SELECT l.*, lists.name AS list FROM leads AS l JOIN lists ON lists.id = l.list_id WHERE l.id = ?", (lead_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no lead {lead_id}.")
    numbers = db.execute("SELECT e164 FROM numbers WHERE lead_id = ? ORDER BY position", (lead_id,))
    found = tuple(n["e164"] for n in numbers)
    return LeadRecord(lead_id, row["list"], row["source_id"], json.loads(row["fields"]), found)


def outcomes_page(
    db: sqlite3.Connection, campaign_id: str, period: Period, last: tuple[float, str]
) -> list[OutcomeRow]:
    """The next PAGE ended attempts after ``last`` (reserved_at, id). Short reads: a long one would let the WAL grow."""
    question = {
        "campaign": campaign_id,
        "since": period.since,
        "until": period.until,
        "reserved_at": last[0],
        "id": last[1],
        "page": PAGE,
    }
    rows = db.execute(_OUTCOMES, question)
    return [OutcomeRow({name: row[name] for name in OUTCOME_COLUMNS}, json.loads(row["fields"])) for row in rows]


def lead_columns(db: sqlite3.Connection, campaign_id: str | None) -> tuple[str, ...]:
    """The names of the fields that the leads of a campaign (or of all) have, in the order of their files."""
    rows = db.execute(
        "SELECT i.columns FROM imports AS i JOIN lists ON lists.id = i.list_id"
        " WHERE (?1 IS NULL OR lists.campaign_id = ?1) AND i.state = 'ready' ORDER BY i.id",
        (campaign_id,),
    )
    return tuple(dict.fromkeys(name for row in rows for name in json.loads(row["columns"])))


def paused_agents(db: sqlite3.Connection) -> dict[str, str]:
    """Agent id and reason of every agent whose last state on record is a pause."""
    rows = db.execute(
        """
        SELECT s.agent_id, s.reason FROM agents AS a
        JOIN agent_states AS s ON s.id = (
            SELECT id FROM agent_states WHERE agent_id = a.id ORDER BY at DESC, id DESC LIMIT 1)
        WHERE s.state = 'paused'
        """
    )
    return {row["agent_id"]: row["reason"] for row in rows}
