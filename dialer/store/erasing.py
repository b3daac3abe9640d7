"""Erasure: nothing in the store leads to a person any more. What the law wants proven stays, without the person.

Kept: the wish not to be called and the proofs of consent, both under keyed hashes; each attempt with its times, result
and part in abandonment; a lead without content, for counts to add up.
"""
# ruff: noqa: S608 - statements are put together from parts of our own; values are always parameters

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dialer.rules import Case, Consent
from dialer.rules.caseform import case_json
from dialer.store.dnc import Wish, suppress
from dialer.store.errors import Refused
from dialer.store.law import principal_key
from dialer.store.people import Seed, people_of
from dialer.store.stated import Stated

# Of one person; the gate needs fewer, but here nothing may be left.
MOST_ROWS: Final = 10_000

_SEEDS = """
SELECT l.id, l.fields ->> '$.person_id' AS person_id, c.principal
FROM numbers AS n JOIN leads AS l ON l.id = n.lead_id JOIN lists ON lists.id = l.list_id
JOIN campaigns AS c ON c.id = lists.campaign_id WHERE n.e164 = ?
"""
_SOURCE_IDS = """
SELECT DISTINCT l.fields ->> '$.person_id' FROM json_each(?) AS one CROSS JOIN leads AS l ON l.id = one.value
WHERE l.fields ->> '$.person_id' <> ''
"""
OF_PERSON: Final = """
SELECT a.id FROM json_each(:numbers) AS one CROSS JOIN attempts AS a ON a.number = one.value
UNION SELECT a.id FROM json_each(:leads) AS one CROSS JOIN attempts AS a ON a.lead_id = one.value
"""
_OPEN = f"SELECT 1 FROM attempts WHERE id IN ({OF_PERSON}) AND ended_at IS NULL LIMIT 1"
_LEADS = "(SELECT value FROM json_each(:leads))"
_NUMBERS = "(SELECT value FROM json_each(:numbers))"
_STATING = f"""
SELECT l.id AS lead_id, l.fields, n.e164, c.principal FROM leads AS l
JOIN numbers AS n ON n.lead_id = l.id AND n.position = l.next_position
JOIN lists ON lists.id = l.list_id JOIN campaigns AS c ON c.id = lists.campaign_id
WHERE l.id IN {_LEADS} AND EXISTS (SELECT 1 FROM attempts AS a WHERE a.lead_id = l.id AND a.dialed IS NOT 0)
"""
_KEEP_PROOF = """
INSERT INTO consents (who, principal, consent, recorded_at, source)
VALUES ('sealed:' || lower(hex(seal(:number))), :principal, :consent, :now, 'kept at erasure')
"""
_FINISHED = f"""
UPDATE imports SET finished = finished + (
    SELECT count(*) FROM leads WHERE import_id = imports.id AND id IN {_LEADS} AND state <> 'finished')
WHERE id IN (SELECT import_id FROM leads WHERE id IN {_LEADS})
"""
# In this order: what is looked for by a number or a lead goes before the number and the lead.
_STRIP: Final = {
    "verdicts": f"UPDATE attempt_verdicts SET inputs = '{{}}' WHERE attempt_id IN ({OF_PERSON}) AND inputs <> '{{}}'",
    "callbacks": f"""UPDATE callbacks SET number = '', note = '', evidence = '', reason = '',
        state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END
        WHERE lead_id IN {_LEADS} OR number IN {_NUMBERS}""",
    "callback_changes": f"""UPDATE callback_changes SET detail = ''
        WHERE callback_id IN (SELECT id FROM callbacks WHERE lead_id IN {_LEADS}) AND detail <> ''""",
    "attempts": f"UPDATE attempts SET number = '' WHERE id IN ({OF_PERSON}) AND number <> ''",
    "other_attempts": f"DELETE FROM other_attempts WHERE number IN {_NUMBERS}",
    "blocks": f"DELETE FROM blocked_leads WHERE lead_id IN {_LEADS}",
    "numbers": f"DELETE FROM numbers WHERE lead_id IN {_LEADS}",
    "leads": f"""UPDATE leads SET fields = '{{}}', source_id = 'erased-' || id, state = 'finished', next_at = 0,
        next_position = 0, next_reason = 'erased' WHERE id IN {_LEADS}""",
}
_SEAL_CONSENTS = """
UPDATE consents SET who = 'sealed:' || lower(hex(seal(who)))
WHERE who IN (SELECT value FROM json_each(:names))
"""
_KEEP = "INSERT INTO erasures (at, reason, sealed, source, removed) VALUES (?, 'request', seal(?), ?, ?)"


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything under which the store knows a person: rows of lists, numbers, ids that sources gave."""

    leads: tuple[int, ...]
    numbers: tuple[str, ...]
    source_ids: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything under which a wish or a consent may be on record."""
        return (*self.numbers, *(f"person:{each}" for each in self.source_ids))

    def values(self) -> dict[str, str]:
        """Parameters of statements."""
        return {name: json.dumps(getattr(self, name)) for name in ("leads", "numbers", "names")}


def subject_of(db: sqlite3.Connection, number: str) -> Subject:
    """Whoever has an E.164 number, over all principals, as the calling law knows persons."""
    seeds: dict[str, list[Seed]] = {}
    for row in db.execute(_SEEDS, (number,)):
        seeds.setdefault(row["principal"], []).append(Seed(row["id"], row["person_id"] or None))
    people = [each for principal, of in seeds.items() for each in people_of(db, of, principal, MOST_ROWS)]
    leads = tuple(dict.fromkeys(lead for person in people for lead in person.leads))
    numbers = dict.fromkeys([number, *(each for person in people for each in person.numbers)])
    ids = tuple(row[0] for row in db.execute(_SOURCE_IDS, (json.dumps(leads),)))
    return Subject(leads, tuple(numbers), ids)


def erase(db: sqlite3.Connection, number: str, now: float, source: str) -> dict[str, int]:
    """Erase whoever has a number, and see to it that no import brings them back to be called; counts by table.

    Refused while a call to the person is under way: its end would be written to nobody.
    """
    subject = subject_of(db, number)
    if db.execute(_OPEN, subject.values()).fetchone() is not None:
        raise Refused("A call to this person is under way.", hint="Try again when it has ended.")
    removed = strip(db, subject, now)
    removed["consents"] = db.execute(_SEAL_CONSENTS, subject.values()).rowcount
    removed["suppressed"] = suppress(db, subject.names, Wish("", now, "erasure", source))
    db.execute(_KEEP, (now, number, source, json.dumps(removed)))
    return removed


def strip(db: sqlite3.Connection, subject: Subject, now: float) -> dict[str, int]:
    """Take the person out of leads, numbers and all that hangs on them; counts by table."""
    values = subject.values()
    removed = {"proofs_kept": _keep_proofs(db, values["leads"], now)}
    db.execute(_FINISHED, values)
    for table, statement in _STRIP.items():
        removed[table] = db.execute(statement, values).rowcount
    return removed


def _keep_proofs(db: sqlite3.Connection, leads: str, now: float) -> int:
    """A consent that only the lead's own row stated is the proof of the calls that were made."""
    kept = 0
    for row in db.execute(_STATING, {"leads": leads}).fetchall():
        consent = Stated(json.loads(row["fields"]), row["e164"]).consent()
        if consent is not None:
            values = {"number": row["e164"], "principal": principal_key(row["principal"]), "now": now}
            kept += db.execute(_KEEP_PROOF, {**values, "consent": _as_json(consent)}).rowcount
    return kept


def _as_json(consent: Consent) -> str:
    at = consent.collected_at
    case = json.loads(case_json(Case(at=at, consent=consent)))  # type: ignore[arg-type]  # at is not read
    return json.dumps(case["consent"], ensure_ascii=False)


def sealed_names(db: sqlite3.Connection, names: Iterable[str]) -> Sequence[str]:
    """The names under which consents of an erased person are kept."""
    return [row[0] for name in names for row in db.execute("SELECT 'sealed:' || lower(hex(seal(?)))", (name,))]
