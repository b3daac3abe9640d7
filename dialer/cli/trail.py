"""``dialer trail``: who commanded what."""

import json
import time
from typing import Any

import click

from dialer.cli.alerts import Span
from dialer.cli.output import clock_time, print_table
from dialer.cli.shell import Shell, json_option, pass_shell


@click.command()
@click.option("--last", type=Span(), default="1d", show_default=True, metavar="TIME", help="Within this time: 8h, 30d.")
@click.option("--who", metavar="USER", help="What this user commanded.")
@click.option("--campaign", "campaign_id", metavar="CAMPAIGN", help="What was commanded of this campaign.")
@click.option("--agent", "agent_id", metavar="AGENT", help="What was commanded of this agent, and its logins.")
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
@json_option
@pass_shell
def trail(shell: Shell, /, last: float, **asked: Any) -> None:  # noqa: ANN401
    """Show the commands that changed something or handed out people's data, refused ones too, the newest first.

    From where: socket (a command, page or program on this machine), command line (no daemon ran), mqtt, phone (an
    agent's login). What else agents do on their phones is not among them: `dialer explain` and the outcomes tell it.

    \b
    Example:
      dialer trail
      dialer trail --last 30d --campaign summer
      dialer trail --last 7d --agent 101
      dialer trail --last 7d --who nadia --json | jq '.commands[] | select(.result != "done")'
    """
    result = shell.reach.call("trail_list", since=max(0.0, time.time() - last), **asked)
    shell.show(result, _tell)


def _tell(result: Any) -> None:  # noqa: ANN401 - JSON
    if not result["commands"]:
        click.echo("No commands.")
        return
    print_table(("at", "who", "from", "command", "parameters", "result"), map(_row, result["commands"]))


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    params = " ".join(f"{name}={_short(value)}" for name, value in each["params"].items())
    return clock_time(each["at"]), each["who"], each["origin"], each["command"], params, each["result"]


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
