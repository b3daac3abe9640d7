"""Alerts, silences and the audit trail of commands, as statements."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dialer.alerts.board import Alert, Silence
from dialer.alerts.words import Severity

_WRITE = """
INSERT OR REPLACE INTO alerts (id, kind, scope, subject, severity, since, raised_at, value, threshold, words,
    resolved_at, acknowledged_by, acknowledged_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_STANDING = "SELECT * FROM alerts INDEXED BY alerts_standing WHERE resolved_at IS NULL ORDER BY raised_at, id"
_LATEST = "SELECT * FROM alerts WHERE raised_at >= ? ORDER BY raised_at DESC, id LIMIT ?"
_SILENCE = "INSERT INTO alert_silences (at, kind, scope, until, by_whom, why) VALUES (?, ?, ?, ?, ?, ?)"
_SILENCES = """
SELECT kind, scope, until, by_whom, why FROM alert_silences AS s
WHERE id = (SELECT max(id) FROM alert_silences AS l WHERE l.kind = s.kind AND l.scope = s.scope) AND until > ?
ORDER BY id
"""
_AUDIT = "INSERT INTO command_audit (at, who, origin, command, params, result) VALUES (?, ?, ?, ?, ?, ?)"
_COMMANDED = """
SELECT at, who, origin, command, params, result FROM command_audit
WHERE at >= :since AND at < :until AND (:who IS NULL OR who = :who)
    AND (:campaign_id IS NULL OR json_extract(params, '$.campaign_id') = :campaign_id)
    AND (:agent_id IS NULL OR json_extract(params, '$.agent_id') = :agent_id)
ORDER BY at DESC, id DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """One command: ``who`` from where (``origin``) wanted what, and what came of it (``done`` or an error's code)."""

    at: float
    who: str
    origin: str
    command: str
    params: Mapping[str, Any]
    result: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which commands: given from ``since`` to before ``until`` (seconds since the epoch), at most so many."""

    since: float
    until: float
    who: str | None
    campaign_id: str | None
    agent_id: str | None
    most: int


def write_alert(db: sqlite3.Connection, alert: Alert) -> None:
    """Write an alert as it stands now."""
    db.execute(
        _WRITE,
        (
            *(alert.alert_id, alert.kind, alert.scope, alert.subject, alert.severity, alert.since, alert.raised_at),
            *(alert.value, alert.threshold, json.dumps(dict(alert.words), ensure_ascii=False), alert.resolved_at),
            *(alert.acknowledged_by, alert.acknowledged_at),
        ),
    )


def standing(db: sqlite3.Connection) -> tuple[Alert, ...]:
    """The alerts that were not resolved when last written, the oldest first."""
    return tuple(_alert(row) for row in db.execute(_STANDING))


def latest(db: sqlite3.Connection, since: float, most: int) -> tuple[Alert, ...]:
    """The latest alerts raised from ``since`` on, resolved or not, the newest first."""
    return tuple(_alert(row) for row in db.execute(_LATEST, (since, most)))


def _alert(row: sqlite3.Row) -> Alert:
    values = {name: row[name] for name in row.keys() if name not in ("id", "words", "severity")}  # noqa: SIM118 - a Row
    return Alert(alert_id=row["id"], words=json.loads(row["words"]), severity=Severity(row["severity"]), **values)


def write_silence(db: sqlite3.Connection, silence: Silence, at: float) -> None:
    """Write that something is not to be told for a while, or, with a time that is over, that it is again."""
    db.execute(_SILENCE, (at, silence.kind, silence.scope, silence.until, silence.by, silence.why))


def silences(db: sqlite3.Connection, now: float) -> tuple[Silence, ...]:
    """The silences that have not ended."""
    return tuple(Silence(*row) for row in db.execute(_SILENCES, (now,)))


def write_audit(db: sqlite3.Connection, audit: Audit) -> None:
    """Write one command."""
    params = json.dumps(dict(audit.params), ensure_ascii=False)
    db.execute(_AUDIT, (audit.at, audit.who, audit.origin, audit.command, params, audit.result))


def commanded(db: sqlite3.Connection, asked: Asked) -> list[dict[str, Any]]:
    """The commands on record, the newest first; ``params`` as an object."""
    rows = db.execute(_COMMANDED, asdict(asked)).fetchall()
    return [{**dict(row), "params": json.loads(row["params"])} for row in rows]
