"""The verdict: every rule in force is asked, a block beats a postponement, which leads to an allowed time."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from dialer.rules import checks_calendar as by_time
from dialer.rules import checks_consent as by_basis
from dialer.rules import checks_contact as by_contact
from dialer.rules.calendar import calendar_of
from dialer.rules.errors import PresetError
from dialer.rules.model import Case
from dialer.rules.preset import Preset, Rule
from dialer.rules.situation import Situation, situation
from dialer.rules.territory import of_postcode, place
from dialer.rules.verdict import Answer, Finding, Severity, Verdict, status

Check = Callable[[Rule, Situation], Finding]

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "tz_resolved": by_time.tz_resolved,
        "covers_number": by_time.covers_number,
        "law_known": by_time.law_known,
        "tzdata_version": by_time.tzdata_version,
        "holiday_years": by_time.holiday_years,
        "days": by_time.days,
        "holidays": by_time.holidays,
        "hours": by_time.hours,
        "originate_guard": by_time.originate_guard,
        "slot_exception": by_time.slot_exception,
        "legal_basis": by_basis.legal_basis,
        "sector_ban": by_basis.sector_ban,
        "consent": by_basis.consent,
        "withdrawal": by_basis.withdrawal,
        "request_callback": by_basis.request_callback,
        "written_consent": by_basis.written_consent,
        "recorded_consent": by_basis.recorded_consent,
        "mobile_optin": by_basis.mobile_optin,
        "sector_optin": by_basis.sector_optin,
        "suppression": by_contact.suppression,
        "in_flight": by_contact.in_flight,
        "clock_sync": by_contact.clock_sync,
        "min_ring": by_contact.min_ring,
        "recall_after_abandon": by_contact.recall_after_abandon,
        "recall_ban": by_contact.recall_ban,
        "attempts_by_day": by_contact.attempts_by_day,
        "attempts_by_hour": by_contact.attempts_by_hour,
        "machine_same_day": by_contact.machine_same_day,
        "screening": by_contact.screening,
        "listed": by_contact.listed,
        "reassigned": by_contact.reassigned,
        "cli_assigned": by_contact.cli_assigned,
        "cli_prefixes": by_contact.cli_prefixes,
        "cli_forbidden": by_contact.cli_forbidden,
    }
)
"""The check of each kind of rule. Kinds outside it (``duty``, ``abandon``) are kept elsewhere than at the last gate."""

_CLOCK_FREE: Final = frozenset(
    {
        *("tz_resolved", "covers_number", "tzdata_version", "suppression", "in_flight"),
        *("clock_sync", "min_ring", "cli_assigned", "cli_prefixes", "cli_forbidden", "withdrawal"),
        *("legal_basis", "sector_ban", "listed"),
    }
)
"""Kinds whose answer does not change as time goes on: they are not asked again of a later moment."""
_MOST_STEPS: Final = 200


def judge(preset: Preset, case: Case) -> Verdict:
    """Return whether the case's number may be called at ``case.at``; what is not known blocks.

    A postponement's ``until`` is itself allowed by the same rules with the same facts; where no such time
    exists (consent ends first), the verdict is a block by the rule that stands in the way.
    """
    if preset.consumer is not None and case.audience != "b2b":
        preset = preset.consumer  # nobody declared a business: the consumer's law
    now = situation(preset, case, case.at)
    answers = _ask(now)
    rule, finding = _decider(answers)
    if finding.severity is not Severity.POSTPONE:
        return _verdict(now, answers, rule, finding)
    return _settle(now, answers, rule, finding)


def next_opening(preset: Preset, zones: tuple[str, ...], at: datetime, postcode: str | None = None) -> datetime | None:
    """Return the first moment from ``at`` on at which days, hours and holidays are open in every zone.

    For filling queues: it knows no person. The postcode adds a region's holidays.
    """
    known = of_postcode(postcode, preset.postcodes)
    where = place(zones, known.countries or preset.covers, known.regions, known.states)
    return calendar_of(preset, where).next_opening(at, timedelta(0))


def _ask(s: Situation) -> list[Answer]:
    """Ask every rule in force on the person's date, by rank; without a zone, only why there is none."""
    if not s.place.known:
        return [(rule, CHECKS[rule.kind](rule, s)) for rule in s.preset.of_kind("tz_resolved")]
    return [(rule, check(rule, s)) for rule, check in _in_force(s.preset, s.locals[0].date())]


def _ask_again(s: Situation, asked_on: date) -> list[Answer]:
    rules = _to_ask_again(s.preset, asked_on, s.locals[0].date())
    return [(rule, check(rule, s)) for rule, check in rules]


@lru_cache(maxsize=8192)
def _in_force(preset: Preset, day: date) -> tuple[tuple[Rule, Check], ...]:
    rows = [(r, CHECKS[r.kind]) for r in preset.rules if r.kind in CHECKS and r.holds_on(day)]
    return tuple(sorted(rows, key=lambda row: row[0].rank))


@lru_cache(maxsize=8192)
def _to_ask_again(preset: Preset, before: date, day: date) -> tuple[tuple[Rule, Check], ...]:
    asked = _in_force(preset, before)
    return tuple(row for row in _in_force(preset, day) if row[0].kind not in _CLOCK_FREE or row not in asked)


def _decider(answers: list[Answer]) -> Answer:
    worst = max([finding[0] for _, finding in answers])
    held = [answer for answer in answers if answer[1][0] is worst]
    if worst is Severity.ALLOW:
        return next((a for a in held if by_time.is_slot_call(*a)), held[0])
    if worst is Severity.POSTPONE:
        latest = max(finding.until for _, finding in held if finding.until)
        held = [answer for answer in held if answer[1].until == latest]
    return held[0]


def _settle(now: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    """Follow a postponement until every rule allows, or one blocks."""
    until = finding.until
    for _ in range(_MOST_STEPS):
        if until is None:
            break
        later = _ask_again(situation(now.preset, now.case, until), now.locals[0].date())
        next_rule, next_finding = _decider(later)
        if next_finding.severity is Severity.ALLOW:
            return _verdict(now, answers, rule, finding._replace(until=until))
        if next_finding.severity is Severity.BLOCK:
            blocked = {**next_finding.inputs, "at": now.local(until)}
            return _verdict(now, answers, next_rule, next_finding._replace(inputs=blocked))
        until = next_finding.until
    raise PresetError(f"The rules of {now.preset.name} postpone for ever (last by {rule.name}).")


def _verdict(s: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    others = [answer for answer in answers if answer[0] is not rule]
    if finding.severity is not Severity.ALLOW:
        others.sort(key=lambda answer: -answer[1][0])  # stable: by rank within a severity
    named = finding.severity is not Severity.ALLOW or by_time.is_slot_call(rule, finding)
    return Verdict(
        verdict=status(finding),
        until=s.local(finding.until) if finding.until else None,
        rule=rule.name if named else None,
        answers=((rule, finding), *others),
        preset=s.preset,
        zone=s.place.zones[0] if s.place.zones else None,
    )
