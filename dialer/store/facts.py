"""What is known of leads when the rules are asked: each person's attempts, consents, wishes, over all lists.

Leads are read many at a time: a handful of statements for all of them instead of a handful for each.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from dialer.rules import UNKNOWN, Case, Consent, Unknown, locate
from dialer.rules.caseform import AUDIENCES, BASES, read_case
from dialer.rules.errors import CaseError, UnknownNameError
from dialer.rules.zones import zone
from dialer.store.law import Law
from dialer.store.people import Person, Seed, people_of

_ATTEMPT = """
SELECT a.id, a.lead_id, a.number, a.reserved_at, a.ended_at, a.abandoned, a.answered_by, a.disposition, c.principal
FROM json_each(?) AS one CROSS JOIN attempts AS a ON {column} = one.value
CROSS JOIN campaigns AS c ON c.id = a.campaign_id WHERE a.dialed IS NOT 0
"""
_ATTEMPTS = f"{_ATTEMPT.format(column='a.number')} UNION {_ATTEMPT.format(column='a.lead_id')}"
_ELSEWHERE = """
SELECT o.number, o.at FROM json_each(?) AS one CROSS JOIN other_attempts AS o ON o.number = one.value
WHERE o.principal = ?
"""
_SUPPRESSED = """
SELECT DISTINCT name.value FROM json_each(?) AS name CROSS JOIN suppressions AS s ON s.sealed = seal(name.value)
WHERE s.principal IN ('', ?) AND s.at < ?
"""
_SCREENED = """
SELECT one.value, s.list FROM json_each(?) AS one CROSS JOIN screened_numbers AS s ON s.sealed = seal(one.value)
"""
_CONSENTS = """
SELECT c.who, c.consent FROM json_each(?) AS name CROSS JOIN consents AS c ON c.who = name.value WHERE c.principal = ?
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a call would be made: the wall's time, and how far the floor's clock is from it."""

    at: float
    clock_offset_s: float = 0.0


def cases_of(
    db: sqlite3.Connection, law: Law, rows: Sequence[sqlite3.Row], moment: Moment
) -> list[tuple[Case, Person]]:
    """The questions that the rules answer for leads' rows (``lead_id``, ``number``, ``fields``) at a moment."""
    fields: list[dict[str, str]] = [json.loads(row["fields"]) for row in rows]
    seeds = [Seed(row["lead_id"], own.get("person_id") or None) for row, own in zip(rows, fields, strict=True)]
    people = people_of(db, seeds, law.principal or "")
    known = _Known.read(db, law, people, [row["number"] for row in rows])
    whole = zip(rows, fields, people, strict=True)
    return [(_case(law, known, person, _Reading(own, row["number"]), moment), person) for row, own, person in whole]


def case_of(db: sqlite3.Connection, law: Law, row: sqlite3.Row, moment: Moment) -> tuple[Case, Person]:
    """The question that the rules answer for one lead's row."""
    return cases_of(db, law, [row], moment)[0]


def _case(law: Law, known: "_Known", person: Person, read: "_Reading", moment: Moment) -> Case:
    made = known.made(law, person)
    settings, stated = law.settings, read.text
    return Case(
        at=_time(moment.at),
        number=read.number,
        postcode=stated("postcode"),
        principal=law.principal,
        audience=read.word("audience", AUDIENCES, settings.audience),
        sector=settings.sector or UNKNOWN,
        mode=law.mode,
        caller_id=law.caller_id or None,
        ring_timeout_s=law.ring_timeout_s,
        basis=read.word("basis", BASES, settings.basis),
        consent=known.consent(person, read),
        requested_at=read.time("requested_at") if stated("requested_at") else None,
        attempts=made.times,
        last_abandoned_at=made.abandoned_at,
        agent_reserved=law.mode in ("preview", "manual"),
        suppressed=not known.suppressed.isdisjoint(person.names),
        screened_at=known.screened_at,
        listed_in=frozenset(known.listed.get(read.number, ())),
        caller_ids=law.caller_ids,
        in_flight=made.in_flight,
        last_machine_at=made.machine_at,
        clock_offset_s=moment.clock_offset_s,
        request_object=stated("request_object"),
        prerecorded=False,
    )


# --- what the store knows of many people -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Made:
    times: tuple[datetime, ...]
    in_flight: bool
    abandoned_at: datetime | None
    machine_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Known:
    """Facts of some people, by the number, the lead or the name they stand under."""

    attempts_of: Mapping[str | int, Sequence[sqlite3.Row]]
    elsewhere: Mapping[str, Sequence[float]]
    suppressed: frozenset[str]
    screened_at: Mapping[str, date]
    listed: Mapping[str, Sequence[str]]
    consents: Mapping[str, Sequence[Consent]]

    @classmethod
    def read(cls, db: sqlite3.Connection, law: Law, people: Sequence[Person], dialed: Sequence[str]) -> "_Known":
        """Look up everybody at once; ``dialed`` are the numbers that would be called."""
        numbers = _unique(number for person in people for number in person.numbers)
        leads = _unique(lead for person in people for lead in person.leads)
        names = _unique(name for person in people for name in person.names)
        registers = db.execute("SELECT name, as_of FROM screening_lists").fetchall()
        return cls(
            attempts_of=_attempts(db, numbers, leads),
            elsewhere=_grouped(db.execute(_ELSEWHERE, (numbers, law.principal_key))),
            suppressed=suppressed_names(db, names, law.principal_key),
            screened_at={row["name"]: date.fromisoformat(row["as_of"]) for row in registers},
            listed=_grouped(db.execute(_SCREENED, (_unique(dialed),))) if registers else {},
            consents=_consents(db, names, law.principal_key),
        )

    def made(self, law: Law, person: Person) -> _Made:
        """What was tried. An open attempt counts as made; one that never left the machine does not."""
        keys: tuple[str | int, ...] = (*person.numbers, *person.leads)
        tries = {row["id"]: row for key in keys for row in self.attempts_of.get(key, ())}.values()
        own = [row["reserved_at"] for row in tries if row["principal"] == (law.principal or "")]
        elsewhere = [at for number in person.numbers for at in self.elsewhere.get(number, ())]
        return _Made(
            times=tuple([_time(at) for at in sorted([*own, *elsewhere])]),
            in_flight=any(row["ended_at"] is None for row in tries),
            abandoned_at=_latest(row["ended_at"] for row in tries if row["abandoned"]),
            machine_at=_latest(
                row["ended_at"] for row in tries if "machine" in (row["answered_by"], row["disposition"])
            ),
        )

    def consent(self, person: Person, read: "_Reading") -> Consent | None:
        """The consent that was given last, of the register's and the row's own."""
        own = read.consent()
        known = [consent for name in person.names for consent in self.consents.get(name, ())]
        return max([*known, own] if own else known, key=_collected, default=None)


def _attempts(db: sqlite3.Connection, numbers: str, leads: str) -> Mapping[str | int, Sequence[sqlite3.Row]]:
    """Every attempt to these numbers or leads, under its number and under its lead."""
    found: defaultdict[str | int, list[sqlite3.Row]] = defaultdict(list)
    for row in db.execute(_ATTEMPTS, (numbers, leads)):
        found[row["number"]].append(row)
        found[row["lead_id"]].append(row)
    return found


def suppressed_names(
    db: sqlite3.Connection, names: str, principal_key: str, before: float = float("inf")
) -> frozenset[str]:
    """Which of some names (JSON) asked this principal or everybody for no more calls, before a moment."""
    return frozenset(row[0] for row in db.execute(_SUPPRESSED, (names, principal_key, before)))


def _consents(db: sqlite3.Connection, names: str, principal_key: str) -> Mapping[str, Sequence[Consent]]:
    found: defaultdict[str, list[Consent]] = defaultdict(list)
    for who, text in db.execute(_CONSENTS, (names, principal_key)):
        consent = stored_consent(text)
        if consent is not None:
            found[who].append(consent)
    return found


def stored_consent(text: str) -> Consent | None:
    """A consent as the register keeps it."""
    case = read_case({"at": "2000-01-01T00:00:00+00:00", "consent": json.loads(text)})
    return case.consent if isinstance(case.consent, Consent) else None


def _collected(consent: Consent) -> datetime:
    at = consent.collected_at
    return at if isinstance(at, datetime) else datetime.min.replace(tzinfo=UTC)


def _latest(times: Iterable[float | None]) -> datetime | None:
    known = [at for at in times if at is not None]
    return _time(max(known)) if known else None


def _grouped(rows: Iterable[Any]) -> Mapping[str, Sequence[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for key, value in rows:
        found[key].append(value)
    return found


def _unique(values: Iterable[object]) -> str:
    return json.dumps([*dict.fromkeys(values)])


# --- a row's own fields ------------------------------------------------------------------------------------------


class _Reading:
    """A lead's fields as facts. What cannot be read is unknown, and unknown blocks where a rule needs it."""

    def __init__(self, fields: Mapping[str, str], number: str) -> None:
        self._fields = fields
        self.number = number

    def text(self, name: str) -> str | None:
        """A field's text, None when it is empty."""
        return self._fields.get(name) or None

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
            zones = locate(self.number, self._fields.get("postcode")).zones
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
