"""``dialer abandonment``: abandoned calls in every window of the law, and how many more it allows."""

from datetime import datetime
from typing import Any, Final

import click

from dialer.cli.output import percent, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

_WINDOWS: Final = {
    "calendar_day": "calendar day",
    "calendar_month": "calendar month",
    "fixed_30d": "block of 30 days",
    "rolling_30d": "last 30 days",
}
_LEVELS: Final = {"free": "free", "throttle": "throttled", "one_to_one": "1:1", "over_limit": "over the limit"}


@click.command()
@click.option("--campaign", "campaign_id", metavar="CAMPAIGN", help="One campaign; else all.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="At the end of this day, by the record; else now.")
@json_option
@pass_shell
def abandonment(shell: Shell, campaign_id: str | None, day: datetime | None) -> None:
    """Show abandoned calls by calendar day, month, blocks of 30 days and the last 30 days, and the budget left.

    Counted are calls answered by a person: connected to an agent in time, or abandoned. The preset says which windows
    bind; the others are shown. Dates are those of the preset's time zone.

    \b
    Example:
      dialer abandonment
      dialer abandonment --campaign summer --on 2026-11-20
      dialer abandonment --json | jq '.campaigns[] | {campaign_id, level, budget_calls}'
    """
    params: dict[str, Any] = {"campaign_id": campaign_id} if campaign_id is not None else {}
    if day is not None:
        params["day"] = day.date().isoformat()
    shell.show(shell.reach.call("abandonment", **params), _tell)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    for number, campaign in enumerate(result["campaigns"]):
        if number:
            click.echo()
        about = f"preset {campaign['preset']}, dates of {campaign['zone']}"
        click.echo(f"{campaign['campaign_id']} ({about}): {ledger_words(campaign)}")
        columns = ("window", "binds", "from", "to", "answered", "abandoned", "machines", "rate", "budget", "level")
        print_table(columns, map(_row, campaign["windows"]))
        shares = (f"{name} {percent(campaign[name])}" for name in ("aim", "target", "throttle", "hard", "limit"))
        click.echo(f"{', '.join(shares)}; 1:1 below {campaign['min_live_answers']} answered")


def _row(window: dict[str, Any]) -> tuple[object, ...]:
    return (
        _WINDOWS[window["window"]],
        "yes" if window["held"] else "no",
        window["from"],
        window["to"],
        f"{window['answered']:g}",
        window["abandoned"],
        window["machines"],
        percent(window["rate"]),
        window["budget_calls"],
        "few answers: 1:1" if window["few"] else _LEVELS[window["level"]],
    )


def ledger_words(ledger: dict[str, Any]) -> str:
    """A campaign's standing in a few words: how many more may be abandoned and what comes then, or what holds it."""
    window = next(each for each in ledger["windows"] if each["window"] == ledger["window"])
    seen = f"{window['abandoned']} of {window['answered']:g} abandoned in the {_WINDOWS[window['window']]}"
    if ledger["stopped"]:
        return f"stopped: {seen}, above the limit of {percent(ledger['limit'])}"
    if window["few"]:
        return f"1:1 until {ledger['min_live_answers']} people have answered: {seen}"
    if ledger["level"] in ("one_to_one", "over_limit"):
        return f"1:1: {seen} ({percent(window['rate'])}, from {percent(ledger['hard'])})"
    left = ledger["budget_calls"]
    more = "the next abandoned call makes it 1:1" if left == 0 else f"{left} more abandoned, then 1:1"
    throttled = ", throttled" if ledger["level"] == "throttle" else ""
    return f"{more}{throttled}: {seen} ({percent(window['rate'])})"
