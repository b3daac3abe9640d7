"""``dialer outcomes``: what came of the calls, as a file."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

import click

from dialer.cli.daily import daily
from dialer.cli.moment import Moment
from dialer.cli.output import print_json
from dialer.cli.rows import rows_in
from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.cli.whole_file import writing


@click.group()
def outcomes() -> None:
    """Export what came of the calls.

    \b
    Example:
      dialer outcomes export --campaign summer --from 2026-11-01 --output november.csv
    """


@outcomes.command()
@click.option("--campaign", "campaign_id", help="Only this campaign's.")
@click.option("--from", "since", type=Moment(end=False), help="Attempts from this day or time on: 2026-11-30.")
@click.option("--to", "until", type=Moment(end=True), help="Attempts to the end of this day, or before this time.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write, whole or not at all.")
@click.option(
    "--format", "style", type=click.Choice(["csv", "excel", "jsonl"]), help="Else by the file's ending, else csv."
)
@json_option
@pass_shell
def export(
    shell: Shell,
    /,
    campaign_id: str | None,
    output: Path | None,
    style: str | None,
    **period: float | None,
) -> None:
    """Write one row for each ended attempt that was dialed: result, answered by, disposition, times, the lead's fields.

    csv is UTF-8 with commas; excel is the same for a double click in a French Excel (BOM, semicolons); jsonl is one
    JSON object a line. Cells that a spreadsheet would run as a formula are disarmed with a leading '. Times are ISO
    8601. Without --output the rows go to standard output, with --json as jsonl. With --output, --json prints a summary.

    \b
    Example:
      dialer outcomes export --campaign summer --from 2026-11-01 --to 2026-11-30 --output november.csv
      dialer outcomes export --json | jq -r 'select(.disposition == "sale") | .source_id'
    """
    as_jsonl = shell.as_json if output is None else output.suffix == ".jsonl"
    style = style or ("jsonl" if as_jsonl else "csv")
    given = {name: at for name, at in period.items() if at is not None}
    with opened_output(output) as file:
        rows = rows_in(style, file)
        result = shell.reach.stream("outcomes_export", rows.take, campaign_id=campaign_id, **given)
    tell_count(shell, result["count"], "outcomes", output)


def tell_count(shell: Shell, count: int, what: str, output: Path | None) -> None:
    """How many rows went into a file; nothing when they went to standard output."""
    if output is not None and shell.as_json:
        print_json({"count": count, "output": str(output)})
    elif output is not None:
        click.echo(f"{count} {what} written to {output}")


def opened_output(output: Path | None) -> AbstractContextManager[TextIO]:
    """The file to write, or standard output."""
    return nullcontext(sys.stdout) if output is None else writing(output)


outcomes.add_command(daily)
