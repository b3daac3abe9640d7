"""``dialer retention``: what presets say is kept no longer."""

from typing import Any

import click

from dialer.cli.output import print_fields
from dialer.cli.shell import Shell, json_option, pass_shell


@click.group()
def retention() -> None:
    """Take out what is kept no longer; the daemon does this every day by itself."""


@retention.command()
@click.option("--dry-run", is_flag=True, help="Count only.")
@json_option
@pass_shell
def run(shell: Shell, dry_run: bool) -> None:
    """Take out records, leads, proofs and commands whose time is over by their campaigns' presets.

    \b
    Example:
      dialer retention run --dry-run
    """
    shell.show(shell.reach.call("retention_run", dry_run=dry_run), _tell)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    click.echo("To be taken out:" if result["dry_run"] else "Taken out:")
    print_fields(result["removed"])
