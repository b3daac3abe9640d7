"""``dialer leads``: import lists, show lists."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from dialer.cli.output import percent, print_table
from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.cli.whole_file import writing


@click.group()
def leads() -> None:
    """Import lists of leads.

    \b
    Example:
      dialer leads import people.csv --campaign summer --dry-run
      dialer leads import people.csv --campaign summer
    """


@leads.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--campaign", "campaign_id", required=True, help="Whose leads they become.")
@click.option("--list", "list_name", help="Name of the list; else the file's name.")
@click.option("--dry-run", is_flag=True, help="Read and count everything, import nothing.")
@click.option(
    "--map", "--column", "columns", multiple=True, metavar="ROLE=COLUMN", help="phone=Tel, source_id=Ref, ..."
)
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="File for the refused rows.")
@click.option("--region", default="FR", help="Country of numbers without a country code.")
@click.option("--encoding", help="Else recognised.")
@click.option("--separator", help="Between columns; else recognised.")
@click.option("--priority", type=int, default=0, help="Leads of a higher one are called first.")
@json_option
@pass_shell
def import_(
    shell: Shell,
    /,
    file: str,
    list_name: str | None,
    columns: tuple[str, ...],
    refused: Path | None,
    **options: Any,  # noqa: ANN401
) -> None:
    """Import a CSV file into a list of a campaign, all or nothing. Importing the same file again adds nothing.

    Encoding, separator and columns are recognised; --dry-run shows what would be done. Of rows read, each is new,
    a duplicate or refused, and the counts add up; --refused writes the refused ones with line number and reason.

    \b
    Example:
      dialer leads import people.csv --campaign summer --dry-run
      dialer leads import people.csv --campaign summer --map phone=Tel --refused refused.csv
    """
    options |= {"path": file, "list": list_name or Path(file).stem, "columns": dict(map(_role_and_column, columns))}
    with ExitStack() as stack:
        take_refused = stack.enter_context(_refused_rows(refused))
        take_progress = stack.enter_context(_progress_bar())

        def take(part: Any) -> None:  # noqa: ANN401 - JSON
            if "refused_text" in part:
                take_refused(part["refused_text"])
            else:
                take_progress(part["progress"])

        result = shell.reach.stream("leads_import", take, want_refused=refused is not None, **options)
    shell.show(result, lambda report: _tell(report, refused))


def _role_and_column(pair: str) -> tuple[str, str]:
    role, equals, column = pair.partition("=")
    if not equals:
        raise click.BadParameter(f"{pair!r} is not ROLE=COLUMN, like phone=Tel", param_hint="--map")
    return role, column


@contextmanager
def _refused_rows(output: Path | None) -> Iterator[Callable[[str], object]]:
    if output is None:
        yield lambda _text: None
        return
    with writing(output) as file:
        yield file.write


@contextmanager
def _progress_bar() -> Iterator[Callable[[dict[str, Any]], None]]:
    """A bar on a terminal's standard error; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield lambda _progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    looks = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*looks, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda now: bar.update(task, description=now["stage"], completed=now["done"], total=now["total"])


def _tell(report: Any, refused: Path | None) -> None:  # noqa: ANN401 - JSON
    click.echo(f"Columns ({report['encoding']}, separated by {report['separator']!r}):")
    print_table(("used as", "column"), report["columns"].items())
    counts = f"{report['new']} new, {report['duplicates']} duplicates, {report['refused']} refused"
    click.echo(f"\n{report['read']} rows read: {counts}.")
    if report["bad_numbers"]:
        click.echo(f"{report['bad_numbers']} second numbers could not be used; their leads have another.")
    if report["dry_run"]:
        click.echo("This was a dry run: nothing is imported.")
    elif report["refused"] and refused is None:
        click.echo("Give --refused FILE to get the refused rows with their reasons.")
    if refused is not None:
        click.echo(f"Refused rows: {refused}")


@leads.command()
@click.option("--campaign", "campaign_id", help="Only this campaign's.")
@json_option
@pass_shell
def lists(shell: Shell, campaign_id: str | None) -> None:
    """Show lists with how many of their leads are finished.

    \b
    Example:
      dialer leads lists --campaign summer
    """
    shell.show(shell.reach.call("leads_lists", campaign_id=campaign_id), _tell_lists)


def _tell_lists(result: Any) -> None:  # noqa: ANN401 - JSON
    rows = [
        (each["campaign_id"], each["name"], each["leads"], each["finished"], percent(each["exploitation_rate"]))
        for each in result["lists"]
    ]
    print_table(("campaign", "list", "leads", "finished", "exploitation rate"), rows)
