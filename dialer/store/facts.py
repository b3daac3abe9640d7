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

from dialer.rules import UNKNOWN, Case, Consent
from dialer.rules.caseform import AUDIENCES, BASES, read_case
from dialer.rules.checks_consent import plain
from dialer.store.law import Law
from dialer.store.people import Person, Seed, people_of
from dialer.store.stated import Stated

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
SELECT c.who, c.consent FROM json_each(?) AS name CROSS JOIN consents AS c ON c.who = name.value
WHERE c.principal = ? AND c.recorded_at <= ?
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a call would be made: the wall's time, and how far the floor's clock is from it.

    ``known_until`` (floor's clock) leaves out what came on record later, ``attempt_id`` the attempt that is judged: for
    judging again what was judged then.
    """

    at: float
    clock_offset_s: float = 0.0
    known_until: float = float("inf")
    attempt_id: str = ""


def cases_of(
    db: sqlite3.Connection, law: Law, rows: Sequence[sqlite3.Row], moment: Moment
) -> list[tuple[Case, Person]]:
    """The questions that the rules answer for leads' rows (``lead_id``, ``number``, ``fields``) at a moment."""
    fields: list[dict[str, str]] = [json.loads(row["fields"]) for row in rows]
    seeds = [Seed(row["lead_id"], own.get("person_id") or None) for row, own in zip(rows, fields, strict=True)]
    people = people_of(db, seeds, law.principal or "")
    known = _Known.read(db, law, people, [row["number"] for row in rows], moment)
    whole = zip(rows, fields, people, strict=True)
    return [(_case(law, known, person, Stated(own, row["number"]), moment), person) for row, own, person in whole]


def case_about(db: sqlite3.Connection, law: Law, person: Person, read: Stated, moment: Moment) -> Case:
    """The question about a person whose row, if there is one, states what ``read`` has."""
    return _case(law, _Known.read(db, law, [person], [read.number], moment), person, read, moment)


def case_of(db: sqlite3.Connection, law: Law, row: sqlite3.Row, moment: Moment) -> tuple[Case, Person]:
    """The question that the rules answer for one lead's row."""
    return cases_of(db, law, [row], moment)[0]


def _case(law: Law, known: "_Known", person: Person, read: "Stated", moment: Moment) -> Case:
    made = known.made(law, person, moment)
    settings, stated = law.settings, read.text
    consent = known.consent(law, person, read)
    # Whoever agreed is called because of that, where neither the list nor the campaign names another basis.
    basis = settings.basis or ("consent" if consent is not None else "")
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
        basis=read.word("basis", BASES, basis),
        consent=consent,
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
    def read(
        cls, db: sqlite3.Connection, law: Law, people: Sequence[Person], dialed: Sequence[str], moment: Moment
    ) -> "_Known":
        """Look up everybody at once; ``dialed`` are the numbers that would be called."""
        numbers = _unique(number for person in people for number in person.numbers)
        leads = _unique(lead for person in people for lead in person.leads)
        names = _unique(name for person in people for name in person.names)
        registers = db.execute("SELECT name, as_of FROM screening_lists").fetchall()
        return cls(
            attempts_of=_attempts(db, numbers, leads),
            elsewhere=_grouped(db.execute(_ELSEWHERE, (numbers, law.principal_key))),
            suppressed=suppressed_names(db, names, law.principal_key, moment.known_until),
            screened_at={row["name"]: date.fromisoformat(row["as_of"]) for row in registers},
            listed=_grouped(db.execute(_SCREENED, (_unique(dialed),))) if registers else {},
            consents=_consents(db, names, law.principal_key, moment.known_until),
        )

    def made(self, law: Law, person: Person, moment: Moment) -> _Made:
        """What was tried. An open attempt counts as made; one that never left the machine does not."""
        until = moment.known_until
        keys: tuple[str | int, ...] = (*person.numbers, *person.leads)
        found = {row["id"]: row for key in keys for row in self.attempts_of.get(key, ())}.values()
        tries = [row for row in found if row["reserved_at"] <= until and row["id"] != moment.attempt_id]
        ended = [row for row in tries if row["ended_at"] is not None and row["ended_at"] <= until]
        own = [row["reserved_at"] for row in tries if row["principal"] == (law.principal or "")]
        elsewhere = [at for number in person.numbers for at in self.elsewhere.get(number, ()) if at <= until]
        return _Made(
            times=tuple([_time(at) for at in sorted([*own, *elsewhere])]),
            in_flight=len(ended) < len(tries),
            abandoned_at=_latest(row["ended_at"] for row in ended if row["abandoned"]),
            machine_at=_latest(
                row["ended_at"] for row in ended if "machine" in (row["answered_by"], row["disposition"])
            ),
        )

    def consent(self, law: Law, person: Person, read: Stated) -> Consent | None:
        """Of the register's consents and the row's own: one that was withdrawn, else the last that was given for this.

        A withdrawal is of everything that was ever agreed with a principal.
        """
        own = read.consent()
        known = [consent for name in person.names for consent in self.consents.get(name, ())]
        every = [*known, own] if own else known
        withdrawn = [each for each in every if each.withdrawn_at is not None]
        return max(withdrawn or every, key=lambda each: (_is_for(law, each), _collected(each)), default=None)


def _is_for(law: Law, consent: Consent) -> bool:
    pairs = ((consent.principal, law.principal), (consent.object, law.settings.sector))
    return all(isinstance(given, str) and plain(given) == plain(wanted or "") for given, wanted in pairs)


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


def _consents(db: sqlite3.Connection, names: str, principal_key: str, until: float) -> Mapping[str, Sequence[Consent]]:
    found: defaultdict[str, list[Consent]] = defaultdict(list)
    for who, text in db.execute(_CONSENTS, (names, principal_key, until)):
        consent = stored_consent(text)
        if consent is not None:
            found[who].append(consent)
    return found


def stored_consent(text: str) -> Consent | None:
    """A consent as the register keeps it."""
    record = json.loads(text)
    record.pop("channel", None)  # kept as a proof, asked by no rule
    case = read_case({"at": "2000-01-01T00:00:00+00:00", "consent": record})
    return case.consent if isinstance(case.consent, Consent) else None


def _collected(consent: Consent) -> datetime:
    at = consent.collected_at
    return at if isinstance(at, datetime) else datetime.min.replace(tzinfo=UTC)


def _latest(times: Iterable[float]) -> datetime | None:
    last = max(times, default=None)
    return None if last is None else _time(last)


def _grouped(rows: Iterable[Any]) -> Mapping[str, Sequence[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for key, value in rows:
        found[key].append(value)
    return found


def _unique(values: Iterable[object]) -> str:
    return json.dumps([*dict.fromkeys(values)])


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
