"""The consent register: what a person agreed to with a principal, its proof, and withdrawals. Entries are only added.

C. conso. R. 223-1 to R. 223-3 say what an entry holds: who asked and for whom, the object, the date and time, off-hours
slots that were accepted, when it ends. Proofs are kept three years from collection (``proof_retention_days``).
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dialer.rules import load_preset
from dialer.store import dnc
from dialer.store.erasing import sealed_names
from dialer.store.errors import Invalid
from dialer.store.facts import suppressed_names
from dialer.store.gate import free_leads
from dialer.store.law import principal_key
from dialer.store.people import Person, Seed, people_of

DAY_S: Final = 86_400.0
PAGE: Final = 500
_ADD = "INSERT INTO consents (who, principal, consent, recorded_at, source) VALUES (?, ?, ?, ?, ?)"
_SAME = "SELECT id FROM consents WHERE who = ? AND principal = ? AND consent = ? LIMIT 1"
_OF_NAMES = """
SELECT c.* FROM json_each(:names) AS name CROSS JOIN consents AS c ON c.who = name.value
WHERE (:principal IS NULL OR c.principal = :principal) ORDER BY c.recorded_at, c.id
"""
_PAGE = """
SELECT * FROM consents WHERE id > :after AND (:principal IS NULL OR principal = :principal)
    AND recorded_at >= :since AND recorded_at < :until ORDER BY id LIMIT :page
"""
_LEADS = """
SELECT l.id AS lead_id, l.fields ->> '$.person_id' AS person_id, c.principal FROM leads AS l
CROSS JOIN lists ON lists.id = l.list_id CROSS JOIN campaigns AS c ON c.id = lists.campaign_id
WHERE l.id IN (SELECT lead_id FROM numbers WHERE e164 = :who)
    OR l.id IN (SELECT id FROM leads WHERE fields ->> '$.person_id' = :source_id)
"""
_STATED = """
SELECT l.id AS lead_id, lists.name AS list, lists.campaign_id, l.fields FROM json_each(?) AS one
CROSS JOIN leads AS l ON l.id = one.value CROSS JOIN lists ON lists.id = l.list_id ORDER BY l.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the register. ``who``: an E.164 number or ``person:`` and a source's id.

    ``consent``: ``collected_at``, ``expires_at``, ``principal``, ``object``, ``proof``, ``withdrawn_at``, ``slots``
    (``at``, ``evidence``), ``channel``, ``written``, ``automated_dialing``; times are ISO 8601 with an offset.
    ``recorded_at``: seconds since the epoch. ``keep_until``: the day on which the proof may be deleted.
    """

    entry_id: int
    who: str
    principal: str
    consent: Mapping[str, Any]
    recorded_at: float
    source: str
    keep_until: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> "Entry":
        """An entry from its row."""
        consent = json.loads(row["consent"])
        keep = _keep_until(consent.get("collected_at"), row["recorded_at"])
        return cls(row["id"], row["who"], row["principal"], consent, row["recorded_at"], row["source"], keep)


@dataclass(frozen=True, slots=True)
class Origin:
    """When and from where an entry came; ``source`` names who entered it."""

    at: float
    source: str


def add(db: sqlite3.Connection, who: str, consent: Mapping[str, Any], origin: Origin) -> bool:
    """Enter a consent; whether it is new. Leads that the lack of it blocked are judged again.

    Invalid when the person has asked this principal, or everybody, for no more calls: that wish is for ever.
    """
    principal = principal_key(str(consent["principal"]))
    person = person_named(db, who, principal)
    if suppressed_names(db, json.dumps(person.names), principal):
        raise Invalid(
            f"The person has asked for no more calls of {consent['principal']}.",
            hint="`dialer dnc check` tells when. Such a wish is kept for ever; a later consent does not lift it.",
        )
    text = json.dumps({"expires_at": None, "withdrawn_at": None, **consent}, ensure_ascii=False, sort_keys=True)
    if db.execute(_SAME, (who, principal, text)).fetchone() is not None:
        return False
    db.execute(_ADD, (who, principal, text, origin.at, origin.source))
    free_leads(db, person.leads, origin.at)
    return True


def withdraw(db: sqlite3.Connection, who: str, principal: str, withdrawn_at: str, origin: Origin) -> int:
    """End every consent of a person with a principal, by every number and name; how many names were new to the list.

    The wish goes on the do-not-call list as well, where it is kept for ever (R. 223-3: oral withdrawal, at once).
    """
    key = principal_key(principal)
    person = person_named(db, who, key)
    last = _last_given(db, person, key)
    ended = {"principal": principal, **last, "withdrawn_at": last.get("withdrawn_at") or withdrawn_at}
    text = json.dumps(ended, ensure_ascii=False, sort_keys=True)
    for name in dict.fromkeys((who, *person.names)):
        if db.execute(_SAME, (name, key, text)).fetchone() is None:
            db.execute(_ADD, (name, key, text, origin.at, origin.source))
    return dnc.suppress(db, (who, *person.names), dnc.Wish(principal, origin.at, "withdrawal", origin.source))


def show(db: sqlite3.Connection, who: str, principal: str | None = None) -> list[Entry]:
    """Every entry about a person, by every number and name that a principal's lists know, oldest first.

    Proofs that were kept when the person was erased are among them, under their keyed hashes.
    """
    names = [*dict.fromkeys((who, *person_named(db, who, principal).names))]
    every = json.dumps([*names, *sealed_names(db, names)])
    key = None if principal is None else principal_key(principal)
    return [Entry.of(row) for row in db.execute(_OF_NAMES, {"names": every, "principal": key})]


def of_lists(db: sqlite3.Connection, who: str, principal: str | None = None) -> list[dict[str, Any]]:
    """What the rows of lists say of a person's consent: lead, list, campaign, and the columns as they are."""
    leads = json.dumps(person_named(db, who, principal).leads)
    found = [dict(row) for row in db.execute(_STATED, (leads,))]
    for each in found:
        fields = json.loads(each.pop("fields"))
        each["consent"] = {key: fields[key] for key in fields if key.startswith("consent_") and fields[key]}
    return [each for each in found if each["consent"]]


@dataclass(frozen=True, slots=True)
class Span:
    """Entries of a principal (None: all) that were recorded from ``since`` to before ``until``."""

    principal: str | None = None
    since: float = 0.0
    until: float = float("inf")


def page(db: sqlite3.Connection, span: Span, after: int) -> list[Entry]:
    """The next PAGE entries of a span with ids after ``after``."""
    key = None if span.principal is None else principal_key(span.principal)
    question = {"after": after, "principal": key, "since": span.since, "until": span.until, "page": PAGE}
    return [Entry.of(row) for row in db.execute(_PAGE, question)]


def retention_days() -> int:
    """How long a proof is kept from its collection: the longest that a preset asks."""
    return int(load_preset("fr").conduct["proof_retention_days"])


def person_named(db: sqlite3.Connection, who: str, principal: str | None) -> Person:
    """Whom a number or ``person:`` name means in the lists of a principal (None: of each)."""
    source_id = who.removeprefix("person:") if who.startswith("person:") else None
    seeds: dict[str, list[Seed]] = {}
    for row in db.execute(_LEADS, {"who": who, "source_id": source_id}).fetchall():
        if principal is None or principal_key(row["principal"]) == principal_key(principal):
            seeds.setdefault(row["principal"], []).append(Seed(row["lead_id"], row["person_id"]))
    people = [person for name, own in seeds.items() for person in people_of(db, own, name)]
    own = (who,) if source_id is None else ()
    return Person(
        leads=tuple(dict.fromkeys(lead for person in people for lead in person.leads)),
        numbers=tuple(dict.fromkeys((*own, *(number for person in people for number in person.numbers)))),
        source_id=source_id or next((person.source_id for person in people if person.source_id), None),
    )


def _last_given(db: sqlite3.Connection, person: Person, key: str) -> dict[str, Any]:
    names = json.dumps(person.names)
    rows = db.execute(_OF_NAMES, {"names": names, "principal": key}).fetchall()
    last: dict[str, Any] = json.loads(rows[-1]["consent"]) if rows else {}
    return last


def _keep_until(collected_at: object, recorded_at: float) -> str:
    start = recorded_at
    if isinstance(collected_at, str):
        start = datetime.fromisoformat(collected_at).timestamp()
    return datetime.fromtimestamp(start + retention_days() * DAY_S, UTC).date().isoformat()
