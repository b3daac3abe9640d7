"""``dialer callback``: add, list, move, cancel, assign."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from dialer.cli.output import duration, print_table
from dialer.cli.shell import Shell, json_option, pass_shell

F = TypeVar("F", bound=Callable[..., Any])
_AT = "When, by the person's clock: 2026-11-24 14:30, 24/11 14h30, 14:30; or ISO with an offset."
_EVIDENCE = "Where the consent to this very time is kept: outside legal hours nothing else allows it."


def wish_options(command: F) -> F:
    """The options of a promise, for everything that makes one."""
    options = [
        click.option("--at", "callback_at", metavar="WHEN", help=_AT),
        click.option("--by", "callback_agent", metavar="AGENT", help="Whose callback it is; only this agent calls."),
        click.option("--anyone", is_flag=True, help="Whoever is free calls."),
        click.option("--note", default="", help="What the agent should know."),
        click.option("--evidence", default="", metavar="WHERE", help=_EVIDENCE),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def given(wish: dict[str, Any]) -> dict[str, Any]:
    """What was said of a promise, for the request."""
    return {name: value for name, value in wish.items() if value not in (None, "", False)}


def promised(result: Any) -> str:  # noqa: ANN401 - JSON
    """A promise in one sentence; and that nobody keeps it while its campaign stands still."""
    callback = result["callback"]
    whose = f"agent {callback['agent_id']}" if callback["agent_id"] else "anybody"
    said = f"Callback {callback['callback_id']} by {whose} at {_by_clock_of_person(callback)}."
    if result["campaign_state"] == "running":
        return said
    campaign = callback["campaign_id"]
    return f"{said} Campaign {campaign} is {result['campaign_state']}: dialer campaign start {campaign}"


@click.group()
def callback() -> None:
    """Promises to call people back: made by agents, kept at their time by an agent who is kept free for it.

    \b
    Example:
      dialer callback add 4711 --at "24/11 14h30" --by 101
      dialer callback list --overdue
    """


@callback.command()
@click.argument("lead_id", metavar="LEAD", type=int)
@click.option("--number", metavar="+33...", help="Which of the lead's numbers; else the one that is next.")
@wish_options
@json_option
@pass_shell
def add(shell: Shell, /, lead_id: int, **wish: Any) -> None:  # noqa: ANN401
    """Promise to call a lead back. A time that the law forbids is refused, with the next that it allows.

    \b
    Example:
      dialer callback add 4711 --at "24/11 14h30" --by 101 --note "ask for Mrs Petit"
      dialer callback add 4711 --at "2026-11-28 11:00" --anyone --evidence rec-4
    """
    if wish["callback_at"] is None:
        raise click.UsageError("Give --at.")
    result = shell.reach.call("callback_add", lead_id=lead_id, **given(wish))
    shell.say(result, promised(result))


@callback.command("list")
@click.option("--campaign", "campaign_id", help="Only this campaign's.")
@click.option("--agent", "agent_id", help="Only this agent's own.")
@click.option("--overdue", is_flag=True, help="Only those not kept within their tolerance.")
@click.option("--ended", is_flag=True, help="Those that wait no more too.")
@json_option
@pass_shell
def list_(shell: Shell, /, **which: Any) -> None:  # noqa: ANN401
    """List callbacks by time, with what became of them; the first thousand.

    \b
    Example:
      dialer callback list --campaign summer
      dialer callback list --agent 101 --overdue
    """
    shell.show(shell.reach.call("callback_list", **given(which)), _tell_list)


@callback.command()
@click.argument("callback_id", metavar="CALLBACK", type=int)
@click.option("--at", required=True, metavar="WHEN", help=_AT)
@click.option("--evidence", metavar="WHERE", help=_EVIDENCE)
@json_option
@pass_shell
def move(shell: Shell, callback_id: int, at: str, evidence: str | None) -> None:
    """Promise another time instead.

    \b
    Example:
      dialer callback move 12 --at "25/11 10h"
    """
    result = shell.reach.call("callback_move", callback_id=callback_id, at=at, evidence=evidence)
    shell.say(result, promised(result))


@callback.command()
@click.argument("callback_id", metavar="CALLBACK", type=int)
@click.option("--reason", default="", help="Why, for the record.")
@json_option
@pass_shell
def cancel(shell: Shell, callback_id: int, reason: str) -> None:
    """Take a promise back; its lead is called again as others are.

    \b
    Example:
      dialer callback cancel 12 --reason "has called us"
    """
    result = shell.reach.call("callback_cancel", callback_id=callback_id, reason=reason)
    shell.say(result, f"Callback {callback_id} is cancelled.")


@callback.command()
@click.argument("callback_id", metavar="CALLBACK", type=int)
@click.argument("agent_id", metavar="[AGENT]", required=False)
@click.option("--anyone", is_flag=True, help="Whoever is free calls.")
@json_option
@pass_shell
def assign(shell: Shell, callback_id: int, agent_id: str | None, anyone: bool) -> None:
    """Give a callback to another agent of its campaign, or to anybody.

    \b
    Example:
      dialer callback assign 12 102
      dialer callback assign 12 --anyone
    """
    if (agent_id is None) != anyone:
        raise click.UsageError("Give either an agent or --anyone.")
    result = shell.reach.call("callback_assign", callback_id=callback_id, agent_id=agent_id)
    shell.say(result, promised(result))


def _tell_list(result: Any) -> None:  # noqa: ANN401 - JSON
    columns = ("callback", "campaign", "at", "agent", "lead", "number", "state", "late", "reason", "note")
    print_table(columns, map(_row, result["callbacks"]))


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    who = (each["callback_id"], each["campaign_id"], _by_clock_of_person(each), each["agent_id"] or "anybody")
    late = None
    if each["due"]:
        late = duration(max(0.0, datetime.now(UTC).timestamp() - each["not_before"]))
    state = "overdue" if each["overdue"] else "due" if each["due"] else each["state"]
    return (*who, each["lead_id"], each["number"], state, late, each["reason"], each["note"])


def _by_clock_of_person(callback: dict[str, Any]) -> str:
    from dialer.rules.zones import zone

    local = datetime.fromtimestamp(callback["at"], UTC).astimezone(zone(callback["zone"]))
    return f"{local:%Y-%m-%d %H:%M} {callback['zone']}"
