"""The do-not-call list: wishes not to be called, only ever added to, and copies of public registers."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from dialer.store.errors import NotFound
from dialer.store.law import principal_key
from dialer.store.people import Person, Seed, person_of

# What an agent says that means: never again. A refusal is a withdrawal (C. conso. R. 223-3).
OPT_OUT_DISPOSITIONS: Final = frozenset(
    {"refusal", "refus", "do_not_call", "dnc", "ne_plus_appeler", "opposition", "withdrawal", "retrait"}
)
WRONG_NUMBER_DISPOSITIONS: Final = frozenset({"wrong_number", "faux_numero"})

_ADD = "INSERT INTO suppressions (sealed, principal, at, reason, source) VALUES (seal(?), ?, ?, ?, ?)"
_ATTEMPT = """
SELECT a.lead_id, a.number, c.principal, l.fields ->> '$.person_id' AS person_id
FROM attempts AS a JOIN campaigns AS c ON c.id = a.campaign_id JOIN leads AS l ON l.id = a.lead_id WHERE a.id = ?
"""
_KNOWN = "SELECT 1 FROM suppressions WHERE sealed = seal(?) AND principal = ? LIMIT 1"
_LATEST = """
SELECT s.principal, s.at, s.reason, s.source, a.number FROM suppressions AS s
LEFT JOIN attempts AS a ON a.id = substr(s.source, 9) AND s.source GLOB 'attempt *' AND seal(a.number) = s.sealed
WHERE :principal IS NULL OR s.principal = :principal ORDER BY s.id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """Not to be called by ``principal`` ('' is everybody) from ``at`` on; ``source`` proves who said it where."""

    principal: str
    at: float
    reason: str
    source: str


def suppress(db: sqlite3.Connection, names: Iterable[str], wish: Wish) -> int:
    """Add names (E.164 numbers, ``person:`` and an id) to the list; how many were not on it for this principal."""
    principal, new = principal_key(wish.principal), 0
    for name in dict.fromkeys(names):
        if db.execute(_KNOWN, (name, principal)).fetchone() is None:
            db.execute(_ADD, (name, principal, wish.at, wish.reason, wish.source))
            new += 1
    return new


def heed_attempt(db: sqlite3.Connection, attempt_id: str, at: float, disposition: str | None) -> None:
    """Put on the list whoever asked in an attempt for no more calls: by keypad (None), or as the agent says."""
    row = db.execute(_ATTEMPT, (attempt_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no attempt {attempt_id}.")
    if not row["number"]:
        return  # the person was erased, and is on the list for everybody
    if disposition in WRONG_NUMBER_DISPOSITIONS:
        # Somebody else answers there: the number is dead for this principal, the person is not.
        person = Person((row["lead_id"],), (row["number"],), None)
    else:
        known = person_of(db, Seed(row["lead_id"], row["person_id"] or None), row["principal"])
        # The number that was called may be the lead's no more.
        person = Person(known.leads, (*known.numbers, row["number"]), known.source_id)
    reason = disposition or "keypad"
    suppress(db, person.names, Wish(row["principal"], at, reason, f"attempt {attempt_id}"))


def wants_no_more_calls(disposition: str | None) -> bool:
    """Whether a disposition puts somebody on the list."""
    return disposition in OPT_OUT_DISPOSITIONS or disposition in WRONG_NUMBER_DISPOSITIONS


def check(db: sqlite3.Connection, number: str) -> list[dict[str, Any]]:
    """Every wish and register that speaks of a number."""
    wishes = db.execute(
        "SELECT principal, at, reason, source FROM suppressions WHERE sealed = seal(?) ORDER BY id", (number,)
    )
    registers = db.execute(
        "SELECT s.name, s.as_of FROM screened_numbers AS n JOIN screening_lists AS s ON s.name = n.list"
        " WHERE n.sealed = seal(?)",
        (number,),
    )
    return [dict(row) for row in wishes] + [{"list": row["name"], "as_of": row["as_of"]} for row in registers]


def summary(db: sqlite3.Connection) -> dict[str, Any]:
    """How many are on the list by principal and reason, and the copies of registers with their day."""
    wishes = db.execute(
        "SELECT principal, reason, count(*) AS names, max(at) AS latest FROM suppressions GROUP BY 1, 2"
    )
    registers = db.execute("SELECT name, as_of, imported_at, source, numbers FROM screening_lists ORDER BY name")
    return {"suppressions": [dict(row) for row in wishes], "registers": [dict(row) for row in registers]}


def latest(db: sqlite3.Connection, principal: str | None, limit: int) -> list[dict[str, Any]]:
    """The last wishes, newest first; ``number`` where the attempt in which it was said is still on record."""
    key = None if principal is None else principal_key(principal)
    return [dict(row) for row in db.execute(_LATEST, {"principal": key, "limit": limit})]
