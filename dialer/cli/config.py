"""``dialer config``: is the configuration right, and what is in force."""

from pathlib import Path
from typing import Any

import click

from dialer.cli.config_text import to_toml
from dialer.cli.output import print_table
from dialer.cli.shell import Shell, json_option, pass_shell


@click.group()
def config() -> None:
    """Check the configuration and show what is in force.

    \b
    Example:
      dialer config check
    """


@config.command()
@json_option
@pass_shell
def check(shell: Shell) -> None:
    """Read the configuration as the daemon would, and show each value with the place where it was set.

    Secrets are not shown: of a secret file its state is told. Exits with 2 when something is wrong.

    \b
    Example:
      dialer --config ./dialer.toml config check
      dialer config check --json | jq '.settings[] | select(.source != "default")'
    """
    loaded = shell.loaded
    loaded.ami_secret()
    settings = [
        {
            "section": section,
            "key": key,
            "value": _plain(value),
            "source": loaded.sources.get((section, key), "default"),
        }
        for section, keys in loaded.config
        for key, value in keys
    ]
    shell.show({"file": str(loaded.path), "settings": settings, "ami_secret": "ok"}, _tell)


@config.command()
@json_option
@pass_shell
def reload(shell: Shell) -> None:
    """Have the running daemon read its configuration again; what `systemctl reload dialerd` does.

    What may change while calls go on changes at once; what may not keeps its value and is named. When something is
    wrong in the files, nothing changes. Exits with 2 then.

    \b
    Example:
      dialer config reload
      dialer config reload --json | jq .needs_restart
    """
    shell.show(shell.reach.call("config_reload"), _tell_reload)


def _tell_reload(result: Any) -> None:  # noqa: ANN401 - JSON
    click.echo(f"Read {result['file']} again: {', '.join(result['changed']) or 'nothing'} changed.")
    if result["needs_restart"]:
        click.echo(f"Only in force after `systemctl restart dialerd`: {', '.join(result['needs_restart'])}.")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    rows = [(f"{line['section']}.{line['key']}", _shown(line), line["source"]) for line in result["settings"]]
    print_table(("setting", "value", "set in"), rows)
    click.echo("The secret of the AMI user: readable, and closed to others.")


def _shown(line: dict[str, Any]) -> str:
    return "unset" if line["value"] is None else to_toml(line["value"], octal=line["key"].endswith("_mode"))
