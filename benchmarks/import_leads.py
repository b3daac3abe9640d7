"""Import of a million leads against `sqlite3 .import` of the same file: time, ratio, memory.

    python -m benchmarks.import_leads [--rows 1000000] [--rounds 3] [--json]

Needs the `sqlite3` command. Both run on one file in one folder, in turns, and the best of each is compared: what else
the machine does disturbs both.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from dialer.floor.events import CampaignSettings
from dialer.leads.importing import ImportOptions, import_leads
from dialer.store import open_store

HEADER = "id;civilité;nom;prénom;téléphone;mobile;adresse;code postal;ville;email\n"
LAST = ("Martin", "Bernard", "Petit", "Durand", "Lefèvre", "Moreau", "Garcia", "Fontaine")
FIRST = ("Marie", "Jean", "Camille", "Chloé", "Zoé", "Noël", "Léa", "Hugo", "Inès", "Éric")


def write_file(path: Path, rows: int) -> None:
    """A list as centres load them: ten columns, a number with spaces, accents; the seed is fixed."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for n in range(rows):
            digits = f"{n * 7919 % 1_000_000:06}"
            phone = f"01 {42 + n // 1_000_000:02} {digits[:2]} {digits[2:4]} {digits[4:]}"
            street = f"{chance.randint(1, 200)} rue de la République"
            name = f"{chance.choice(LAST)};{chance.choice(FIRST)}"
            file.write(f"C{n:07};Mme;{name};{phone};;{street};{n % 95:05};Paris;client{n}@example.net\n")


def plain_import(file: Path, target: Path) -> float:
    """Seconds that `sqlite3 .import` takes into a table without an index."""
    began = time.perf_counter()
    command = ["sqlite3", str(target), ".mode csv", ".separator ;", f".import {file} leads"]
    subprocess.run(command, check=True)
    return time.perf_counter() - began


async def our_import(file: Path, folder: Path) -> float:
    """Seconds that our import takes into a new store in ``folder``."""
    async with open_store(folder / "dialer.db", create=True) as store:
        await store.create_campaign(CampaignSettings("bench", "trunk", "+33162000000"))
        began = time.perf_counter()
        report = await import_leads(store, file, ImportOptions("bench", "list"))
        seconds = time.perf_counter() - began
        assert report.new == report.read
    return seconds


def compare(folder: Path, rounds: int) -> tuple[float, float]:
    """The best of each, taken in turns."""
    plain, ours = [], []
    for turn in range(rounds):
        target = folder / str(turn)
        target.mkdir()
        plain.append(plain_import(folder / "leads.csv", target / "plain.db"))
        ours.append(asyncio.run(our_import(folder / "leads.csv", target)))
        shutil.rmtree(target)
    return min(plain), min(ours)


class Memory(threading.Thread):
    """Samples what this process and those it started hold together, in MB; ``peak`` is the most that was seen.

    The kernel's own figure for children counts what a new process shares with us before it becomes another program.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._stop_asked = threading.Event()
        self.peak = 0.0

    def run(self) -> None:
        while not self._stop_asked.wait(0.05):
            self.peak = max(self.peak, sum(map(resident_mb, [os.getpid(), *children()])))

    def stop(self) -> float:
        self._stop_asked.set()
        self.join()
        return self.peak


def children() -> list[int]:
    """The processes that any thread of this one started and that still run."""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            found += [int(pid) for pid in task.read_text().split()]
    return found


def resident_mb(pid: int) -> float:
    """What a process holds in memory; 0 when it has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_file(folder / "leads.csv", arguments.rows)
        memory = Memory()
        memory.start()
        plain, ours = compare(folder, arguments.rounds)
    figures = {
        "rows": arguments.rows,
        "sqlite3_import_s": round(plain, 2),
        "dialer_import_s": round(ours, 2),
        "ratio": round(ours / plain, 2),
        "memory_mb": round(memory.stop()),
    }
    text = "\n".join(f"{name:>18} {value}" for name, value in figures.items())
    print(json.dumps(figures) if arguments.json else text)


if __name__ == "__main__":
    main()
