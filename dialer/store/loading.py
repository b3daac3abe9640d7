"""Loading a staged file into the store, in pieces small enough for a running daemon not to notice."""
# ruff: noqa: S608 - statements are put together from parts of our own; values are always parameters

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dialer.rules.territory import FRENCH_ZONES
from dialer.rules.zones import zone
from dialer.store.errors import AlreadyExists, StoreUnavailable
from dialer.store.law import principal_key
from dialer.store.opening import open_store
from dialer.store.pieces import Pace, in_pieces
from dialer.store.store import Store
from dialer.store.updating import update_piece

# Lead ids follow the lines of the file, whose first is the header.
_HEADER_LINE = 1


def _east_first() -> str:
    """When a new lead was first due, as SQL: always long ago, and the further east its territory, the longer.

    The law's hours are the same by every wall clock, so the east's legal day ends first: of leads that were never
    called, those with the least of it left come first. Where a country has several zones its numbers do not tell which.
    """
    midday = datetime(1970, 1, 1, 12, tzinfo=UTC)
    since = {territory: midday - _offset(zones[0]) for territory, zones in FRENCH_ZONES.items()}
    cases = (f"WHEN '{territory}' THEN {at.timestamp()}" for territory, at in since.items())
    return f"CASE territory {' '.join(cases)} ELSE 0 END"


def _offset(zone_key: str) -> timedelta:
    return zone(zone_key).utcoffset(datetime(2026, 1, 1)) or timedelta(0)  # noqa: DTZ001 - its wall clock in winter


_EAST_FIRST = _east_first()
# A row whose source id the list has, or an earlier row had, is a duplicate. So is a row whose every number belongs to
# another lead of the list; its source id still counts as seen.
_LEADS = f"""
INSERT OR IGNORE INTO main.leads (id, list_id, import_id, source_id, fields, priority, next_at)
SELECT :base + line, :list, :import, source_id, fields, :priority, {_EAST_FIRST} FROM staged.rows
WHERE line > :after AND line <= :last AND source_id NOT IN temp.seen
"""
# In the order of the file, for the first row that has a number keeps it.
_NUMBERS = """
INSERT OR IGNORE INTO main.numbers (lead_id, position, list_id, e164, kind, territory, raw)
SELECT :base + line AS lead, 0 AS position, :list, e164, kind, territory, raw FROM staged.rows
WHERE line > :after AND line <= :last AND EXISTS (SELECT 1 FROM main.leads WHERE id = :base + line)
UNION ALL
SELECT :base + line AS lead, position, :list, e164, kind, territory, raw FROM staged.more_numbers
WHERE line > :after AND line <= :last AND EXISTS (SELECT 1 FROM main.leads WHERE id = :base + line)
ORDER BY lead, position
"""
_STAGED_NUMBERS = """
SELECT (SELECT count(*) FROM staged.rows WHERE line > :after AND line <= :last)
    + (SELECT count(*) FROM staged.more_numbers WHERE line > :after AND line <= :last)
"""
_OF_PIECE = "id > :base + :after AND id <= :base + :last"
_NUMBERLESS = f"{_OF_PIECE} AND NOT EXISTS (SELECT 1 FROM main.numbers WHERE lead_id = leads.id)"
_FIRST_NUMBER = f"""
UPDATE main.leads SET next_position = (SELECT min(position) FROM main.numbers WHERE lead_id = leads.id)
WHERE {_OF_PIECE} AND NOT EXISTS (SELECT 1 FROM main.numbers WHERE lead_id = leads.id AND position = 0)
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of an import; ``read`` is the sum of the others."""

    read: int
    new: int
    updated: int
    duplicates: int
    refused: int


class Loading:
    """One import into one list. Nothing of it is seen until ``finish``; ``abandon`` or a crash leaves nothing."""

    def __init__(self, store: Store, list_id: int, priority: int = 0) -> None:
        self._store = store
        self._list_id = list_id
        self._priority = priority
        self._import_id = 0
        self._base = 0
        self._loaded_line = 0
        self._pace = Pace()
        self._segments: list[tuple[Path, int, int]] = []
        self.new = 0
        self.updated = 0
        self.consents = 0

    async def begin(self, file: str) -> None:
        """Claim the store for this import and remove what earlier ones left. AlreadyExists while another one runs."""
        now = self._store.clock()
        self._import_id, self._base = await self._store.write(lambda db: _claim(db, self._list_id, file, now))
        await _remove_dropped(self._store)
        await self._store.between(lambda db: db.execute(_SEEN))

    async def load(self, segment: Path, last_line: int) -> None:
        """Copy the next segment, whose rows end with ``last_line``, in pieces. ``new`` counts the leads kept so far."""
        await self._store.write(lambda db: _announce(db, self._import_id, self._base + last_line))
        await self._store.between(lambda db: db.execute("ATTACH ? AS staged", (str(segment),)))
        values = {"base": self._base, "list": self._list_id, "import": self._import_id, "priority": self._priority}
        try:
            self.new += await in_pieces(self._store, self._pace, _copy_piece, values, (self._loaded_line, last_line))
        finally:
            await self._store.between(lambda db: db.execute("DETACH staged"))
        self._segments.append((segment, self._loaded_line, last_line))
        self._loaded_line = last_line

    async def update(self) -> None:
        """Bring the list's earlier leads up to date, once the file is known to be whole. ``updated`` counts them.

        Attempts stay, and so does when a lead is due. What a crash leaves undone, the same import does again.
        """
        if not await self._store.read(lambda db: _has_leads(db, self._list_id)):
            return
        values = {"list": self._list_id, "before": self._base + _HEADER_LINE, "now": self._store.clock()}
        for segment, after, last in self._segments:
            await self._store.between(lambda db, one=str(segment): db.execute("ATTACH ? AS staged", (one,)))  # type: ignore[misc]
            try:
                self.updated += await in_pieces(self._store, Pace(), update_piece, values, (after, last))
            finally:
                await self._store.between(lambda db: db.execute("DETACH staged"))

    async def register_consents(self, source: str) -> None:
        """Enter what the file says that people agreed to, once it is known to be whole. ``consents`` counts new ones.

        What a crash leaves undone, the same import does again.
        """
        now, principal = self._store.clock(), await self._store.read(lambda db: _principal(db, self._list_id))
        values = {"principal": principal_key(principal), "at": now, "source": source}
        for segment, after, last in self._segments:
            await self._store.between(lambda db, one=str(segment): db.execute("ATTACH ? AS staged", (one,)))  # type: ignore[misc]
            try:
                self.consents += await in_pieces(self._store, Pace(), _register_piece, values, (after, last))
            finally:
                await self._store.between(lambda db: db.execute("DETACH staged"))

    async def finish(self, tally: Tally, columns: Sequence[str], quality: Mapping[str, object]) -> None:
        """Show the leads to those who dial, all at once."""
        now = self._store.clock()
        await self._store.write(lambda db: _show(db, self._import_id, (tally, columns, quality), now))
        await self._store.between(lambda db: db.execute("DROP TABLE temp.seen"))

    async def abandon(self) -> None:
        """Take back everything. What cannot be removed now, the next import removes."""
        with suppress(StoreUnavailable):
            await self._store.between(lambda db: db.execute("DROP TABLE IF EXISTS temp.seen"))
            await self._store.write(lambda db: db.execute(_DROP, (self._import_id,)))
            await _remove_dropped(self._store)


@asynccontextmanager
async def rehearsal(store: Store, folder: Path, campaign_id: str, list_name: str) -> AsyncIterator[Store]:
    """A passing store in ``folder`` that holds one campaign with one list as ``store`` does, to try an import on."""
    async with open_store(folder / "rehearsal.db", create=True, clock=store.clock) as copy:
        await copy.between(lambda db: _attach_origin(db, store.path))
        await copy.write(lambda db: _copy_list(db, campaign_id, list_name))
        await copy.between(lambda db: db.execute("DETACH origin"))
        yield copy


def _attach_origin(db: sqlite3.Connection, origin: Path) -> None:
    db.execute("ATTACH ? AS origin", (f"file:{quote(str(origin))}?mode=ro",))


def _copy_list(db: sqlite3.Connection, campaign_id: str, list_name: str) -> None:
    values = {"campaign": campaign_id, "list": list_name}
    one = "(SELECT id FROM origin.lists WHERE campaign_id = :campaign AND name = :list)"
    for copy in (
        "campaigns SELECT * FROM origin.campaigns WHERE id = :campaign",
        f"lists SELECT * FROM origin.lists WHERE id = {one}",
        f"imports SELECT * FROM origin.imports WHERE list_id = {one} AND state = 'ready'",
        f"leads SELECT l.* FROM origin.leads AS l JOIN imports ON imports.id = l.import_id WHERE l.list_id = {one}",
        "numbers SELECT n.* FROM leads CROSS JOIN origin.numbers AS n ON n.lead_id = leads.id",
    ):
        db.execute(f"INSERT INTO main.{copy}", values)


def _principal(db: sqlite3.Connection, list_id: int) -> str:
    return str(db.execute(_PRINCIPAL, (list_id,)).fetchone()[0])


def _register_piece(db: sqlite3.Connection, values: dict[str, Any]) -> int:
    return db.execute(_REGISTER, values).rowcount


_PRINCIPAL = "SELECT c.principal FROM lists JOIN campaigns AS c ON c.id = lists.campaign_id WHERE lists.id = ?"
_REGISTER = """
INSERT INTO main.consents (who, principal, consent, recorded_at, source)
SELECT who, coalesce(s.principal, :principal) AS whose, consent, :at, :source FROM staged.consents AS s
WHERE line > :after AND line <= :last AND NOT EXISTS (SELECT 1 FROM main.consents AS known
    WHERE known.who = s.who AND known.principal = coalesce(s.principal, :principal) AND known.consent = s.consent)
GROUP BY who, whose, consent ORDER BY min(line)
"""
_DROP = "UPDATE imports SET state = 'dropped' WHERE id = ? AND state = 'loading'"
_SEEN = "CREATE TEMP TABLE seen (source_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID"


def _copy_piece(db: sqlite3.Connection, values: dict[str, int]) -> int:
    leads = db.execute(_LEADS, values).rowcount
    numbers = db.execute(_NUMBERS, values).rowcount
    if numbers == db.execute(_STAGED_NUMBERS, values).fetchone()[0]:
        return leads
    db.execute(f"INSERT INTO temp.seen SELECT source_id FROM main.leads WHERE {_NUMBERLESS}", values)
    removed = db.execute(f"DELETE FROM main.leads WHERE {_NUMBERLESS}", values).rowcount
    db.execute(_FIRST_NUMBER, values)
    return leads - removed


def _remove_piece(db: sqlite3.Connection, values: dict[str, int]) -> int:
    db.execute("DELETE FROM numbers WHERE lead_id > :after AND lead_id <= :last", values)
    return db.execute("DELETE FROM leads WHERE id > :after AND id <= :last", values).rowcount


async def _remove_dropped(store: Store) -> None:
    for import_id, before_first, last in await store.read(_dropped):
        await in_pieces(store, Pace(), _remove_piece, {}, (before_first, last))
        await store.write(lambda db, one=import_id: db.execute("DELETE FROM imports WHERE id = ?", (one,)))  # type: ignore[misc]


def _dropped(db: sqlite3.Connection) -> list[tuple[int, int, int]]:
    rows = db.execute("SELECT id, first_lead_id - 1, last_lead_id FROM imports WHERE state = 'dropped'")
    return [(row[0], row[1], row[2]) for row in rows]


def _claim(db: sqlite3.Connection, list_id: int, file: str, now: float) -> tuple[int, int]:
    running = db.execute("SELECT file FROM imports WHERE state = 'loading'").fetchone()
    if running is not None:
        raise AlreadyExists(f"The import of {running['file']} is under way.", hint="Wait until it is done.")
    used = db.execute("SELECT max(id) FROM leads UNION SELECT max(last_lead_id) FROM imports")
    last_used = max(row[0] or 0 for row in used)
    cursor = db.execute(
        "INSERT INTO imports (list_id, file, state, columns, started_at, first_lead_id, last_lead_id)"
        " VALUES (?, ?, 'loading', '[]', ?, ?, ?)",
        (list_id, file, now, last_used + 1, last_used),
    )
    return int(cursor.lastrowid or 0), last_used - _HEADER_LINE


def _announce(db: sqlite3.Connection, import_id: int, last_lead_id: int) -> None:
    # Before the first lead: whatever a crash leaves lies in this range.
    db.execute("UPDATE imports SET last_lead_id = ? WHERE id = ?", (last_lead_id, import_id))


def _has_leads(db: sqlite3.Connection, list_id: int) -> bool:
    row = db.execute("SELECT 1 FROM imports WHERE list_id = ? AND state = 'ready' AND leads > 0 LIMIT 1", (list_id,))
    return row.fetchone() is not None


_Told = tuple[Tally, Sequence[str], Mapping[str, object]]


def _show(db: sqlite3.Connection, import_id: int, told: _Told, now: float) -> None:
    tally, *rest = told
    names, quality = (json.dumps(each, ensure_ascii=False) for each in rest)
    db.execute(
        "UPDATE imports SET state = 'ready', ready_at = ?, read = ?, leads = ?, duplicates = ?, refused = ?,"
        " updated = ?, columns = ?, quality = ? WHERE id = ?",
        (now, tally.read, tally.new, tally.duplicates, tally.refused, tally.updated, names, quality, import_id),
    )
