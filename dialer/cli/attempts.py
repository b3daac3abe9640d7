"""``dialer attempts``: calls that others made for a principal."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from dialer.cli.leads import refused_rows, role_and_column
from dialer.cli.output import clock_time, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

_MAP = "phone=Tel, at=Date, time=Heure, principal=Client, ..."


@click.group()
def attempts() -> None:
    """Tell the dialer of calls that others made for a principal: the law counts them with ours.

    \b
    Example:
      dialer attempts import lyon.csv --principal acme
    """


@attempts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--principal", default="", help="On whose behalf, for rows that name nobody.")
@click.option("--dry-run", is_flag=True, help="Read and count everything, import nothing.")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="File for the refused rows.")
@click.option("--map", "--column", "columns", multiple=True, metavar="ROLE=COLUMN", help=_MAP)
@click.option("--zone", default="Europe/Paris", show_default=True, help="Whose clock the times are of.")
@click.option("--region", default="FR", show_default=True, help="Country of numbers without a country code.")
@click.option("--encoding", help="Else recognised.")
@click.option("--separator", help="Between columns; else recognised.")
@json_option
@pass_shell
def import_(shell: Shell, /, file: str, refused: Path | None, columns: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Import calls of another centre or of a former dialer: a number, a time and a principal a row, CSV or workbook.

    The law counts them as if we had made them, from the next reservation on. VICIdial's
    exports of calls and Asterisk's CDR are recognised. A day without a time is its noon. Importing a file again adds
    what is new in it; of rows read, each is an attempt, a duplicate or refused.

    \b
    Example:
      dialer attempts import lyon.csv --principal acme --dry-run
      dialer attempts import vicidial.csv --principal acme --refused refused.csv
      dialer attempts import calls.xlsx --map phone=Numero --map at=Jour --map principal=Client
    """
    options |= {"path": file, "columns": dict(map(role_and_column, columns))}
    with ExitStack() as stack:
        take_refused = stack.enter_context(refused_rows(refused))

        def take(part: Any) -> None:  # noqa: ANN401 - JSON
            take_refused(part.get("refused_text", ""))

        found = shell.reach.stream("attempts_import", take, want_refused=refused is not None, **options)
    shell.show(found, lambda told: _tell(told, refused))


def _tell(found: Any, refused: Path | None) -> None:  # noqa: ANN401 - JSON
    print_table(("used as", "column"), found["columns"].items())
    counts = ", ".join(f"{found[name]} {name}" for name in ("attempts", "duplicates", "refused"))
    click.echo(f"\n{found['read']} rows read: {counts}. {found['new']} are new on record.")
    print_table(("principal", "rows"), found["principals"].items())
    for principal in found["without_campaign"]:
        click.echo(f"No campaign is of a principal {principal}: is it spelled so?")
    if found["dry_run"]:
        click.echo("This was a dry run: nothing is imported.")
    if refused is not None:
        click.echo(f"Refused rows: {refused}")
    elif found["refused"]:
        click.echo("Give --refused FILE to get the refused rows with their reasons.")


@attempts.command()
@click.option("--principal", help="Only this principal's.")
@json_option
@pass_shell
def imported(shell: Shell, principal: str | None) -> None:
    """Show what is on record of others' calls: from which file, by whom and when it was imported.

    \b
    Example:
      dialer attempts imported --principal acme
    """
    shell.show(shell.reach.call("attempts_imported", principal=principal), _tell_imported)


def _tell_imported(found: Any) -> None:  # noqa: ANN401 - JSON
    rows = (
        (e["principal"], e["attempts"], e["numbers"], clock_time(e["first"]), clock_time(e["last"]), e["source"])
        for e in found["imports"]
    )
    print_table(("principal", "attempts", "numbers", "first", "last", "from"), rows)
