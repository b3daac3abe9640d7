"""``dialer audit``: proof from the record that no attempt broke the law."""

from typing import Any

import click

from dialer.cli.exits import Exit
from dialer.cli.moment import Moment
from dialer.cli.output import clock_time, print_fields, print_table
from dialer.cli.shell import Shell, json_option, pass_shell


@click.command()
@click.option("--campaign", "campaign_id", required=True, help="Whose attempts.")
@click.option("--from", "since", type=Moment(end=False), required=True, help="From this day or time on: 2026-11-01.")
@click.option(
    "--to", "until", type=Moment(end=True), required=True, help="To the end of this day, or before this time."
)
@json_option
@pass_shell
def audit(shell: Shell, /, **period: Any) -> None:  # noqa: ANN401
    """Judge every attempt of a period again and list those that broke a rule; exit code 4 if there is one.

    Each is judged by the rules in force on its day: with the inputs that were kept when it was reserved, and with what
    the store itself shows of that moment: earlier attempts, refusals, withdrawals, calls under way. It must have been
    dialed and have rung within the hours. Attempts to people who were erased since are counted apart. The rule `record`
    says that the record does not prove what it should.

    \b
    Example:
      dialer audit --campaign summer --from 2026-11-01 --to 2026-11-30
      dialer audit --campaign summer --from 2026-11-01 --to 2026-11-30 --json | jq .breaches_by_rule
    """
    breaches: list[Any] = []
    result = shell.reach.stream("audit", lambda part: breaches.extend(part["breaches"]), **period)
    shell.show({**result, "breaches": breaches}, _tell)
    if breaches:
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _tell(found: Any) -> None:  # noqa: ANN401 - JSON
    versions = (f"{count} by {version}" for version, count in found["judged_then_by"].items())
    print_fields(
        {
            "campaign": found["campaign_id"],
            "principal": found["principal"],
            "from": clock_time(found["since"]),
            "to": clock_time(found["until"]),
            "attempts": found["attempts"],
            "judged then": ", ".join(versions),
            "judged now by": found["judged_now_by"],
            "lawful": found["lawful"],
            "unlawful": found["unlawful"],
            "erased since, not judged again": found["erased"],
        }
    )
    if not found["breaches"]:
        click.echo("\nEvery attempt on record kept the law.")
        return
    click.echo()
    columns = ("attempt", "reserved", "lead", "number", "rule", "source", "why")
    print_table(columns, map(_row, found["breaches"]))


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    where = (each["attempt_id"], clock_time(each["at"]), each["lead_id"], each["number"])
    return *where, each["rule"], each["source"], each["why"]
