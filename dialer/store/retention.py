"""Retention: what a campaign's preset says must not be kept any longer is taken out, every day.

``records_retention_days``: records of calls lose their person so long after the call; a lead loses everything when its
list was last read and the lead last called so long ago. ``proof_retention_days``: proofs of consent are deleted so long
after the consent was given. Where a principal's campaigns differ, the longest counts for what belongs to the principal.
The audit trail of commands is kept as long as the records of calls that it explains, the longest of all campaigns.
Wishes not to be called are kept for ever.
"""
# ruff: noqa: S608 - statements are put together from parts of our own; values are always parameters

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from dialer.rules import load_preset
from dialer.store.erasing import Subject, strip
from dialer.store.law import preset_of, principal_key
from dialer.store.pieces import Pace, in_pieces
from dialer.store.store import Store

log = structlog.get_logger(__name__)

DAY_S: Final = 86_400.0
BATCH: Final = 500
_KINDS: Final = ("records", "callbacks", "leads", "proofs", "other_attempts", "commands")  # what is counted

_CAMPAIGNS = "SELECT id, principal, preset, tighten FROM campaigns ORDER BY id"
_STRIPPED = "SELECT before FROM records_stripped WHERE campaign_id = ?"
_STRIPPED_NOW = """
INSERT INTO records_stripped VALUES (?, ?) ON CONFLICT DO UPDATE SET before = max(before, excluded.before)
"""
_OLD = """
SELECT id FROM attempts WHERE campaign_id = :campaign AND reserved_at >= :since AND reserved_at < :before
    AND ended_at IS NOT NULL AND number <> '' ORDER BY reserved_at LIMIT :batch
"""
_OLD_LISTS = """
SELECT i.id, i.first_lead_id - 1 AS after, i.last_lead_id AS last FROM imports AS i WHERE i.list_id IN (
    SELECT l.id FROM lists AS l JOIN imports AS n ON n.list_id = l.id
    WHERE l.campaign_id = :campaign GROUP BY l.id HAVING max(coalesce(n.ready_at, n.started_at)) < :before)
"""
_OLD_LEADS = """
SELECT id FROM leads WHERE id > :after AND id <= :last AND import_id = :import
    AND fields <> '{}' AND state <> 'reserved'
    AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.lead_id = leads.id AND a.reserved_at >= :before)
    AND NOT EXISTS (SELECT 1 FROM callbacks AS c WHERE c.lead_id = leads.id AND c.state = 'waiting')
"""
_OLD_CALLBACKS = "campaign_id = :campaign AND promised_at < :before AND state <> 'waiting' AND number <> ''"
_OLD_PROOFS = "principal = :principal AND coalesce(unixepoch(consent ->> '$.collected_at'), recorded_at) < :before"
_OLD_ELSEWHERE = "principal = :principal AND at < :before"
_OLD_COMMANDS = "at < :before"
_OLD_COMMANDS_SOME = f"id IN (SELECT id FROM command_audit WHERE {_OLD_COMMANDS} ORDER BY at LIMIT :batch)"
_KEEP = "INSERT INTO erasures (at, reason, source, removed) VALUES (?, 'retention', 'by preset', ?)"


@dataclass(frozen=True, slots=True)
class _Terms:
    """Times before which nothing is kept: of a campaign's records; of a principal's proofs and foreign attempts; of
    the audit trail, which many campaigns share.
    """

    records: Mapping[str, float]
    elsewhere: Mapping[str, float]
    proofs: Mapping[str, float]
    commands: float

    @property
    def of_principals(self) -> dict[str, tuple[str, str, Mapping[str, float]]]:
        """What is deleted outright: name to table, condition, and the time of each principal."""
        return {
            "proofs": ("consents", _OLD_PROOFS, self.proofs),
            "other_attempts": ("other_attempts", _OLD_ELSEWHERE, self.elsewhere),
        }


def last_run(db: sqlite3.Connection) -> float:
    """When retention last ran; 0 when it never did."""
    found = db.execute("SELECT max(at) FROM erasures WHERE reason = 'retention'").fetchone()[0]
    return float(found or 0.0)


async def run(store: Store, now: float) -> dict[str, int]:
    """Take out everything whose time is over, in units of work that hold nobody up; what was taken, in counts."""
    terms = await store.read(lambda db: _terms(db, now))
    removed = dict.fromkeys(_KINDS, 0)
    for campaign, before in terms.records.items():
        removed["records"] += await _strip_records(store, campaign, before)
        removed["leads"] += await _strip_leads(store, campaign, before, now)
        values = {"campaign": campaign, "before": before}
        removed["callbacks"] += await store.write(lambda db, v=values: _strip_callbacks(db, v))  # type: ignore[misc]
    for name, (table, old, befores) in terms.of_principals.items():
        for principal, before in befores.items():
            statement, values = f"DELETE FROM {table} WHERE {old}", {"principal": principal, "before": before}
            removed[name] += await store.write(lambda db, s=statement, v=values: db.execute(s, v).rowcount)  # type: ignore[misc]
    removed["commands"] = await _forget_commands(store, terms.commands)
    await store.write(lambda db: db.execute(_KEEP, (now, json.dumps(removed))))
    log.info("retention_done", removed=removed)
    return removed


def due(db: sqlite3.Connection, now: float) -> dict[str, int]:
    """What ``run`` would take out now, in counts."""
    terms = _terms(db, now)
    found = dict.fromkeys(_KINDS, 0)
    for campaign, before in terms.records.items():
        values = {"campaign": campaign, "before": before}
        since = {**values, "since": _stripped_before(db, campaign), "batch": -1}
        found["records"] += _count(db, _OLD, since)
        found["callbacks"] += _count(db, f"SELECT 1 FROM callbacks WHERE {_OLD_CALLBACKS}", values)
        for row in db.execute(_OLD_LISTS, values).fetchall():
            span = {"after": row["after"], "last": row["last"], "import": row["id"], "before": before}
            found["leads"] += _count(db, _OLD_LEADS, span)
    for name, (table, old, befores) in terms.of_principals.items():
        for principal, before in befores.items():
            values = {"principal": principal, "before": before}
            found[name] += _count(db, f"SELECT 1 FROM {table} WHERE {old}", values)
    found["commands"] = _count(db, f"SELECT 1 FROM command_audit WHERE {_OLD_COMMANDS}", {"before": terms.commands})
    return found


def _terms(db: sqlite3.Connection, now: float) -> _Terms:
    records: dict[str, float] = {}
    elsewhere: dict[str, float] = {}
    proofs: dict[str, float] = {}
    for row in db.execute(_CAMPAIGNS):
        conduct = preset_of(row["preset"], row["tighten"]).conduct
        principal = principal_key(row["principal"])
        records[row["id"]] = now - conduct["records_retention_days"] * DAY_S
        elsewhere[principal] = min(elsewhere.get(principal, now), records[row["id"]])
        proofs[principal] = min(proofs.get(principal, now), now - conduct["proof_retention_days"] * DAY_S)
    # Without a campaign the law of France counts, as for a campaign without a preset.
    french = now - load_preset("fr").conduct["records_retention_days"] * DAY_S
    return _Terms(records, elsewhere, proofs, min(records.values(), default=french))


def _stripped_before(db: sqlite3.Connection, campaign: str) -> float:
    row = db.execute(_STRIPPED, (campaign,)).fetchone()
    return 0.0 if row is None else float(row["before"])


async def _strip_records(store: Store, campaign: str, before: float) -> int:
    since = await store.read(lambda db: _stripped_before(db, campaign))
    values = {"campaign": campaign, "since": since, "before": before, "batch": BATCH}
    total = 0
    while count := await store.write(lambda db: _strip_batch(db, values)):
        total += count
    await store.write(lambda db: db.execute(_STRIPPED_NOW, (campaign, before)))
    return total


def _strip_batch(db: sqlite3.Connection, values: Mapping[str, Any]) -> int:
    found = [(row["id"],) for row in db.execute(_OLD, values)]
    db.executemany("UPDATE attempt_verdicts SET inputs = '{}' WHERE attempt_id = ?", found)
    db.executemany("UPDATE attempts SET number = '' WHERE id = ?", found)
    return len(found)


async def _strip_leads(store: Store, campaign: str, before: float, now: float) -> int:
    spans = await store.read(lambda db: db.execute(_OLD_LISTS, {"campaign": campaign, "before": before}).fetchall())
    total = 0
    for row in spans:
        values = {"import": row["id"], "before": before, "now": now}
        total += await in_pieces(store, Pace(), _strip_leads_piece, values, (row["after"], row["last"]))
    return total


def _strip_leads_piece(db: sqlite3.Connection, values: dict[str, Any]) -> int:
    leads = tuple(row["id"] for row in db.execute(_OLD_LEADS, values))
    if leads:
        strip(db, Subject(leads, (), ()), values["now"])
    return len(leads)


def _strip_callbacks(db: sqlite3.Connection, values: Mapping[str, Any]) -> int:
    found = [(row[0],) for row in db.execute(f"SELECT id FROM callbacks WHERE {_OLD_CALLBACKS}", values)]
    db.executemany("UPDATE callback_changes SET detail = '' WHERE callback_id = ?", found)
    return db.executemany(
        "UPDATE callbacks SET number = '', note = '', evidence = '', reason = '' WHERE id = ?", found
    ).rowcount


async def _forget_commands(store: Store, before: float) -> int:
    statement, values = f"DELETE FROM command_audit WHERE {_OLD_COMMANDS_SOME}", {"before": before, "batch": BATCH}
    total = 0
    while count := await store.write(lambda db: db.execute(statement, values).rowcount):
        total += count
    return total


def _count(db: sqlite3.Connection, rows: str, values: Mapping[str, Any]) -> int:
    return int(db.execute(f"SELECT count(*) FROM ({rows})", values).fetchone()[0])
