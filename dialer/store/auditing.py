"""Proof from the record that no attempt broke a rule, or what each one broke.

Every attempt is judged again by the rules that were in force on its day: with the inputs kept with it, and with what
the store itself shows of that moment (earlier attempts, wishes, withdrawals, calls under way), should they be wrong.
Then its real times are looked at: it was dialed, and rang, within the hours.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from dialer.errors import DialerError
from dialer.floor.words import Result
from dialer.rules import Case, Consent, Preset, judge, locate, next_opening
from dialer.rules.caseform import read_case
from dialer.store.facts import Moment, cases_of
from dialer.store.law import Law, preset_of

# Reading takes time from those who dial: a page is some tens of milliseconds.
PAGE: Final = 25
# A record and its inputs are written in one unit of work, from one clock.
SAME_S: Final = 1.0
# What erasure and retention leave of a verdict's inputs.
_ERASED: Final = "{}"
_JUST_BEFORE: Final = timedelta(milliseconds=1)
_PAGE = """
SELECT a.id AS attempt_id, a.lead_id, a.number, a.reserved_at, a.ringing_at, a.answered_at, a.ended_at, a.result,
    l.fields, v.preset, v.version, v.tighten, v.inputs,
    (SELECT min(s.at) FROM attempt_steps AS s WHERE s.attempt_id = a.id AND s.state = 'dialing') AS dialed_at
FROM attempts AS a JOIN leads AS l ON l.id = a.lead_id LEFT JOIN attempt_verdicts AS v ON v.attempt_id = a.id
WHERE a.campaign_id = :campaign AND (a.reserved_at, a.id) > (:reserved_at, :id) AND a.reserved_at >= :since
    AND a.reserved_at < :until AND a.dialed IS NOT 0
ORDER BY a.reserved_at, a.id LIMIT :page
"""


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that an attempt broke, or ``record`` where the record does not prove what it should."""

    attempt_id: str
    lead_id: int
    number: str
    at: float
    rule: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Examined:
    """A page of attempts: how many, by which versions they were judged then, what they broke, where the next begins.

    ``erased``: their inputs were taken out with the person, or after their time, so they cannot be judged again.
    """

    attempts: int
    erased: int
    versions: tuple[str, ...]
    breaches: tuple[Breach, ...]
    last: tuple[float, str]


@dataclass(frozen=True, slots=True)
class Span:
    """Attempts of a campaign reserved from ``since`` to before ``until``, seconds since the epoch."""

    campaign_id: str
    since: float
    until: float


def examine(db: sqlite3.Connection, law: Law, span: Span, last: tuple[float, str]) -> Examined | None:
    """Judge the next page of attempts after ``last`` (reserved_at, id); None when there is none."""
    bounds = {"campaign": span.campaign_id, "since": span.since, "until": span.until}
    rows = db.execute(_PAGE, {**bounds, "reserved_at": last[0], "id": last[1], "page": PAGE}).fetchall()
    if not rows:
        return None
    left = [row for row in rows if row["inputs"] != _ERASED]
    breaches = tuple(_breach(row, *found) for row in left for found in _broken(db, law, row))
    versions = tuple(f"{row['preset']} {row['version']}" for row in rows if row["preset"] is not None)
    return Examined(
        len(rows), len(rows) - len(left), versions, breaches, (rows[-1]["reserved_at"], rows[-1]["attempt_id"])
    )


Broken = tuple[str, str, str]  # rule, source, why


def _breach(row: sqlite3.Row, rule: str, source: str, why: str) -> Breach:
    return Breach(row["attempt_id"], row["lead_id"], row["number"], row["reserved_at"], rule, source, why)


def _broken(db: sqlite3.Connection, law: Law, row: sqlite3.Row) -> list[Broken]:
    if row["inputs"] is None:
        return [("record", "", "no verdict is on record")]
    try:
        preset, case = preset_of(row["preset"], row["tighten"]), read_case(json.loads(row["inputs"]))
    except (DialerError, ValueError) as error:
        return [("record", "", f"the verdict on record cannot be read: {error}")]
    shown = _as_the_store_shows(db, law, row, case)
    found = [*_record(row, case), *_by_rules(preset, case), *_by_rules(preset, shown), *_in_hours(preset, case, row)]
    return [*{rule: (rule, source, why) for rule, source, why in reversed(found)}.values()]


def _record(row: sqlite3.Row, case: Case) -> Iterator[Broken]:
    if case.number != row["number"]:
        yield "record", "", "the verdict on record is about another number"
    if abs(case.at.timestamp() - _offset(case) - row["reserved_at"]) > SAME_S:
        yield "record", "", "the verdict on record is of another time"


def _by_rules(preset: Preset, case: Case) -> Iterator[Broken]:
    verdict = judge(preset, case)
    if verdict.verdict != "allow":
        rule, finding = verdict.answers[0]
        inputs = "; ".join(f"{name} {value}" for name, value in finding.inputs.items())
        until = f" (not before {verdict.until.isoformat()})" if verdict.until else ""
        yield rule.name, rule.source, f"{inputs}{until}"


def _as_the_store_shows(db: sqlite3.Connection, law: Law, row: sqlite3.Row, case: Case) -> Case:
    """The question with the facts that the store has of that moment, by itself."""
    moment = Moment(case.at.timestamp(), _offset(case), row["reserved_at"], row["attempt_id"])
    ((shown, _),) = cases_of(db, law, [row], moment)
    withdrawn = isinstance(shown.consent, Consent) and shown.consent.withdrawn_at is not None
    return case._replace(
        attempts=shown.attempts,
        last_abandoned_at=shown.last_abandoned_at,
        last_machine_at=shown.last_machine_at,
        suppressed=shown.suppressed,
        in_flight=shown.in_flight,
        consent=shown.consent if withdrawn else case.consent,
    )


def _in_hours(preset: Preset, case: Case, row: sqlite3.Row) -> Iterator[Broken]:
    """The call was dialed, and rang, within the hours: what was judged is when it was meant to."""
    if judge(preset, case).rule is not None:
        return  # not allowed, or allowed at a time that the person chose
    own = preset if preset.consumer is None or case.audience == "b2b" else preset.consumer
    rules = own.of_kind("hours")
    postcode = case.postcode if isinstance(case.postcode, str) else None
    zones = locate(row["number"], postcode, own.postcodes).zones
    dialed_at = row["dialed_at"] or row["reserved_at"]
    rang_until = row["answered_at"] or _rang_until(row, case, dialed_at)
    moments = (("dialed", dialed_at, timedelta(0)), ("still ringing", rang_until, _JUST_BEFORE))
    for what, at, before in moments:
        moment = max(datetime.fromtimestamp(at + _offset(case), UTC) - before, case.at)
        if rules and next_opening(own, zones, moment, postcode) != moment:
            yield rules[0].name, rules[0].source, f"{what} outside the hours, at {moment.isoformat()}"


def _rang_until(row: sqlite3.Row, case: Case, dialed_at: float) -> float:
    if row["ended_at"] is not None and row["result"] != Result.UNKNOWN:
        return float(row["ended_at"])
    # Nobody saw its end, which was at most the ring time later: Asterisk keeps that.
    return dialed_at + (case.ring_timeout_s if isinstance(case.ring_timeout_s, int | float) else 0.0)


def _offset(case: Case) -> float:
    return case.clock_offset_s if isinstance(case.clock_offset_s, int | float) else 0.0
