"""What a file is worth before a call is made: counted while its rows are read."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import ceil
from operator import and_
from typing import Final

from dialer.leads.keys import Keys
from dialer.leads.slots import openings
from dialer.leads.standing import STANDINGS, Standing
from dialer.rules import Place, Preset, locate
from dialer.rules.zones import zone
from dialer.store.staging import StagedNumber, StagedRow
from dialer.store.stated import Stated

DAYS: Final = 30
# In the text of a row's fields: reading the whole of it takes as long as all else that is counted.
_POSTCODE: Final = re.compile(r'"postcode":"([^"\\]*)"')
# An agent on predictive pacing who talks two minutes with one person of five called.
ASSUMED_CALLS_PER_AGENT_H: Final = 60.0
_64_BITS: Final = (1 << 64) - 1
MOST_REASONS: Final = 30
MOST_PLACES: Final = 200_000
_Others = dict[int, list[StagedNumber]]  # numbers beyond the first, by line


@dataclass(frozen=True, slots=True)
class Quality:
    """A file in figures. All but ``invalid``, ``by_territory`` and ``by_kind`` count valid rows.

    ``invalid``: rows by reason. ``by_territory`` and ``by_kind``: numbers. ``in_file``: rows whose source id or whose
    every number an earlier row has. ``shared_numbers``: rows that share a number, not all, with an earlier row: perhaps
    one person twice. ``known``: rows whose first number another list of the store has; ``known_people``: rows of people
    whom another list of the principal has, by any number or the source's id. ``suppressed``: people who asked for no
    more calls; ``listed``: in a register that the preset asks; ``unscreened``: the copy of one is missing or too old;
    ``without_consent``: where the law needs one. ``callable_today`` and ``callable_30_days``: none of these, not in the
    file before, of the preset's country, and legal hours are left where the person is; ``legal_hours_today`` and
    ``legal_hours_30_days`` ask for the hours alone. What only the moment of a call can tell (earlier attempts, who is
    called for what, the caller's number) is not asked here.
    ``hours_a_day``: the mean of the next seven days where most leads are.
    """

    read: int
    valid: int
    invalid: dict[str, int]
    in_file: int
    shared_numbers: int
    several_numbers: int
    known: int
    known_people: int
    suppressed: int
    listed: int
    unscreened: int
    without_consent: int
    by_territory: dict[str, int]
    by_kind: dict[str, int]
    callable_today: int
    callable_30_days: int
    legal_hours_today: int
    legal_hours_30_days: int
    hours_a_day: float
    preset: str

    def as_json(self) -> dict[str, object]:
        """As plain values."""
        return asdict(self)


class Counting:
    """Counts a file's rows. ``standing`` looks them up in the store, if there is one."""

    def __init__(self, preset: Preset, now: float, standing: Standing | None) -> None:
        self._preset = preset
        self._now = now
        self._standing = standing
        self._sources = Keys()
        self._numbers = Keys()
        self._invalid: Counter[str] = Counter()
        self._numbers_of: Counter[tuple[str, str]] = Counter()
        self._counts: Counter[str] = Counter()
        self._rows_at: Counter[tuple[str, str | None, bool]] = Counter()
        self._places: Counter[Place] = Counter()
        self._free_places: Counter[Place] = Counter()

    def refused(self, reason: str) -> None:
        """A row that is no lead."""
        # Every reason is one of ours; those with a number in it are gathered under the first that came.
        room = len(self._invalid) < MOST_REASONS or reason in self._invalid
        self._invalid[reason if room else "other"] += 1

    def add(
        self, rows: Sequence[StagedRow], more_numbers: Sequence[StagedNumber], stated: Sequence[Stated]
    ) -> list[int]:
        """Count valid rows; return the lines of those whose source id an earlier row has.

        ``stated``: what each row says for the law; empty where no column does.
        """
        others: _Others = {}
        for number in more_numbers:
            others.setdefault(number[0], []).append(number)
        self._counts["valid"] += len(rows)
        free = [True] * len(rows) if self._standing is None else self._standing.add(rows, others, stated)
        new_sources = self._sources.add([hash(row[1]) & _64_BITS or 1 for row in rows])
        new_rows = self._count_numbers(rows, others, new_sources)
        self._numbers_of.update([(row[5], row[4]) for row in rows])
        self._numbers_of.update([(number[4], number[3]) for number in more_numbers])
        self._count_places(rows, list(map(and_, free, new_rows)))
        return [row[0] for row, new in zip(rows, new_sources, strict=True) if not new]

    def _count_numbers(self, rows: Sequence[StagedRow], others: _Others, new_sources: Sequence[bool]) -> list[bool]:
        """Count repetitions; of each row whether it is the first of its source id with a number of its own."""
        if not others:
            new = self._numbers.add([int(row[3][1:]) for row in rows])
            firsts = list(map(and_, new, new_sources))
            self._counts["in_file"] += len(rows) - sum(firsts)
            return firsts
        firsts = []
        for row, new_source in zip(rows, new_sources, strict=True):
            more = others.get(row[0], ())
            self._counts["several"] += bool(more)
            new = self._numbers.add([*{int(row[3][1:]), *(int(other[2][1:]) for other in more)}])
            firsts.append(any(new) and new_source)
            self._counts["in_file"] += not firsts[-1]
            self._counts["shared"] += firsts[-1] and not all(new)
        return firsts

    def _count_places(self, rows: Sequence[StagedRow], free: Sequence[bool]) -> None:
        # Where a French number is, its first digit and the postcode say; abroad every number may differ.
        starts = [row[3][:4] if row[5] == "FR" else row[3] for row in rows]
        has_postcodes = bool(rows) and '"postcode":' in rows[0][2]
        found = [_POSTCODE.search(row[2]) for row in rows] if has_postcodes else [None] * len(rows)
        self._rows_at.update(zip(starts, (each and each[1] for each in found), free, strict=True))
        if len(self._rows_at) > MOST_PLACES:
            self._locate()

    def _locate(self) -> None:
        """From numbers and postcodes to places, which are few."""
        for (start, postcode, free), rows in self._rows_at.items():
            number = start if len(start) > 4 else f"{start}{'0' * 8}"
            where = locate(number, postcode)
            self._places[where] += rows
            if free and not (self._preset.covers and where.countries - self._preset.covers):
                self._free_places[where] += rows
        self._rows_at.clear()

    def quality(self) -> Quality:
        """The figures."""
        self._locate()
        hours = {place: hours_left(self._preset, place, self._now) for place in self._places}
        refused = sum(self._invalid.values())
        return Quality(
            read=self._counts["valid"] + refused,
            valid=self._counts["valid"],
            invalid=dict(self._invalid.most_common()),
            in_file=self._counts["in_file"],
            shared_numbers=self._counts["shared"],
            several_numbers=self._counts["several"],
            **self._stands(),
            by_territory=self._by(0),
            by_kind=self._by(1),
            callable_today=sum(rows for place, rows in self._free_places.items() if hours[place][0]),
            callable_30_days=sum(rows for place, rows in self._free_places.items() if hours[place][1]),
            legal_hours_today=sum(rows for place, rows in self._places.items() if hours[place][0]),
            legal_hours_30_days=sum(rows for place, rows in self._places.items() if hours[place][1]),
            hours_a_day=self._hours_a_day(),
            preset=self._preset.name,
        )

    def _stands(self) -> dict[str, int]:
        counts = Counter() if self._standing is None else self._standing.counts
        return {name: counts[name] for name in STANDINGS}

    def _by(self, which: int) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for key, numbers in self._numbers_of.items():
            counts[key[which]] += numbers
        return dict(counts.most_common())

    def _hours_a_day(self) -> float:
        if not self._places:
            return 0.0
        ((most, _),) = self._places.most_common(1)
        week = openings(self._preset, most, self._now + 86_400, 7)
        return round(sum(each.end - each.start for each in week) / 7 / 3600, 2)


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
