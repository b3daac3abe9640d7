"""What a file is worth before a call is made: counted while its rows are read."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil
from typing import Final

from dialer.leads.slots import openings
from dialer.rules import Place, Preset, locate
from dialer.rules.zones import zone
from dialer.store.staging import StagedNumber, StagedRow

DAYS: Final = 30
# An agent on predictive pacing who talks two minutes with one person of five called.
ASSUMED_CALLS_PER_AGENT_H: Final = 60.0
MOST_REASONS: Final = 30
MOST_PLACES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Quality:
    """A file in figures. All but ``invalid``, ``by_territory`` and ``by_kind`` count valid rows.

    ``invalid``: rows by reason. ``by_territory`` and ``by_kind``: numbers. ``in_file``: rows whose source id or whose
    every number an earlier row has. ``shared_numbers``: rows that share a number, not all, with an earlier row: perhaps
    one person twice. ``known``: rows whose first number another list of the store has. ``callable_today`` and
    ``callable_30_days``: legal hours are left where the person is; consent and earlier calls are not asked here.
    ``hours_a_day``: the mean of the next seven days where most leads are.
    """

    read: int
    valid: int
    invalid: dict[str, int]
    in_file: int
    shared_numbers: int
    several_numbers: int
    known: int
    by_territory: dict[str, int]
    by_kind: dict[str, int]
    callable_today: int
    callable_30_days: int
    hours_a_day: float
    preset: str

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return asdict(self)


class Counting:
    """Counts a file's rows. ``known`` tells how many of some numbers are in the store, in one question a batch."""

    def __init__(self, preset: Preset, now: float, known: Callable[[Sequence[StagedRow]], int]) -> None:
        self._preset = preset
        self._now = now
        self._known = known
        # Of a million rows: hashes and numbers take half of what the texts would.
        self._sources: set[int] = set()
        self._numbers: set[int] = set()
        self._invalid: Counter[str] = Counter()
        self._territories: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._places: dict[tuple[str, str | None], Place] = {}
        self._zones: Counter[Place] = Counter()

    def refused(self, reason: str) -> None:
        """A row that is no lead."""
        # Every reason is one of ours; those with a number in it are gathered under the first that came.
        room = len(self._invalid) < MOST_REASONS or reason in self._invalid
        self._invalid[reason if room else "other"] += 1

    def add(self, rows: Sequence[StagedRow], more_numbers: Sequence[StagedNumber]) -> list[int]:
        """Count valid rows; return the lines of those whose source id an earlier row has."""
        others: dict[int, list[StagedNumber]] = {}
        for number in more_numbers:
            others.setdefault(number[0], []).append(number)
        self._counts["known"] += self._known(rows)
        return [row[0] for row in rows if self._count(row, others.get(row[0], ()))]

    def _count(self, row: StagedRow, more: Sequence[StagedNumber]) -> bool:
        _, source_id, fields, e164, kind, territory, _ = row
        self._kinds.update([kind, *(number[3] for number in more)])
        self._territories.update([territory, *(number[4] for number in more)])
        numbers = {int(e164[1:]), *(int(number[2][1:]) for number in more)}
        before = numbers & self._numbers
        source = hash(source_id)
        repeated = source in self._sources
        self._counts["in_file"] += repeated or before == numbers
        self._counts["shared"] += bool(before) and before != numbers and not repeated
        self._counts["several"] += len(numbers) > 1
        self._counts["valid"] += 1
        self._sources.add(source)
        self._numbers |= numbers
        today, month = self._open(e164, fields)
        self._counts["today"] += today
        self._counts["month"] += month
        return repeated

    def _open(self, e164: str, fields: str) -> tuple[bool, bool]:
        postcode = json.loads(fields)["postcode"] if '"postcode":' in fields else None
        # Where a French number is, its first digit and the postcode say; abroad every number may differ.
        key = (e164[:4] if e164.startswith("+33") else e164, postcode)
        found = self._places.get(key)
        if found is None:
            # Abroad each number may be a place of its own; the memory of a file has a bound.
            if len(self._places) > MOST_PLACES:
                self._places.clear()
            found = self._places[key] = locate(e164, postcode)
        self._zones[found] += 1
        return hours_left(self._preset, found, self._now)

    def quality(self) -> Quality:
        """The figures."""
        refused = sum(self._invalid.values())
        return Quality(
            read=self._counts["valid"] + refused,
            valid=self._counts["valid"],
            invalid=dict(self._invalid.most_common()),
            in_file=self._counts["in_file"],
            shared_numbers=self._counts["shared"],
            several_numbers=self._counts["several"],
            known=self._counts["known"],
            by_territory=dict(self._territories.most_common()),
            by_kind=dict(self._kinds.most_common()),
            callable_today=self._counts["today"],
            callable_30_days=self._counts["month"],
            hours_a_day=self._hours_a_day(),
            preset=self._preset.name,
        )

    def _hours_a_day(self) -> float:
        if not self._zones:
            return 0.0
        ((most, _),) = self._zones.most_common(1)
        week = openings(self._preset, most, self._now + 86_400, 7)
        return round(sum(each.end - each.start for each in week) / 7 / 3600, 2)


@lru_cache(maxsize=4096)
def hours_left(preset: Preset, place: Place, now: float) -> tuple[bool, bool]:
    """Whether calling is legal at a place at some time of the rest of the local day, and within 30 days."""
    first = next(openings(preset, place, now, DAYS), None)
    if first is None:
        return False, False
    home = zone(place.zones[0])
    today = datetime.fromtimestamp(now, UTC).astimezone(home).date()
    return datetime.fromtimestamp(first.start, UTC).astimezone(home).date() == today, True


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long a list takes: ``days = ceil(leads * tries / (agents * calls_per_agent_h * hours_a_day))``.

    ``tries``: of each lead in 30 days, the campaign's bound under the law's. ``calls_per_agent_h`` is given, or assumed
    (``assumed``). ``days``, of seven a week, is None where there are no agents or no hours.
    """

    leads: int
    tries: int
    agents: int
    calls_per_agent_h: float
    assumed: bool
    hours_a_day: float
    days: int | None


@dataclass(frozen=True, slots=True)
class Team:
    """Who works a list: agents, and how many calls are made for each in an hour (None: not known)."""

    agents: int
    calls_per_agent_h: float | None
    max_attempts: int


def forecast(preset: Preset, leads: int, hours_a_day: float, team: Team) -> Forecast:
    """How many days a team needs for so many leads that may be called."""
    tries = min([team.max_attempts, *(int(rule["count"]) for rule in preset.of_kind("attempts_by_day"))])
    rate = team.calls_per_agent_h or ASSUMED_CALLS_PER_AGENT_H
    a_day = team.agents * rate * hours_a_day
    days = ceil(leads * tries / a_day) if a_day > 0 else None
    return Forecast(leads, tries, team.agents, rate, team.calls_per_agent_h is None, hours_a_day, days)
