"""``dialer doctor``: what is missing before a call can be made."""

from typing import Any

import click

from dialer.cli.exits import Exit
from dialer.cli.output import is_terminal
from dialer.cli.shell import Shell, json_option, pass_shell


@click.command()
@json_option
@pass_shell
@click.pass_context
def doctor(ctx: click.Context, shell: Shell) -> None:
    """Check everything a call needs: one OK or FAIL line each, and what to type where it fails.

    Looks at the secret, the store, the disk, the clock and the time zones here, and over AMI at the login, its rights,
    the dialplan and its version, the trunks and the sounds. When the daemon runs, it is the daemon that looks.
    Exits with 4 when something fails.

    \b
    Example:
      dialer doctor
      dialer doctor --json | jq '.checks[] | select(.ok | not)'
    """
    result = shell.reach.call("doctor")
    shell.show(result, _tell)
    if not all(check["ok"] for check in result["checks"]):
        ctx.exit(Exit.PROBLEMS)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    for check in result["checks"]:
        word = "OK" if check["ok"] else "FAIL"
        mark = (
            click.style(f"{word:4}", fg="green" if check["ok"] else "red", bold=True) if is_terminal() else f"{word:4}"
        )
        click.echo(f"{mark}  {check['name']}: {check['seen']}")
        if check["fix"]:
            click.echo(f"      fix: {check['fix']}")
    failed = sum(not check["ok"] for check in result["checks"])
    click.echo(f"{len(result['checks'])} checks, {failed} failed, looked at by {result['by']}.")
