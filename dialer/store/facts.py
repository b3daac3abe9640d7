"""What is known of a lead when the rules are asked: one person's attempts, consents, wishes, over all lists."""
# ruff: noqa: S608 - statements are put together from question marks of our own; values are always parameters

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from dialer.rules import UNKNOWN, Case, Consent, Unknown, locate
from dialer.rules.caseform import AUDIENCES, BASES, read_case
from dialer.rules.errors import CaseError, UnknownNameError
from dialer.rules.zones import zone
from dialer.store.law import Law

# A switchboard may stand in thousands of rows; past this many rows of one person the others add nothing.
MOST_ROWS = 64

# The rows of one person: those that the source says, and whoever shares a number with them, for one principal.
_SAME_PERSON = """
WITH RECURSIVE same (lead_id) AS (
    SELECT :lead
    UNION SELECT id FROM leads WHERE :person IS NOT NULL AND fields ->> '$.person_id' = :person
        AND list_id IN (SELECT l.id FROM lists AS l JOIN campaigns AS c ON c.id = l.campaign_id
            WHERE c.principal = :principal)
    UNION SELECT other.lead_id FROM same
        CROSS JOIN numbers AS mine ON mine.lead_id = same.lead_id
        CROSS JOIN numbers AS other ON other.e164 = mine.e164
        CROSS JOIN lists AS l ON l.id = other.list_id
        CROSS JOIN campaigns AS c ON c.id = l.campaign_id AND c.principal = :principal
    LIMIT :most
)
SELECT same.lead_id, n.e164 FROM same JOIN numbers AS n ON n.lead_id = same.lead_id
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One person as a principal's lists show it: rows and numbers that belong together, and the source's own id."""

    leads: tuple[int, ...]
    numbers: tuple[str, ...]
    source_id: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Everything under which a wish or a consent may be on record."""
        return (*self.numbers, f"person:{self.source_id}") if self.source_id else self.numbers


@dataclass(frozen=True, slots=True)
class Moment:
    """When a call would be made: the wall's time, and how far the floor's clock is from it."""

    at: float
    clock_offset_s: float = 0.0


def person_of(db: sqlite3.Connection, lead_id: int, principal: str, source_id: str | None) -> Person:
    """Everybody who is the same person as a lead."""
    question = {"lead": lead_id, "person": source_id, "principal": principal, "most": MOST_ROWS}
    rows = db.execute(_SAME_PERSON, question).fetchall()
    leads, numbers = {row[0]: None for row in rows}, {row[1]: None for row in rows}
    return Person((*leads,), (*numbers,), source_id)


def case_of(db: sqlite3.Connection, law: Law, row: sqlite3.Row, moment: Moment) -> tuple[Case, Person]:
    """The question that the rules answer for a lead's row (``lead_id``, ``number``, ``fields``) at a moment."""
    fields: dict[str, str] = json.loads(row["fields"])
    person = person_of(db, row["lead_id"], law.principal or "", fields.get("person_id") or None)
    made = _attempts(db, law, person)
    read = _Reading(fields, row["number"])
    settings = law.settings
    case = Case(
        at=_time(moment.at),
        number=row["number"],
        postcode=fields.get("postcode") or None,
        principal=law.principal,
        audience=read.word("audience", AUDIENCES, settings.audience),
        sector=settings.sector or UNKNOWN,
        mode=law.mode,
        caller_id=law.caller_id or None,
        ring_timeout_s=law.ring_timeout_s,
        basis=read.word("basis", BASES, settings.basis),
        consent=_consent(db, law, person, read),
        requested_at=read.time("requested_at") if fields.get("requested_at") else None,
        attempts=made.times,
        last_abandoned_at=made.abandoned_at,
        agent_reserved=law.mode in ("preview", "manual"),
        suppressed=is_suppressed(db, person, law.principal_key),
        **_screening(db, row["number"]),
        caller_ids=law.caller_ids,
        in_flight=made.in_flight,
        last_machine_at=made.machine_at,
        clock_offset_s=moment.clock_offset_s,
        request_object=fields.get("request_object") or None,
        prerecorded=False,
    )
    return case, person


# --- attempts ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Made:
    times: tuple[datetime, ...]
    in_flight: bool
    abandoned_at: datetime | None
    machine_at: datetime | None


def _attempts(db: sqlite3.Connection, law: Law, person: Person) -> _Made:
    """What was tried. An open attempt counts as made; one that never left the machine does not."""
    rows = db.execute(
        f"""
        SELECT a.id, a.reserved_at, a.ended_at, a.abandoned, a.answered_by, a.disposition, c.principal
        FROM attempts AS a JOIN campaigns AS c ON c.id = a.campaign_id
        WHERE a.number IN ({_marks(person.numbers)}) AND a.dialed IS NOT 0
        UNION
        SELECT a.id, a.reserved_at, a.ended_at, a.abandoned, a.answered_by, a.disposition, c.principal
        FROM attempts AS a JOIN campaigns AS c ON c.id = a.campaign_id
        WHERE a.lead_id IN ({_marks(person.leads)}) AND a.dialed IS NOT 0
        """,
        (*person.numbers, *person.leads),
    ).fetchall()
    own = [row["reserved_at"] for row in rows if row["principal"] == (law.principal or "")]
    elsewhere = db.execute(
        f"SELECT at FROM other_attempts WHERE number IN ({_marks(person.numbers)}) AND principal = ?",
        (*person.numbers, law.principal_key),
    )
    return _Made(
        times=tuple(_time(at) for at in sorted([*own, *(row[0] for row in elsewhere)])),
        in_flight=any(row["ended_at"] is None for row in rows),
        abandoned_at=_latest(row["ended_at"] for row in rows if row["abandoned"]),
        machine_at=_latest(row["ended_at"] for row in rows if "machine" in (row["answered_by"], row["disposition"])),
    )


def _latest(times: Any) -> datetime | None:  # noqa: ANN401 - whatever SQLite gives
    known = [at for at in times if at is not None]
    return _time(max(known)) if known else None


# --- wishes and registers ----------------------------------------------------------------------------------------


def is_suppressed(db: sqlite3.Connection, person: Person, principal_key: str, before: float | None = None) -> bool:
    """Whether the person, by any number or by the source's id, asked this principal or everybody for no more calls."""
    row = db.execute(
        f"SELECT 1 FROM suppressions WHERE sealed IN ({', '.join(['seal(?)'] * len(person.names))})"
        " AND principal IN ('', ?) AND at < ? LIMIT 1",
        (*person.names, principal_key, float("inf") if before is None else before),
    ).fetchone()
    return row is not None


def _screening(db: sqlite3.Connection, number: str) -> dict[str, Any]:
    lists = db.execute("SELECT name, as_of FROM screening_lists").fetchall()
    if not lists:
        return {"screened_at": {}, "listed_in": frozenset()}
    found = db.execute("SELECT list FROM screened_numbers WHERE sealed = seal(?)", (number,))
    return {
        "screened_at": {row["name"]: date.fromisoformat(row["as_of"]) for row in lists},
        "listed_in": frozenset(row["list"] for row in found),
    }


def _consent(db: sqlite3.Connection, law: Law, person: Person, read: "_Reading") -> Consent | None:
    """The consent that was given last, of the register's and the row's own."""
    rows = db.execute(
        f"SELECT consent FROM consents WHERE who IN ({_marks(person.names)}) AND principal = ?",
        (*person.names, law.principal_key),
    )
    known = [stored_consent(row["consent"]) for row in rows]
    own = read.consent()
    return max([*known, *([own] if own else [])], key=_collected, default=None)


def stored_consent(text: str) -> Consent | None:
    """A consent as the register keeps it."""
    case = read_case({"at": "2000-01-01T00:00:00+00:00", "consent": json.loads(text)})
    return case.consent if isinstance(case.consent, Consent) else None


def _collected(consent: Consent | None) -> datetime:
    at = consent.collected_at if consent is not None else None
    return at if isinstance(at, datetime) else datetime.min.replace(tzinfo=UTC)


# --- a row's own fields ------------------------------------------------------------------------------------------


class _Reading:
    """A lead's fields as facts. What cannot be read is unknown, and unknown blocks where a rule needs it."""

    def __init__(self, fields: Mapping[str, str], number: str) -> None:
        self._fields = fields
        self._number = number

    def word(self, name: str, known: Sequence[str], otherwise: str) -> str | Unknown:
        value = self._fields.get(name, "").lower() or otherwise
        return value if value in known else UNKNOWN

    def time(self, name: str) -> datetime | Unknown:
        """A time; one without an offset is by the person's own clock, a date alone is its first moment."""
        text = self._fields.get(name, "")
        try:
            found = datetime.fromisoformat(text) if text[4:5] == "-" else datetime.strptime(text[:10], "%d/%m/%Y")  # noqa: DTZ007
        except ValueError:
            return UNKNOWN
        if found.tzinfo is None:
            zones = locate(self._number, self._fields.get("postcode")).zones
            if not zones:
                return UNKNOWN
            found = found.replace(tzinfo=zone(zones[0]))
        return found.astimezone(UTC)

    def consent(self) -> Consent | None:
        """The row's own consent, None when no column says one."""
        given = self._fields.get
        if not any(given(name) for name in ("consent_at", "consent_proof", "consent_withdrawn_at")):
            return None
        return Consent(
            collected_at=self.time("consent_at"),
            expires_at=self.time("consent_expires_at") if given("consent_expires_at") else None,
            principal=given("consent_principal") or UNKNOWN,
            object=given("consent_object") or UNKNOWN,
            proof=given("consent_proof") or None,
            withdrawn_at=self.time("consent_withdrawn_at") if given("consent_withdrawn_at") else None,
            slots=self._slots(),
        )

    def _slots(self) -> tuple[Any, ...]:
        text = self._fields.get("consent_slots", "")
        if not text:
            return ()
        try:
            case = read_case({"at": "2000-01-01T00:00:00+00:00", "consent": {"slots": json.loads(text)}})
        except (ValueError, CaseError, UnknownNameError):
            return ()  # a slot only ever allows more
        return case.consent.slots if isinstance(case.consent, Consent) else ()


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
