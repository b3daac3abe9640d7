"""The recall strategy against calling again every 30 minutes in list order, at the same legal limits.

python -m benchmarks.recalls [--people 1500] [--days 30 120] [--seeds 1 2 3] [--json]

People pick up at hours of their own: half of them work by day, a quarter is at home, some work in shifts or hardly ever
pick up; each has one weekday that is unlike the others. Both ways call the same people with the same lines a half-hour,
in the hours that the law of France allows, at most four times in 30 calendar days and 20 times in all, and each try
at a person at a moment has the same fate in both. Nothing but who is called when differs: the recall strategy is
``dialer.leads.recall`` itself, which learns as it goes.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Final

from dialer.floor.commands import RecordOutcome
from dialer.floor.words import AnsweredBy, Result
from dialer.leads.pickup import Cell, PickupRates, Seen
from dialer.leads.recall import Lead, LeadNumber, LeadState, Strategy, Try, after
from dialer.leads.slots import EVENING, Slot, openings, slot_of
from dialer.rules import load_preset, locate
from dialer.rules.zones import zone

STEP_S: Final = 1800.0
MAX_ATTEMPTS: Final = 20
START: Final = datetime(2026, 9, 6, 22, tzinfo=UTC)  # midnight in Paris, Monday 7 September
PLACE: Final = locate("+33612345678", "75001")
HOME: Final = "Europe/Paris"
FR: Final = load_preset("fr")
NOON: Final = 2
LAW_DAYS, LAW_COUNT = 30, 4  # fr.max_30d
BUSY: Final = 0.04


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a chance to pick up in each slot of the week."""

    chances: tuple[tuple[float, ...], ...]  # by weekday and part of the day

    def chance(self, slot: Slot) -> float:
        """To pick up a call in this slot."""
        return self.chances[slot.weekday][slot.part]


def person(rng: random.Random) -> Person:
    """One person of the population."""
    kind = rng.choices(("works", "home", "shifts", "hardly"), (50, 25, 15, 10))[0]
    week = [[_chance(kind, part, rng) for part in range(6)] for _ in range(7)]
    week[rng.randrange(5)] = [0.35 if kind != "hardly" else 0.02] * 6  # the weekday that is unlike the others
    return Person(tuple(tuple(day) for day in week))


def _chance(kind: str, part: int, rng: random.Random) -> float:
    if kind == "works":
        return 0.40 if part == EVENING else 0.10 if part == NOON else 0.03
    if kind == "home":
        return 0.25 if part == EVENING else 0.35
    if kind == "shifts":
        return 0.45 if rng.random() < 0.3 else 0.03
    return 0.02


@dataclass(slots=True)
class Worked:
    """A person on the list, as far as they are worked."""

    lead: Lead
    who: Person
    due: float = 0.0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What one way came to."""

    way: str
    seed: int
    days: int
    people: int
    attempts: int
    reached: int
    per_attempt: float
    share: float


@dataclass(slots=True)
class Way:
    """One way to work a list. ``learned`` counts tries and answers by cell."""

    name: str
    worked: list[Worked]
    tries: Counter[Cell] = field(default_factory=Counter)
    answers: Counter[Cell] = field(default_factory=Counter)
    rates: PickupRates = field(default_factory=lambda: PickupRates([]))

    def order(self, now: float) -> list[Worked]:
        """Who is due, first first."""
        due = [each for each in self.worked if not each.done and each.due <= now]
        return due if self.name == "every_30_min" else sorted(due, key=lambda each: each.due)

    def tried(self, each: Worked, now: float, result: Result) -> None:
        """Plan what follows a try."""
        tries = (*each.lead.tries, Try(now, 0, result))
        each.lead = replace(each.lead, tries=tries)
        if result is Result.ANSWERED or len(tries) >= MAX_ATTEMPTS:
            each.done = True
        elif self.name == "every_30_min":
            each.due = now + STEP_S
        else:
            following = after(_outcome(each.lead, now, result), each.lead, Strategy(FR, MAX_ATTEMPTS, self.rates))
            each.due, each.done = following.at, following.state is not LeadState.DUE

    def learn(self, slot: Slot, *, answered: bool) -> None:
        """What a principal's campaigns would keep of a try."""
        cell = Cell("FR", "mobile", slot)
        self.tries[cell] += 1
        self.answers[cell] += answered

    def refresh(self) -> None:
        """The learned rates as of now."""
        self.rates = PickupRates([Seen(cell, count, self.answers[cell]) for cell, count in self.tries.items()])


def _outcome(lead: Lead, now: float, result: Result) -> RecordOutcome:
    return RecordOutcome(
        attempt_id="a",
        campaign_id="c",
        lead_id=lead.lead_id,
        number="+33612345678",
        result=result,
        answered_by=AnsweredBy.PERSON if result is Result.ANSWERED else None,
        abandoned=False,
        agent_id=None,
        cause=None,
        reserved_at=now,
        ringing_at=None,
        answered_at=None,
        connected_at=None,
        ended_at=now,
        disposition=None,
        dialed=True,
        opted_out=False,
    )


def is_lawful(each: Worked, now: float) -> bool:
    """Fewer than four tries in 30 calendar days, this one's included."""
    today = _day(now)
    return sum((today - _day(one.at)).days < LAW_DAYS for one in each.lead.tries) < LAW_COUNT


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone(HOME)).date()


def moments(days: int) -> Iterator[float]:
    """Every half-hour in which calling is legal."""
    for opening in openings(FR, PLACE, START.timestamp(), days):
        at = opening.start
        while at + STEP_S <= opening.end:
            yield at
            at += STEP_S


def fate(seed: int, each: Worked, slot: Slot, now: float) -> Result:
    """What becomes of a try: the same whoever makes it."""
    digest = blake2b(f"{seed}/{each.lead.lead_id}/{now}".encode(), digest_size=8).digest()
    drawn = int.from_bytes(digest) / 2**64
    if drawn < each.who.chance(slot):
        return Result.ANSWERED
    return Result.BUSY if drawn > 1 - BUSY else Result.NO_ANSWER


def work(way: str, people: int, days: int, seed: int) -> Row:
    """Work a list for so many days; lines enough to try everybody twice a day."""
    rng = random.Random(seed)
    number = LeadNumber(0, "mobile", "FR", PLACE)
    one = Way(way, [Worked(Lead(n, 0, (number,), ()), person(rng)) for n in range(people)])
    lines = max(1, people * 2 // 18)
    attempts = 0
    for now in moments(days):
        slot = slot_of(now, HOME)
        callable_now = (each for each in one.order(now) if is_lawful(each, now))
        for each, _ in zip(callable_now, range(lines), strict=False):
            result = fate(seed, each, slot, now)
            attempts += 1
            one.learn(slot, answered=result is Result.ANSWERED)
            one.tried(each, now, result)
        one.refresh()
    reached = sum(each.lead.tries[-1:] != () and each.lead.tries[-1].result is Result.ANSWERED for each in one.worked)
    return Row(way, seed, days, people, attempts, reached, reached / attempts, reached / people)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument("--days", type=int, nargs="+", default=[30, 120])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    rows = [
        work(way, wish.people, days, seed)
        for days in wish.days
        for seed in wish.seeds
        for way in ("every_30_min", "recalls")
    ]
    if wish.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print(f"{'way':<14}{'days':>5}{'seed':>5}{'attempts':>10}{'reached':>9}{'per attempt':>13}{'of all':>8}")
    for row in rows:
        print(
            f"{row.way:<14}{row.days:>5}{row.seed:>5}{row.attempts:>10}{row.reached:>9}"
            f"{row.per_attempt:>13.1%}{row.share:>8.1%}"
        )


if __name__ == "__main__":
    main()
