"""What the pages say is there is there: files, links, commands."""

import re
from pathlib import Path

import click
import pytest

from dialer.cli import main

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("asterisk/**/*.md")])
_LINK = re.compile(r"\]\((?!https?:|#|mailto:|\+\))([^)#\s]+)(?:#[^)]*)?\)")  # [name](+) is Asterisk's own grammar
_NAMED = re.compile(
    r"(?<![\w/.-])((?:dialer|pacing|agi_scripts)/[\w/]+\.py|(?:asterisk|docs|tests|config|benchmarks)/[\w./-]*\.\w+)"
)
_COMMAND = re.compile(r"^ *(dialer [a-z].*)$", re.MULTILINE)


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_file_that_is_named_exists(page: Path) -> None:
    missing = [name for name in _NAMED.findall(page.read_text()) if not (ROOT / name).exists()]
    assert missing == []


def commands_of(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)
    return [line.split(" #")[0].strip() for block in blocks for line in _COMMAND.findall(block)]


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=ids)
def test_every_documented_command_and_option_exists(page: Path) -> None:
    for line in commands_of(page):
        words = line.split()[1:]
        command: click.Command = main
        while isinstance(command, click.Group) and words:
            context = click.Context(command)
            found = command.get_command(context, words[0])
            assert found is not None, f"{line}: there is no {words[0]}"
            command, words = found, words[1:]
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= known | {"--help"}, line
