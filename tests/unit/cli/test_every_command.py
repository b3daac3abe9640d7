"""What holds for every command: --json, a help that teaches, a place in the reference, a quick --help."""

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from dialer.cli import main
from dialer.cli.exits import MEANINGS, Exit
from dialer.cli.reference import commands, help_of, render_cli

ROOT = Path(__file__).parents[3]
LEAVES = {" ".join(path): command for path, command in commands(main) if not isinstance(command, click.Group)}


@pytest.mark.parametrize("name", LEAVES)
def test_it_speaks_json(name: str) -> None:
    assert any("--json" in option.opts for option in LEAVES[name].params)


@pytest.mark.parametrize("name", LEAVES)
def test_its_help_teaches_by_an_example_of_itself(name: str) -> None:
    told = help_of(tuple(name.split()), LEAVES[name])

    example = told.partition("Example:\n")[2].partition("\n\n")[0]
    assert f" {name}" in example
    assert all(line.startswith("    dialer ") for line in example.splitlines())


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_is_explained(name: str) -> None:
    silent = [p.name for p in LEAVES[name].params if isinstance(p, click.Option) and not p.help]

    assert not silent or name.startswith("rules")


@pytest.mark.parametrize("name", LEAVES)
def test_it_stands_in_the_reference(name: str) -> None:
    assert f"\n## dialer {name}\n" in (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")


def test_the_reference_tells_every_exit_code() -> None:
    assert set(MEANINGS) == set(Exit)
    assert all(f"| {code.value} |" in render_cli() for code in Exit)


WATCHED = ("pydantic", "rich", "structlog", "asyncio", "numpy", "phonenumbers")
LOOK = f"""
import sys
from dialer.cli import main
main(["--help"], standalone_mode=False)
print([name for name in {WATCHED} if name in sys.modules])
"""


def test_help_imports_nothing_heavy() -> None:
    told = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, check=True, capture_output=True, text=True)

    assert told.stdout.endswith("[]\n")


def test_help_is_quick() -> None:
    command = [sys.executable, "-m", "dialer.cli", "--help"]
    took_s = []
    for _ in range(5):
        started = time.process_time() + _children_s()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        took_s.append(time.process_time() + _children_s() - started)

    assert min(took_s) < 0.3


def _children_s() -> float:
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
