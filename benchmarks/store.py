"""The store's figures: reservation to commit, rows recorded a second, choice among many leads, and all of it together.

python -m benchmarks.store [--leads 1000000] [--reservations 2000] [--json]
"""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.import_leads import write_file
from dialer.floor.commands import RecordOutcome, RecordStep
from dialer.floor.events import CampaignSettings, NewAttempt
from dialer.floor.words import AttemptState, Result
from dialer.leads.importing import ImportOptions, import_leads
from dialer.store import Store, open_store
from dialer.store.law import LawSettings
from dialer.store.reserving import never_dialed

AT = datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp()  # Monday, 11:00 in Paris
LAW = LawSettings("fr", sector="furniture", basis="consent")
STEPS = (AttemptState.DIALING, AttemptState.RINGING, AttemptState.ANSWERED, AttemptState.ENDED)


_SERIES = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :leads)"
_IMPORT = """
INSERT INTO imports (id, list_id, file, state, columns, started_at, first_lead_id, last_lead_id, leads)
VALUES (1, :list, 'f', 'ready', '[]', 0, 1, :leads, :leads)
"""
_LEADS = """
INSERT INTO leads (id, list_id, import_id, source_id, fields)
SELECT i, :list, 1, 's' || i, '{"last_name":"Martin","city":"Paris","consent_at":"2026-10-01T09:00:00+02:00",
"consent_principal":"Acme","consent_object":"furniture","consent_proof":"web-form-17"}' FROM n
"""
_NUMBERS = "INSERT INTO numbers SELECT i, 0, :list, '+33' || (600000000 + i), 'mobile', 'FR', '' FROM n"


def fill(db: sqlite3.Connection, list_id: int, leads: int) -> None:
    """Leads and numbers by SQL alone: the import has its own benchmark."""
    values = {"leads": leads, "list": list_id}
    db.execute(_IMPORT, values)
    db.execute(f"{_SERIES} {_LEADS}", values)
    db.execute(f"{_SERIES} {_NUMBERS}", values)


def percentiles_ms(name: str, seconds: list[float]) -> dict[str, float]:
    """Median, p99 and the worst."""
    ordered = sorted(seconds)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {
        f"{name}_{p}_ms": round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3, 2)
        for p, share in at.items()
    }


def life(attempt: NewAttempt) -> list[RecordStep | RecordOutcome]:
    """What the floor records of one attempt."""
    steps = [RecordStep(attempt.attempt_id, attempt.reserved_at, state, "as measured") for state in STEPS]
    outcome = replace(never_dialed(attempt, attempt.reserved_at + 20), dialed=True, result=Result.NO_ANSWER)
    return [*steps, outcome]


async def reserving(store: Store, rounds: int, records: bool) -> list[float]:
    """Seconds of each reserve(10), commit included; with ``records``, while the floor's records are written too."""
    waits = []
    for _ in range(rounds):
        began = time.perf_counter()
        attempts = await store.reserve("bench", 10, AT)
        waits.append(time.perf_counter() - began)
        assert len(attempts) == 10
        if records:
            store.record(record for attempt in attempts for record in life(attempt))
            await asyncio.sleep(0.02)
    await store.flush()
    return waits


async def recording(store: Store, attempts: int) -> float:
    """Rows recorded a second."""
    reserved = await store.reserve("bench", attempts, AT)
    records = [record for attempt in reserved for record in life(attempt)]
    began = time.perf_counter()
    store.record(records)
    await store.flush()
    return len(records) / (time.perf_counter() - began)


async def importing(store: Store, folder: Path, rows: int) -> list[float]:
    """Seconds of each reserve(10) while a file of ``rows`` leads is imported."""
    file = folder / "leads.csv"
    write_file(file, rows)
    done = asyncio.create_task(import_leads(store, file, ImportOptions("bench", "other")))
    waits = []
    while not done.done():
        waits += await reserving(store, 1, records=True)
    await done
    return waits


async def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """All figures, on a new store."""
    async with open_store(folder / "dialer.db", create=True) as store:
        await store.create_campaign(CampaignSettings("bench", "trunk", "+33162000000"), principal="Acme", law=LAW)
        list_id = await store.ensure_list("bench", "list")
        await store.write(lambda db: fill(db, list_id, arguments.leads))
        figures = {"leads": float(arguments.leads)}
        figures |= percentiles_ms("reserve10", await reserving(store, arguments.reservations, records=False))
        figures |= percentiles_ms("reserve10_recording", await reserving(store, 300, records=True))
        figures["recorded_rows_per_s"] = round(await recording(store, 2_000))
        hundreds = []
        for _ in range(50):
            began = time.perf_counter()
            await store.reserve("bench", 100, AT)
            hundreds.append(time.perf_counter() - began)
        figures |= percentiles_ms("reserve100", hundreds)
        figures |= percentiles_ms("reserve10_importing", await importing(store, folder, arguments.imported))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--reservations", type=int, default=2_000)
    parser.add_argument("--imported", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = asyncio.run(measure(Path(name), arguments))
    print(
        json.dumps(figures) if arguments.json else "\n".join(f"{name:>28} {value}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
