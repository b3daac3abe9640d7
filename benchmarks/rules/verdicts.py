"""Verdicts a second on one core: ``python -m benchmarks.rules.verdicts [CASES]``.

Cases are French leads with numbers, postcodes, instants and attempts of their own: three quarters are
postponed, which costs most, since the later moment is asked too. Times are processor time, best of five;
``loads`` is the machine's own yardstick.
"""

import contextlib
import io
import json
import random
import sys
import time
from collections.abc import Callable
from functools import partial

from dialer.cli.rules import rules
from dialer.leads.numbers import parse
from dialer.rules import judge, load_preset
from dialer.rules.caseform import read_case
from tests.unit.rules.legal_cases import base_facts


def cases(count: int) -> list[str]:
    """Return cases as JSON lines, the same every time."""
    rng = random.Random(4)
    lines = []
    for _ in range(count):
        day, hour, minute = rng.randrange(2, 30), rng.randrange(24), rng.randrange(60)
        facts = base_facts(
            at=f"2026-11-{day:02}T{hour:02}:{minute:02}:00+01:00",
            number=f"+331{rng.randrange(10**8):08}",
            postcode=f"{rng.randrange(1, 96):02}000",
            attempts=[f"2026-10-{rng.randrange(1, 32):02}T10:00:00+01:00" for _ in range(rng.randrange(6))],
        )
        lines.append(json.dumps(facts))
    return lines


def best(work: Callable[[], object], count: int) -> float:
    """Return the least processor time for one of ``count`` things, in microseconds."""
    times = []
    for _ in range(5):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) / count * 1e6


def reading(raw: str, count: int) -> None:
    """Read one number so many times."""
    for _ in range(count):
        parse(raw)


def through_the_command(text: str) -> None:
    """Run ``dialer rules explain --cases -`` in this process."""
    with contextlib.redirect_stdout(io.StringIO()):
        old, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(text.encode()))
        try:
            rules.main(["explain", "--cases", "-"], standalone_mode=False)
        finally:
            sys.stdin = old


def main() -> None:
    """Print one line a measure."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    lines = cases(count)
    text = "\n".join(lines)
    preset = load_preset("fr")
    read = [read_case({k: v for k, v in json.loads(line).items() if k != "preset"}) for line in lines]
    numbers = ["0142000000", "01 42 00 00 00", "+33142000000", "0692123456"]
    measures: dict[str, Callable[[], object]] = {
        "loads: json.loads of a case": lambda: [json.loads(line) for line in lines],
        "judge: one verdict through the API": lambda: [judge(preset, case) for case in read],
        "command: read, judge, write one line": lambda: through_the_command(text),
        **{f"parse {raw!r}": partial(reading, raw, count) for raw in numbers},
    }
    for name, work in measures.items():
        us = best(work, count)
        print(f"{name:40} {us:8.2f} us   {1e6 / us:10,.0f} /s")


if __name__ == "__main__":
    main()
