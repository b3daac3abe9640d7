"""``make bench``: every benchmark one after the other, its words into docs/explanation/performance.md.

``python -m benchmarks [NAME ...]`` runs some of them. Nothing else should run on the machine. The pacing benchmark
writes its own page, docs/explanation/pacing.md.
"""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "performance.md"
BENCHMARKS = {
    "floor": ["benchmarks.floor", "--seconds", "120"],
    "telling": ["benchmarks.telling", "--rounds", "2"],
    "store": ["benchmarks.store"],
    "recalls": ["benchmarks.recalls"],
    "import": ["benchmarks.import_leads"],
    "import_with_rules": ["benchmarks.import_with_rules"],
    "ami": ["benchmarks.pbx_cpu"],
    "choosing": ["benchmarks.choosing"],
    "rules": ["benchmarks.rules.verdicts"],
    "decision": ["benchmarks.pacing.decision_time"],
    "pacing": ["benchmarks.pacing.run"],
}


def main() -> None:
    """Run the benchmarks named, or all; stop at the first that fails."""
    for name in sys.argv[1:] or BENCHMARKS:
        command = [sys.executable, "-m", *BENCHMARKS[name]]
        print(f"== {name}", flush=True)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(done.stdout + done.stderr, flush=True)
        if done.returncode != 0:
            sys.exit(f"{name} failed with status {done.returncode}")
        if name != "pacing":
            write(name, done.stdout)


def write(name: str, said: str) -> None:
    """Put what a benchmark said between its marks on the page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = PAGE.read_text()
    head, tail = page[: page.index(begin)], page[page.index(end) :]
    when = time.strftime("%Y-%m-%d")
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    block = f"{begin}\n```\n{said.rstrip()}\n```\n\n{when}, {machine}\n"
    PAGE.write_text(head + block + tail)


if __name__ == "__main__":
    main()
