"""Looking up numbers of a file in the store, from the process that reads the file."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from dialer.store.staging import StagedRow

_LIST = "SELECT id FROM lists WHERE campaign_id = ? AND name = ?"
_ELSEWHERE = "SELECT 1 FROM numbers WHERE e164 = ? AND list_id <> ? LIMIT 1"
_NO_LIST = -1


class Known:
    """Tells which numbers other lists of a store have."""

    def __init__(self, db: sqlite3.Connection, list_id: int) -> None:
        self._db = db
        self._list_id = list_id

    def count(self, rows: Sequence[StagedRow]) -> int:
        """How many of the rows' first numbers are in another list."""
        return sum(self._db.execute(_ELSEWHERE, (row[3], self._list_id)).fetchone() is not None for row in rows)


@contextmanager
def known_numbers(store: Path, campaign_id: str, list_name: str) -> Iterator[Known]:
    """The numbers of the store at ``store`` but for one list's own; read-only, beside whoever writes it."""
    with closing(sqlite3.connect(f"file:{quote(str(store))}?mode=ro", uri=True, timeout=5)) as db:
        own = db.execute(_LIST, (campaign_id, list_name)).fetchone()
        yield Known(db, own[0] if own else _NO_LIST)
