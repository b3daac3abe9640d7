"""How many leads may be called now, and when the next of the others."""

import sqlite3
from dataclasses import dataclass
from typing import Final

LEADS_COUNTED: Final = 20_000  # more than these are enough for any alert, and a look must stay quick

# Each import's priorities one by one, by seeks of the index leads_due.
_RANKS = """
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
"""
_DUE = f"""{_RANKS}
SELECT count(*) FROM (
    SELECT 1 FROM ranks CROSS JOIN leads AS l INDEXED BY leads_due
    WHERE l.import_id = ranks.import_id AND l.state = 'due' AND l.priority = ranks.priority AND l.next_at <= :now
    LIMIT :most
)
"""  # noqa: S608 - parts of our own
# The lead that may be called next is looked at alone: whether the law holds each of a million others would take long.
_NEXT = f"""{_RANKS}
SELECT w.next_at, w.next_reason GLOB '*: until 2*' AS by_law
FROM ranks CROSS JOIN leads AS w ON w.id = (
    SELECT l.id FROM leads AS l INDEXED BY leads_due
    WHERE l.import_id = ranks.import_id AND l.state = 'due' AND l.priority = ranks.priority AND l.next_at > :now
    ORDER BY l.next_at LIMIT 1
)
WHERE ranks.priority IS NOT NULL ORDER BY w.next_at LIMIT 1
"""  # noqa: S608 - parts of our own


@dataclass(frozen=True, slots=True)
class Supply:
    """``due``: leads that may be chosen now, at most LEADS_COUNTED; the law is asked about each when it is.

    ``next_at``: when the first of the others may be. ``waits_for_law``: whether the calling law put that one off.
    """

    due: int
    next_at: float | None
    waits_for_law: bool


def supply(db: sqlite3.Connection, campaign_id: str, now: float) -> Supply:
    """A campaign's leads at this moment."""
    values = {"campaign": campaign_id, "now": now, "most": LEADS_COUNTED}
    due = db.execute(_DUE, values).fetchone()[0]
    first = db.execute(_NEXT, values).fetchone()
    return Supply(due, None, waits_for_law=False) if first is None else Supply(due, first[0], bool(first[1]))


def waits_for_law(db: sqlite3.Connection, campaign_id: str, now: float) -> bool:
    """Whether the next of the leads that are not due waits because a rule of the calling law put it off."""
    first = db.execute(_NEXT, {"campaign": campaign_id, "now": now}).fetchone()
    return first is not None and bool(first[1])
