"""Looking up the rows of a file in the store, from the process that reads the file."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dialer.rules import Consent
from dialer.store.facts import stored_consent
from dialer.store.law import principal_key
from dialer.store.seal import key_of, key_path, sealer

_LIST = "SELECT id FROM lists WHERE campaign_id = ? AND name = ?"
_CAMPAIGN = "SELECT principal, audience, basis FROM campaigns WHERE id = ?"
_ELSEWHERE = """
SELECT n.e164, max(c.principal = ?) FROM json_each(?) AS one CROSS JOIN numbers AS n ON n.e164 = one.value
CROSS JOIN lists ON lists.id = n.list_id CROSS JOIN campaigns AS c ON c.id = lists.campaign_id
WHERE n.list_id <> ? GROUP BY n.e164
"""
_OTHER_LIST = "SELECT 1 FROM lists WHERE id <> ? LIMIT 1"
_PERSON = """
SELECT 1 FROM leads AS l CROSS JOIN lists ON lists.id = l.list_id
CROSS JOIN campaigns AS c ON c.id = lists.campaign_id AND c.principal = ?
WHERE l.fields ->> '$.person_id' = ? AND l.list_id <> ? LIMIT 1
"""
_SUPPRESSED = "SELECT DISTINCT sealed FROM suppressions WHERE principal IN ('', ?) AND sealed IN ({})"
_AT_ONCE: Final = 500
_LISTED = "SELECT 1 FROM screened_numbers WHERE sealed = ? AND list IN (SELECT value FROM json_each(?)) LIMIT 1"
_COPIES = "SELECT name, as_of FROM screening_lists"
_CONSENTS = "SELECT consent FROM consents WHERE who = ? AND principal = ?"
_NO_LIST: Final = -1


@dataclass(frozen=True, slots=True)
class Campaign:
    """What of a campaign decides whether its leads may be called; empty without a campaign."""

    principal: str = ""
    audience: str = "b2c"
    basis: str = ""


class Known:
    """Tells what a store knows of the numbers and persons of a file. ``copies``: of registers, each with its day."""

    def __init__(self, db: sqlite3.Connection, key: bytes, list_id: int, campaign: Campaign) -> None:
        self._db = db
        self._seal = sealer(key)
        self._list_id = list_id
        self.campaign = campaign
        self._principal_key = principal_key(campaign.principal)
        # Most stores have none of some: a look-up for each of a million rows would find nothing.
        self._filled = {table for table in ("suppressions", "screened_numbers", "consents") if self._has_rows(table)}
        self._has_others = self._finds(_OTHER_LIST, list_id)
        self.copies = {name: date.fromisoformat(as_of) for name, as_of in db.execute(_COPIES)}

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to be found, whoever is looked up."""
        return not self._filled and not self._has_others

    def elsewhere(self, numbers: Iterable[str]) -> dict[str, bool]:
        """Those of some numbers that another list has, and whether one of the same principal does."""
        if not self._has_others:
            return {}
        wanted = (self.campaign.principal, json.dumps(list(numbers)), self._list_id)
        return {number: bool(own) for number, own in self._db.execute(_ELSEWHERE, wanted)}

    def is_person(self, person_id: str) -> bool:
        """Whether another list of the principal has the person, by the source's id."""
        return self._has_others and self._finds(_PERSON, self.campaign.principal, person_id, self._list_id)

    def suppressed(self, names: Iterable[str]) -> frozenset[str]:
        """Those of some names that asked the principal, or everybody, for no more calls."""
        if "suppressions" not in self._filled:
            return frozenset()
        name_of, found = {self._seal(name): name for name in names}, set[str]()
        seals = list(name_of)
        for first in range(0, len(seals), _AT_ONCE):
            some = seals[first : first + _AT_ONCE]
            sql = _SUPPRESSED.format(",".join("?" * len(some)))
            found.update(name_of[row[0]] for row in self._db.execute(sql, (self._principal_key, *some)))
        return frozenset(found)

    def is_listed(self, number: str, registers: Sequence[str]) -> bool:
        """Whether a number is in the copy of one of some registers."""
        if "screened_numbers" not in self._filled or not registers:
            return False
        return self._finds(_LISTED, self._seal(number), json.dumps(registers))

    def consents(self, names: Iterable[str]) -> list[Consent]:
        """What the register has of the names with the principal."""
        if "consents" not in self._filled:
            return []
        texts = [row[0] for name in names for row in self._db.execute(_CONSENTS, (name, self._principal_key))]
        return [consent for consent in map(stored_consent, texts) if consent is not None]

    def _finds(self, sql: str, *values: object) -> bool:
        return self._db.execute(sql, values).fetchone() is not None

    def _has_rows(self, table: str) -> bool:
        return self._finds(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - names of our own


@contextmanager
def known_numbers(store: Path, campaign_id: str, list_name: str) -> Iterator[Known]:
    """What the store at ``store`` knows, but for one list's own; read-only, beside whoever writes it."""
    with closing(sqlite3.connect(f"file:{quote(str(store))}?mode=ro", uri=True, timeout=5)) as db:
        own = db.execute(_LIST, (campaign_id, list_name)).fetchone()
        row = db.execute(_CAMPAIGN, (campaign_id,)).fetchone()
        key = key_of(store, create=False) if key_path(store).exists() else b""
        yield Known(db, key, own[0] if own else _NO_LIST, Campaign(*row) if row else Campaign())
