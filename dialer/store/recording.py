"""What the floor asks to be recorded, as statements."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from dialer.floor.commands import (
    Command,
    RecordAgent,
    RecordCampaign,
    RecordDecision,
    RecordMemory,
    RecordOptOut,
    RecordOutcome,
    RecordStep,
)
from dialer.floor.words import AgentState, AnsweredBy
from dialer.store import dnc, recalling
from dialer.store.errors import NotFound

Record = RecordStep | RecordOutcome | RecordAgent | RecordCampaign | RecordDecision | RecordMemory | RecordOptOut

_STEP = "INSERT INTO attempt_steps (attempt_id, at, state, reason, agent_id) VALUES (?, ?, ?, ?, ?)"
_DECISION = "INSERT INTO decisions (campaign_id, at, dial, reason, risk, inputs) VALUES (?, ?, ?, ?, ?, ?)"
_MEMORY = "INSERT OR REPLACE INTO pacing_memory (campaign_id, at, policy, memory) VALUES (?, ?, ?, ?)"
_AGENT = "INSERT INTO agent_states (agent_id, at, state, reason, attempt_id, channel_id) VALUES (?, ?, ?, ?, ?, ?)"
_SESSION_STARTS = """
INSERT INTO agent_sessions (agent_id, started_at) SELECT ?1, ?2
WHERE NOT EXISTS (SELECT 1 FROM agent_sessions WHERE agent_id = ?1 AND ended_at IS NULL)
"""
_SESSION_ENDS = "UPDATE agent_sessions SET ended_at = ? WHERE agent_id = ? AND ended_at IS NULL"
_OUTCOME = """
UPDATE attempts SET ringing_at = ?, answered_at = ?, connected_at = ?, ended_at = ?, result = ?, answered_by = ?,
    abandoned = ?, disposition = ?, cause = ?, agent_id = ?, dialed = ?, opted_out = ?
WHERE id = ?
"""
_BEFORE = "SELECT ended_at IS NOT NULL AS ended, disposition FROM attempts WHERE id = ?"
_NOT_ON_THE_LINE = (AgentState.OFFLINE, AgentState.CALLING)


def write(db: sqlite3.Connection, records: Sequence[Command]) -> None:
    """Write a batch. Rows of one table keep their order; tables do not depend on each other's."""
    steps = [r for r in records if isinstance(r, RecordStep)]
    db.executemany(_STEP, [(r.attempt_id, r.at, r.state, r.reason, r.agent_id) for r in steps])
    for record in records:
        if isinstance(record, RecordOutcome):
            write_outcome(db, record)
        elif isinstance(record, RecordAgent):
            _write_agent(db, record)
        elif isinstance(record, RecordCampaign):
            write_campaign(db, record)
        elif isinstance(record, RecordDecision):
            _write_decision(db, record)
        elif isinstance(record, RecordMemory):
            db.execute(_MEMORY, (record.campaign_id, record.at, record.policy, record.memory))
        elif isinstance(record, RecordOptOut):
            db.execute("UPDATE attempts SET opted_out = 1 WHERE id = ?", (record.attempt_id,))
            dnc.heed_attempt(db, record.attempt_id, record.at, None)
        elif not isinstance(record, RecordStep):
            raise TypeError(f"{type(record).__name__} is not for the store.")


def write_outcome(db: sqlite3.Connection, outcome: RecordOutcome) -> None:
    """Write how an attempt ended and, the first time, what becomes of its lead."""
    before = db.execute(_BEFORE, (outcome.attempt_id,)).fetchone()
    if before is None:
        raise NotFound(f"There is no attempt {outcome.attempt_id}.")
    # What a supervisor corrected in the record, the floor does not know, and does not take back.
    outcome = _as_disposed(replace(outcome, disposition=outcome.disposition or before["disposition"]))
    db.execute(
        _OUTCOME,
        (
            *(outcome.ringing_at, outcome.answered_at, outcome.connected_at, outcome.ended_at),
            *(outcome.result, outcome.answered_by, outcome.abandoned, outcome.disposition, outcome.cause),
            *(outcome.agent_id, outcome.dialed, outcome.opted_out, outcome.attempt_id),
        ),
    )
    if outcome.disposition != before["disposition"] and dnc.wants_no_more_calls(outcome.disposition):
        dnc.heed_attempt(db, outcome.attempt_id, outcome.ended_at, outcome.disposition)
    if before["ended"]:
        recalling.correct(db, outcome, before["disposition"])
    else:
        recalling.settle(db, outcome)


def _as_disposed(outcome: RecordOutcome) -> RecordOutcome:
    """Who picked up is what the disposition says, whoever gave it: the law counts by it."""
    if outcome.answered_by is None or outcome.disposition is None:
        return outcome
    if outcome.disposition == AnsweredBy.MACHINE:
        return replace(outcome, answered_by=AnsweredBy.MACHINE)
    was_machine = outcome.answered_by == AnsweredBy.MACHINE
    return replace(outcome, answered_by=AnsweredBy.UNSURE) if was_machine else outcome


def write_campaign(db: sqlite3.Connection, change: RecordCampaign) -> None:
    """Write a campaign's change of state; one that is already on record is not written twice."""
    row = db.execute("SELECT state FROM campaigns WHERE id = ?", (change.campaign_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no campaign {change.campaign_id}.")
    if row["state"] == change.state:
        return
    db.execute("UPDATE campaigns SET state = ? WHERE id = ?", (change.state, change.campaign_id))
    db.execute(
        "INSERT INTO campaign_changes (campaign_id, at, state, reason) VALUES (?, ?, ?, ?)",
        (change.campaign_id, change.at, change.state, change.reason),
    )


def _write_agent(db: sqlite3.Connection, change: RecordAgent) -> None:
    row = (change.agent_id, change.at, change.state, change.reason, change.attempt_id, change.channel_id)
    db.execute(_AGENT, row)
    if change.state is AgentState.OFFLINE:
        db.execute(_SESSION_ENDS, (change.at, change.agent_id))
    elif change.state not in _NOT_ON_THE_LINE:
        db.execute(_SESSION_STARTS, (change.agent_id, change.at))


def _write_decision(db: sqlite3.Connection, decision: RecordDecision) -> None:
    inputs = json.dumps(dict(decision.inputs), sort_keys=True, allow_nan=False)
    row = (decision.campaign_id, decision.at, decision.dial, decision.reason, decision.risk, inputs)
    db.execute(_DECISION, row)
