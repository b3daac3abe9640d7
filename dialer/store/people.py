"""Who is the same person as a lead: rows of a principal's lists that share a number or the source's own id."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# A switchboard may stand in thousands of rows; past this many rows of one person the others add nothing.
MOST_ROWS = 64

# For many leads at once, each row with the lead (seed) whose person it shows.
_SAME_PEOPLE = """
WITH RECURSIVE same (seed, lead_id) AS (
    SELECT s.value ->> 0, s.value ->> 0 FROM json_each(:seeds) AS s
    UNION SELECT s.value ->> 0, l.id FROM json_each(:seeds) AS s
        CROSS JOIN leads AS l ON l.fields ->> '$.person_id' = s.value ->> 1
        CROSS JOIN lists ON lists.id = l.list_id
        CROSS JOIN campaigns AS c ON c.id = lists.campaign_id AND c.principal = :principal
        WHERE s.value ->> 1 IS NOT NULL
    UNION SELECT same.seed, other.lead_id FROM same
        CROSS JOIN numbers AS mine ON mine.lead_id = same.lead_id
        CROSS JOIN numbers AS other ON other.e164 = mine.e164
        CROSS JOIN lists ON lists.id = other.list_id
        CROSS JOIN campaigns AS c ON c.id = lists.campaign_id AND c.principal = :principal
    LIMIT :most
)
SELECT same.seed, same.lead_id, n.e164 FROM same LEFT JOIN numbers AS n ON n.lead_id = same.lead_id
"""


@dataclass(frozen=True, slots=True)
class Person:
    """One person as a principal's lists show it: rows and numbers that belong together, and the source's own id."""

    leads: tuple[int, ...]
    numbers: tuple[str, ...]
    source_id: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Everything under which a wish or a consent may be on record."""
        return (*self.numbers, f"person:{self.source_id}") if self.source_id else self.numbers


class Seed(NamedTuple):
    """A lead whose person is looked for, with the source's id of the person if it says one."""

    lead_id: int
    source_id: str | None


def person_of(db: sqlite3.Connection, seed: Seed, principal: str) -> Person:
    """Everybody who is the same person as a lead."""
    return people_of(db, [seed], principal)[0]


def people_of(
    db: sqlite3.Connection, seeds: Sequence[Seed], principal: str, most_rows: int = MOST_ROWS
) -> list[Person]:
    """Everybody who is the same person as each of some leads, in their order; ``most_rows`` bounds one person's."""
    most = most_rows * len(seeds)
    rows = db.execute(_SAME_PEOPLE, {"seeds": json.dumps(seeds), "principal": principal, "most": most}).fetchall()
    leads: dict[int, dict[int, None]] = {seed.lead_id: {} for seed in seeds}
    numbers: dict[int, dict[str, None]] = {seed.lead_id: {} for seed in seeds}
    for seed_id, lead_id, number in rows:
        leads[seed_id][lead_id] = None
        if number is not None:
            numbers[seed_id][number] = None
    if len(seeds) > 1 and sum(map(len, leads.values())) >= most:
        # One of them fills the bound for all: each by itself.
        return [people_of(db, [seed], principal, most_rows)[0] for seed in seeds]
    return [Person((*leads[s.lead_id],), (*numbers[s.lead_id],), s.source_id) for s in seeds]
