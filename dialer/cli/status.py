"""``dialer status``: the floor now, or live."""

import time
from collections.abc import Callable
from typing import Any

import click

from dialer.cli.abandonment import ledger_words
from dialer.cli.output import clock_time, duration, is_terminal, percent, print_json, print_table
from dialer.cli.shell import Shell, json_option, pass_shell
from dialer.control.client import NoAnswerError
from dialer.control.wire import JsonObject, NoDaemonError
from dialer.errors import DialerError

LINE_EVERY_S = 5.0  # without a terminal


@click.command()
@click.option("--watch", is_flag=True, help="Live, until Ctrl-C; without a terminal a line every few seconds.")
@click.option("--interval-s", type=click.FloatRange(0.2, 60), help="Time between two looks with --watch.")
@json_option
@pass_shell
def status(shell: Shell, watch: bool, interval_s: float | None) -> None:
    """Show campaigns, agents and calls by state, abandonment today against its limit, and the link to Asterisk.

    With --watch and --json: one JSON object a line.

    \b
    Example:
      dialer status
      dialer status --watch
      dialer status --json | jq '.campaigns[] | {campaign_id, abandoned: .today.abandonment}'
    """
    if not watch:
        shell.show(shell.reach.call("status"), tell)
        return
    try:
        _watch(shell, interval_s)
    except KeyboardInterrupt:  # the way to end it
        return


def _watch(shell: Shell, interval_s: float | None) -> None:
    if shell.as_json:
        _follow(shell, print_json, _warn, interval_s or 1.0)
    elif is_terminal():
        from dialer.cli.live import LiveScreen

        with LiveScreen() as screen:
            _follow(shell, screen.show, screen.show_away, interval_s or 1.0)
    else:
        _follow(shell, _print_lines, _warn, interval_s or LINE_EVERY_S)


def _follow(
    shell: Shell, show: Callable[[JsonObject], None], away: Callable[[DialerError], None], interval_s: float
) -> None:
    """Show each look, over restarts of the daemon too: only one that never answered is an error."""
    answered = False

    def note(floor: JsonObject) -> None:
        nonlocal answered
        answered = True
        show(floor)

    while True:
        try:
            shell.reach.stream("status_watch", note, interval_s=interval_s)
        except (NoDaemonError, NoAnswerError) as error:
            if not answered:
                raise
            away(error)
        time.sleep(interval_s)


def _warn(error: DialerError) -> None:
    click.echo(f"{clock_time(time.time())} {error}", err=True)


def _print_lines(floor: Any) -> None:  # noqa: ANN401 - JSON
    for line in lines(floor):
        click.echo(line)


def lines(floor: dict[str, Any]) -> list[str]:
    """The floor as one line a campaign, for logs and pipes."""
    at = time.strftime("%H:%M:%S", time.localtime(floor["at"]))
    if not floor["link"]["up"]:
        return [f"{at} no link to Asterisk: {floor['link']['why'] or 'unknown'}"]
    if not floor["campaigns"]:
        return [f"{at} no campaigns"]
    return [f"{at} {_line(campaign)}" for campaign in floor["campaigns"]]


def _line(campaign: dict[str, Any]) -> str:
    today = campaign["today"]
    limit = percent(campaign["abandonment_limit"])
    parts = [
        f"{campaign['campaign_id']} {campaign['state']}",
        f"agents {_counts(campaign['agents_by_state'])}",
        f"calls {_counts(campaign['calls'])}",
        f"today {today['attempts']} attempts, {today['connected']} connected",
        f"picked up {percent(today['pick_up_rate'])}",
        f"abandoned {percent(today['abandonment'])} of {limit}",
        f"occupancy {percent(campaign['occupancy'])}",
        f"{campaign['leads_left']} leads left",
    ]
    if campaign["pacing"] is not None:
        parts.append(pacing_words(campaign["pacing"]))
    if campaign["callbacks"]["waiting"]:
        parts.append(callback_words(campaign["callbacks"]))
    return "; ".join(parts)


def callback_words(callbacks: dict[str, Any]) -> str:
    """How many callbacks wait, are due and overdue, and what the longest due wait for, in one line."""
    counts = ", ".join(f"{callbacks[name]} {name}" for name in ("waiting", "due", "overdue"))
    when = f", the next at {clock_time(callbacks['next_at'])}" if not callbacks["due"] else ""
    return "; ".join([f"callbacks {counts}{when}", *callbacks["waits"]])


def mqtt_words(mqtt: dict[str, Any], now: float) -> str:
    """That the broker is out of reach, since when and why, in one line."""
    return f"MQTT DOWN for {duration(now - mqtt['since'])}: {mqtt['why'] or 'not reached yet'}"


def trunk_words(trunk: dict[str, Any]) -> str:
    """That a trunk is avoided, since when, and what carries its calls, in one line."""
    instead = f"calls go over {trunk['instead']}" if trunk["instead"] else "one call at a time tries it"
    since = clock_time(trunk["avoided_since"])
    return f"trunk {trunk['trunk_id']}: avoided since {since}, {trunk['lost']} calls in a row failed; {instead}"


def pacing_words(pacing: dict[str, Any]) -> str:
    """Policy, calls for each agent, the budget left and the sentence of the last decision, in one line."""
    ratio = pacing["calls_per_agent"]
    dialed = "" if ratio is None else f", {ratio:.2f} calls an agent"
    return f"{pacing['policy']}{dialed}, {pacing['budget_left']} abandons left: {pacing['sentence']}"


def _counts(counts: dict[str, int]) -> str:
    shown = [f"{count} {state.replace('_', '-')}" for state, count in counts.items() if count]
    return ", ".join(shown) or "none"


def tell(floor: Any) -> None:  # noqa: ANN401 - JSON
    """The whole floor for a person, once."""
    link = floor["link"]
    state = f"up, Asterisk {link['asterisk']}" if link["up"] else f"DOWN: {link['why']}"
    drain = ", draining" if floor["draining"] else ""
    up = duration(floor["at"] - floor["started_at"])
    click.echo(f"dialerd {floor['version']} ({floor['instance']}), up {up}{drain}; link {state}")
    columns = ("campaign", "state", "agents", "calls", "picked up", "abandoned", "limit", "occupancy", "leads left")
    if floor["mqtt"] is not None and not floor["mqtt"]["up"]:
        click.echo(mqtt_words(floor["mqtt"], floor["at"]))
    print_table(columns, map(_campaign_row, floor["campaigns"]))
    for campaign in floor["campaigns"]:
        if campaign["pacing"] is not None:
            click.echo(f"{campaign['campaign_id']}: {pacing_words(campaign['pacing'])}")
        if campaign["callbacks"]["waiting"]:
            click.echo(f"{campaign['campaign_id']}: {callback_words(campaign['callbacks'])}")
        if campaign["abandonment"] is not None:
            click.echo(f"{campaign['campaign_id']}: {ledger_words(campaign['abandonment'])}")
    for trunk in floor["trunks"]:
        if trunk["avoided_since"] is not None:
            click.echo(trunk_words(trunk))
    if floor["agents"]:
        click.echo()
        rows = [_agent_row(agent, floor["at"]) for agent in floor["agents"]]
        print_table(("agent", "campaign", "state", "for", "reason", "call"), rows)
    for trouble in floor["troubles"]:
        click.echo(f"{clock_time(trouble['at'])} {trouble['text']}")


def _campaign_row(campaign: dict[str, Any]) -> tuple[object, ...]:
    today = campaign["today"]
    return (
        campaign["campaign_id"],
        campaign["state"],
        _counts(campaign["agents_by_state"]),
        _counts(campaign["calls"]),
        percent(today["pick_up_rate"]),
        percent(today["abandonment"]),
        percent(campaign["abandonment_limit"]),
        percent(campaign["occupancy"]),
        campaign["leads_left"],
    )


def _agent_row(agent: dict[str, Any], now: float) -> tuple[object, ...]:
    age = duration(now - agent["since"])
    return (agent["agent_id"], agent["campaign_id"], agent["state"], age, agent["reason"], agent["attempt_id"])
