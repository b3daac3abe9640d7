"""Every command in the documentation is one that the dialer understands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dialer.cli import main

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def documented() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        if not page.exists() or page.name == "cli.md":
            continue
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                if line.strip().startswith("dialer "):
                    yield page.name, line.strip()


@pytest.mark.parametrize(("page", "line"), list(documented()))
def test_a_command_of_the_documentation_is_understood(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("people.csv", "refusals.csv", "tps.csv", "lyon.csv"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    words = [word for word in shlex.split(line, comments=True)[1:] if not word.startswith("/run/secrets")]

    parse(words if "--pin-file" not in words else [*words, "-"])


def parse(words: list[str]) -> None:
    """Raises click.UsageError for what the dialer would not understand; runs nothing."""
    command: click.Command = main
    context = main.make_context("dialer", list(words), resilient_parsing=False)
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, rest, parent=context)


def test_a_wrong_command_would_be_found() -> None:
    for words in (["nosuch"], ["status", "--nosuch"], ["agents", "nosuch"], ["leads", "import"]):
        with pytest.raises(click.UsageError):
            parse(words)
