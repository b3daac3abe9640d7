"""Writes docs/reference/config.md, docs/reference/cli.md and config/dialer.toml from the code.

``python -m dialer.cli.reference`` in the project's folder rewrites them; a test fails while they differ.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from dialer.cli import main
from dialer.cli.config_text import render_reference, render_toml
from dialer.cli.exits import MEANINGS

_TOP = """\
# Command line reference

Every command takes `--json`: the result as JSON on standard output, an error as one JSON object
(`{"error": {"code", "message", "hint"}}`) on standard error. Without a terminal nothing is coloured and nothing waits
for a key. Commands reach the running daemon over its control socket; without a daemon, those that need the store alone
do their work on the store themselves.

<!-- Written by `python -m dialer.cli.reference`; do not edit. -->

## Exit codes

| code | meaning |
|---|---|
"""


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below ``group`` with its path, groups before their commands."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def help_of(path: tuple[str, ...], command: click.Command) -> str:
    """What ``--help`` prints, on a terminal of 100 columns."""
    context = click.Context(command, info_name=" ".join(("dialer", *path)), terminal_width=100, max_content_width=100)
    context.help_option_names = ["-h", "--help"]
    return command.get_help(context)


def render_cli() -> str:
    """The reference page of the command line."""
    parts = [_TOP, *(f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items())]
    for path, command in (((), main), *commands(main)):
        parts.append(f"\n## {' '.join(('dialer', *path))}\n\n```text\n{help_of(path, command)}\n```\n")
    return "".join(parts)


PAGES = {
    "docs/reference/cli.md": render_cli,
    "docs/reference/config.md": render_reference,
    "config/dialer.toml": render_toml,
}


if __name__ == "__main__":
    for page, render in PAGES.items():
        Path(page).write_text(render(), encoding="utf-8")
