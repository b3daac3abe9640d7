"""Check and import of a million leads under the law of France, beside the same leads without it and `sqlite3 .import`.

    python -m benchmarks.import_with_rules [--rows 1000000] [--json]

The file states a consent in each row but every fiftieth; the store has 100,000 people on the principal's do-not-call
list, a thousandth of the file's among them. What is compared is the file without consents, imported into a campaign
under the preset `lab`, which asks for none. Needs the `sqlite3` command.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.import_leads import Memory, plain_import, write_file
from dialer import log
from dialer.floor.events import CampaignSettings
from dialer.leads.importing import ImportOptions, check_file, import_leads
from dialer.store import Store, open_store
from dialer.store.law import LawSettings

CONSENT = "2026-10-01T09:00:00+02:00;Acme;furniture;web-form-"
FRANCE = LawSettings("fr", sector="furniture", basis="consent")
_STRANGERS = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO suppressions (sealed, principal, at, reason, source)
SELECT seal('+331' || CASE WHEN i % 100 THEN 50000000 + i ELSE 42000000 + i END), 'acme', 0, 'refusal', 'b' FROM n
"""


def add_consents(plain: Path, lawful: Path) -> None:
    """The same rows with a consent each, but every fiftieth."""
    with plain.open(encoding="utf-8") as rows, lawful.open("w", encoding="utf-8") as file:
        header = next(rows).rstrip("\n")
        file.write(f"{header};consent_at;consent_principal;consent_object;consent_proof\n")
        for n, row in enumerate(rows):
            file.write(f"{row.rstrip()};{f'{CONSENT}{n}' if (n + 7) % 50 else ';;;'}\n")


async def seconds(work: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    """How long something takes, and what comes of it."""
    began = time.perf_counter()
    found = await work()
    return time.perf_counter() - began, found


async def opened_under(folder: Path, law: LawSettings, file: Path) -> dict[str, float]:
    """Seconds that checking and importing a file take under a law, in a store of its own."""
    options = ImportOptions("bench", "list", preset=law.preset)
    async with open_store(folder / f"{law.preset}.db", create=True) as store:
        await store.create_campaign(CampaignSettings("bench", "trunk", "+33162000000"), principal="Acme", law=law)
        if law is FRANCE:
            await store.write(lambda db: db.execute(_STRANGERS))
        return await check_and_import(store, file, options)


async def check_and_import(store: Store, file: Path, options: ImportOptions) -> dict[str, float]:
    """Seconds of both, and how many rows may be called and how many consents are new."""
    check_s, checked = await seconds(lambda: check_file(store, file, options))
    import_s, report = await seconds(lambda: import_leads(store, file, options))
    assert report.new == report.read
    quality = checked.quality
    counts = {name: quality[name] for name in ("suppressed", "without_consent", "callable_30_days")}
    return {"check_s": check_s, "import_s": import_s, "consents": report.consents, **counts}


def measure(folder: Path, rows: int) -> dict[str, float]:
    """Every figure, in the order in which they are made."""
    plain, lawful = folder / "plain.csv", folder / "lawful.csv"
    write_file(plain, rows)
    add_consents(plain, lawful)
    figures: dict[str, float] = {"rows": rows, "sqlite3_import_s": plain_import(plain, folder / "sqlite3.db")}
    without = asyncio.run(opened_under(folder, LawSettings("lab"), plain))
    under = asyncio.run(opened_under(folder, FRANCE, lawful))
    figures |= {"plain_check_s": without["check_s"], "plain_import_s": without["import_s"]}
    figures |= {f"fr_{name}": value for name, value in under.items()}
    figures["fr_both_to_plain_import"] = (under["check_s"] + under["import_s"]) / without["import_s"]
    figures["fr_import_to_sqlite3"] = under["import_s"] / figures["sqlite3_import_s"]
    return figures


def main() -> None:
    """Print one line a figure."""
    log.setup("warning")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    memory = Memory()
    memory.start()
    with tempfile.TemporaryDirectory() as name:
        figures = {**measure(Path(name), arguments.rows), "memory_mb": memory.stop()}
    rounded = {name: round(value, 2) for name, value in figures.items()}
    text = "\n".join(f"{name:>24} {value:,g}" for name, value in rounded.items())
    print(json.dumps(rounded) if arguments.json else text)


if __name__ == "__main__":
    main()
