"""Callbacks on record: promised, moved, given to somebody else, cancelled. Dialing them is ``calling_back``'s."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dialer.leads.callbacks import Due, Manner
from dialer.leads.recall import HELD_AT
from dialer.rules import Case, Consent, Slot, Verdict, judge, locate
from dialer.rules.model import RESERVED_MODES
from dialer.rules.zones import zone
from dialer.store.errors import AlreadyExists, Invalid, NotFound, StoreError
from dialer.store.facts import Moment, case_of
from dialer.store.law import Law, law_of

MOST_LISTED: Final = 1_000

_SUBJECT = """
SELECT l.id AS lead_id, l.fields, l.state, l.import_id, lists.campaign_id, n.position, n.e164 AS number
FROM leads AS l JOIN lists ON lists.id = l.list_id JOIN numbers AS n ON n.lead_id = l.id
WHERE l.id = ?1 AND CASE WHEN ?2 IS NULL THEN n.position = l.next_position ELSE n.e164 = ?2 END
"""
_SHOWN = """
SELECT c.*, lists.name AS list, l.source_id, p.callback_tolerance_s, p.callback_fallback
FROM callbacks AS c JOIN leads AS l ON l.id = c.lead_id JOIN lists ON lists.id = l.list_id
JOIN campaigns AS p ON p.id = c.campaign_id
"""
_ONE = f"{_SHOWN} WHERE c.id = ?"
_LIST = f"""{_SHOWN}
WHERE (?1 IS NULL OR c.campaign_id = ?1) AND (?2 IS NULL OR c.agent_id = ?2)
    AND (?3 OR c.state IN ('waiting', 'dialing')) ORDER BY c.not_before, c.id LIMIT ?4
"""
_CHANGE = "INSERT INTO callback_changes (callback_id, at, what, who, detail) VALUES (?, ?, ?, ?, ?)"


class ForbiddenTime(StoreError):  # noqa: N818 - a refusal is named as one
    """The calling law does not allow a callback at that time; the hint names the next time that it allows."""

    code = "forbidden_by_law"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a callback is promised to: a lead by one of its numbers, with the clock where the person is."""

    lead_id: int
    campaign_id: str
    number: str
    zone: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A callback to be made at ``at``. ``agent_id`` None: by anybody. ``evidence``: where its consent is kept.

    ``promised_in`` is the attempt whose talk it was promised in, if any.
    """

    subject: Subject
    at: float
    agent_id: str | None
    promised_by: str
    note: str = ""
    evidence: str = ""
    promised_in: str | None = None


def subject_of(db: sqlite3.Connection, lead_id: int, number: str | None = None) -> Subject:
    """A lead with the number that is to be dialed (None: the one that is next). NotFound when there is none."""
    row = _row(db, lead_id, number)
    home = locate(row["number"], _postcode(db, lead_id)).zones
    if not home:
        raise Invalid(f"The time zone of lead {lead_id} is not known: when its hours are, cannot be said.")
    return Subject(lead_id, row["campaign_id"], row["number"], home[0])


def subject_in(db: sqlite3.Connection, attempt_id: str) -> Subject:
    """The person of an attempt. NotFound when there is no such attempt."""
    row = db.execute("SELECT lead_id, number FROM attempts WHERE id = ?", (attempt_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no attempt {attempt_id}.")
    return subject_of(db, row["lead_id"], row["number"])


def promise(db: sqlite3.Connection, wish: Promise, now: float) -> int:
    """Write a promise and hold its lead for it; the callback's id.

    ForbiddenTime where the law does not allow it, AlreadyExists when the lead has a promise already.
    """
    subject = wish.subject
    _expect_agent(db, wish.agent_id, subject.campaign_id)
    _expect_lawful(db, subject, wish.at, wish.evidence)
    if wish.promised_in is not None:  # this talk is the one call of an earlier promise: it is kept
        db.execute(
            "UPDATE callbacks SET state = 'done' WHERE attempt_id = ? AND state = 'dialing'", (wish.promised_in,)
        )
    values = {
        "campaign_id": subject.campaign_id,
        "lead_id": subject.lead_id,
        "number": subject.number,
        "at": wish.at,
        "zone": subject.zone,
        "agent_id": wish.agent_id,
        "note": wish.note,
        "evidence": wish.evidence,
        "promised_by": wish.promised_by,
        "promised_at": now,
        "promised_in": wish.promised_in,
        "not_before": wish.at,
    }
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    try:
        callback_id = db.execute(f"INSERT INTO callbacks ({names}) VALUES ({marks})", values).lastrowid  # noqa: S608
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(
            f"Lead {subject.lead_id} has a callback already.", hint="See `dialer callback list`; move that one."
        ) from error
    _note(db, int(callback_id or 0), now, "promised", wish.promised_by, told(wish.at, subject.zone))
    _hold(db, subject, int(callback_id or 0), wish.at)
    return int(callback_id or 0)


def move(db: sqlite3.Connection, callback_id: int, at: float, evidence: str | None, who: str, now: float) -> None:
    """Promise another time instead; ForbiddenTime where the law does not allow it."""
    row = waiting_one(db, callback_id)
    subject = Subject(row["lead_id"], row["campaign_id"], row["number"], row["zone"])
    proof = row["evidence"] if evidence is None else evidence
    _expect_lawful(db, subject, at, proof)
    db.execute(
        "UPDATE callbacks SET at = ?1, not_before = ?1, evidence = ?2, reason = '' WHERE id = ?3",
        (at, proof, callback_id),
    )
    _note(db, callback_id, now, "moved", who, told(at, subject.zone))
    _hold(db, subject, callback_id, at)


def assign(db: sqlite3.Connection, callback_id: int, agent_id: str | None, who: str, now: float) -> None:
    """Give a callback to another agent, or to anybody (None)."""
    row = waiting_one(db, callback_id)
    _expect_agent(db, agent_id, row["campaign_id"])
    db.execute("UPDATE callbacks SET agent_id = ? WHERE id = ?", (agent_id, callback_id))
    _note(db, callback_id, now, "assigned", who, agent_id or "anybody")


def cancel(db: sqlite3.Connection, callback_id: int, reason: str, who: str, now: float) -> None:
    """Take a promise back; its lead is the recall strategy's again."""
    row = waiting_one(db, callback_id)
    db.execute("UPDATE callbacks SET state = 'cancelled', reason = ? WHERE id = ?", (reason, callback_id))
    _note(db, callback_id, now, "cancelled", who, reason)
    give_back(db, row["lead_id"], now, f"callback {callback_id} was cancelled")


def give_back(db: sqlite3.Connection, lead_id: int, now: float, why: str) -> None:
    """A lead that was held for a callback may be chosen as others are."""
    db.execute(
        "UPDATE leads SET next_at = ?, next_reason = ? WHERE id = ? AND next_at = ?", (now, why, lead_id, HELD_AT)
    )


def waiting_one(db: sqlite3.Connection, callback_id: int) -> sqlite3.Row:
    """A callback that is not dialed yet. NotFound or Invalid when there is none."""
    row = db.execute("SELECT * FROM callbacks WHERE id = ?", (callback_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no callback {callback_id}.", hint="`dialer callback list` shows them.")
    if row["state"] != "waiting":
        raise Invalid(f"Callback {callback_id} does not wait any more: it is {row['state']}.")
    found: sqlite3.Row = row
    return found


def one(db: sqlite3.Connection, callback_id: int, now: float) -> dict[str, Any]:
    """One callback, as ``listed`` shows it."""
    return _with_delay(dict(db.execute(_ONE, (callback_id,)).fetchone()), now)


def listed(
    db: sqlite3.Connection, now: float, campaign_id: str | None, agent_id: str | None, *, ended: bool
) -> list[dict[str, Any]]:
    """Callbacks by time, at most MOST_LISTED; those that wait say whether they are due or overdue."""
    rows = db.execute(_LIST, (campaign_id, agent_id, ended, MOST_LISTED))
    return [_with_delay(dict(row), now) for row in rows]


def _with_delay(row: dict[str, Any], now: float) -> dict[str, Any]:
    manner = Manner(row.pop("callback_tolerance_s"), row.pop("callback_fallback"))
    due = Due(row["id"], row["agent_id"], row["not_before"])
    waits = row["state"] == "waiting"
    return {
        "callback_id": row.pop("id"),
        **row,
        "due": waits and now >= due.not_before,
        "overdue": waits and now >= manner.overdue_from(due),
        "team_from": manner.team_from(due) if waits else None,
    }


# --- the law -----------------------------------------------------------------------------------------------------


def one_to_one(case: Case, at: float, evidence: str) -> Case:
    """A lead's case as the case of its callback: an agent is reserved for it, and its evidence consents to its time.

    Where the call rests on something else than consent, the evidence stands for the consent to the slot and no more.
    """
    mode = case.mode if case.mode in RESERVED_MODES else "progressive"
    return case._replace(mode=mode, agent_reserved=True, consent=_with_slot(case, at, evidence))


def _with_slot(case: Case, at: float, evidence: str) -> Any:  # noqa: ANN401 - as Case.consent
    slot = Slot(datetime.fromtimestamp(at, UTC), evidence)
    if not evidence:
        return case.consent
    if isinstance(case.consent, Consent):
        return case.consent._replace(slots=(slot, *case.consent.slots))
    if case.consent is None and isinstance(case.basis, str) and case.basis != "consent":
        return Consent(principal=case.principal, withdrawn_at=None, slots=(slot,))
    return case.consent


def words(found: Verdict) -> str:
    """The rule that stands in the way, with its reason and its source."""
    rule, finding = found.answers[0]
    unknown = finding.inputs.get("unknown")
    why = f"{', '.join(unknown)} is not known" if unknown else finding.inputs.get("why", "not at that time")
    return f"{found.rule}: {why} ({rule.source})"


def _expect_lawful(db: sqlite3.Connection, subject: Subject, at: float, evidence: str) -> None:
    law: Law = law_of(db, subject.campaign_id)
    case, _ = case_of(db, law, _row(db, subject.lead_id, subject.number), Moment(at))
    # The talk in which it is promised has ended by then.
    found = judge(law.preset, one_to_one(case, at, evidence)._replace(in_flight=False))
    if found.verdict == "allow":
        return
    hint = "There is no legal time for it."
    if found.until is not None:
        hint = f"The next legal time is {found.until:%Y-%m-%d %H:%M} by the person's clock."
    raise ForbiddenTime(f"The law forbids a call at {told(at, subject.zone)}: {words(found)}.", hint=hint)


# --- rows --------------------------------------------------------------------------------------------------------


def _row(db: sqlite3.Connection, lead_id: int, number: str | None) -> sqlite3.Row:
    row = db.execute(_SUBJECT, (lead_id, number)).fetchone()
    if row is None and db.execute("SELECT 1 FROM leads WHERE id = ?", (lead_id,)).fetchone() is None:
        raise NotFound(f"There is no lead {lead_id}.")
    if row is None:
        raise NotFound(f"Lead {lead_id} has no such number.", hint="Give one of the lead's own numbers.")
    found: sqlite3.Row = row
    return found


def _postcode(db: sqlite3.Connection, lead_id: int) -> str | None:
    text: str | None = db.execute("SELECT fields ->> '$.postcode' FROM leads WHERE id = ?", (lead_id,)).fetchone()[0]
    return text or None


def _expect_agent(db: sqlite3.Connection, agent_id: str | None, campaign_id: str) -> None:
    if agent_id is None:
        return
    row: Mapping[str, Any] | None = db.execute("SELECT campaign_id FROM agents WHERE id = ?", (agent_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no agent {agent_id}.", hint="`dialer agents list` shows them.")
    if row["campaign_id"] != campaign_id:
        raise Invalid(
            f"Agent {agent_id} is of campaign {row['campaign_id']}, not of {campaign_id}.",
            hint="Give an agent of the lead's campaign, or --anyone.",
        )


def _hold(db: sqlite3.Connection, subject: Subject, callback_id: int, at: float) -> None:
    """Nothing but the callback dials its lead. A lead that an attempt has just now is held when that ends."""
    why = held_reason(callback_id, told(at, subject.zone))
    freed = db.execute(
        "UPDATE leads SET state = 'due' WHERE id = ? AND state = 'finished' RETURNING import_id", (subject.lead_id,)
    ).fetchone()
    if freed is not None:
        db.execute("UPDATE imports SET finished = finished - 1 WHERE id = ?", (freed["import_id"],))
        db.execute("DELETE FROM blocked_leads WHERE lead_id = ?", (subject.lead_id,))
    db.execute(
        "UPDATE leads SET next_at = ?, next_reason = ?, next_position ="
        " (SELECT position FROM numbers WHERE lead_id = leads.id AND e164 = ?) WHERE id = ? AND state = 'due'",
        (HELD_AT, why, subject.number, subject.lead_id),
    )


def held_reason(callback_id: int, when: str) -> str:
    """Why a held lead is not dialed, as ``leads.next_reason`` keeps it."""
    return f"callback {callback_id} is promised for {when}"


def told(at: float, zone_name: str) -> str:
    """A time by a zone's clock, for people."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone(zone_name)):%Y-%m-%d %H:%M} {zone_name}"


def _note(db: sqlite3.Connection, callback_id: int, at: float, what: str, who: str, detail: str) -> None:
    db.execute(_CHANGE, (callback_id, at, what, who, detail))
