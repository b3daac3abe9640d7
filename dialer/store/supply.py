"""How many leads may be called now, and when the next of the others."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from dialer.store.pacing import waits_for_law

LEADS_COUNTED: Final = 20_000  # more than these are enough for any alert, and a look must stay quick

# Each import's priorities one by one, by seeks of the index leads_due; of each the leads that are due.
_SUPPLY = """
WITH RECURSIVE ranks (import_id, priority) AS (
    SELECT i.id, (
        SELECT min(l.priority) FROM leads AS l INDEXED BY leads_due WHERE l.import_id = i.id AND l.state = 'due'
    )
    FROM lists CROSS JOIN imports AS i ON i.list_id = lists.id
    WHERE lists.campaign_id = :campaign AND i.state = 'ready'
    UNION ALL
    SELECT ranks.import_id, (
        SELECT min(l.priority) FROM leads AS l INDEXED BY leads_due
        WHERE l.import_id = ranks.import_id AND l.state = 'due' AND l.priority > ranks.priority
    )
    FROM ranks WHERE ranks.priority IS NOT NULL
)
SELECT
    total((
        SELECT count(*) FROM (
            SELECT 1 FROM leads AS l INDEXED BY leads_due
            WHERE l.import_id = ranks.import_id AND l.state = 'due' AND l.priority = ranks.priority
                AND l.next_at <= :now
            LIMIT :most
        )
    )) AS due,
    min((
        SELECT min(l.next_at) FROM leads AS l INDEXED BY leads_due
        WHERE l.import_id = ranks.import_id AND l.state = 'due' AND l.priority = ranks.priority AND l.next_at > :now
    )) AS next_at
FROM ranks WHERE ranks.priority IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Supply:
    """``due``: leads that may be chosen now, at most about LEADS_COUNTED; the law is asked about each when it is.

    ``next_at``: when the first of the others may be. ``waits_for_law``: whether the calling law put others off.
    """

    due: int
    next_at: float | None
    waits_for_law: bool


def supply(db: sqlite3.Connection, campaign_id: str, now: float) -> Supply:
    """A campaign's leads at this moment."""
    row = db.execute(_SUPPLY, {"campaign": campaign_id, "now": now, "most": LEADS_COUNTED}).fetchone()
    return Supply(int(row["due"]), row["next_at"], waits_for_law(db, campaign_id, now))
