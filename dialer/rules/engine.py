"""The verdict: every rule in force is asked, a block beats a postponement, which leads to an allowed time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
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
from dialer.rules.situation import ALLOWED, Situation, Steady, lasting, later, situation, steady
from dialer.rules.territory import of_postcode, place
from dialer.rules.verdict import Answer, Finding, Severity, Verdict, status

TimedCheck = Callable[[Rule, Situation], Finding]
SteadyCheck = Callable[[Rule, Steady], Finding]

TIMED: Final[Mapping[str, TimedCheck]] = MappingProxyType(
    {
        "tz_resolved": by_time.tz_resolved,
        "law_known": by_time.law_known,
        "holiday_years": by_time.holiday_years,
        "days": by_time.days,
        "holidays": by_time.holidays,
        "hours": by_time.hours,
        "originate_guard": by_time.originate_guard,
        "slot_exception": by_time.slot_exception,
        "consent": by_basis.consent,
        "withdrawal": by_basis.withdrawal,
        "request_callback": by_basis.request_callback,
        "written_consent": by_basis.written_consent,
        "recorded_consent": by_basis.recorded_consent,
        "mobile_optin": by_basis.mobile_optin,
        "sector_optin": by_basis.sector_optin,
        "recall_after_abandon": by_contact.recall_after_abandon,
        "recall_ban": by_contact.recall_ban,
        "attempts_by_day": by_contact.attempts_by_day,
        "attempts_by_hour": by_contact.attempts_by_hour,
        "machine_same_day": by_contact.machine_same_day,
        "screening": by_contact.screening,
        "listed": by_contact.listed,
        "reassigned": by_contact.reassigned,
        "only_prefixes": by_contact.only_prefixes,
    }
)
"""The check of each kind of rule whose answer may change as time goes on, or with the person."""

STEADY: Final[Mapping[str, SteadyCheck]] = MappingProxyType(
    {
        "covers_number": by_time.covers_number,
        "tzdata_version": by_time.tzdata_version,
        "legal_basis": by_basis.legal_basis,
        "sector_ban": by_basis.sector_ban,
        "suppression": by_contact.suppression,
        "in_flight": by_contact.in_flight,
        "clock_sync": by_contact.clock_sync,
        "min_ring": by_contact.min_ring,
        "cli_assigned": by_contact.cli_assigned,
        "cli_prefixes": by_contact.cli_prefixes,
        "cli_forbidden": by_contact.cli_forbidden,
    }
)
"""The check of each kind whose answer is the same for most calls of a campaign. Kinds in neither table
(``duty``, ``abandon``) are kept at another moment than the last gate."""

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
        return [(rule, by_time.tz_resolved(rule, s)) for rule in s.preset.of_kind("tz_resolved")]
    day = s.locals[0].date()
    answers = list(_steady_answers(_in_force(s.preset, day), steady(s.preset, s.case, s.place)))
    for slot, rule, check in _timed(s.preset, day):
        answers[slot] = (rule, check(rule, s))
    return answers


def _ask_again(s: Situation, asked_on: date) -> list[Answer]:
    """Ask of a later moment what may have changed since ``asked_on``."""
    day = s.locals[0].date()
    if _in_force(s.preset, day) != _in_force(s.preset, asked_on):
        return _ask(s)
    return [(rule, check(rule, s)) for _, rule, check in _timed(s.preset, day)]


@lru_cache(maxsize=8192)
def _in_force(preset: Preset, day: date) -> tuple[Rule, ...]:
    rules = [r for r in preset.rules if (r.kind in TIMED or r.kind in STEADY) and r.holds_on(day)]
    return tuple(sorted(rules, key=lambda rule: rule.rank))


@lru_cache(maxsize=8192)
def _timed(preset: Preset, day: date) -> tuple[tuple[int, Rule, TimedCheck], ...]:
    return tuple(
        (slot, rule, TIMED[rule.kind]) for slot, rule in enumerate(_in_force(preset, day)) if rule.kind in TIMED
    )


@lru_cache(maxsize=16_384)
def _steady_answers(rules: tuple[Rule, ...], facts: Steady) -> tuple[Answer, ...]:
    """Return the answers of the steady rules, each in its place; the timed ones' places are to be filled."""
    return tuple((rule, lasting(STEADY[rule.kind](rule, facts)) if rule.kind in STEADY else ALLOWED) for rule in rules)


def _decider(answers: list[Answer]) -> Answer:
    worst = max([finding.severity for _, finding in answers])
    held = [answer for answer in answers if answer[1].severity is worst]
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
        answers_then = _ask_again(later(now, until), now.locals[0].date())
        next_rule, next_finding = _decider(answers_then)
        if next_finding.severity is Severity.ALLOW:
            return _verdict(now, answers, rule, replace(finding, until=until))
        if next_finding.severity is Severity.BLOCK:
            blocked = {**next_finding.inputs, "at": now.local(until)}
            return _verdict(now, answers, next_rule, replace(next_finding, inputs=blocked, lasting=False))
        until = next_finding.until
    raise PresetError(f"The rules of {now.preset.name} postpone for ever (last by {rule.name}).")


def _verdict(s: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    others = [answer for answer in answers if answer[0] is not rule]
    if finding.severity is not Severity.ALLOW:
        others.sort(key=lambda answer: -answer[1].severity)  # stable: by rank within a severity
    named = finding.severity is not Severity.ALLOW or by_time.is_slot_call(rule, finding)
    return Verdict(
        verdict=status(finding),
        until=s.local(finding.until) if finding.until else None,
        rule=rule.name if named else None,
        answers=((rule, finding), *others),
        preset=s.preset,
        zone=s.place.zones[0] if s.place.zones else None,
    )
