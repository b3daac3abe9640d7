"""What a check looks at: the case, its preset and place, and one instant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from dialer.rules.calendar import Calendar, calendar_of
from dialer.rules.model import RESERVED_MODES, Case, Consent, Slot
from dialer.rules.preset import Preset
from dialer.rules.territory import Place, locate
from dialer.rules.verdict import Finding, Severity
from dialer.rules.zones import zone

_ALLOW: Final = Severity.ALLOW
ALLOWED: Final = Finding(_ALLOW, {})
"""The finding of a rule that has nothing to say about a case."""


def allow(**inputs: object) -> Finding:
    """Return a finding that lets the call pass."""
    return Finding(_ALLOW, inputs)


def block(why: str, **inputs: object) -> Finding:
    """Return a finding that forbids the call, now and later, until somebody changes what it rests on."""
    return Finding(Severity.BLOCK, {"why": why, **inputs})


def unknown(*keys: str) -> Finding:
    """Return the block of a rule that lacks what it needs: what is not known forbids the call."""
    return Finding(Severity.BLOCK, {"why": "unknown", "unknown": list(keys)})


@dataclass(frozen=True, slots=True)
class Situation:
    """A case at one instant ``at`` (UTC), which is the case's own or a later one that is tried."""

    case: Case
    preset: Preset
    place: Place
    at: datetime
    calendar: Calendar
    locals: tuple[datetime, ...]
    guard: timedelta | None
    slot: Slot | None

    @property
    def reserved(self) -> bool:
        """Whether an agent waits for this very call."""
        return self.case.agent_reserved is True or self.case.mode in RESERVED_MODES

    def postpone(self, moment: datetime, **inputs: object) -> Finding:
        """Return a postponement to the first opening at or after ``moment``; a block when there is none."""
        opening = self.calendar.next_opening(moment, self.guard or _NO_GUARD)
        if opening is None:
            return block("no hour is allowed in every zone where the person may be", **inputs)
        return Finding(Severity.POSTPONE, inputs, opening)

    def local(self, moment: datetime) -> datetime:
        """Return an instant in the person's likeliest zone."""
        return moment.astimezone(zone(self.place.zones[0])) if self.place.known else moment


_NO_GUARD: Final = timedelta(0)


def situation(preset: Preset, case: Case, at: datetime) -> Situation:
    """Return what is known about a case at an instant."""
    number = case.number if isinstance(case.number, str) else ""
    postcode = case.postcode if isinstance(case.postcode, str) else None
    place = locate(number, postcode, preset.postcodes)
    moment = at.astimezone(UTC)
    locals_ = tuple([moment.astimezone(zone(key)) for key in place.zones])
    return Situation(
        case=case,
        preset=preset,
        place=place,
        at=moment,
        calendar=calendar_of(preset, place),
        locals=locals_,
        guard=_guard(preset, case),
        slot=_slot(preset, case, moment),
    )


def _guard(preset: Preset, case: Case) -> timedelta | None:
    ring = case.ring_timeout_s
    if not isinstance(ring, int | float):
        return None
    return timedelta(seconds=ring) + _after_ring(preset)


@lru_cache(maxsize=1024)
def _after_ring(preset: Preset) -> timedelta:
    return timedelta(seconds=max(rule["guard_s"] for rule in preset.of_kind("originate_guard")))


def _slot(preset: Preset, case: Case, at: datetime) -> Slot | None:
    """Return the consented slot that an instant falls in, one with evidence first."""
    consent = case.consent
    if not isinstance(consent, Consent) or not consent.slots:
        return None
    for rule in preset.of_kind("slot_exception"):
        tolerance = timedelta(minutes=rule["tolerance_min"])
        near = [slot for slot in consent.slots if abs(slot.at - at) <= tolerance]
        return next((slot for slot in near if slot.evidence), near[0] if near else None)
    return None
