"""``dialer person``: what is held on a person, for those who ask to see it, take it along or have it erased."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from dialer.cli.output import clock_time, print_fields, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

_COUNTED = ("leads", "attempts", "other_attempts", "callbacks", "consents", "suppressions", "registers", "blocks")
_number = click.argument("number", metavar="NUMBER")
_region = click.option("--region", default="FR", help="Country of a number without a country code.")


@click.group()
def person() -> None:
    """Show, export and erase what is held on a person.

    NUMBER is any number of the person; - reads it from standard input, so that it stays out of the shell's history.
    """


@person.command()
@_number
@_region
@json_option
@pass_shell
def show(shell: Shell, number: str, region: str) -> None:
    """Show what is held on a person (right of access).

    \b
    Example:
      dialer person show +33199001234
    """
    shell.show(_held(shell, number, region), _tell)


@person.command()
@_number
@_region
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A new file, yours alone to read."
)
@json_option
@pass_shell
def export(shell: Shell, number: str, region: str, output: Path | None) -> None:
    """Write all that is held on a person as JSON (portability), with --json on one line.

    \b
    Example:
      dialer person export +33199001234 --output person.json
    """
    text = json.dumps(_held(shell, number, region), ensure_ascii=False, indent=None if shell.as_json else 2)
    if output is None:
        click.echo(text)
    else:
        _write_new(output, text)


@person.command()
@_number
@_region
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--compact", is_flag=True, help="Rewrite the store's file as well; no campaign may run.")
@json_option
@pass_shell
def erase(shell: Shell, number: str, region: str, yes: bool, compact: bool) -> None:
    """Erase a person. What the law wants proven stays, without the person: wishes, consents, counts of calls.

    It cannot be undone. Backups and exported files are not touched.

    \b
    Example:
      dialer person erase +33199001234
    """
    written = _read(number)
    if not yes:
        held = shell.reach.call("person_show", number=written, region=region)
        click.echo(f"To be erased: {_counts(held)}.", err=True)
        click.confirm("Erase for ever?", abort=True, err=True)
    result = shell.reach.call("person_erase", number=written, region=region, compact=compact)
    shell.show(result, _tell_erased)


def _held(shell: Shell, number: str, region: str) -> Any:  # noqa: ANN401 - JSON
    return shell.reach.call("person_show", number=_read(number), region=region)


def _read(number: str) -> str:
    return sys.stdin.readline().strip() if number == "-" else number


def _counts(held: Any) -> str:  # noqa: ANN401 - JSON
    return ", ".join(f"{len(held[name])} {name}" for name in _COUNTED)


def _tell(held: Any) -> None:  # noqa: ANN401 - JSON
    print_fields({"numbers": ", ".join(held["numbers_known"]), "held": _counts(held)})
    for lead in held["leads"]:
        click.echo(f"\nlead {lead['lead_id']}: list {lead['list']} of campaign {lead['campaign_id']}, {lead['state']}")
        print_fields(lead["fields"])
    for title, columns in _TABLES.items():
        if held[title]:
            click.echo(f"\n{title}")
            print_table(columns, [[_value(name, row[name]) for name in columns] for row in held[title]])


_TABLES = {
    "attempts": ("reserved_at", "campaign_id", "number", "result", "disposition", "agent_id"),
    "other_attempts": ("at", "principal", "number", "source"),
    "callbacks": ("at", "campaign_id", "number", "state", "note"),
    "consents": ("recorded_at", "principal", "source"),
    "suppressions": ("at", "principal", "reason", "source"),
    "registers": ("name", "as_of"),
    "blocks": ("at", "rule", "why"),
}


def _value(name: str, value: Any) -> object:  # noqa: ANN401 - JSON
    return clock_time(value) if name == "at" or name.endswith("_at") else value


def _tell_erased(result: Any) -> None:  # noqa: ANN401 - JSON
    counts = ", ".join(f"{count} {name}" for name, count in result["removed"].items())
    click.echo(f"Erased: {counts}.")
    if not result["wal_cleared"]:
        click.echo("The write-ahead log still holds older moments; it is emptied when its readers are gone.", err=True)


def _write_new(output: Path, text: str) -> None:
    from dialer.control.wire import RefusedError

    try:
        descriptor = os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RefusedError(f"{output} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
