"""What a check looks at: the case, its preset and place, and one instant."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from dialer.rules.calendar import Calendar, calendar_of, wall_instant
from dialer.rules.model import RESERVED_MODES, Case, Consent, Slot, Unknown
from dialer.rules.preset import Preset
from dialer.rules.territory import Place, locate
from dialer.rules.verdict import Finding, Severity
from dialer.rules.zones import zone

_ALLOW: Final = Severity.ALLOW
FOREVER: Final = datetime.max.replace(tzinfo=UTC)
ALLOWED: Final = Finding(_ALLOW, {}, stands_through=FOREVER)
"""The finding of a rule that has nothing to say about a case, now and later."""


def allow(**inputs: object) -> Finding:
    """Return a finding that lets the call pass."""
    return Finding(_ALLOW, inputs)


def allow_through(last: datetime, **inputs: object) -> Finding:
    """Return a finding that lets the call pass, at this instant and at every later one through ``last``."""
    return Finding(_ALLOW, inputs, stands_through=last)


def block(why: str, **inputs: object) -> Finding:
    """Return a finding that forbids the call, now and later, until somebody changes what it rests on."""
    return Finding(Severity.BLOCK, {"why": why, **inputs})


def unknown(*keys: str) -> Finding:
    """Return the block of a rule that lacks what it needs: what is not known forbids the call."""
    return Finding(Severity.BLOCK, {"why": "unknown", "unknown": list(keys)})


class Steady(NamedTuple):
    """What does not change with the hour, and is the same for most calls of a campaign: checks of it are remembered."""

    preset: Preset
    place: Place
    basis: str | Unknown | None
    sector: str | Unknown | None
    mode: str | Unknown | None
    caller_id: str | Unknown | None
    caller_ids: frozenset[str] | Unknown | None
    ring_timeout_s: float | Unknown | None
    suppressed: bool | Unknown | None
    in_flight: bool | Unknown | None
    clock_offset_s: float | Unknown | None


def steady(preset: Preset, case: Case, place: Place) -> Steady:
    """Return the steady part of a case."""
    return Steady(
        preset,
        place,
        case.basis,
        case.sector,
        case.mode,
        case.caller_id,
        case.caller_ids,
        case.ring_timeout_s,
        case.suppressed,
        case.in_flight,
        _coarse(case.clock_offset_s),
    )


def _coarse(offset_s: float | Unknown | None) -> float | Unknown | None:
    """Up to the next hundredth of a second: as it is measured it is new each time, and nothing would be remembered."""
    if not isinstance(offset_s, int | float):
        return offset_s
    return math.copysign(math.ceil(abs(offset_s) * 100) / 100, offset_s)


class Dated(NamedTuple):
    """What rules of the day look at: a place, its dates in each of its zones, the consented slot of the instant."""

    preset: Preset
    place: Place
    dates: tuple[date, ...]
    guard: timedelta | None
    slot: Slot | None

    @property
    def at(self) -> datetime:
        """The first instant (UTC) of these dates in all zones."""
        return max(wall_instant(day, 0, key) for day, key in zip(self.dates, self.place.zones, strict=True))

    def postpone(self, moment: datetime, **inputs: object) -> Finding:
        """Return a postponement to the first opening at or after ``moment``; a block when there is none."""
        return _opening(calendar_of(self.preset, self.place), moment, self.guard, inputs)


class Clocked(NamedTuple):
    """What rules of the hour look at: a place, an instant (UTC), the consented slot of the instant."""

    preset: Preset
    place: Place
    at: datetime
    guard: timedelta | None
    slot: Slot | None

    @property
    def calendar(self) -> Calendar:
        """The opening hours of the place."""
        return calendar_of(self.preset, self.place)

    @property
    def locals(self) -> tuple[datetime, ...]:
        """The wall clocks of the place's zones."""
        return _locals(self.place, self.at)

    def postpone(self, moment: datetime, **inputs: object) -> Finding:
        """Return a postponement to the first opening at or after ``moment``; a block when there is none."""
        return _opening(self.calendar, moment, self.guard, inputs)

    def local(self, moment: datetime) -> datetime:
        """Return an instant in the person's likeliest zone."""
        return moment.astimezone(zone(self.place.zones[0]))


class Situation(NamedTuple):
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
        return _opening(self.calendar, moment, self.guard, inputs)

    def local(self, moment: datetime) -> datetime:
        """Return an instant in the person's likeliest zone."""
        return moment.astimezone(zone(self.place.zones[0])) if self.place.known else moment


_NO_GUARD: Final = timedelta(0)


def _opening(calendar: Calendar, moment: datetime, guard: timedelta | None, inputs: Mapping[str, object]) -> Finding:
    opening = calendar.next_opening(moment, guard or _NO_GUARD)
    if opening is None:
        return block("no hour is allowed in every zone where the person may be", **inputs)
    return Finding(Severity.POSTPONE, inputs, opening)


def situation(preset: Preset, case: Case, at: datetime) -> Situation:
    """Return what is known about a case at an instant."""
    number = case.number if isinstance(case.number, str) else ""
    postcode = case.postcode if isinstance(case.postcode, str) else None
    where = locate(number, postcode, preset.postcodes)
    return _at_instant(preset, case, where, at.astimezone(UTC), _guard(preset, case.ring_timeout_s))


def later(s: Situation, at: datetime) -> Situation:
    """Return the same case at another instant (UTC)."""
    return _at_instant(s.preset, s.case, s.place, at, s.guard)


def _at_instant(preset: Preset, case: Case, where: Place, at: datetime, guard: timedelta | None) -> Situation:
    """Return a case at an instant (UTC) and a place."""
    return Situation(
        case=case,
        preset=preset,
        place=where,
        at=at,
        calendar=calendar_of(preset, where),
        locals=_locals(where, at),
        guard=guard,
        slot=_slot(preset, case, at),
    )


# One reservation asks of one instant, and postponements aim at few openings.
@lru_cache(maxsize=4096)
def _locals(where: Place, at: datetime) -> tuple[datetime, ...]:
    """Return the wall clocks of a place's zones at an instant."""
    return tuple([at.astimezone(zone(key)) for key in where.zones])


@lru_cache(maxsize=1024)
def _guard(preset: Preset, ring: float | Unknown | None) -> timedelta | None:
    if not isinstance(ring, int | float):
        return None
    return timedelta(seconds=ring + max((r["guard_s"] for r in preset.of_kind("originate_guard")), default=0))


def _slot(preset: Preset, case: Case, at: datetime) -> Slot | None:
    """Return the consented slot that an instant falls in, one with evidence first."""
    consent = case.consent
    if not isinstance(consent, Consent) or not consent.slots:
        return None
    tolerance = _tolerance(preset)
    near = [slot for slot in consent.slots if -tolerance <= slot.at - at <= tolerance]
    return next((slot for slot in near if slot.evidence), near[0]) if near else None


@lru_cache(maxsize=1024)
def _tolerance(preset: Preset) -> timedelta:
    minutes = [rule["tolerance_min"] for rule in preset.of_kind("slot_exception")]
    return timedelta(minutes=min(minutes, default=-1))  # no such rule: no slot is near
