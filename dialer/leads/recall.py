"""What becomes of a lead after an attempt: which number is dialed next, and when. Pure.

The store asks in the unit of work that writes the outcome. docs/explanation/recalls.md tells the reasons.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zlib import crc32

from dialer.floor.commands import RecordOutcome
from dialer.floor.words import Result
from dialer.leads.pickup import Cell, PickupRates
from dialer.leads.slots import EVENING, Opening, Slot, openings, slot_of
from dialer.rules import Place, Preset
from dialer.rules.zones import zone

BUSY_S: Final = 15 * 60.0
SOON_S: Final = 5 * 60.0
QUICK_TRIES: Final = 2  # in a row, before busy or congestion is treated as nobody at home
ABANDONED_S: Final = 72 * 3600.0  # regulation, section 7: recall_after_abandon
HORIZON_DAYS: Final = 15
# A day later costs this share of a chance: a much better hour is worth a wait, a slightly better one is not.
WORTH_OF_A_DAY: Final = 0.94
# After so many tries in vain on one number, it counts half.
PATIENCE: Final = 4.0
# Of a slot, what the tries are spread over: they do not all come due with its first second.
SPREAD: Final = 0.7
# A lead that waits for a promised callback: nothing else may dial it (the year 2100).
HELD_AT: Final = 4_102_444_800.0

NOT_REACHED: Final = frozenset({"machine", "voicemail", "no_answer"})
WRONG_NUMBER: Final = "wrong_number"
CALLBACK: Final = "callback"


class LeadState(StrEnum):
    """Whether a lead may be dialed again."""

    DUE = "due"  # from ``next_at`` on
    RESERVED = "reserved"  # an attempt is under way
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class LeadNumber:
    """One number of a lead. ``dead``: nobody is there, or somebody else."""

    position: int
    kind: str
    territory: str
    place: Place
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt that was dialed, ``at`` seconds since the epoch."""

    at: float
    position: int
    result: Result


@dataclass(frozen=True, slots=True)
class Lead:
    """What is known of a lead when an attempt ends. ``tries``: every one dialed, in order, with the last."""

    lead_id: int
    position: int
    numbers: tuple[LeadNumber, ...]
    tries: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a campaign treats its leads again: its law, its bound, what its principal learned."""

    preset: Preset
    max_attempts: int
    rates: PickupRates


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be done with a lead: dial number ``position`` from ``at`` on, or nothing more."""

    state: LeadState
    at: float
    position: int
    reason: str


def after(outcome: RecordOutcome, lead: Lead, strategy: Strategy) -> Next:
    """What follows from an attempt's outcome.

    An attempt that never left the machine gives the lead back as it was. A number that does not exist gives way to the
    next one at once and is no treatment of the lead.
    """
    end = outcome.ended_at
    if not outcome.dialed:
        return Next(LeadState.DUE, end, lead.position, "was not dialed")
    alive = [number for number in lead.numbers if not number.dead]
    if not alive:
        return Next(LeadState.FINISHED, end, lead.position, "no number is left")
    if _is_done(outcome):
        return Next(LeadState.FINISHED, end, lead.position, "an agent spoke with the person")
    if outcome.result == Result.INVALID_NUMBER:
        return Next(LeadState.DUE, end, _following(alive, lead.position), "the number does not exist: the next one")
    if sum(each.result is not Result.INVALID_NUMBER for each in lead.tries) >= strategy.max_attempts:
        return Next(LeadState.FINISHED, end, lead.position, "every attempt is made")
    return _quick(outcome, lead, strategy) or _planned(outcome, lead, strategy)


def _is_done(outcome: RecordOutcome) -> bool:
    if outcome.opted_out:
        return True
    if outcome.disposition is not None:
        return outcome.disposition not in {*NOT_REACHED, WRONG_NUMBER, CALLBACK}
    return outcome.connected_at is not None


def _following(alive: Sequence[LeadNumber], position: int) -> int:
    later = [number.position for number in alive if number.position > position]
    return min(later or [number.position for number in alive])


def _quick(outcome: RecordOutcome, lead: Lead, strategy: Strategy) -> Next | None:
    """Busy: the person is there. Congestion: our own trouble. Both soon, but not for ever."""
    pause_s = {Result.BUSY: BUSY_S, Result.CONGESTION: SOON_S, Result.FAILED: SOON_S}.get(outcome.result)
    number = _number(lead, lead.position)
    if pause_s is None or number is None or number.dead:
        return None
    row = lead.tries[-QUICK_TRIES:]
    if len(row) == QUICK_TRIES and all(each.result == outcome.result for each in row):
        return None
    since = max(outcome.ended_at + pause_s, _lawful_from(lead, strategy.preset, number.place))
    opening = next(openings(strategy.preset, number.place, since, HORIZON_DAYS), None)
    at = opening.start if opening else since
    return Next(LeadState.DUE, at, lead.position, f"{outcome.result}: soon again")


@dataclass(frozen=True, slots=True)
class _Candidate:
    opening: Opening
    number: LeadNumber
    chance: float
    score: float
    used: int
    last: Slot | None  # of the try before, by the clock where this number is


def _planned(outcome: RecordOutcome, lead: Lead, strategy: Strategy) -> Next:
    """Nobody at home: the best slot not tried before, on another weekday and in another half of the day if any is."""
    since = outcome.ended_at + _rest_s(outcome, strategy.preset)
    found = list(_candidates(lead, strategy, since))
    if not found:
        return Next(LeadState.DUE, since, _following_number(lead), "no legal slot is known: as soon as the law allows")
    fewest = min(each.used for each in found)
    fresh = [each for each in found if each.used == fewest]
    best = max(_preferred(outcome, fresh), key=lambda each: (each.score, -each.opening.start))
    slot = best.opening.slot
    reason = f"weekday {slot.weekday + 1}, part {slot.part + 1} of the day: picked up in {best.chance:.0%} of tries"
    return Next(LeadState.DUE, _within(best.opening, lead), best.number.position, reason)


def _rest_s(outcome: RecordOutcome, preset: Preset) -> float:
    gap_s = float(preset.conduct["min_gap_h"]) * 3600
    return max(gap_s, ABANDONED_S) if outcome.abandoned else gap_s


def _candidates(lead: Lead, strategy: Strategy, since: float) -> Iterator[_Candidate]:
    for number in lead.numbers:
        if number.dead or not number.place.known:
            continue
        home = number.place.zones[0]
        used = Counter(slot_of(each.at, home) for each in lead.tries)
        in_vain = sum(each.position == number.position for each in lead.tries)
        last = slot_of(lead.tries[-1].at, home) if lead.tries else None
        start = max(since, _lawful_from(lead, strategy.preset, number.place))
        for opening in openings(strategy.preset, number.place, start, HORIZON_DAYS):
            chance = strategy.rates.estimate(Cell(number.territory, number.kind, opening.slot))
            days = (opening.start - start) / 86_400
            score = chance * WORTH_OF_A_DAY**days * PATIENCE / (PATIENCE + in_vain)
            yield _Candidate(opening, number, chance, score, used[opening.slot], last)


def _preferred(outcome: RecordOutcome, found: Sequence[_Candidate]) -> Sequence[_Candidate]:
    if outcome.disposition in NOT_REACHED:
        return [each for each in found if each.opening.slot.part == EVENING] or found
    other_day = [each for each in found if each.last is None or each.last.weekday != each.opening.slot.weekday]
    other_half = [each for each in other_day if each.last is None or each.last.half != each.opening.slot.half]
    return other_half or other_day or found


def _lawful_from(lead: Lead, preset: Preset, place: Place) -> float:
    """The first midnight, in the person's zone, from which the law allows one more attempt to this lead.

    Of at most ``count`` in ``window_days`` calendar days the last ``count``-th must have left the window. The gate
    counts by person when it dials; this only keeps plans from being made in vain.
    """
    if not place.known:
        return 0.0
    home = zone(place.zones[0])
    days = sorted(datetime.fromtimestamp(each.at, UTC).astimezone(home).date() for each in lead.tries)
    first = date.min
    for rule in preset.of_kind("attempts_by_day"):
        count = int(rule["count"])
        if days and len(days) >= count and rule.holds_on(days[-1]):
            first = max(first, days[-count] + timedelta(days=int(rule["window_days"])))
    return 0.0 if first == date.min else datetime.combine(first, time(), home).timestamp()


def _number(lead: Lead, position: int) -> LeadNumber | None:
    return next((number for number in lead.numbers if number.position == position), None)


def _following_number(lead: Lead) -> int:
    return _following([number for number in lead.numbers if not number.dead], lead.position)


def _within(opening: Opening, lead: Lead) -> float:
    # The same lead and try fall on the same moment, whoever computes it.
    share = crc32(f"{lead.lead_id}/{len(lead.tries)}".encode()) / 2**32
    return opening.start + share * SPREAD * (opening.end - opening.start)
