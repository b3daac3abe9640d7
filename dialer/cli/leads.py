"""``dialer leads``: import lists, show lists."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from dialer.cli.output import percent, print_fields, print_table
from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.cli.whole_file import writing

F = TypeVar("F", bound=Callable[..., Any])
_MAP = "phone=Tel, source_id=Ref, ..."


@click.group()
def leads() -> None:
    """Check and import lists of leads.

    \b
    Example:
      dialer leads import people.csv --campaign summer --dry-run
      dialer leads import people.csv --campaign summer
    """


def _reading_options(command: F) -> F:
    """How a file is read: the options that ``check`` and ``import`` share."""
    options = [
        click.option("--map", "--column", "columns", multiple=True, metavar="ROLE=COLUMN", help=_MAP),
        click.option("--profile", metavar="NAME", help="Read columns as under this name before, and keep how."),
        click.option("--region", default="FR", help="Country of numbers without a country code."),
        click.option("--encoding", help="Else recognised."),
        click.option("--separator", help="Between columns; else recognised."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@leads.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--campaign", "campaign_id", help="Under whose law and with whose agents.")
@click.option("--preset", help="Under this law; else the campaign's, else fr.")
@click.option("--agents", type=int, help="For the forecast; else the campaign's.")
@click.option("--calls-per-agent-h", type=float, help="For the forecast; else 60 are assumed.")
@_reading_options
@json_option
@pass_shell
def check(shell: Shell, /, file: str, columns: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Say what a file is worth before it is imported: columns, faults, duplicates, what may be called, for how long.

    Callable are rows with legal hours where the people are, of the preset's country, not twice in the file, and with
    neither a refusal, nor a register, nor a lacking consent against them, for the principal if a campaign is given. All
    is asked again when a lead is dialed. The forecast is
    leads x tries / (agents x calls an hour x legal hours a day).

    \b
    Example:
      dialer leads check people.csv --campaign summer
      dialer leads check people.csv --preset fr --agents 12 --profile partner --map phone=Tel
    """
    options |= {"path": file, "columns": dict(map(role_and_column, columns))}
    with _progress_bar() as take_progress:
        result = shell.reach.stream("leads_check", lambda part: take_progress(part["progress"]), **options)
    shell.show(result, _tell_check)


def _tell_check(found: Any) -> None:  # noqa: ANN401 - JSON
    print_table(("used as", "column"), found["columns"].items())
    click.echo(f"\n{found['read']} rows read, {found['valid']} valid.")
    print_fields({f"invalid: {reason}": count for reason, count in found["invalid"].items()})
    print_fields(
        {
            "second numbers that are none": found["bad_numbers"],
            "duplicates within the file": found["in_file"],
            "share a number with an earlier row": found["shared_numbers"],
            "with several numbers": found["several_numbers"],
            "known from other lists": found["known"],
            "the same person as in a list of the principal": found["known_people"],
            "asked for no more calls": found["suppressed"],
            "in a register of refusals": found["listed"],
            "a register's copy is missing or too old": found["unscreened"],
            "without the consent that the law needs": found["without_consent"],
            f"legal hours are left today ({found['preset']})": found["legal_hours_today"],
            "legal hours in 30 days": found["legal_hours_30_days"],
            "callable today: hours, and none of the above against it": found["callable_today"],
            "callable in 30 days": found["callable_30_days"],
        }
    )
    click.echo()
    print_table(("territory", "numbers"), found["by_territory"].items())
    print_table(("kind", "numbers"), found["by_kind"].items())
    click.echo(f"\n{_outlook(found['forecast'])}")


def _outlook(forecast: Any) -> str:  # noqa: ANN401 - JSON
    assumed = " (assumed)" if forecast["assumed"] else ""
    inputs = (
        f"{forecast['leads']} leads x {forecast['tries']} tries / ({forecast['agents']} agents"
        f" x {forecast['calls_per_agent_h']:g} calls an hour{assumed} x {forecast['hours_a_day']:g} legal hours a day)"
    )
    days = "never: no agents or no hours" if forecast["days"] is None else f"{forecast['days']} days"
    return f"Forecast: {days} = {inputs}"


@leads.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, resolve_path=True))
@click.option("--campaign", "campaign_id", required=True, help="Whose leads they become.")
@click.option("--list", "list_name", help="Name of the list; else the file's name.")
@click.option("--dry-run", is_flag=True, help="Read and count everything, import nothing.")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="File for the refused rows.")
@click.option("--priority", type=int, default=0, help="Leads of a higher one are called first.")
@_reading_options
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
    """Import a CSV file or a workbook into a list of a campaign, all or nothing.

    Importing it again adds what is new and updates what has changed, by source id; attempts are never forgotten.

    Encoding, separator and columns are recognised; --dry-run shows what would be done. Of rows read, each is new,
    updated, a duplicate or refused, and the counts add up; --refused writes the refused ones with line and reason.

    \b
    Example:
      dialer leads import people.csv --campaign summer --dry-run
      dialer leads import people.csv --campaign summer --map phone=Tel --refused refused.csv
    """
    options |= {"path": file, "list": list_name or Path(file).stem, "columns": dict(map(role_and_column, columns))}
    with ExitStack() as stack:
        take_refused = stack.enter_context(refused_rows(refused))
        take_progress = stack.enter_context(_progress_bar())

        def take(part: Any) -> None:  # noqa: ANN401 - JSON
            if "refused_text" in part:
                take_refused(part["refused_text"])
            else:
                take_progress(part["progress"])

        result = shell.reach.stream("leads_import", take, want_refused=refused is not None, **options)
    shell.show(result, lambda report: _tell(report, refused))


def role_and_column(pair: str) -> tuple[str, str]:
    """Read ``phone=Tel``."""
    role, equals, column = pair.partition("=")
    if not equals:
        raise click.BadParameter(f"{pair!r} is not ROLE=COLUMN, like phone=Tel", param_hint="--map")
    return role, column


@contextmanager
def refused_rows(output: Path | None) -> Iterator[Callable[[str], object]]:
    """Where the parts of a file of refused rows go."""
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
    counts = ", ".join(f"{report[name]} {name}" for name in ("new", "updated", "duplicates", "refused"))
    click.echo(f"\n{report['read']} rows read: {counts}.")
    if report["bad_numbers"]:
        click.echo(f"{report['bad_numbers']} second numbers could not be used; their leads have another.")
    if report["consents"]:
        click.echo(f"{report['consents']} consents are new in the register.")
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


@leads.command()
@click.argument("list_name", metavar="LIST")
@click.argument("value", metavar="WEIGHT", type=click.IntRange(0, 100))
@click.option("--campaign", "campaign_id", required=True, help="Whose list it is.")
@json_option
@pass_shell
def weight(shell: Shell, list_name: str, value: int, campaign_id: str) -> None:
    """Set a list's share of its campaign's calls: of lists with weights 3 and 1 the first gets three calls of four.

    Every list has weight 1 at first; one of weight 0 rests. Priorities (dialer leads import --priority) stand above.

    \b
    Example:
      dialer leads weight partners 3 --campaign summer
      dialer leads weight old 0 --campaign summer
    """
    result = shell.reach.call("leads_weight", campaign_id=campaign_id, list=list_name, weight=value)
    shell.show(result, _tell_lists)


def _tell_lists(result: Any) -> None:  # noqa: ANN401 - JSON
    rows = [
        (
            *(each["campaign_id"], each["name"], each["weight"], each["leads"], each["finished"]),
            percent(each["exploitation_rate"]),
        )
        for each in result["lists"]
    ]
    print_table(("campaign", "list", "weight", "leads", "finished", "exploitation rate"), rows)
