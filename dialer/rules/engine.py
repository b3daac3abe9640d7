"""The verdict: every rule in force is asked, a block beats a postponement, which leads to an allowed time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar

from dialer.rules import checks_calendar as by_time
from dialer.rules import checks_consent as by_basis
from dialer.rules import checks_contact as by_contact
from dialer.rules.calendar import calendar_of
from dialer.rules.errors import PresetError
from dialer.rules.model import Case
from dialer.rules.preset import Preset, Rule
from dialer.rules.situation import (
    ALLOWED,
    FOREVER,
    Clocked,
    Dated,
    Situation,
    Steady,
    later,
    situation,
    steady,
    unknown,
)
from dialer.rules.territory import of_postcode, place
from dialer.rules.verdict import Answer, Finding, Severity, Verdict, status

TimedCheck = Callable[[Rule, Situation], Finding]
ClockedCheck = Callable[[Rule, Clocked], Finding]
DatedCheck = Callable[[Rule, Dated], Finding]
SteadyCheck = Callable[[Rule, Steady], Finding]

DATED: Final[Mapping[str, DatedCheck]] = MappingProxyType(
    {
        "law_known": by_time.law_known,
        "holiday_years": by_time.holiday_years,
        "days": by_time.days,
        "holidays": by_time.holidays,
    }
)
"""The check of each kind of rule that asks where and on which date, and who only for a consented slot."""

CLOCKED: Final[Mapping[str, ClockedCheck]] = MappingProxyType(
    {
        "hours": by_time.hours,
        "originate_guard": by_time.originate_guard,
    }
)
"""The check of each kind that asks where and at which instant, and who only for a consented slot."""

PERSONAL: Final[Mapping[str, TimedCheck]] = MappingProxyType(
    {
        "slot_exception": by_time.slot_exception,
        "consent": by_basis.consent,
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
        "reassigned": by_contact.reassigned,
        "withdrawal": by_basis.withdrawal,
        "listed": by_contact.listed,
        "only_prefixes": by_contact.only_prefixes,
    }
)
"""The check of each kind whose answer may change with the person and as time goes on."""

STEADY: Final[Mapping[str, SteadyCheck]] = MappingProxyType(
    {
        "tz_resolved": by_time.tz_resolved,
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
"""The check of each kind whose answer is the same for most calls of a campaign. Kinds in no table
(``duty``, ``abandon``) are kept at another moment than the last gate."""

KINDS: Final = frozenset({*DATED, *CLOCKED, *PERSONAL, *STEADY})
"""Every kind of rule that the last gate asks."""

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
    rule, finding = _decider(now, answers)
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


_Check = TypeVar("_Check")
_Slots = tuple[tuple[int, Rule, _Check], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The rules in force on a date, by rank, and of the changing ones each with its place among them and its check."""

    rules: tuple[Rule, ...]
    dated: _Slots[DatedCheck]
    clocked: _Slots[ClockedCheck]
    personal: _Slots[TimedCheck]


_Placed = tuple[int, Answer]


def _ask(s: Situation) -> list[Answer]:
    """Ask every rule in force on the person's date, by rank; without a zone, only why there is none."""
    facts = steady(s.preset, s.case, s.place)
    if not s.place.known:
        unstated = None if isinstance(s.case.number, str) else unknown("number")
        return [(rule, unstated or by_time.tz_resolved(rule, facts)) for rule in s.preset.of_kind("tz_resolved")]
    table = _table(s.preset, s.locals[0].date())
    answers = list(_steady_answers(table, facts))
    for slot, rule, check in table.personal:
        answers[slot] = (rule, check(rule, s))
    for slot, answer in _of_calendar(table, Clocked(s.preset, s.place, s.at, s.guard, s.slot)):
        answers[slot] = answer
    return answers


def _ask_again(s: Situation, asked_on: date, answers: list[Answer]) -> list[Answer]:
    """Ask of a later moment what may have changed since ``asked_on`` gave ``answers``, of which none was a block."""
    table = _table(s.preset, s.locals[0].date())
    if table is not _table(s.preset, asked_on):
        return _ask(s)
    placed = list(_of_calendar(table, Clocked(s.preset, s.place, s.at, s.guard, s.slot)))
    for slot, rule, check in table.personal:
        stands_through = answers[slot][1].stands_through
        if stands_through is None or stands_through < s.at:
            placed.append((slot, (rule, check(rule, s))))
    placed.sort(key=_slot_of)
    return [answer for _, answer in placed]


def _slot_of(placed: _Placed) -> int:
    return placed[0]


# One reservation asks of many people at one place and instant, and postponements aim at few openings.
@lru_cache(maxsize=2048)
def _of_calendar(table: _Table, s: Clocked) -> tuple[_Placed, ...]:
    dates = tuple([local.date() for local in s.locals])
    clocked = [(slot, (rule, check(rule, s))) for slot, rule, check in table.clocked]
    return (*_of_dates(table, Dated(s.preset, s.place, dates, s.guard, s.slot)), *clocked)


@lru_cache(maxsize=8192)
def _of_dates(table: _Table, s: Dated) -> tuple[_Placed, ...]:
    return tuple([(slot, (rule, check(rule, s))) for slot, rule, check in table.dated])


@lru_cache(maxsize=8192)
def _table(preset: Preset, day: date) -> _Table:
    rules = [r for r in preset.rules if r.kind in KINDS and r.holds_on(day)]
    return _table_of(tuple(sorted(rules, key=lambda rule: rule.rank)))


@lru_cache(maxsize=1024)
def _table_of(rules: tuple[Rule, ...]) -> _Table:
    def slots(checks: Mapping[str, _Check]) -> _Slots[_Check]:
        return tuple((slot, rule, checks[rule.kind]) for slot, rule in enumerate(rules) if rule.kind in checks)

    return _Table(rules, slots(DATED), slots(CLOCKED), slots(PERSONAL))


@lru_cache(maxsize=16_384)
def _steady_answers(table: _Table, facts: Steady) -> tuple[Answer, ...]:
    """Return the answers of the steady rules, each in its place; the timed ones' places are to be filled."""
    return tuple((rule, STEADY[rule.kind](rule, facts) if rule.kind in STEADY else ALLOWED) for rule in table.rules)


def _decider(s: Situation, answers: list[Answer]) -> Answer:
    held = _held(answers)
    if not held:
        return answers[0] if s.slot is None else next((a for a in answers if by_time.is_slot_call(*a)), answers[0])
    block = next((answer for answer in held if answer[1].severity is Severity.BLOCK), None)
    return block or max(held, key=_until)


def _held(answers: list[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer[1].severity is not Severity.ALLOW]


def _until(answer: Answer) -> datetime:
    return answer[1].until or FOREVER


def _goodness(answer: Answer) -> int:
    return -answer[1].severity


def _settle(now: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    """Follow a postponement until every rule allows, or one blocks."""
    until = finding.until
    for _ in range(_MOST_STEPS):
        if until is None:
            break
        then = later(now, until)
        next_rule, next_finding = _decider(then, _ask_again(then, now.locals[0].date(), answers))
        if next_finding.severity is Severity.ALLOW:
            settled = finding if until == finding.until else Finding(finding.severity, finding.inputs, until)
            return _verdict(now, answers, rule, settled)
        if next_finding.severity is Severity.BLOCK:
            blocked = {**next_finding.inputs, "at": now.local(until)}
            return _verdict(now, answers, next_rule, Finding(Severity.BLOCK, blocked))
        until = next_finding.until
    raise PresetError(f"The rules of {now.preset.name} postpone for ever (last by {rule.name}).")


def _verdict(s: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    others = [answer for answer in answers if answer[0] is not rule]
    if finding.severity is not Severity.ALLOW:
        held = _held(others)
        if held:
            held.sort(key=_goodness)
            others = [*held, *(answer for answer in others if answer[1].severity is Severity.ALLOW)]
    named = finding.severity is not Severity.ALLOW or by_time.is_slot_call(rule, finding)
    return Verdict(
        verdict=status(finding),
        until=s.local(finding.until) if finding.until else None,
        rule=rule.name if named else None,
        answers=((rule, finding), *others),
        preset=s.preset,
        zone=s.place.zones[0] if s.place.zones else None,
    )
