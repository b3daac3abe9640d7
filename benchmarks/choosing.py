"""How long the choice of leads takes, law and commit included, and whether it grows with the list.

python -m benchmarks.choosing [--leads 10000 1000000 10000000] [--rounds 200] [--json]

The store of each size is built once under ~/.cache/dialerd and given back as it was after each run: French consumers
with a consent, an address and a number (every tenth has two), every twentieth called before, every fiftieth without a
consent, every hundredth in a second list too, and 100,000 strangers on the do-not-call list.
"""
# ruff: noqa: S608 - statements are put together from parts of our own

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
import timeit
from pathlib import Path

from benchmarks.store import AT, LAW, percentiles_ms
from dialer import log
from dialer.floor.events import CampaignSettings
from dialer.store import Store, open_store
from dialer.store.seal import key_path

CACHE = Path.home() / ".cache" / "dialerd"
WANTED = (1, 10, 100)

_SERIES = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :leads)"
_FILL = (
    """INSERT INTO imports (id, list_id, file, state, columns, started_at, first_lead_id, last_lead_id, leads)
VALUES (1, 1, 'f', 'ready', '[]', 0, 1, :leads, :leads), (2, 2, 'g', 'ready', '[]', 0, 1, 1, 1)""",
    f"""{_SERIES}
INSERT INTO leads (id, list_id, import_id, source_id, fields) SELECT i, 1, 1, 's' || i, json_object(
    'first_name', 'Marie', 'last_name', 'Martin', 'city', 'Paris', 'postcode', printf('%02d000', 1 + i % 95),
    'consent_at', CASE WHEN i % 50 THEN '2026-10-01T09:00:00+02:00' ELSE '' END, 'consent_principal', 'Acme',
    'consent_object', 'furniture', 'consent_proof', CASE WHEN i % 50 THEN 'web-form-' || i ELSE '' END) FROM n""",
    f"""{_SERIES}
INSERT INTO numbers (lead_id, position, list_id, e164, kind, territory, raw)
SELECT i, 0, 1, '+33' || (600000000 + i), 'mobile', 'FR', '0' || (600000000 + i) FROM n""",
    f"""{_SERIES}
INSERT INTO numbers (lead_id, position, list_id, e164, kind, territory, raw)
SELECT i, 1, 1, '+33' || (100000000 + i), 'fixed', 'FR', '0' || (100000000 + i) FROM n WHERE i % 10 = 0""",
    f"""{_SERIES}
INSERT INTO leads (id, list_id, import_id, source_id, fields, state)
SELECT :leads + i, 2, 2, 's' || i, '{{}}', 'finished' FROM n WHERE i % 100 = 0""",
    f"""{_SERIES}
INSERT INTO numbers (lead_id, position, list_id, e164, kind, territory, raw)
SELECT :leads + i, 0, 2, '+33' || (600000000 + i), 'mobile', 'FR', '' FROM n WHERE i % 100 = 0""",
    f"""{_SERIES}
INSERT INTO attempts (id, campaign_id, lead_id, number, reserved_at, ended_at, result, answered_by, dialed)
SELECT 'before-' || i, 'bench', i, '+33' || (600000000 + i), 1793000000.0, 1793000020.0, 'no_answer', NULL, 1
FROM n WHERE i % 20 = 0""",
    """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO suppressions (sealed, principal, at, reason, source)
SELECT seal('+33500' || i), 'acme', 0, 'refusal', 'benchmark' FROM n""",
)
_CHOSEN = "SELECT lead_id FROM attempts WHERE ended_at IS NULL UNION SELECT lead_id FROM blocked_leads"
_GIVE_BACK = (
    f"UPDATE leads SET state = 'due', next_at = 0, next_reason = '' WHERE id IN ({_CHOSEN})",
    "DELETE FROM attempt_verdicts",
    "DELETE FROM blocked_leads",
    "DELETE FROM attempts WHERE ended_at IS NULL",
)


async def build(path: Path, leads: int) -> None:
    """Fill a new store by SQL alone (the import has its own benchmark), whole or not at all."""
    async with open_store(path, create=True) as store:
        settings = CampaignSettings("bench", "trunk", "+33162000000", max_attempts=20)
        await store.create_campaign(settings, principal="Acme", law=LAW)
        await store.ensure_list("bench", "one")
        await store.ensure_list("bench", "two")
        await store.write(lambda db: fill(db, leads))


def fill(db: sqlite3.Connection, leads: int) -> None:
    """Write everything that a store of this benchmark holds."""
    for statement in _FILL:
        db.execute(statement, {"leads": leads} if ":leads" in statement else ())


def give_back(db: sqlite3.Connection) -> None:
    """Undo what a run chose."""
    for statement in _GIVE_BACK:
        db.execute(statement)


async def choose(store: Store, wanted: int, rounds: int) -> dict[str, float]:
    """Milliseconds of a reservation of ``wanted`` leads, the commit included, and of the processor's time in it."""
    waits, worked = [], []
    for _ in range(rounds):
        began, began_work = time.perf_counter(), time.process_time()
        attempts = await store.reserve("bench", wanted, AT)
        waits.append(time.perf_counter() - began)
        worked.append(time.process_time() - began_work)
        assert len(attempts) == wanted
    cpu_ms = round(statistics.median(worked) * 1e3, 2)
    return {**percentiles_ms(f"reserve{wanted}", waits), f"reserve{wanted}_cpu_ms": cpu_ms}


def yardstick_us() -> float:
    """What this machine takes for a thing known by all: reading a small JSON text."""
    text = json.dumps({str(n): [n, str(n)] for n in range(40)})
    return round(min(timeit.repeat(lambda: json.loads(text), number=100, repeat=50)) / 100 * 1e6, 1)


async def measure(leads: int, rounds: int) -> dict[str, float]:
    """All figures of one size."""
    path = CACHE / f"choosing-{leads}.db"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=_made(CACHE)) as folder:
            new = Path(folder) / path.name
            await build(new, leads)
            key_path(new).rename(key_path(path))
            new.rename(path)
    figures = {"leads": float(leads), "yardstick_us": yardstick_us()}
    async with open_store(path) as store:
        await store.write(give_back)
        for wanted in WANTED:
            figures |= await choose(store, wanted, min(rounds, leads // 4 // wanted))
        await store.write(give_back)
    return figures


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def main() -> None:
    """Print one line a size."""
    log.setup("warning")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for leads in arguments.leads:
        figures = asyncio.run(measure(leads, arguments.rounds))
        if arguments.json:
            print(json.dumps(figures))
        else:
            print("  ".join(f"{name} {value:,g}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
