"""May somebody be called: the rules asked with the facts of the store, for a person who wants to know why."""

import json
import sqlite3
from dataclasses import dataclass

from dialer.rules import Case, Verdict, judge
from dialer.store.consents import person_named
from dialer.store.errors import NotFound
from dialer.store.facts import Moment, case_about
from dialer.store.law import law_of
from dialer.store.people import Seed, person_of
from dialer.store.stated import Stated

_LEAD = """
SELECT l.id AS lead_id, l.fields, l.state, l.next_at, l.next_reason, n.e164 AS number, lists.campaign_id
FROM leads AS l JOIN lists ON lists.id = l.list_id
LEFT JOIN numbers AS n ON n.lead_id = l.id AND n.position = l.next_position WHERE l.id = ?
"""
_WITH_NUMBER = """
SELECT n.lead_id FROM numbers AS n JOIN lists ON lists.id = n.list_id
WHERE n.e164 = ? AND lists.campaign_id = ? ORDER BY n.lead_id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict with its question, and the lead that it is about, if there is one."""

    campaign_id: str
    lead_id: int | None
    state: str
    next_at: float | None
    next_reason: str
    case: Case
    verdict: Verdict


def ask_lead(db: sqlite3.Connection, lead_id: int, moment: Moment, number: str | None = None) -> Told:
    """Whether a lead may be called at a moment by its next number, or by ``number``. NotFound: there is none."""
    row = db.execute(_LEAD, (lead_id,)).fetchone()
    if row is None or (number is None and row["number"] is None):
        raise NotFound(f"There is no lead {lead_id} with a number.")
    law = law_of(db, row["campaign_id"])
    fields = json.loads(row["fields"])
    person = person_of(db, Seed(lead_id, fields.get("person_id") or None), law.principal or "")
    case = case_about(db, law, person, Stated(fields, number or row["number"]), moment)
    where = (row["state"], row["next_at"], row["next_reason"])
    return Told(row["campaign_id"], lead_id, *where, case, judge(law.preset, case))


def ask_number(db: sqlite3.Connection, campaign_id: str, number: str, moment: Moment) -> Told:
    """Whether a number may be called for a campaign at a moment, as the lead that has it, else as nobody's."""
    row = db.execute(_WITH_NUMBER, (number, campaign_id)).fetchone()
    if row is not None:
        return ask_lead(db, row["lead_id"], moment, number)
    law = law_of(db, campaign_id)
    person = person_named(db, number, law.principal or "")
    case = case_about(db, law, person, Stated({}, number), moment)
    return Told(campaign_id, None, "", None, "", case, judge(law.preset, case))
