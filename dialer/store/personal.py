"""All that the store holds on a person, for whoever asks to see it or to take it along."""
# ruff: noqa: S608 - statements are put together from parts of our own; values are always parameters

import json
import sqlite3
from typing import Any, Final

from dialer.store.erasing import OF_PERSON, sealed_names, subject_of

# JSON columns come out as what they hold.
_AS_JSON: Final = frozenset({"fields", "consent", "inputs"})
_SECTIONS: Final = {
    "leads": """
SELECT l.id AS lead_id, c.principal, lists.campaign_id, lists.name AS list, l.source_id, i.file,
    i.ready_at AS imported_at, l.state, l.next_at, l.next_reason, l.attempts, l.fields
FROM json_each(:leads) AS one CROSS JOIN leads AS l ON l.id = one.value JOIN lists ON lists.id = l.list_id
JOIN imports AS i ON i.id = l.import_id JOIN campaigns AS c ON c.id = lists.campaign_id ORDER BY l.id""",
    "numbers": """
SELECT n.lead_id, n.position, n.e164, n.kind, n.territory, n.raw
FROM json_each(:leads) AS one CROSS JOIN numbers AS n ON n.lead_id = one.value ORDER BY n.lead_id, n.position""",
    "attempts": f"""
SELECT a.*, v.preset, v.version, v.rule, v.inputs FROM attempts AS a
LEFT JOIN attempt_verdicts AS v ON v.attempt_id = a.id WHERE a.id IN ({OF_PERSON}) ORDER BY a.reserved_at, a.id""",
    "other_attempts": """
SELECT o.number, o.principal, o.at, o.source
FROM json_each(:numbers) AS one CROSS JOIN other_attempts AS o ON o.number = one.value ORDER BY o.at""",
    "callbacks": """
SELECT id AS callback_id, campaign_id, lead_id, number, at, zone, agent_id, note, evidence, promised_by, promised_at,
    state
FROM callbacks WHERE lead_id IN (SELECT value FROM json_each(:leads))
    OR number IN (SELECT value FROM json_each(:numbers)) ORDER BY at""",
    "blocks": """
SELECT b.lead_id, b.at, b.rule, b.why
FROM json_each(:leads) AS one CROSS JOIN blocked_leads AS b ON b.lead_id = one.value""",
    "consents": """
SELECT c.principal, c.consent, c.recorded_at, c.source
FROM json_each(:names) AS name CROSS JOIN consents AS c ON c.who = name.value ORDER BY c.recorded_at, c.id""",
    "suppressions": """
SELECT s.principal, s.at, s.reason, s.source
FROM json_each(:names) AS name CROSS JOIN suppressions AS s ON s.sealed = seal(name.value) ORDER BY s.at, s.id""",
    "registers": """
SELECT r.name, r.as_of FROM json_each(:numbers) AS one CROSS JOIN screened_numbers AS s ON s.sealed = seal(one.value)
JOIN screening_lists AS r ON r.name = s.list ORDER BY r.name""",
    "erasures": """
SELECT at, source FROM erasures WHERE sealed IN (SELECT seal(value) FROM json_each(:numbers)) ORDER BY at""",
}


def held_on(db: sqlite3.Connection, number: str) -> dict[str, Any]:
    """What is held on whoever has an E.164 number: section to rows. Times are seconds since the epoch."""
    subject = subject_of(db, number)
    names = (*subject.names, *sealed_names(db, subject.names))
    values = {**subject.values(), "names": json.dumps(names)}
    found = {name: [_row(row) for row in db.execute(question, values)] for name, question in _SECTIONS.items()}
    return {"number": number, "numbers_known": list(subject.numbers), "person_ids": list(subject.source_ids), **found}


def is_empty(held: dict[str, Any]) -> bool:
    """Whether nothing at all is known."""
    return not any(held[section] for section in _SECTIONS)


def _row(row: sqlite3.Row) -> dict[str, Any]:
    return {key: json.loads(row[key]) if key in _AS_JSON and row[key] else row[key] for key in row.keys()}  # noqa: SIM118
