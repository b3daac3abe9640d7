"""A list imported again: what changed in its file changes in its leads; attempts and plans stay."""

import sqlite3
from typing import Any

from dialer.store.gate import free_leads

# Only rows that differ come out: a file that is imported twice costs two look-ups a row.
_CHANGED = """
SELECT l.id AS lead_id, s.line FROM staged.rows AS s
CROSS JOIN main.leads AS l ON l.list_id = :list AND l.source_id = s.source_id
WHERE s.line > :after AND s.line <= :last AND l.id <= :before AND NOT EXISTS
    (SELECT 1 FROM staged.repeats AS r WHERE r.line = s.line)
    AND (l.fields <> s.fields
        OR NOT EXISTS (SELECT 1 FROM main.numbers AS n WHERE n.lead_id = l.id AND n.e164 = s.e164)
        OR EXISTS (SELECT 1 FROM staged.more_numbers AS m WHERE m.line = s.line AND NOT EXISTS
            (SELECT 1 FROM main.numbers AS n WHERE n.lead_id = l.id AND n.e164 = m.e164)))
"""
_FIELDS = """
UPDATE main.leads SET fields = (SELECT fields FROM staged.rows WHERE line = :line)
WHERE id = :lead AND fields <> (SELECT fields FROM staged.rows WHERE line = :line)
"""
_STAGED_NUMBERS = """
SELECT 0 AS position, e164, kind, territory, raw FROM staged.rows WHERE line = :line
UNION ALL SELECT position, e164, kind, territory, raw FROM staged.more_numbers WHERE line = :line ORDER BY position
"""
_HAS = "SELECT 1 FROM main.numbers WHERE lead_id = ? AND e164 = ?"
# A number that another lead of the list has stays there.
_REPLACE = (
    "UPDATE OR IGNORE main.numbers SET e164 = ?, kind = ?, territory = ?, raw = ? WHERE lead_id = ? AND position = ?"
)
_ADD = """
INSERT OR IGNORE INTO main.numbers (lead_id, position, list_id, e164, kind, territory, raw) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


def update_piece(db: sqlite3.Connection, values: dict[str, Any]) -> int:
    """Bring the list's earlier leads up to the rows of a piece; return how many leads changed.

    Leads that the law had blocked are judged again (at ``values["now"]``): what they lacked may have come.
    """
    rows = db.execute(_CHANGED, values).fetchall()
    changed = tuple(row["lead_id"] for row in rows if _update(db, row["lead_id"], row["line"], values["list"]))
    free_leads(db, changed, values["now"])
    return len(changed)


def _update(db: sqlite3.Connection, lead_id: int, line: int, list_id: int) -> bool:
    done = db.execute(_FIELDS, {"lead": lead_id, "line": line}).rowcount
    for position, *number in db.execute(_STAGED_NUMBERS, {"line": line}).fetchall():
        if db.execute(_HAS, (lead_id, number[0])).fetchone() is None:
            replaced = db.execute(_REPLACE, (*number, lead_id, position)).rowcount
            done += replaced or db.execute(_ADD, (lead_id, position, list_id, *number)).rowcount
    return done > 0
