"""What is read from the store about pacing: memories, decisions, the course of recorded days."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dialer.floor.words import AgentState

_DECISION = """
SELECT * FROM decisions WHERE campaign_id = ? AND at <= ? ORDER BY at DESC, id DESC LIMIT 1
"""
_ATTEMPTS = """
SELECT id, reserved_at, answered_at, connected_at, ended_at, result, answered_by, abandoned, disposition, agent_id
FROM attempts
WHERE campaign_id = :campaign AND (reserved_at, id) > (:after, :id) AND reserved_at < :until
    AND dialed = 1 AND ended_at IS NOT NULL
ORDER BY reserved_at, id LIMIT :page
"""
_TEAM = """
SELECT id FROM agents WHERE campaign_id = :campaign
UNION SELECT agent_id FROM attempts WHERE campaign_id = :campaign AND reserved_at >= :since AND reserved_at < :until
    AND agent_id IS NOT NULL
"""
_BEFORE = "SELECT state FROM agent_states WHERE agent_id = ? AND at < ? ORDER BY at DESC, id DESC LIMIT 1"
_STATES = "SELECT at, state FROM agent_states WHERE agent_id = ? AND at >= ? AND at < ? ORDER BY at, id"
PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Times from ``since`` to before ``until``, seconds since the epoch, of one campaign."""

    campaign_id: str
    since: float
    until: float


def memories(db: sqlite3.Connection) -> dict[str, bytes]:
    """Campaign id and what its pacer had learned."""
    return {row["campaign_id"]: row["memory"] for row in db.execute("SELECT campaign_id, memory FROM pacing_memory")}


def decision(db: sqlite3.Connection, campaign_id: str, at: float) -> Mapping[str, Any] | None:
    """The last decision on record at ``at``, None when there is none."""
    row = db.execute(_DECISION, (campaign_id, at)).fetchone()
    return None if row is None else {**dict(row), "inputs": json.loads(row["inputs"])}


def attempts_page(db: sqlite3.Connection, stretch: Stretch, after: tuple[float, str]) -> list[dict[str, Any]]:
    """The next PAGE ended attempts of the stretch after ``after`` (reserved_at, id)."""
    reserved_at, attempt_id = max(after, (stretch.since, ""))
    question = {"campaign": stretch.campaign_id, "after": reserved_at, "id": attempt_id, "until": stretch.until}
    return [dict(row) for row in db.execute(_ATTEMPTS, {**question, "page": PAGE})]


def team_states(db: sqlite3.Connection, stretch: Stretch) -> dict[str, list[tuple[float, str]]]:
    """(at, state) of each agent of the campaign, beginning with the state in which the stretch found them."""
    question = {"campaign": stretch.campaign_id, "since": stretch.since, "until": stretch.until}
    team = [row[0] for row in db.execute(_TEAM, question).fetchall()]
    return {agent_id: list(_states(db, agent_id, stretch)) for agent_id in team}


def _states(db: sqlite3.Connection, agent_id: str, stretch: Stretch) -> Iterator[tuple[float, str]]:
    before = db.execute(_BEFORE, (agent_id, stretch.since)).fetchone()
    yield stretch.since, before["state"] if before is not None else AgentState.OFFLINE
    for row in db.execute(_STATES, (agent_id, stretch.since, stretch.until)):
        yield row["at"], row["state"]
