"""The verdict: every rule in force is asked, a block beats a postponement, and a postponement leads to an allowed time."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from dialer.rules import checks_calendar as by_time
from dialer.rules import checks_consent as by_basis
from dialer.rules import checks_contact as by_contact
from dialer.rules.calendar import calendar_of
from dialer.rules.errors import PresetError
from dialer.rules.model import Case, Reason, Status, Verdict
from dialer.rules.preset import Preset, Rule
from dialer.rules.situation import Finding, Severity, Situation, situation
from dialer.rules.territory import Place, of_postcode

Check = Callable[[Rule, Situation], Finding]
Answer = tuple[Rule, Finding]

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

_STATUS: Final[dict[Severity, Status]] = {
    Severity.ALLOW: "allow",
    Severity.POSTPONE: "postpone",
    Severity.BLOCK: "block",
}
_MOST_STEPS: Final = 200


def judge(preset: Preset, case: Case) -> Verdict:
    """Return whether the case's number may be called at ``case.at``; what is not known blocks.

    A postponement's ``until`` is itself allowed by the same rules with the same facts; where no such time exists (consent
    ends first), the verdict is a block by the rule that stands in the way.
    """
    if preset.consumer is not None and case.audience != "b2b":
        preset = preset.consumer  # nobody declared a business: the consumer's law
    now = situation(preset, case, case.at)
    answers = _ask(now)
    rule, finding = _decider(answers)
    if finding.severity is not Severity.POSTPONE:
        return _verdict(now, answers, rule, finding)
    return _settle(now, answers, rule, finding)


def next_opening(
    preset: Preset, zones: tuple[str, ...], at: datetime, postcode: str | None = None
) -> datetime | None:
    """Return the first moment from ``at`` on at which days, hours and holidays are open in every zone.

    For filling queues: it knows no person. The postcode adds a region's holidays.
    """
    known = of_postcode(postcode, preset.postcodes)
    place = Place(zones, known.countries or preset.covers, known.regions, known.states)
    return calendar_of(preset, place).next_opening(at, timedelta(0))


def _ask(s: Situation) -> list[Answer]:
    day = s.locals[0].date() if s.locals else s.at.date()
    if not s.place.known:
        return [(rule, CHECKS[rule.kind](rule, s)) for rule in s.preset.of_kind("tz_resolved")]
    return [
        (rule, CHECKS[rule.kind](rule, s))
        for rule in s.preset.rules
        if rule.kind in CHECKS and rule.valid_from <= day <= rule.valid_to
    ]


def _decider(answers: list[Answer]) -> Answer:
    worst = max(finding.severity for _, finding in answers)
    held = [answer for answer in answers if answer[1].severity is worst]
    if worst is Severity.ALLOW:
        return next((a for a in held if by_time.is_slot_call(a[1])), held[0])
    if worst is Severity.POSTPONE:
        latest = max(finding.until for _, finding in held if finding.until)
        held = [answer for answer in held if answer[1].until == latest]
    return min(held, key=lambda answer: answer[0].rank)


def _settle(now: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    """Follow a postponement until every rule allows, or one blocks."""
    until = finding.until
    for _ in range(_MOST_STEPS):
        if until is None:
            break
        later = _ask(situation(now.preset, now.case, until))
        next_rule, next_finding = _decider(later)
        if next_finding.severity is Severity.ALLOW:
            return _verdict(now, answers, rule, finding._replace(until=until))
        if next_finding.severity is Severity.BLOCK:
            blocked = {**next_finding.inputs, "at": now.local(until).isoformat()}
            return _verdict(now, answers, next_rule, next_finding._replace(inputs=blocked))
        until = next_finding.until
    raise PresetError(f"The rules of {now.preset.name} postpone for ever (last by {rule.name}).")


def _verdict(s: Situation, answers: list[Answer], rule: Rule, finding: Finding) -> Verdict:
    status = _STATUS[finding.severity]
    ordered = [(rule, finding)] + sorted(
        (answer for answer in answers if answer[0] is not rule),
        key=lambda answer: (-answer[1].severity, answer[0].rank),
    )
    reasons = tuple(_reason(s, *answer) for answer in ordered)
    decided = rule.name if status != "allow" or by_time.is_slot_call(finding) else None
    until = reasons[0].until if status == "postpone" else None
    return Verdict(status, until, decided, reasons, s.preset.name, s.preset.version)


def _reason(s: Situation, rule: Rule, finding: Finding) -> Reason:
    until = s.local(finding.until) if finding.until else None
    return Reason(rule.name, _STATUS[finding.severity], until, rule.source, finding.inputs)
