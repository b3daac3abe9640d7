"""``dialer alerts``: list, ack, silence."""

import re
import time
from typing import Any, Final

import click

from dialer.cli.output import clock_time, duration, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

_SIGNS: Final = {"critical": "✖ critical", "warning": "▲ warning", "info": "· info"}
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Span(click.ParamType[float]):
    """A stretch of time as people write it: 90s, 30m, 2h, 1d; 0 is none."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])|0", str(value))
        if found is None:
            self.fail(f"{value!r} is no time; write 90s, 30m, 2h or 1d", param, ctx)
        return float(found[1]) * _UNITS[found[2]] if found[1] else 0.0


@click.group()
def alerts() -> None:
    """See what asks for somebody, say that you look after it, or that it is not to be told for a while.

    \b
    Example:
      dialer alerts list
      dialer alerts ack 1f0c2d3e4a5b6c7d
      dialer alerts silence trunk_failing --for 2h --why "carrier maintenance"
    """


@alerts.command("list")
@click.option("--last", type=Span(), metavar="TIME", help="Also what was resolved, raised within this time: 8h, 2d.")
@json_option
@pass_shell
def list_alerts(shell: Shell, last: float | None) -> None:
    """Show the alerts that stand, the most severe first, each with what to do; then what is silenced.

    \b
    Example:
      dialer alerts list
      dialer alerts list --last 1d
      dialer alerts list --json | jq '.alerts[] | {kind, severity, cause}'
    """
    since = None if last is None else max(0.0, time.time() - last)
    shell.show(shell.reach.call("alert_list", since=since), _tell)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    if not result["alerts"]:
        click.echo("No alerts.")
    for alert in result["alerts"]:
        click.echo(_heading(alert, result["at"]))
        click.echo(f"  {alert['cause']}\n  {alert['hint']}")
    if result["silences"]:
        click.echo()
        rows = [(s["kind"], s["scope"], clock_time(s["until"]), s["by"], s["why"]) for s in result["silences"]]
        print_table(("silenced", "scope", "until", "by", "why"), rows)


def _heading(alert: dict[str, Any], now: float) -> str:
    parts = [_SIGNS[alert["severity"]], alert["kind"], alert["scope"], alert["subject"]]
    if alert["resolved_at"] is None:
        parts.append(f"for {duration(now - alert['since'])}")
    else:
        parts.append(f"{clock_time(alert['since'])}, resolved {clock_time(alert['resolved_at'])}")
    if alert["acknowledged_by"]:
        parts.append(f"with {alert['acknowledged_by']} since {clock_time(alert['acknowledged_at'])}")
    if alert["silenced"] and alert["resolved_at"] is None:
        parts.append("silenced")
    return "  ".join([*filter(None, parts), alert["alert_id"]])


@alerts.command()
@click.argument("alert_id", metavar="ALERT")
@json_option
@pass_shell
def ack(shell: Shell, alert_id: str) -> None:
    """Say that you look after an alert. It stands until it is resolved; everyone sees who looks after it.

    \b
    Example:
      dialer alerts ack 1f0c2d3e4a5b6c7d
    """
    result = shell.reach.call("alert_ack", alert_id=alert_id)
    shell.say(result, f"{result['alert']['kind']} is with {result['alert']['acknowledged_by']}.")


@alerts.command()
@click.argument("kind")
@click.option("--campaign", "scope", default="*", help="Only alerts of this campaign; 'system': of none.")
@click.option("--for", "for_s", type=Span(), required=True, metavar="TIME", help="For how long: 90s, 30m, 2h, 1d.")
@click.option("--why", default="", help="For those who wonder.")
@json_option
@pass_shell
def silence(shell: Shell, kind: str, scope: str, for_s: float, why: str) -> None:
    """Do not tell alerts of a KIND ('*': any) for a while. They are still listed. --for 0 ends a silence.

    \b
    Example:
      dialer alerts silence trunk_failing --for 2h --why "carrier maintenance"
      dialer alerts silence pause_long --campaign summer --for 1d
      dialer alerts silence trunk_failing --for 0
    """
    result = shell.reach.call("alert_silence", kind=kind, scope=scope, for_s=for_s, why=why)
    until = clock_time(result["silence"]["until"])
    shell.say(result, f"{kind} of {scope} is not told until {until}." if for_s else f"{kind} of {scope} is told again.")
