"""``dialer support``: a file for who helps from afar."""

import time
from pathlib import Path
from typing import Any

import click

from dialer.cli.shell import Shell, json_option, pass_shell


@click.command()
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="File to write; it must not exist yet.")
@click.option(
    "--log",
    "journal",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Log lines to take; else the last of systemd's journal.",
)
@json_option
@pass_shell
def support(shell: Shell, to: Path | None, journal: Path | None) -> None:
    """Write a bundle for who helps you: versions, settings, floor, doctor, store's figures, last events.

    No number, no secret, no name of an agent or a lead and no word that somebody typed is in it; read it before you
    send it all the same. What cannot be had (no daemon, no journal) is told inside.

    \b
    Example:
      dialer support
      dialer support --to problem.tar.gz --log dialer.log
    """
    from dialer.errors import DialerError
    from dialer.support.bundle import write

    target = to or Path(time.strftime("dialer-support-%Y%m%dT%H%M%S.tar.gz"))
    try:
        result = write(target, shell.loaded, shell.reach.call, journal)
    except OSError as error:
        raise DialerError(f"{target} cannot be written: {error.strerror}.", hint="Name another with --to.") from error
    shell.show({"file": str(target), **result}, _tell)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(f"Wrote {result['file']}: {', '.join(result['parts'])}.")
    if result["failed"]:
        click.echo(f"Could not be had, and says why: {', '.join(result['failed'])}.")
