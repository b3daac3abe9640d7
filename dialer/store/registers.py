"""Long lists of sealed numbers into the store: copies of public registers, and refusals that a file brings.

In pieces, beside a daemon that dials. On the way to a newer copy of a register the store holds both: whoever stands on
either is not called, and the copy's day changes when the whole of it is there. After a crash the same import goes on.
"""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dialer.rules import load_preset, preset_names
from dialer.store.dnc import Wish
from dialer.store.errors import Invalid
from dialer.store.gate import free_leads
from dialer.store.law import principal_key
from dialer.store.pieces import Pace, Piece, attached, in_pieces
from dialer.store.store import Store

# Pieces are ranges of the seals' first two bytes, which are as good as random.
_SPAN: Final = (0, 1 << 16)
# A register of which no copy is whole yet: too old for every rule.
_NO_COPY: Final = "0001-01-01"
_FREED_AT_ONCE: Final = 500
_RANGE = "sealed >= :low AND sealed < :high"
_KINDS: Final = frozenset({"screening", "listed", "reassigned"})

_ANNOUNCE = """
INSERT INTO screening_lists (name, as_of, imported_at, source, numbers) VALUES (?, ?, ?, '', 0) ON CONFLICT DO NOTHING
"""
_ADD_LISTED = f"INSERT OR IGNORE INTO screened_numbers SELECT sealed, :list FROM brought.numbers WHERE {_RANGE}"  # noqa: S608
_REMOVE_LISTED = f"""
DELETE FROM screened_numbers WHERE {_RANGE} AND list = :list AND sealed NOT IN (SELECT sealed FROM brought.numbers)
"""  # noqa: S608 - parts of our own
_ADD_WISHES = f"""
INSERT INTO suppressions (sealed, principal, at, reason, source)
SELECT sealed, :principal, :at, :reason, :source FROM brought.numbers AS n WHERE {_RANGE} AND NOT EXISTS
    (SELECT 1 FROM suppressions AS s WHERE s.sealed = n.sealed AND s.principal = :principal)
"""  # noqa: S608 - parts of our own
_WHOLE = "UPDATE screening_lists SET as_of = ?, imported_at = ?, source = ?, numbers = ? WHERE name = ?"
_BLOCKED = "SELECT lead_id FROM blocked_leads WHERE rule IN (SELECT value FROM json_each(?)) LIMIT ?"


@dataclass(frozen=True, slots=True)
class Register:
    """A copy of a public register: its name in the rules (``tps``, ``dnc``), its day, and who brought it when."""

    name: str
    as_of: str
    imported_at: float
    source: str


def register_names() -> frozenset[str]:
    """The registers that some preset asks."""
    rules = [rule for name in preset_names() for rule in load_preset(name).rules if rule.kind in _KINDS]
    return frozenset(name for rule in rules for name in rule.parameters.get("lists", {"rnd": 0}))


async def replace_register(store: Store, register: Register, staged: Path, numbers: int) -> dict[str, int]:
    """Put a newer copy in the old one's place; how many numbers it ``added`` and ``removed``. Invalid: an older copy.

    Leads that the old copy blocked are judged again.
    """
    await store.write(lambda db: _announce(db, register))
    values = {"list": register.name}
    async with attached(store, staged):
        added = await in_pieces(store, Pace(), _piece(_ADD_LISTED), values, _SPAN)
        await store.write(lambda db: _make_whole(db, register, numbers))
        removed = await in_pieces(store, Pace(), _piece(_REMOVE_LISTED), values, _SPAN)
    await _judge_again(store)
    return {"added": added, "removed": removed}


async def add_wishes(store: Store, wish: Wish, staged: Path) -> int:
    """Put staged numbers on the do-not-call list; how many were not on it for this principal."""
    principal = principal_key(wish.principal)
    values = {"principal": principal, "at": wish.at, "reason": wish.reason, "source": wish.source}
    async with attached(store, staged):
        return await in_pieces(store, Pace(), _piece(_ADD_WISHES), values, _SPAN)


def _piece(sql: str) -> Piece:
    def run(db: sqlite3.Connection, values: dict[str, Any]) -> int:
        bounds = {"low": _bound(values["after"]), "high": _bound(values["last"])}
        return db.execute(sql, {**values, **bounds}).rowcount

    return run


def _bound(prefix: int) -> bytes:
    return b"\xff" * 17 if prefix == _SPAN[1] else prefix.to_bytes(2, "big")


def _announce(db: sqlite3.Connection, register: Register) -> None:
    db.execute(_ANNOUNCE, (register.name, _NO_COPY, register.imported_at))
    held = db.execute("SELECT as_of FROM screening_lists WHERE name = ?", (register.name,)).fetchone()[0]
    if held > register.as_of:
        raise Invalid(f"The copy of {register.name} in use is of {held}, a newer one.", hint="Is --as-of right?")


def _make_whole(db: sqlite3.Connection, register: Register, numbers: int) -> None:
    db.execute(_WHOLE, (register.as_of, register.imported_at, register.source, numbers, register.name))


async def _judge_again(store: Store) -> None:
    """Whom an old copy blocked is asked of again: the newer one may leave them out, or be young enough."""
    rules = json.dumps([r.name for name in preset_names() for r in load_preset(name).rules if r.kind in _KINDS])
    while leads := await store.read(lambda db: tuple(row[0] for row in db.execute(_BLOCKED, (rules, _FREED_AT_ONCE)))):
        await store.write(lambda db, some=leads: free_leads(db, some, store.clock()))  # type: ignore[misc]
